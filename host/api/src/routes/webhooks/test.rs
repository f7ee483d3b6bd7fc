//! `POST /v1/webhooks/{id}/test`

use axum::{Json, extract::State, http::StatusCode};
use patchbay_model::WebhookId;

use crate::{
    Api,
    body::InPath,
    caller::Backend,
    problem::{Problem, Refusal},
    wire::QueuedEvent,
};

/// Sends an endpoint an event that says nothing, to it alone, to try its address and your check of the signature. How
/// that went stands in its deliveries.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/test", tag = "webhooks", operation_id = "testWebhook",
    params(("id" = String, Path, description = "The endpoint, `whk_…`")),
    responses((status = 202, description = "The event that is on its way", body = QueuedEvent), Refusal),
    security(("backend" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Backend,
    InPath(id): InPath<WebhookId>,
) -> Result<(StatusCode, Json<QueuedEvent>), Problem> {
    Ok((StatusCode::ACCEPTED, Json(api.app.test_webhook(&tenant.id, &id).await?.into())))
}
