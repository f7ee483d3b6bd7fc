//! `GET /v1/publishers`

use axum::{Json, extract::State};

use crate::{
    Api,
    caller::Operator,
    problem::{Problem, Refusal},
    wire::{List, Publisher},
};

/// The publishers of which a key is known, with their keys: trusted ones, revoked ones, and those that were only seen.
#[utoipa::path(
    get, path = "/v1/publishers", tag = "connectors", operation_id = "listPublishers",
    responses((status = 200, description = "The publishers", body = List<Publisher>), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(State(api): State<Api>, _operator: Operator) -> Result<Json<List<Publisher>>, Problem> {
    Ok(Json(List::whole(Publisher::gather(api.app.publisher_keys(None).await?))))
}
