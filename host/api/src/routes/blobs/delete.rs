//! `DELETE /v1/blobs/{id}`

use axum::{extract::State, http::StatusCode};
use patchbay_model::BlobId;

use crate::{
    Api,
    body::InPath,
    caller::Tenant,
    problem::{Problem, Refusal},
};

/// Deletes a file. Refused (409) while an item names it that has not ended; items that have ended keep saying what they
/// carried.
#[utoipa::path(
    delete, path = "/v1/blobs/{id}", tag = "blobs", operation_id = "deleteBlob",
    params(("id" = String, Path, description = "The file, `blb_…`")),
    responses((status = 204, description = "It is gone"), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<BlobId>,
) -> Result<StatusCode, Problem> {
    api.app.delete_blob(&tenant.id, &id, &tenant.caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}
