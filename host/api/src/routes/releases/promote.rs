//! `POST /v1/releases/{id}/promote`

use axum::{Json, extract::State};
use patchbay_model::ReleaseId;

use crate::{
    Api,
    body::InPath,
    caller::Operator,
    problem::{Problem, Refusal},
    wire::Release,
};

/// Makes a release active that one connection tries, however far the trial is. All others run it from now on.
#[utoipa::path(
    post, path = "/v1/releases/{id}/promote", tag = "connectors", operation_id = "promoteRelease",
    params(("id" = String, Path, description = "The release, `rel_…`")),
    responses((status = 200, description = "The release, now active", body = Release), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    Operator(caller): Operator,
    InPath(id): InPath<ReleaseId>,
) -> Result<Json<Release>, Problem> {
    Ok(Json(api.app.promote(&id, &caller.actor()).await?.into()))
}
