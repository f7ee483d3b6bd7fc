//! `DELETE /v1/sessions`

use axum::{extract::State, response::Response};

use super::closed;
use crate::{
    Api,
    caller::SignedIn,
    problem::{Problem, Refusal},
};

/// Signs out everywhere: all browsers of this user of the portal, or the browsers of all operators.
///
/// Operators have no names here, so all of them are signed out. Addresses to sign in that were given out and not yet used
/// open nothing any more.
#[utoipa::path(
    delete, path = "/v1/sessions", tag = "sessions", operation_id = "signOutEverywhere",
    responses((status = 204, description = "None of them is signed in"), Refusal),
    security(("operatorSession" = []), ("portal" = []))
)]
pub(crate) async fn handler(State(api): State<Api>, SignedIn(session): SignedIn) -> Result<Response, Problem> {
    api.app.sign_out_everywhere(&session).await?;
    Ok(closed(session.kind))
}
