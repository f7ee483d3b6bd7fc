//! `GET /v1/webhooks/{id}`

use axum::{Json, extract::State};
use patchbay_model::WebhookId;

use crate::{
    Api,
    body::InPath,
    caller::Backend,
    problem::{Problem, Refusal},
    wire::Webhook,
};

/// One endpoint, without its secret.
#[utoipa::path(
    get, path = "/v1/webhooks/{id}", tag = "webhooks", operation_id = "getWebhook",
    params(("id" = String, Path, description = "The endpoint, `whk_…`")),
    responses((status = 200, description = "The endpoint", body = Webhook), Refusal),
    security(("backend" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Backend,
    InPath(id): InPath<WebhookId>,
) -> Result<Json<Webhook>, Problem> {
    Ok(Json(api.app.webhook(&tenant.id, &id).await?.into()))
}
