//! `POST /v1/syncs/{id}/run`

use axum::{Json, extract::State, http::StatusCode};
use patchbay_model::SyncId;

use crate::{
    Api,
    body::InPath,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::QueuedRun,
};

/// Makes a run of a sync due now. When one is open already, it is the answer.
#[utoipa::path(
    post, path = "/v1/syncs/{id}/run", tag = "syncs", operation_id = "runSync",
    params(("id" = String, Path, description = "The sync, `syn_…`")),
    responses((status = 202, description = "The run to follow", body = QueuedRun), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<SyncId>,
) -> Result<(StatusCode, Json<QueuedRun>), Problem> {
    let run = api.app.run_now(&tenant.id, &id).await?;
    Ok((StatusCode::ACCEPTED, Json(run.into())))
}
