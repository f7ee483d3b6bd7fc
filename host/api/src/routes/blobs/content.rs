//! `GET /v1/blobs/{id}/content`

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use patchbay_model::{BlobId, Code, Fault};

use super::disposition;
use crate::{
    Api,
    body::InPath,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::FileBody,
};

/// What a browser that shows it all the same may do with it: nothing.
const NOTHING: &str = "default-src 'none'; sandbox";

/// The bytes of a file, as they were uploaded, as a download.
///
/// It is read while it is sent. An answer that breaks off in the middle is not whole: ask again.
#[utoipa::path(
    get, path = "/v1/blobs/{id}/content", tag = "blobs", operation_id = "getBlobContent",
    params(("id" = String, Path, description = "The file, `blb_…`")),
    responses((status = 200, description = "Its bytes", content_type = "*/*", body = FileBody), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<BlobId>,
) -> Result<Response, Problem> {
    let blob = api.app.blob(&tenant.id, &id).await?;
    let text =
        |text: &str| HeaderValue::from_str(text).map_err(|error| Problem(Fault::new(Code::Internal).operator(error)));
    let headers = [
        (header::CONTENT_TYPE, text(&blob.media_type)?),
        (header::CONTENT_DISPOSITION, text(&disposition::attachment(&blob.name))?),
        (header::CONTENT_LENGTH, blob.size.into()),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(NOTHING)),
    ];
    // The next piece is read when the client has taken the one before.
    let pieces = stream::try_unfold((api, blob, 0), |(api, blob, no)| async move {
        let piece = api.app.blob_piece(&blob, no).await.map_err(|fault| {
            tracing::error!(blob.id = %blob.id, code = fault.code.id(), "a download ended early: {fault:?}");
            std::io::Error::other("the download ended early")
        })?;
        Ok::<_, std::io::Error>(piece.map(|piece| (Bytes::from(piece), (api, blob, no + 1))))
    });
    Ok((headers, Body::from_stream(pieces)).into_response())
}
