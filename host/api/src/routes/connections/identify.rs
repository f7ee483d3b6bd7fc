//! `POST /v1/connections/{id}/identify`

use axum::{Json, extract::State};
use patchbay_model::ConnectionId;

use crate::{
    Api,
    body::InPath,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::ConnectionDetail,
};

/// Asks the provider again whose account it is and which accounts it reaches.
///
/// The host does so by itself now and then. Accounts that are no longer named stay, and cannot be read.
#[utoipa::path(
    post, path = "/v1/connections/{id}/identify", tag = "connections", operation_id = "identifyConnection",
    params(("id" = String, Path, description = "The connection, `con_…`")),
    responses((status = 200, description = "The connection as it is now", body = ConnectionDetail), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<ConnectionId>,
) -> Result<Json<ConnectionDetail>, Problem> {
    let actor = tenant.caller.actor();
    Ok(Json(api.app.identify_again(tenant.id, id, actor).await?.try_into()?))
}
