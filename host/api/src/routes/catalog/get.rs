//! `GET /v1/catalog/{connector}`

use axum::{Json, extract::State};

use crate::{
    Api,
    body::InPath,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::CatalogEntry,
};

/// One integration with all that is needed to build its forms, to explain it and to use it.
#[utoipa::path(
    get, path = "/v1/catalog/{connector}", tag = "catalog", operation_id = "getCatalogEntry",
    params(("connector" = String, Path, description = "The connector, `publisher.name`")),
    responses((status = 200, description = "The integration", body = CatalogEntry), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(connector): InPath<String>,
) -> Result<Json<CatalogEntry>, Problem> {
    Ok(Json(api.app.catalog_entry(&tenant.id, &connector).await?.into()))
}
