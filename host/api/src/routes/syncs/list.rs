//! `GET /v1/connections/{id}/syncs`

use axum::{Json, extract::State};
use patchbay_model::ConnectionId;

use crate::{
    Api,
    body::InPath,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::{List, Sync},
};

/// The syncs of a connection, by account and stream, each with how its last run ended.
#[utoipa::path(
    get, path = "/v1/connections/{id}/syncs", tag = "syncs", operation_id = "listSyncs",
    params(("id" = String, Path, description = "The connection, `con_…`")),
    responses((status = 200, description = "The syncs", body = List<Sync>), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<ConnectionId>,
) -> Result<Json<List<Sync>>, Problem> {
    let rows = api.app.syncs(&tenant.id, &id).await?;
    Ok(Json(List { items: rows.into_iter().map(|row| Sync::of(&api, row)).collect(), next: None }))
}
