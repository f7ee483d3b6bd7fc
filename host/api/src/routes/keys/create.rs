//! `POST /v1/tenants/{id}/keys`

use axum::{Json, extract::State, http::StatusCode};
use patchbay_model::TenantId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::{Body, InPath},
    caller::Operator,
    problem::{Problem, Refusal},
    wire::NewKey,
};

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyWanted {
    /// What people call it.
    #[schema(example = "production backend", min_length = 1, max_length = 200)]
    name: String,
}

/// Makes a key for a tenant's backend. The answer holds the key's text, once.
#[utoipa::path(
    post, path = "/v1/tenants/{id}/keys", tag = "tenants", operation_id = "createKey",
    params(("id" = String, Path, description = "The tenant, `ten_…`")),
    request_body = KeyWanted,
    responses((status = 201, description = "The key, with its text", body = NewKey), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    Operator(caller): Operator,
    InPath(tenant): InPath<TenantId>,
    Body(wanted): Body<KeyWanted>,
) -> Result<(StatusCode, Json<NewKey>), Problem> {
    let issued = api.app.issue_tenant_key(&tenant, &wanted.name, &caller.actor()).await?;
    Ok((StatusCode::CREATED, Json(NewKey::of(&issued, wanted.name))))
}
