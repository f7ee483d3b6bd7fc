//! `POST /v1/connections/{id}/pickers/{picker}/refresh`

use axum::{Json, extract::State, http::StatusCode};
use patchbay_model::ConnectionId;

use crate::{
    Api,
    body::InPath,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::Refreshing,
};

/// Reads what a picker searches again, now.
#[utoipa::path(
    post, path = "/v1/connections/{id}/pickers/{picker}/refresh", tag = "pushes", operation_id = "refreshPicker",
    params(
        ("id" = String, Path, description = "The connection, `con_…`"),
        ("picker" = String, Path, description = "The picker"),
    ),
    responses((status = 202, description = "The run to follow", body = Refreshing), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath((connection, picker)): InPath<(ConnectionId, String)>,
) -> Result<(StatusCode, Json<Refreshing>), Problem> {
    let run = api.app.refresh_picker(&tenant.id, &connection, &picker).await?;
    Ok((StatusCode::ACCEPTED, Json(run.into())))
}
