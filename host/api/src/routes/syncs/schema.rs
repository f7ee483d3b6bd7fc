//! `GET /v1/syncs/{id}/schema`

use axum::{Json, extract::State};
use patchbay_model::SyncId;

use crate::{
    Api,
    body::InPath,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::Schema,
};

/// The fields that the records of a sync have had, with the types of their values; at most 500 places.
///
/// No value of a record is kept here. What is new in it is told by `GET /v1/syncs/{id}/drifts`.
#[utoipa::path(
    get, path = "/v1/syncs/{id}/schema", tag = "syncs", operation_id = "getSyncSchema",
    params(("id" = String, Path, description = "The sync, `syn_…`")),
    responses((status = 200, description = "The fields", body = Schema), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<SyncId>,
) -> Result<Json<Schema>, Problem> {
    Ok(Json(api.app.shape(&tenant.id, &id).await?.try_into()?))
}
