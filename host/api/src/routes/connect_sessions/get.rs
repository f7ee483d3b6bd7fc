//! `GET /v1/connect-sessions/{id}`

use axum::{Json, extract::State};
use patchbay_model::SessionId;

use crate::{
    Api,
    body::InPath,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::ConnectSession,
};

/// How a connect session stands, and what came of it.
#[utoipa::path(
    get, path = "/v1/connect-sessions/{id}", tag = "connections", operation_id = "getConnectSession",
    params(("id" = String, Path, description = "The session, `ses_…`")),
    responses((status = 200, description = "The session", body = ConnectSession), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<SessionId>,
) -> Result<Json<ConnectSession>, Problem> {
    let session = api.app.session(&tenant.id, &id).await?;
    Ok(Json(ConnectSession::at(session, api.app.now())))
}
