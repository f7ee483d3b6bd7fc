//! `POST /v1/runs/{id}/cancel`

use axum::{Json, extract::State};
use patchbay_model::RunId;

use crate::{
    Api,
    body::InPath,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::Run,
};

/// Asks a run to stop. One that waits stops at once, one that runs within a second; what it has stored stays, and
/// the next run goes on from there. One that has ended is refused with PB5007 and stays as it is.
#[utoipa::path(
    post, path = "/v1/runs/{id}/cancel", tag = "syncs", operation_id = "cancelRun",
    params(("id" = String, Path, description = "The run, `run_…`")),
    responses((status = 200, description = "The run as it is now", body = Run), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<RunId>,
) -> Result<Json<Run>, Problem> {
    let row = api.app.cancel_run(&tenant.id, &id).await?;
    Ok(Json(Run::one(&api, row, &tenant.caller).await?))
}
