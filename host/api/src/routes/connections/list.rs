//! `GET /v1/connections`

use axum::{Json, extract::State};
use patchbay_app::{ConnectionFilter, ConnectionSort};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::{Params, limit},
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::{Connection, ConnectionState, List},
};

/// Which connections.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Of this connector.
    connector: Option<String>,
    /// In this state.
    state: Option<ConnectionState>,
    /// Switched on, or off.
    enabled: Option<bool>,
    /// Whose name, business account or login contains this, whatever its case.
    q: Option<String>,
    /// In which order; newest first when left out.
    #[serde(default)]
    #[param(inline)]
    sort: Sort,
    /// `next` of the page before, with the same filter.
    after: Option<String>,
    /// Items of the page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// The order of a list: newest first, by name, or changed last first.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Sort {
    #[default]
    Created,
    Name,
    Updated,
}

impl From<Sort> for ConnectionSort {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::Created => Self::Created,
            Sort::Name => Self::Name,
            Sort::Updated => Self::Updated,
        }
    }
}

/// The connections of the tenant.
#[utoipa::path(
    get, path = "/v1/connections", tag = "connections", operation_id = "listConnections",
    params(Which),
    responses((status = 200, description = "A page of connections", body = List<Connection>), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    Params(which): Params<Which>,
) -> Result<Json<List<Connection>>, Problem> {
    let filter = ConnectionFilter {
        connector: which.connector,
        state: which.state.map(Into::into),
        enabled: which.enabled,
        query: which.q,
        sort: which.sort.into(),
        after: which.after,
        limit: limit(which.limit, 50, 200)?,
    };
    let page = api.app.connections(&tenant.id, &filter).await?;
    let items = page.items.into_iter().map(Into::into).collect();
    Ok(Json(List { items, next: page.next }))
}
