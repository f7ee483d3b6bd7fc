//! `POST /v1/blobs`

use std::time::Duration;

use axum::{
    Json,
    body::{Body, Bytes, HttpBody},
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use futures_util::{Stream, StreamExt as _};
use patchbay_app::Upload;
use patchbay_model::{Code, Fault};
use serde::Deserialize;

use super::pace::Pace;
use crate::{
    Api,
    body::Params,
    caller::Tenant,
    live::Full,
    problem::{Problem, Refusal},
    wire::{Blob, FileBody},
};

/// After how long it makes sense to ask for a place again.
const LATER: Duration = Duration::from_secs(5);

/// What the file is called.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Named {
    /// Its name, as people and providers see it: 1 to 255 bytes, no path.
    #[param(max_length = 255, example = "Report Q3.pdf")]
    name: String,
}

/// Uploads a file: its bytes are the body, `Content-Type` says what it is.
///
/// Items name the `id` of the answer, any number of them. The file is kept until seven days after the last of them ended,
/// or for one day where none names it (`retention.blobs_days`). One file has 50 MiB at most (`limits.blob_mib`), all files of
/// a tenant 2048 MiB together (`limits.tenant_blob_mib`; PB4012). It is stored while it comes, so it needs no form and no
/// base64; an upload that breaks off, or is slower than 16 KiB a second for more than a minute, leaves nothing behind. Up
/// to 16 uploads of a tenant can be under way, 12 of them of one user in the portal (PB5015). Compare `sha256` to be sure
/// of what arrived.
#[utoipa::path(
    post, path = "/v1/blobs", tag = "blobs", operation_id = "createBlob",
    params(Named),
    request_body(content = FileBody, content_type = "*/*", description = "The file"),
    responses((status = 201, description = "The file", body = Blob), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    Params(named): Params<Named>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Blob>), Problem> {
    let _place = api.uploads.take(&tenant).map_err(full)?;
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let length = body.size_hint().exact();
    let upload = api.app.begin_upload(&tenant.id, named.name, media_type, length).await?;
    let blob = fill(upload, body.into_data_stream()).await?;
    Ok((StatusCode::CREATED, Json(blob.into())))
}

/// Takes a body to its end. Whatever ends it earlier drops the upload, which leaves nothing then.
async fn fill<E: std::error::Error>(
    mut upload: Upload,
    body: impl Stream<Item = Result<Bytes, E>>,
) -> Result<patchbay_app::Blob, Fault> {
    let (mut body, mut pace) = (std::pin::pin!(body), Pace::default());
    loop {
        let Some(next) = pace.next(body.next()).await else {
            return Err(Fault::because(Code::BodyInvalid, "The file comes too slowly: less than 16 KiB a second."));
        };
        match next {
            Some(Ok(bytes)) => {
                pace.came(bytes.len());
                upload.write(&bytes).await?;
            }
            // The client, if it is still there, knows that it sent less.
            Some(Err(error)) => {
                return Err(Fault::because(Code::BodyInvalid, "The file did not come to its end.").operator(error));
            }
            None => return upload.finish().await,
        }
    }
}

fn full(full: Full) -> Problem {
    let person = match full {
        Full::User => "You have 12 uploads under way: wait for one of them.",
        Full::Tenant => "16 uploads of this tenant are under way: wait for one of them.",
        Full::Host => "As many uploads are under way as this host takes.",
    };
    let mut fault = Fault::because(Code::UploadsExhausted, person);
    fault.retry_after = Some(LATER);
    Problem(fault)
}
