//! `DELETE /v1/connections/{id}`

use axum::{extract::State, http::StatusCode};
use patchbay_model::ConnectionId;

use crate::{
    Api,
    body::InPath,
    caller::Tenant,
    problem::{Problem, Refusal},
};

/// Deletes a connection: the copy of its credential, its records and its settings here. Nothing is deleted
/// at the provider.
#[utoipa::path(
    delete, path = "/v1/connections/{id}", tag = "connections", operation_id = "deleteConnection",
    params(("id" = String, Path, description = "The connection, `con_…`")),
    responses((status = 204, description = "It is gone"), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<ConnectionId>,
) -> Result<StatusCode, Problem> {
    api.app.delete_connection(tenant.id, id, tenant.caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}
