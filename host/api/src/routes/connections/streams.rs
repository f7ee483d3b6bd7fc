//! `GET /v1/connections/{id}/streams`

use axum::{Json, extract::State};
use patchbay_model::ConnectionId;

use crate::{
    Api,
    body::InPath,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::{List, Stream},
};

/// The streams of a connection: those that its connector always has, then those that were discovered in it, by name.
#[utoipa::path(
    get, path = "/v1/connections/{id}/streams", tag = "connections", operation_id = "listStreams",
    params(("id" = String, Path, description = "The connection, `con_…`")),
    responses((status = 200, description = "The streams", body = List<Stream>), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<ConnectionId>,
) -> Result<Json<List<Stream>>, Problem> {
    Ok(Json(List::whole(api.app.streams(&tenant.id, &id).await?)))
}
