//! `POST` and `DELETE /v1/releases/{id}/canary`

use axum::{Json, extract::State, http::StatusCode};
use patchbay_app::CanaryAsked;
use patchbay_model::{ConnectionId, ReleaseId};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::{Body, InPath},
    caller::Operator,
    problem::{Problem, Refusal},
    wire::{Canary, Release},
};

/// A trial of a release on one connection.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CanaryBegin {
    /// The connection that tries it, `con_…`.
    #[schema(value_type = String)]
    connection: ConnectionId,
    /// How many runs and items of it have to end well; 5 where nobody says.
    #[schema(minimum = 1, maximum = 1000)]
    runs: Option<u32>,
    /// What happens then.
    #[serde(default)]
    promote: Promote,
    /// Approves what it asks for beyond what was approved, for this trial alone; without it such a release is refused
    /// (PB1011). Once it is promoted, that approval holds for the connector.
    #[serde(default)]
    approve: bool,
}

/// What happens when enough runs of a trial went well: `auto` (it becomes active), `hold` (it waits for
/// `POST /v1/releases/{id}/promote`).
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Promote {
    #[default]
    Auto,
    Hold,
}

/// Lets one connection run a release that is ready, before all others do.
///
/// The connection's next run is one of this release. The first that breaks down, breaks the contract, goes in circles or cannot be
/// read ends the trial, unless the release before failed like that there, too: the connection is back on what it ran before, and the
/// release waits with the reason. What the provider, its login or a person did counts neither way.
#[utoipa::path(
    post, path = "/v1/releases/{id}/canary", tag = "connectors", operation_id = "startCanary",
    params(("id" = String, Path, description = "The release, `rel_…`")),
    request_body = CanaryBegin,
    responses((status = 201, description = "The trial", body = Canary), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn begin(
    State(api): State<Api>,
    Operator(caller): Operator,
    InPath(id): InPath<ReleaseId>,
    Body(begin): Body<CanaryBegin>,
) -> Result<(StatusCode, Json<Canary>), Problem> {
    let asked = CanaryAsked {
        connection: begin.connection,
        runs: begin.runs,
        promotes: begin.promote == Promote::Auto,
        approves: begin.approve,
    };
    let progress = api.app.start_canary(&id, asked, &caller.actor()).await?;
    Ok((StatusCode::CREATED, Json(progress.into())))
}

/// Ends a trial: the connection is back on what it ran before, and the release waits.
#[utoipa::path(
    delete, path = "/v1/releases/{id}/canary", tag = "connectors", operation_id = "endCanary",
    params(("id" = String, Path, description = "The release, `rel_…`")),
    responses((status = 200, description = "The release, which waits", body = Release), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn end(
    State(api): State<Api>,
    Operator(caller): Operator,
    InPath(id): InPath<ReleaseId>,
) -> Result<Json<Release>, Problem> {
    Ok(Json(api.app.end_canary(&id, &caller.actor()).await?.into()))
}
