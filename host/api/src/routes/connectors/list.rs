//! `GET /v1/connectors`

use axum::{Json, extract::State};

use crate::{
    Api,
    caller::Operator,
    problem::{Problem, Refusal},
    wire::{Connector, List},
};

/// The installed connectors, by id, each with its active and its latest release.
#[utoipa::path(
    get, path = "/v1/connectors", tag = "connectors", operation_id = "listConnectors",
    responses((status = 200, description = "The connectors", body = List<Connector>), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(State(api): State<Api>, _operator: Operator) -> Result<Json<List<Connector>>, Problem> {
    Ok(Json(List::whole(Connector::gather(api.app.releases(None).await?))))
}
