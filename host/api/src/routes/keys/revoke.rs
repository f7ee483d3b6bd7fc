//! `DELETE /v1/tenants/{id}/keys/{key}`

use axum::{extract::State, http::StatusCode};
use patchbay_model::{KeyId, TenantId};

use crate::{
    Api,
    body::InPath,
    caller::Operator,
    problem::{Problem, Refusal},
};

/// Ends a key at once, and the browser sessions that it opened with it. Ending it again changes nothing.
#[utoipa::path(
    delete, path = "/v1/tenants/{id}/keys/{key}", tag = "tenants", operation_id = "revokeKey",
    params(
        ("id" = String, Path, description = "The tenant, `ten_…`"),
        ("key" = String, Path, description = "The key's id, `key_…`"),
    ),
    responses((status = 204, description = "The key is void"), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    Operator(caller): Operator,
    InPath((tenant, key)): InPath<(TenantId, KeyId)>,
) -> Result<StatusCode, Problem> {
    api.app.revoke_key(&tenant, &key, &caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}
