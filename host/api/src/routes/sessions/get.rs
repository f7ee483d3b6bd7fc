//! `GET /v1/session`

use axum::{Json, extract::State};

use super::shown;
use crate::{
    Api,
    caller::SignedIn,
    problem::{Problem, Refusal},
    wire::Session,
};

/// Who is signed in with this browser. 401 when nobody is.
#[utoipa::path(
    get, path = "/v1/session", tag = "sessions", operation_id = "getSession",
    responses((status = 200, description = "Who is signed in", body = Session), Refusal),
    security(("operatorSession" = []), ("portal" = []))
)]
pub(crate) async fn handler(State(api): State<Api>, SignedIn(session): SignedIn) -> Result<Json<Session>, Problem> {
    Ok(Json(shown(&api, session).await?))
}
