//! `GET /v1/node`

use axum::{Json, extract::State};

use crate::{
    Api,
    caller::Operator,
    problem::{Problem, Refusal},
    wire::Node,
};

/// How the node that answers does: what it works on, how late runs begin, and what was refused because another node
/// had taken over. Behind a balancer each question may reach another node.
#[utoipa::path(
    get, path = "/v1/node", tag = "host", operation_id = "getNode",
    responses((status = 200, description = "The node", body = Node), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(State(api): State<Api>, _operator: Operator) -> Result<Json<Node>, Problem> {
    Ok(Json(api.app.node().into()))
}
