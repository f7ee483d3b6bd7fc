//! `POST /v1/operator-sessions`

use axum::{extract::State, response::Response};
use patchbay_model::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::Body,
    caller::SigningIn,
    problem::{Problem, Refusal},
    routes::sessions,
    wire::Session,
};

/// What proves that an operator signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperatorSignIn {
    /// What stands behind the `#` of an address to sign in, `pbs_…`; or an operator's key, `pbo_…`.
    #[schema(format = Password, max_length = 128)]
    token: String,
}

/// Signs an operator in with this browser.
///
/// The answer sets the cookie `__Host-patchbay-operator`; the session that the browser had before ends. Calls that count
/// on the cookie have the header `Patchbay-Session: operator`, this one too. The session lasts twelve hours, or until it
/// stands unused for one. A token is spent by it. After some that were wrong, PB5017 says how long to wait.
#[utoipa::path(
    post, path = "/v1/operator-sessions", tag = "sessions", operation_id = "signInOperator",
    request_body = OperatorSignIn,
    responses((status = 200, description = "Who is signed in now", body = Session), Refusal)
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    SigningIn(visitor): SigningIn<true>,
    Body(sent): Body<OperatorSignIn>,
) -> Result<Response, Problem> {
    let signed_in = api.app.sign_in_operator(&Secret::new(sent.token), &visitor).await?;
    sessions::opened(&api, signed_in).await
}
