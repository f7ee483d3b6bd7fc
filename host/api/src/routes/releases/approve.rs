//! `POST /v1/releases/{id}/approve`

use axum::{Json, extract::State};
use patchbay_model::ReleaseId;

use crate::{
    Api,
    body::InPath,
    caller::Operator,
    problem::{Problem, Refusal},
    wire::Release,
};

/// Approves exactly what a waiting release asks for, and makes it the active one.
///
/// On a retained release this is the rollback. New runs use it from now on; runs in flight finish on the
/// release that they began with.
#[utoipa::path(
    post, path = "/v1/releases/{id}/approve", tag = "connectors", operation_id = "approveRelease",
    params(("id" = String, Path, description = "The release, `rel_…`")),
    responses((status = 200, description = "The release, now active", body = Release), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    Operator(caller): Operator,
    InPath(id): InPath<ReleaseId>,
) -> Result<Json<Release>, Problem> {
    Ok(Json(api.app.approve(&id, &caller.actor()).await?.into()))
}
