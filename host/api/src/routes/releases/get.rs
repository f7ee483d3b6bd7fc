//! `GET /v1/releases/{id}`

use axum::{Json, extract::State};
use patchbay_model::ReleaseId;

use crate::{
    Api,
    body::InPath,
    caller::Operator,
    problem::{Problem, Refusal},
    wire::ReleaseDetail,
};

/// One release with everything that it may do: read it before approving.
#[utoipa::path(
    get, path = "/v1/releases/{id}", tag = "connectors", operation_id = "getRelease",
    params(("id" = String, Path, description = "The release, `rel_…`")),
    responses((status = 200, description = "The release", body = ReleaseDetail), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    _operator: Operator,
    InPath(id): InPath<ReleaseId>,
) -> Result<Json<ReleaseDetail>, Problem> {
    Ok(Json(api.app.release_detail(&id).await?.into()))
}
