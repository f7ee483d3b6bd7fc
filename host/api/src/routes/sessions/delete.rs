//! `DELETE /v1/session`

use axum::{extract::State, response::Response};

use super::closed;
use crate::{
    Api,
    caller::SignedIn,
    problem::{Problem, Refusal},
};

/// Signs this browser out. Its cookie opens nothing any more, wherever it is sent from.
#[utoipa::path(
    delete, path = "/v1/session", tag = "sessions", operation_id = "signOut",
    responses((status = 204, description = "Nobody is signed in with this browser"), Refusal),
    security(("operatorSession" = []), ("portal" = []))
)]
pub(crate) async fn handler(State(api): State<Api>, SignedIn(session): SignedIn) -> Result<Response, Problem> {
    api.app.sign_out(&session).await?;
    Ok(closed(session.kind))
}
