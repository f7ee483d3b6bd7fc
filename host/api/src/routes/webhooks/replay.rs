//! `POST /v1/webhooks/{id}/deliveries/{event}/replay` and `POST /v1/webhooks/{id}/replay`

use axum::{Json, extract::State, http::StatusCode};
use patchbay_model::{EventId, Timestamp, WebhookId};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::{Body, InPath},
    caller::Backend,
    problem::{Problem, Refusal},
    wire::{QueuedEvent, Replayed},
};

/// Tells an endpoint one event once more, at once and with all its attempts, whether or not it took it before.
///
/// The event has the id that it had. One that waits already is sent now.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/deliveries/{event}/replay", tag = "webhooks", operation_id = "replayDelivery",
    params(
        ("id" = String, Path, description = "The endpoint, `whk_…`"),
        ("event" = String, Path, description = "The event, `evt_…`")
    ),
    responses((status = 202, description = "The event that is on its way", body = QueuedEvent), Refusal),
    security(("backend" = []), ("operator" = []))
)]
pub(crate) async fn one(
    State(api): State<Api>,
    tenant: Backend,
    InPath((id, event)): InPath<(WebhookId, EventId)>,
) -> Result<(StatusCode, Json<QueuedEvent>), Problem> {
    api.app.replay_delivery(&tenant.id, &id, &event, &tenant.caller.actor()).await?;
    Ok((StatusCode::ACCEPTED, Json(event.into())))
}

/// From when on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Replay {
    /// What happened since this moment.
    #[schema(value_type = String, format = DateTime, example = "2026-03-12T10:20:05Z")]
    since: Timestamp,
}

/// Tells an endpoint everything once more that happened since a moment and that it wants to hear, also what happened
/// while it was switched off, as far as events are kept. Each event has the id that it had.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/replay", tag = "webhooks", operation_id = "replayWebhook",
    params(("id" = String, Path, description = "The endpoint, `whk_…`")),
    request_body = Replay,
    responses((status = 202, description = "How many events are on their way", body = Replayed), Refusal),
    security(("backend" = []), ("operator" = []))
)]
pub(crate) async fn since(
    State(api): State<Api>,
    tenant: Backend,
    InPath(id): InPath<WebhookId>,
    Body(replay): Body<Replay>,
) -> Result<(StatusCode, Json<Replayed>), Problem> {
    let events = api.app.replay_since(&tenant.id, &id, replay.since, &tenant.caller.actor()).await?;
    Ok((StatusCode::ACCEPTED, Json(events.into())))
}
