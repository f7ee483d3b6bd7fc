//! `POST /v1/connections/{id}/pickers/{picker}/refresh`

use axum::{Json, extract::State, http::StatusCode};
use patchbay_model::ConnectionId;
use serde::Deserialize;

use crate::{
    Api,
    body::{InPath, Params},
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::Refreshing,
};

/// What is read again.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct What {
    /// Only this account, by its id at the provider; left out, all that are selected.
    account: Option<String>,
}

/// Reads what a picker searches again, now; what the provider answered a moment ago is forgotten.
#[utoipa::path(
    post, path = "/v1/connections/{id}/pickers/{picker}/refresh", tag = "pushes", operation_id = "refreshPicker",
    params(
        ("id" = String, Path, description = "The connection, `con_…`"),
        ("picker" = String, Path, description = "The picker"),
        What
    ),
    responses((status = 202, description = "The run to follow", body = Refreshing), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath((connection, picker)): InPath<(ConnectionId, String)>,
    Params(what): Params<What>,
) -> Result<(StatusCode, Json<Refreshing>), Problem> {
    let run = api.app.refresh_picker(&tenant.id, &connection, &picker, what.account.as_deref()).await?;
    Ok((StatusCode::ACCEPTED, Json(run.into())))
}
