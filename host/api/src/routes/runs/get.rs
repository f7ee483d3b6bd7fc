//! `GET /v1/runs/{id}`

use axum::{Json, extract::State};
use patchbay_model::RunId;

use crate::{
    Api,
    body::InPath,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::Run,
};

/// One run.
#[utoipa::path(
    get, path = "/v1/runs/{id}", tag = "syncs", operation_id = "getRun",
    params(("id" = String, Path, description = "The run, `run_…`")),
    responses((status = 200, description = "The run", body = Run), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<RunId>,
) -> Result<Json<Run>, Problem> {
    let row = api.app.run_row(&tenant.id, &id).await?;
    Ok(Json(Run::one(&api, row, &tenant.caller).await?))
}
