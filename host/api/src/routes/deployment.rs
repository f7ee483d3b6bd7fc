//! `GET /v1/health`

use axum::{Json, extract::State};

use crate::{
    Api,
    caller::Operator,
    problem::{Problem, Refusal},
    wire::DeploymentHealth,
};

/// How the whole deployment does: its nodes, what waits and works, and what was refused.
///
/// Each node says every ten seconds how it does; one that is silent for an hour, or that was stopped, is not listed. What
/// this address is not: a probe for a balancer, which is `GET /readyz` and needs no key.
#[utoipa::path(
    get, path = "/v1/health", tag = "host", operation_id = "getHealth",
    responses((status = 200, description = "The deployment", body = DeploymentHealth), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(State(api): State<Api>, _operator: Operator) -> Result<Json<DeploymentHealth>, Problem> {
    Ok(Json(api.app.health().await?.into()))
}
