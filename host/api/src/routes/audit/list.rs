//! `GET /v1/audit`

use axum::{Json, extract::State};
use serde::Deserialize;

use crate::{
    Api,
    body::{Params, limit},
    caller::Auditor,
    problem::{Problem, Refusal},
    wire::AuditPage,
};

/// Which lines.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// About this: an id such as `con_…`, or a connector.
    subject: Option<String>,
    /// Older than this line: `next` of the page before.
    before: Option<String>,
    /// Lines of the page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Who did what, newest first: a tenant's key reads what is about its tenant, an operator's everything, or what
/// is about the tenant that `Patchbay-Tenant` names. Not for the portal: lines tell of webhooks, keys and other users.
#[utoipa::path(
    get, path = "/v1/audit", tag = "audit", operation_id = "listAudit",
    params(Which),
    responses((status = 200, description = "A page of lines", body = AuditPage), Refusal),
    security(("backend" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    auditor: Auditor,
    Params(which): Params<Which>,
) -> Result<Json<AuditPage>, Problem> {
    let most = limit(which.limit, 50, 200)?;
    let (subject, before) = (which.subject.as_deref(), which.before.as_deref());
    Ok(Json(api.app.audit(auditor.tenant.as_ref(), subject, before, most).await?.try_into()?))
}
