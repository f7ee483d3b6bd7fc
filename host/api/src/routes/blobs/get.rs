//! `GET /v1/blobs/{id}`

use axum::{Json, extract::State};
use patchbay_model::BlobId;

use crate::{
    Api,
    body::InPath,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::Blob,
};

/// One file, without its bytes.
#[utoipa::path(
    get, path = "/v1/blobs/{id}", tag = "blobs", operation_id = "getBlob",
    params(("id" = String, Path, description = "The file, `blb_…`")),
    responses((status = 200, description = "The file", body = Blob), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<BlobId>,
) -> Result<Json<Blob>, Problem> {
    Ok(Json(api.app.blob(&tenant.id, &id).await?.into()))
}
