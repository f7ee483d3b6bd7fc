//! `GET /v1/runs/{id}/log`

use axum::{Json, extract::State};
use patchbay_model::RunId;

use crate::{
    Api,
    body::InPath,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::{List, LogLine},
};

/// What the connector wrote during a run, and the host about it, oldest first: at most 300 lines, the last of which
/// says where more were left out. Kept as long as the run.
#[utoipa::path(
    get, path = "/v1/runs/{id}/log", tag = "syncs", operation_id = "getRunLog",
    params(("id" = String, Path, description = "The run, `run_…`")),
    responses((status = 200, description = "The lines, all of them", body = List<LogLine>), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<RunId>,
) -> Result<Json<List<LogLine>>, Problem> {
    let lines = api.app.run_log(&tenant.id, &id).await?;
    let items = lines.into_iter().map(LogLine::try_from).collect::<Result<_, _>>()?;
    Ok(Json(List { items, next: None }))
}
