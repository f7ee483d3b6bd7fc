//! `GET /v1/pushes`

use axum::{Json, extract::State};
use patchbay_app::PushFilter;
use patchbay_model::ConnectionId;
use serde::Deserialize;

use crate::{
    Api,
    body::{Params, limit},
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::{List, Push, PushState},
};

/// Which pushes.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Of this connector.
    connector: Option<String>,
    /// Of this connection, `con_…`.
    #[param(value_type = Option<String>)]
    connection: Option<ConnectionId>,
    /// In this state.
    state: Option<PushState>,
    /// Of this action.
    action: Option<String>,
    /// With this key.
    key: Option<String>,
    /// That came from this source.
    source: Option<String>,
    /// `true`: those that wait and could be sent now, because there are a connection that works and a target: what
    /// `POST /v1/pushes/{id}/send` takes as it is. `false`: those that wait for more.
    ready: Option<bool>,
    /// `next` of the page before.
    after: Option<String>,
    /// Items of the page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// The pushes of the tenant, newest first. What happened to one is told by `GET /v1/pushes/{id}`.
#[utoipa::path(
    get, path = "/v1/pushes", tag = "pushes", operation_id = "listPushes",
    params(Which),
    responses((status = 200, description = "A page of pushes", body = List<Push>), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    Params(which): Params<Which>,
) -> Result<Json<List<Push>>, Problem> {
    let filter = PushFilter {
        connection: which.connection,
        connector: which.connector,
        state: which.state.map(Into::into),
        action: which.action,
        key: which.key,
        source: which.source,
        ready: which.ready,
        after: which.after,
        limit: limit(which.limit, 50, 200)?,
    };
    let page = api.app.pushes(&tenant.id, &filter).await?;
    let items = page.items.into_iter().map(|push| Push::seen_by(push, &tenant.caller)).collect::<Result<_, _>>()?;
    Ok(Json(List { items, next: page.next }))
}
