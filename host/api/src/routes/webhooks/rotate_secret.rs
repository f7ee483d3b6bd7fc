//! `POST /v1/webhooks/{id}/secret`

use axum::{Json, extract::State};
use patchbay_model::WebhookId;

use crate::{
    Api,
    body::InPath,
    caller::Backend,
    problem::{Problem, Refusal},
    wire::IssuedWebhook,
};

/// Makes another signing secret for an endpoint, and answers it, once.
///
/// For 24 hours the one before signs besides: `webhook-signature` has a signature of each, separated by a space, and
/// an application that knows either takes it.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/secret", tag = "webhooks", operation_id = "rotateWebhookSecret",
    params(("id" = String, Path, description = "The endpoint, `whk_…`")),
    responses((status = 200, description = "The endpoint, with its new signing secret", body = IssuedWebhook), Refusal),
    security(("backend" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Backend,
    InPath(id): InPath<WebhookId>,
) -> Result<Json<IssuedWebhook>, Problem> {
    Ok(Json(api.app.rotate_webhook_secret(&tenant.id, &id, &tenant.caller.actor()).await?.into()))
}
