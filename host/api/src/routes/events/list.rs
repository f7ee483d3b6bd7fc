//! `GET /v1/events`

use axum::{Json, extract::State};
use patchbay_app::EventFilter;
use serde::Deserialize;

use crate::{
    Api,
    body::{Params, limit},
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::{Event, EventKind, List},
};

/// Which events.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Of this kind.
    kind: Option<EventKind>,
    /// About this: the id of a connection, a run, a push, a sync or an endpoint, or a connector.
    subject: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
    /// Items of the page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// What happened, newest first: the same events as webhooks tell, whether or not there is an endpoint. Kept for a
/// limited time.
#[utoipa::path(
    get, path = "/v1/events", tag = "webhooks", operation_id = "listEvents",
    params(Which),
    responses((status = 200, description = "A page of events", body = List<Event>), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    Params(which): Params<Which>,
) -> Result<Json<List<Event>>, Problem> {
    let filter = EventFilter {
        kind: which.kind.map(Into::into),
        subject: which.subject,
        after: which.after,
        limit: limit(which.limit, 50, 200)?,
    };
    Ok(Json(List::checked(api.app.events(&tenant.id, &filter).await?)?))
}
