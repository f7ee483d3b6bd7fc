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
    wire::{ConnectionList, ConnectionState},
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
    /// Whose name, provider, business account or login contains this, whatever its case.
    q: Option<String>,
    /// By what; by when they were made when left out.
    #[serde(default)]
    #[param(inline)]
    sort: Sort,
    /// Up or down; when left out, times newest first and everything else upwards.
    #[param(inline)]
    order: Option<Order>,
    /// `next` of the page before, with the same filter and order.
    after: Option<String>,
    /// Items of the page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// By what a list is ordered; equal ones by id. `account_status` puts loading first, then by the number of accounts, then
/// those with an error; `state` puts first what needs a person.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Sort {
    #[default]
    Created,
    Name,
    Updated,
    Connector,
    BusinessName,
    AccountStatus,
    BusinessId,
    Authorized,
    State,
}

/// Up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Order {
    Asc,
    Desc,
}

impl From<Sort> for ConnectionSort {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::Created => Self::Created,
            Sort::Name => Self::Name,
            Sort::Updated => Self::Updated,
            Sort::Connector => Self::Connector,
            Sort::BusinessName => Self::BusinessName,
            Sort::AccountStatus => Self::AccountStatus,
            Sort::BusinessId => Self::BusinessId,
            Sort::Authorized => Self::Authorized,
            Sort::State => Self::State,
        }
    }
}

/// The connections of the tenant.
#[utoipa::path(
    get, path = "/v1/connections", tag = "connections", operation_id = "listConnections",
    params(Which),
    responses((status = 200, description = "A page of connections", body = ConnectionList), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    Params(which): Params<Which>,
) -> Result<Json<ConnectionList>, Problem> {
    let filter = ConnectionFilter {
        connectors: which.connector.into_iter().collect(),
        state: which.state.map(Into::into),
        enabled: which.enabled,
        query: which.q,
        sort: which.sort.into(),
        descending: which.order.map(|order| order == Order::Desc),
        after: which.after,
        limit: limit(which.limit, 50, 200)?,
        ..ConnectionFilter::default()
    };
    Ok(Json(api.app.connections(&tenant.id, filter).await?.into()))
}
