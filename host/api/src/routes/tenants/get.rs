//! `GET /v1/tenants/{id}`

use axum::{Json, extract::State};
use patchbay_model::TenantId;

use crate::{
    Api,
    body::InPath,
    caller::Operator,
    problem::{Problem, Refusal},
    wire::Tenant,
};

/// One tenant.
#[utoipa::path(
    get, path = "/v1/tenants/{id}", tag = "tenants", operation_id = "getTenant",
    params(("id" = String, Path, description = "The tenant, `ten_…`")),
    responses((status = 200, description = "The tenant", body = Tenant), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    _operator: Operator,
    InPath(id): InPath<TenantId>,
) -> Result<Json<Tenant>, Problem> {
    Ok(Json(api.app.tenant(&id).await?.into()))
}
