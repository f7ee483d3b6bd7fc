//! `GET /v1/indexes`

use axum::{Json, extract::State};

use crate::{
    Api,
    caller::Operator,
    problem::{Problem, Refusal},
    wire::{Index, List},
};

/// The indexes of the configuration, and how it stands with each.
///
/// The list is whole: `next` is always null.
#[utoipa::path(
    get, path = "/v1/indexes", tag = "connectors", operation_id = "listIndexes",
    responses((status = 200, description = "The indexes, in the order in which they are asked", body = List<Index>), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(State(api): State<Api>, _operator: Operator) -> Result<Json<List<Index>>, Problem> {
    Ok(Json(List::whole(api.app.indexes().await?)))
}
