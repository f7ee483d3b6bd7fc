//! `POST /v1/indexes/refresh`

use axum::{Json, extract::State};

use crate::{
    Api,
    caller::Operator,
    problem::{Problem, Refusal},
    wire::{Index, List},
};

/// Asks every index now, and tells how it stands with each.
///
/// An index that is not believed says why in `problem`; what was known of it before stays. Nothing is installed by this.
#[utoipa::path(
    post, path = "/v1/indexes/refresh", tag = "connectors", operation_id = "refreshIndexes",
    responses((status = 200, description = "The indexes", body = List<Index>), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(State(api): State<Api>, _operator: Operator) -> Result<Json<List<Index>>, Problem> {
    Ok(Json(List::whole(api.app.refresh_indexes().await?)))
}
