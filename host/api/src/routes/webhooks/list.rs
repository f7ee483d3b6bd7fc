//! `GET /v1/webhooks`

use axum::{Json, extract::State};

use crate::{
    Api,
    caller::Backend,
    problem::{Problem, Refusal},
    wire::{List, Webhook},
};

/// The endpoints of the tenant, oldest first, without their secrets; at most 20, all at once.
#[utoipa::path(
    get, path = "/v1/webhooks", tag = "webhooks", operation_id = "listWebhooks",
    responses((status = 200, description = "All of them", body = List<Webhook>), Refusal),
    security(("backend" = []), ("operator" = []))
)]
pub(crate) async fn handler(State(api): State<Api>, tenant: Backend) -> Result<Json<List<Webhook>>, Problem> {
    Ok(Json(List::whole(api.app.webhooks(&tenant.id).await?)))
}
