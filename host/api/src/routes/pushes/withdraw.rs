//! `POST /v1/pushes/{id}/withdraw`

use axum::{Json, extract::State};
use patchbay_model::PushId;

use crate::{
    Api,
    body::InPath,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::Push,
};

/// Takes back an item of which nothing was sent: it ends as `skipped` (`PB4015`).
///
/// Refused (409, `PB4007`) once something of it may have left. What is at a provider already is not removed there.
#[utoipa::path(
    post, path = "/v1/pushes/{id}/withdraw", tag = "pushes", operation_id = "withdrawPush",
    params(("id" = String, Path, description = "The push, `psh_…`")),
    responses((status = 200, description = "The push, skipped", body = Push), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<PushId>,
) -> Result<Json<Push>, Problem> {
    let push = api.app.withdraw_push(tenant.id, id, tenant.caller.actor()).await?;
    Ok(Json(Push::seen_by(push, &tenant.caller)?))
}
