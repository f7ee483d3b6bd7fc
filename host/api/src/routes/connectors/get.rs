//! `GET /v1/connectors/{connector}`

use axum::{Json, extract::State};
use patchbay_model::Code;

use crate::{
    Api,
    body::InPath,
    caller::Operator,
    problem::{Problem, Refusal},
    wire::{List, ReleaseStanding},
};

/// The releases of a connector, newest first, each with how many connections run it.
#[utoipa::path(
    get, path = "/v1/connectors/{connector}", tag = "connectors", operation_id = "listReleases",
    params(("connector" = String, Path, description = "The connector, `publisher.name`")),
    responses((status = 200, description = "The releases", body = List<ReleaseStanding>), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    _operator: Operator,
    InPath(connector): InPath<String>,
) -> Result<Json<List<ReleaseStanding>>, Problem> {
    let releases = api.app.standings(&connector).await?;
    if releases.is_empty() {
        return Err(Problem::of(Code::ConnectorUnknown));
    }
    Ok(Json(List::whole(releases)))
}
