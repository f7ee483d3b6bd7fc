//! `POST /v1/connectors/{connector}/rollback`

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::{Body, InPath},
    caller::Operator,
    problem::{Problem, Refusal},
    wire::Release,
};

/// Where to go back to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rollback {
    /// The version to go back to; the one that was active before where nobody says.
    #[schema(example = "1.3.2")]
    version: Option<String>,
    /// Why, for whoever looks at the release that is left behind.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Goes back to the release that was active before, or to a named one that is kept.
///
/// New runs use it from now on; runs in flight finish on the release that they began with. The release that is left behind is
/// kept, and nothing brings it back by itself: neither the folder nor an index. It is answered at once, because nothing has
/// to be compiled.
#[utoipa::path(
    post, path = "/v1/connectors/{connector}/rollback", tag = "connectors", operation_id = "rollbackConnector",
    params(("connector" = String, Path, description = "The connector, `publisher.name`")),
    request_body = Rollback,
    responses((status = 200, description = "The release, now active", body = Release), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    Operator(caller): Operator,
    InPath(connector): InPath<String>,
    Body(asked): Body<Rollback>,
) -> Result<Json<Release>, Problem> {
    let reason = asked.reason.map(|reason| reason.chars().take(500).collect());
    let active = api.app.roll_back(&connector, asked.version.as_deref(), reason, &caller.actor()).await?;
    Ok(Json(active.into()))
}
