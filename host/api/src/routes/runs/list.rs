//! `GET /v1/runs`

use axum::{Json, extract::State};
use patchbay_app::RunFilter;
use patchbay_model::{ConnectionId, SyncId};
use serde::Deserialize;

use crate::{
    Api,
    body::{Params, limit},
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::{List, Run, RunState},
};

/// Which runs.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Of this connection, `con_…`.
    #[param(value_type = Option<String>)]
    connection: Option<ConnectionId>,
    /// Of this sync, `syn_…`.
    #[param(value_type = Option<String>)]
    sync: Option<SyncId>,
    /// In this state.
    state: Option<RunState>,
    /// `next` of the page before.
    after: Option<String>,
    /// Items of the page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// The runs of the tenant, newest first.
#[utoipa::path(
    get, path = "/v1/runs", tag = "syncs", operation_id = "listRuns",
    params(Which),
    responses((status = 200, description = "A page of runs", body = List<Run>), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    Params(which): Params<Which>,
) -> Result<Json<List<Run>>, Problem> {
    let filter = RunFilter {
        connection: which.connection,
        sync: which.sync,
        state: which.state.map(Into::into),
        after: which.after,
        limit: limit(which.limit, 50, 200)?,
    };
    let page = api.app.runs(&tenant.id, &filter).await?;
    let items = Run::all(&api, page.items, &tenant.caller).await?;
    Ok(Json(List { items, next: page.next }))
}
