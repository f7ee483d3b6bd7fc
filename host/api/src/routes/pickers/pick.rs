//! `GET /v1/connections/{id}/pickers/{picker}`

use axum::{Json, extract::State};
use patchbay_model::ConnectionId;
use serde::Deserialize;

use crate::{
    Api,
    body::{InPath, Params},
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::Picked,
};

/// What was typed.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Typed {
    /// The text typed so far.
    #[serde(default)]
    #[param(max_length = 200)]
    q: String,
}

/// Targets for a push that fit the text typed so far, at most 20.
#[utoipa::path(
    get, path = "/v1/connections/{id}/pickers/{picker}", tag = "pushes", operation_id = "pick",
    params(
        ("id" = String, Path, description = "The connection, `con_…`"),
        ("picker" = String, Path, description = "The picker"),
        Typed
    ),
    responses((status = 200, description = "The choices", body = Picked), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath((connection, picker)): InPath<(ConnectionId, String)>,
    Params(typed): Params<Typed>,
) -> Result<Json<Picked>, Problem> {
    Ok(Json(api.app.pick(&tenant.id, &connection, &picker, &typed.q).await?.into()))
}
