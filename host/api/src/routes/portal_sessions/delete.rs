//! `DELETE /v1/portal-sessions`

use axum::{Json, extract::State};
use serde::Deserialize;

use crate::{
    Api,
    body::Params,
    caller::Backend,
    problem::{Problem, Refusal},
    wire::EndedPortalSessions,
};

/// Whose sessions.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Your own id of the user, as in `POST /v1/portal-sessions`.
    #[param(min_length = 1, max_length = 200, example = "user-4711")]
    user: String,
}

/// Ends all sessions of one of your users in the portal, at once and in every browser.
///
/// Call it when the user signs out of your application, leaves, or loses a device. Addresses that were made for the user and
/// not opened yet open nothing any more, what the user had begun to connect comes to nothing, and live streams end within
/// seconds. A new address can be made afterwards. For a user who is nowhere signed in the answer is 0.
#[utoipa::path(
    delete, path = "/v1/portal-sessions", tag = "sessions", operation_id = "endPortalSessions",
    params(Which),
    responses((status = 200, description = "How many sessions ended", body = EndedPortalSessions), Refusal),
    security(("backend" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Backend,
    Params(which): Params<Which>,
) -> Result<Json<EndedPortalSessions>, Problem> {
    Ok(Json(api.app.end_portal_sessions(&tenant.id, &which.user, &tenant.caller).await?.into()))
}
