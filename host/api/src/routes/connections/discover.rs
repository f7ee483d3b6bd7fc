//! `POST /v1/connections/{id}/discover`

use axum::{Json, extract::State};
use patchbay_model::ConnectionId;

use crate::{
    Api,
    body::InPath,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::DiscoveredStreams,
};

/// Asks the provider which streams this connection has that only it can name: custom modules, custom models.
///
/// The host does so by itself after connecting and once a day. Syncs of streams that are found are off until you switch
/// them on (`PATCH /v1/syncs/{id}`). One that is not found any more is marked as gone and ends; its records stay, and it
/// goes on by itself when it is found again.
#[utoipa::path(
    post, path = "/v1/connections/{id}/discover", tag = "connections", operation_id = "discoverStreams",
    params(("id" = String, Path, description = "The connection, `con_…`")),
    responses((status = 200, description = "The streams as they are now", body = DiscoveredStreams), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<ConnectionId>,
) -> Result<Json<DiscoveredStreams>, Problem> {
    let actor = tenant.caller.actor();
    Ok(Json(api.app.discover(tenant.id, id, actor).await?.into()))
}
