//! `GET /v1/operator-keys`

use axum::{Json, extract::State};

use crate::{
    Api,
    caller::Operator,
    problem::{Problem, Refusal},
    wire::{Key, List},
};

/// The operators' keys, without their text: all that work, newest first, and behind them those that are void, of which the oldest
/// are left out beyond a thousand.
#[utoipa::path(
    get, path = "/v1/operator-keys", tag = "host", operation_id = "listOperatorKeys",
    responses((status = 200, description = "The keys", body = List<Key>), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(State(api): State<Api>, _operator: Operator) -> Result<Json<List<Key>>, Problem> {
    Ok(Json(List::whole(api.app.operator_keys().await?)))
}
