//! `POST /v1/connectors`

use axum::{Json, extract::State, http::StatusCode};
use patchbay_app::Approval;

use crate::{
    Api,
    body::Component,
    caller::Operator,
    problem::{Problem, Refusal},
    wire::InstalledRelease,
};

/// Installs a connector, or a new version of one: the packaged component is the body.
///
/// It is checked, compiled and started once before this answers. The first release of a connector is
/// approved by being posted here and is active at once. A later one becomes active when it asks for nothing
/// beyond what was approved; else it waits in state `ready`, and `asks_beyond` says for what. Syncs that
/// run meanwhile finish on the release that they began with.
#[utoipa::path(
    post, path = "/v1/connectors", tag = "connectors", operation_id = "installConnector",
    request_body(content = Component, content_type = "application/wasm", description = "The packaged component"),
    responses(
        (status = 201, description = "A release that was not known", body = InstalledRelease),
        (status = 200, description = "The same bytes were installed before", body = InstalledRelease),
        Refusal
    ),
    security(("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    Operator(caller): Operator,
    Component(bytes): Component,
) -> Result<(StatusCode, Json<InstalledRelease>), Problem> {
    let approval = Approval { actor: caller.actor(), approves: true };
    let installed = api.app.install(bytes.into(), approval).await?;
    let status = if installed.known { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(installed.into())))
}
