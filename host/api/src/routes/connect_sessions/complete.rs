//! `POST /v1/connect-sessions/{id}/complete`

use axum::{Json, extract::State};
use patchbay_model::{Secret, SessionId};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::{Body, InPath},
    caller::Backend,
    problem::{Problem, Refusal},
    wire::ConnectionDetail,
};

/// What the browser brought back, and whose browser it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Completion {
    /// `code` of the return address's query, as it came.
    #[schema(format = Password)]
    code: String,
    /// The user who is logged in to your application in that browser: the same words as in `end_user` of the
    /// session. Never take it from the query.
    #[schema(max_length = 200, example = "user-4711")]
    end_user: String,
}

/// Completes a connect session: your backend says that its own user is the one who connected.
///
/// The browser comes back to the registered address with `session` and `code` in its query; the code is good for
/// ten minutes after the login, once. Only now the connection becomes usable and its first data is read. With
/// another end user than the session was made for, nothing is connected and what was authorised is taken back
/// (PB2015).
#[utoipa::path(
    post, path = "/v1/connect-sessions/{id}/complete", tag = "connections", operation_id = "completeConnectSession",
    params(("id" = String, Path, description = "The session, `ses_…`")),
    request_body = Completion,
    responses((status = 200, description = "The connection, made or renewed", body = ConnectionDetail), Refusal),
    security(("backend" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Backend,
    InPath(id): InPath<SessionId>,
    Body(completion): Body<Completion>,
) -> Result<Json<ConnectionDetail>, Problem> {
    let (code, actor) = (Secret::new(completion.code), tenant.caller.actor());
    let connected = api.app.complete_session(tenant.id.clone(), id, code, completion.end_user, actor).await?;
    Ok(Json(api.app.connection(&tenant.id, &connected.connection.id).await?.try_into()?))
}
