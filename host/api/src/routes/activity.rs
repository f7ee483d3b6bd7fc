//! `GET /v1/activity`

use axum::{Json, extract::State};
use patchbay_model::{Code, ConnectionId, Fault};
use serde::Deserialize;

use crate::{
    Api,
    body::Params,
    caller::Reader,
    problem::{Problem, Refusal},
    wire::{Activity, Span},
};

/// Which plot.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// How far back; an hour when left out.
    #[serde(default)]
    span: Span,
    /// Of this connection, `con_…`. An operator names its tenant, too.
    #[param(value_type = Option<String>)]
    connection: Option<ConnectionId>,
}

/// Runs, records and pushes over time, for a plot.
///
/// Each point counts what ended in its step. The steps begin at round times (UTC); the last one is the present one, so it
/// still grows. An operator who names no tenant is told of the whole deployment.
#[utoipa::path(
    get, path = "/v1/activity", tag = "host", operation_id = "getActivity",
    params(Which),
    responses((status = 200, description = "The plot", body = Activity), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    reader: Reader,
    Params(which): Params<Which>,
) -> Result<Json<Activity>, Problem> {
    if reader.tenant.is_none() && which.connection.is_some() {
        return Err(Fault::new(Code::TenantMissing).into());
    }
    let activity = api.app.activity(reader.tenant.as_ref(), which.connection.as_ref(), which.span.into()).await?;
    Ok(Json(activity.into()))
}
