//! `POST /v1/syncs/{id}/approve-deletions`

use axum::{Json, extract::State};
use patchbay_model::SyncId;

use crate::{
    Api,
    body::InPath,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::ApprovedDeletions,
};

/// Approves the deletions that a sync holds back: a pass missed so many records that a person has to say that they
/// are really gone. They are deleted now, and stand in the feed as deletions.
///
/// What appears again before that is not deleted; where none waits, nothing is.
#[utoipa::path(
    post, path = "/v1/syncs/{id}/approve-deletions", tag = "syncs", operation_id = "approveDeletions",
    params(("id" = String, Path, description = "The sync, `syn_…`")),
    responses((status = 200, description = "How many records are deleted", body = ApprovedDeletions), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<SyncId>,
) -> Result<Json<ApprovedDeletions>, Problem> {
    Ok(Json(api.app.approve_deletions(&tenant.id, &id, &tenant.caller.actor()).await?.into()))
}
