//! `POST /v1/webhooks`

use axum::{Json, extract::State, http::StatusCode};
use patchbay_app::NewEndpoint;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::Body,
    caller::Backend,
    problem::{Problem, Refusal},
    wire::{EventKind, IssuedWebhook},
};

/// An endpoint to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"url": "https://app.example.com/hooks/patchbay", "description": "production", "kinds": ["connection.broken"]}))]
pub(crate) struct NewWebhook {
    /// Its address: https, a public host, no user and no fragment.
    #[schema(example = "https://app.example.com/hooks/patchbay", max_length = 2000)]
    url: String,
    /// What you call it; empty when left out.
    #[serde(default)]
    #[schema(max_length = 200)]
    description: String,
    /// What it is told; empty or left out for everything, also what will be added later, but for `connection.created`, `connection.changed`,
    /// `connection.deleted` and `connector.activated`, which are told to whoever names them.
    #[serde(default)]
    kinds: Vec<EventKind>,
}

/// Makes an endpoint that is told what happens, at most 20 of a tenant. The answer holds its signing secret, once.
///
/// Each event is one POST after [Standard Webhooks](https://www.standardwebhooks.com) 1.0.0: headers `webhook-id` (the
/// event's id, the same on each attempt), `webhook-timestamp` (seconds) and `webhook-signature` (`v1,` and base64 of
/// HMAC-SHA256 over id, timestamp and body, joined by full stops); body
/// `{"type": "connection.broken", "timestamp": "…", "data": {…}}`. Answer 2xx within 15 seconds, and take an id that you
/// have seen as done: an event comes at least once, and not always in order. Anything else is tried again after 5
/// seconds, 5 and 30 minutes, 2, 5, 10, 14, 20 and 24 hours; 410 switches the endpoint off at once, days without success
/// do so too. A wrong address is refused with PB5013.
#[utoipa::path(
    post, path = "/v1/webhooks", tag = "webhooks", operation_id = "createWebhook",
    request_body = NewWebhook,
    responses((status = 201, description = "The endpoint, with its signing secret", body = IssuedWebhook), Refusal),
    security(("backend" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Backend,
    Body(new): Body<NewWebhook>,
) -> Result<(StatusCode, Json<IssuedWebhook>), Problem> {
    let kinds = new.kinds.into_iter().map(Into::into).collect();
    let new = NewEndpoint { url: new.url, description: new.description, kinds };
    let issued = api.app.create_webhook(&tenant.id, new, &tenant.caller.actor()).await?;
    Ok((StatusCode::CREATED, Json(issued.into())))
}
