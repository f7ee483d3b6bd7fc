//! `GET /v1/tenants/{id}/keys`

use axum::{Json, extract::State};
use patchbay_model::TenantId;

use crate::{
    Api,
    body::InPath,
    caller::Operator,
    problem::{Problem, Refusal},
    wire::{Key, List},
};

/// The keys of a tenant, without their text: those that work, newest first, and behind them those that are void; a thousand at most.
#[utoipa::path(
    get, path = "/v1/tenants/{id}/keys", tag = "tenants", operation_id = "listKeys",
    params(("id" = String, Path, description = "The tenant, `ten_…`")),
    responses((status = 200, description = "The keys", body = List<Key>), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    _operator: Operator,
    InPath(tenant): InPath<TenantId>,
) -> Result<Json<List<Key>>, Problem> {
    Ok(Json(List::whole(api.app.tenant_keys(&tenant).await?)))
}
