//! `GET /v1/events/watch`

use std::sync::Arc;

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response, Sse, sse::KeepAlive},
};
use patchbay_model::{Code, Fault};

use crate::{
    Api,
    caller::Tenant,
    live::Happenings,
    problem::{Problem, Refusal},
    routes::progress::{HEARTBEAT, full},
    wire::Event,
};

/// The header by which a client says up to where it was told.
const LAST: &str = "last-event-id";

/// What happens, live, as server-sent events (`text/event-stream`).
///
/// `event: event` comes for each event of the tenant, whatever its kind, a moment after it happened; its data is an `Event`,
/// its `id` a number to go on from:
///
/// ```text
/// id: 4711
/// event: event
/// data: {"id":"evt_068r…","kind":"connection.changed","subject":"con_068r…","data":{…},"at":"2026-03-12T10:20:05Z"}
/// ```
///
/// Whoever shows connections or cards reads them again when `connection.created`, `connection.changed`,
/// `connection.broken`, `connection.restored`, `connection.deleted`, `connector.activated` or `push.unknown` comes; lists of
/// runs follow `GET /v1/progress`, and `push.ended` says how a push ended. Only that nothing was read for too long
/// happens without an event, by time passing.
///
/// Without the header `Last-Event-ID` the stream begins with what happens from now on; with it, with what happened since
/// that event, as far as events are kept. A comment comes after 15 seconds of silence. The streams are counted together with
/// those of `GET /v1/progress`: at most 50 of a tenant and 500 in all are open at the same time, 8 of them for one user in the
/// portal; beyond, the answer is PB5014 with `Retry-After`. A stream ends within seconds when the key or session that asked
/// for it does.
#[utoipa::path(
    get, path = "/v1/events/watch", tag = "webhooks", operation_id = "watchEvents",
    params(("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last event that came")),
    responses(
        (status = 200, description = "Events, each with this as its data", content_type = "text/event-stream", body = Event),
        Refusal
    ),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(State(api): State<Api>, tenant: Tenant, headers: HeaderMap) -> Result<Response, Problem> {
    let behind = match headers.get(LAST) {
        None => None,
        Some(value) => {
            let number = value.to_str().ok().and_then(|text| text.parse::<i64>().ok()).filter(|number| *number >= 0);
            let wrong =
                || Fault::because(Code::ParameterInvalid, "Last-Event-ID is not the id of an event of this stream.");
            Some(number.ok_or_else(wrong)?)
        }
    };
    let place = api.onlookers.take(&tenant).map_err(full)?;
    let following = api.app.follow_events(&tenant.id, behind).await?;
    let events = Happenings { app: Arc::clone(&api.app), following, stop: api.stop.clone(), place }.events();
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response())
}
