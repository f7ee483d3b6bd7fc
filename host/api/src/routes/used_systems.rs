//! `GET /v1/used-systems`

use axum::{Json, extract::State};

use crate::{
    Api,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::{List, UsedFunction},
};

/// What can be done, function by function, and by which of the tenant's connections it is done.
///
/// Every function is there that an installed connector serves, also one that nothing is connected for. The list is
/// whole: `next` is always null. Switches are turned by `PATCH /v1/connections/{id}`.
#[utoipa::path(
    get, path = "/v1/used-systems", tag = "connections", operation_id = "listUsedSystems",
    responses((status = 200, description = "The functions", body = List<UsedFunction>), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(State(api): State<Api>, tenant: Tenant) -> Result<Json<List<UsedFunction>>, Problem> {
    Ok(Json(List::whole(api.app.used_systems(&tenant.id).await?)))
}
