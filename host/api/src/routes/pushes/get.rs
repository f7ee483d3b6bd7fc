//! `GET /v1/pushes/{id}`

use axum::{Json, extract::State};
use patchbay_model::PushId;

use crate::{
    Api,
    body::InPath,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::PushDetail,
};

/// One push, with the object at the provider once it is there, the requests that wrote it, and its history.
#[utoipa::path(
    get, path = "/v1/pushes/{id}", tag = "pushes", operation_id = "getPush",
    params(("id" = String, Path, description = "The push, `psh_…`")),
    responses((status = 200, description = "The push", body = PushDetail), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<PushId>,
) -> Result<Json<PushDetail>, Problem> {
    Ok(Json(PushDetail::seen_by(api.app.push_detail(&tenant.id, &id).await?, &tenant.caller)?))
}
