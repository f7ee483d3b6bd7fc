//! `GET /v1/connections/{id}`

use axum::{Json, extract::State};
use patchbay_model::ConnectionId;

use crate::{
    Api,
    body::InPath,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::ConnectionDetail,
};

/// One connection with its settings and accounts.
#[utoipa::path(
    get, path = "/v1/connections/{id}", tag = "connections", operation_id = "getConnection",
    params(("id" = String, Path, description = "The connection, `con_…`")),
    responses((status = 200, description = "The connection", body = ConnectionDetail), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<ConnectionId>,
) -> Result<Json<ConnectionDetail>, Problem> {
    Ok(Json(api.app.connection(&tenant.id, &id).await?.try_into()?))
}
