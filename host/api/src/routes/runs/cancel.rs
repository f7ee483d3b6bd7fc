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

/// Asks a run to stop. One that waits stops at once, one that runs does so soon after; what it has stored
/// stays, and the next run goes on from there. A run that has ended stays as it is.
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
    Ok(Json(Run::seen_by(api.app.cancel_run(&tenant.id, &id).await?, &tenant.caller)))
}
