//! `GET /v1/tenants`

use axum::{Json, extract::State};
use serde::Deserialize;

use crate::{
    Api,
    body::{Params, limit},
    caller::Operator,
    problem::{Problem, Refusal},
    wire::{List, Tenant},
};

/// Which tenants.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// `next` of the page before.
    after: Option<String>,
    /// Items of the page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// All tenants, oldest first.
#[utoipa::path(
    get, path = "/v1/tenants", tag = "tenants", operation_id = "listTenants",
    params(Which),
    responses((status = 200, description = "A page of tenants", body = List<Tenant>), Refusal),
    security(("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    _operator: Operator,
    Params(which): Params<Which>,
) -> Result<Json<List<Tenant>>, Problem> {
    let limit = limit(which.limit, 50, 200)?;
    Ok(Json(List::of(api.app.tenants(which.after.as_deref(), limit).await?)))
}
