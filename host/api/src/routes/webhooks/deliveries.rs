//! `GET /v1/webhooks/{id}/deliveries`

use axum::{Json, extract::State};
use patchbay_model::WebhookId;
use serde::Deserialize;

use crate::{
    Api,
    body::{InPath, Params, limit},
    caller::Backend,
    problem::{Problem, Refusal},
    wire::{Delivery, DeliveryState, List},
};

/// Which deliveries.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// In this state.
    state: Option<DeliveryState>,
    /// `next` of the page before.
    after: Option<String>,
    /// Items of the page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// What an endpoint was and will be told, newest first, each with how the last attempt went. Kept for a limited time.
#[utoipa::path(
    get, path = "/v1/webhooks/{id}/deliveries", tag = "webhooks", operation_id = "listDeliveries",
    params(("id" = String, Path, description = "The endpoint, `whk_…`"), Which),
    responses((status = 200, description = "A page of deliveries", body = List<Delivery>), Refusal),
    security(("backend" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Backend,
    InPath(id): InPath<WebhookId>,
    Params(which): Params<Which>,
) -> Result<Json<List<Delivery>>, Problem> {
    let most = limit(which.limit, 50, 200)?;
    let (state, after) = (which.state.map(DeliveryState::as_str), which.after.as_deref());
    Ok(Json(List::checked(api.app.deliveries(&tenant.id, &id, state, after, most).await?)?))
}
