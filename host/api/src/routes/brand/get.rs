//! `GET /v1/brand`

use axum::{Json, extract::State};

use crate::{
    Api,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::Brand,
};

/// How the tenant looks: on top of the web app, and of the pages that its end users connect on.
#[utoipa::path(
    get, path = "/v1/brand", tag = "connections", operation_id = "getBrand",
    responses((status = 200, description = "The brand", body = Brand), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(State(api): State<Api>, tenant: Tenant) -> Result<Json<Brand>, Problem> {
    Ok(Json(api.app.brand(&tenant.id).await?.into()))
}
