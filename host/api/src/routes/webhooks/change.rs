//! `PATCH /v1/webhooks/{id}`

use axum::{Json, extract::State};
use patchbay_app::WebhookUpdate;
use patchbay_model::WebhookId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::{Body, InPath},
    caller::Backend,
    problem::{Problem, Refusal},
    wire::{EventKind, Webhook},
};

/// What is to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"enabled": true, "kinds": ["records.changed", "run.failed"]}))]
pub(crate) struct WebhookChange {
    /// Its address: https, a public host, no user and no fragment.
    #[schema(example = "https://app.example.com/hooks/patchbay", max_length = 2000)]
    url: Option<String>,
    /// What you call it.
    #[schema(max_length = 200)]
    description: Option<String>,
    /// What it is told from now on; empty for everything but `connection.created`, `connection.changed`,
    /// `connection.deleted` and `connector.activated`, which are told to whoever names them.
    kinds: Option<Vec<EventKind>>,
    /// Whether it is told anything. What waits for it is sent when it is switched on again, and it is as if nothing
    /// had failed; what happens while it is off is not queued: see `POST /v1/webhooks/{id}/replay`.
    enabled: Option<bool>,
}

/// Changes an endpoint. Its secret stays; `POST /v1/webhooks/{id}/secret` makes another.
#[utoipa::path(
    patch, path = "/v1/webhooks/{id}", tag = "webhooks", operation_id = "changeWebhook",
    params(("id" = String, Path, description = "The endpoint, `whk_…`")),
    request_body = WebhookChange,
    responses((status = 200, description = "The endpoint as it is now", body = Webhook), Refusal),
    security(("backend" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Backend,
    InPath(id): InPath<WebhookId>,
    Body(change): Body<WebhookChange>,
) -> Result<Json<Webhook>, Problem> {
    let update = WebhookUpdate {
        url: change.url,
        description: change.description,
        kinds: change.kinds.map(|kinds| kinds.into_iter().map(Into::into).collect()),
        enabled: change.enabled,
    };
    Ok(Json(api.app.change_webhook(&tenant.id, &id, update, &tenant.caller.actor()).await?.into()))
}
