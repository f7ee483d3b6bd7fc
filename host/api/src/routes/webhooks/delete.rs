//! `DELETE /v1/webhooks/{id}`

use axum::{extract::State, http::StatusCode};
use patchbay_model::WebhookId;

use crate::{
    Api,
    body::InPath,
    caller::Backend,
    problem::{Problem, Refusal},
};

/// Deletes an endpoint with its secrets and deliveries. What is being sent at this moment may still arrive; the events
/// stay.
#[utoipa::path(
    delete, path = "/v1/webhooks/{id}", tag = "webhooks", operation_id = "deleteWebhook",
    params(("id" = String, Path, description = "The endpoint, `whk_…`")),
    responses((status = 204, description = "It is gone"), Refusal),
    security(("backend" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Backend,
    InPath(id): InPath<WebhookId>,
) -> Result<StatusCode, Problem> {
    api.app.delete_webhook(&tenant.id, &id, &tenant.caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}
