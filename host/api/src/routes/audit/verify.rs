//! `GET /v1/audit/verification`

use axum::{Json, extract::State};

use crate::{
    Api,
    caller::Operator,
    problem::{Problem, Refusal},
    wire::AuditVerification,
};

/// Reads the whole audit log and says whether a line was changed, removed or put in between.
///
/// Each line is chained to the one before with a key that is not in the database.
#[utoipa::path(
    get, path = "/v1/audit/verification", tag = "audit", operation_id = "verifyAudit",
    responses((status = 200, description = "What became of the chain", body = AuditVerification), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(State(api): State<Api>, _operator: Operator) -> Result<Json<AuditVerification>, Problem> {
    Ok(Json(api.app.verify_audit().await?.into()))
}
