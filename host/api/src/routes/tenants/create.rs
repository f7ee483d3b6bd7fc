//! `POST /v1/tenants`

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::Body,
    caller::Operator,
    problem::{Problem, Refusal},
    wire::Tenant,
};

/// A tenant to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTenant {
    /// What people call it.
    #[schema(example = "Kantoor Vermeulen", min_length = 1, max_length = 200)]
    name: String,
    /// Its industry, for Recommended: `accounting`, `insurance`, `marketing`, `retail`, `software`,
    /// `services` or `other`.
    #[schema(example = "accounting")]
    industry: Option<String>,
}

/// Makes a tenant: a customer of yours, who owns connections. Nothing crosses between two.
#[utoipa::path(
    post, path = "/v1/tenants", tag = "tenants", operation_id = "createTenant",
    request_body = NewTenant,
    responses(
        (status = 201, description = "The tenant", body = Tenant),
        Refusal,
    ),
    security(("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    Operator(caller): Operator,
    Body(new): Body<NewTenant>,
) -> Result<(StatusCode, Json<Tenant>), Problem> {
    let tenant = api.app.create_tenant(&new.name, new.industry.as_deref(), &caller.actor()).await?;
    Ok((StatusCode::CREATED, Json(tenant.into())))
}
