//! `POST /v1/pushes/dry-run`

use axum::{Json, extract::State};

use crate::{
    Api,
    body::Body,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::{Item, Rehearsal},
};

/// Does everything for an item but accept it and send it, and tells what would be sent, without secrets.
///
/// What is wrong with the item is told as by `POST /v1/pushes`. Where the item would be sent at once, the connector
/// makes its requests: those that only read go to the provider; the first one that would write is told here instead
/// of leaving, and the connector is stopped there, because what comes next depends on an answer that nobody has.
#[utoipa::path(
    post, path = "/v1/pushes/dry-run", tag = "pushes", operation_id = "rehearsePush",
    request_body = Item,
    responses((status = 200, description = "What would become of it; nothing was written", body = Rehearsal), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    Body(item): Body<Item>,
) -> Result<Json<Rehearsal>, Problem> {
    Ok(Json(api.app.rehearse_push(tenant.id, item.into()).await?.into()))
}
