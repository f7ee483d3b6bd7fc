//! `GET /v1/events/{id}`

use axum::{Json, extract::State};
use patchbay_model::EventId;

use crate::{
    Api,
    body::InPath,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::Event,
};

/// One event.
#[utoipa::path(
    get, path = "/v1/events/{id}", tag = "webhooks", operation_id = "getEvent",
    params(("id" = String, Path, description = "The event, `evt_…`")),
    responses((status = 200, description = "The event", body = Event), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<EventId>,
) -> Result<Json<Event>, Problem> {
    Ok(Json(api.app.event(&tenant.id, &id).await?.try_into()?))
}
