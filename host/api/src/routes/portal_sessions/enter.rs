//! `POST /v1/portal-sessions/enter`

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

/// What opens the portal.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PortalEntry {
    /// What stands behind the `#` of the address, `pbe_…`.
    #[schema(format = Password, max_length = 128)]
    token: String,
}

/// Signs a tenant's user in to the portal with this browser.
///
/// The answer sets the cookie `__Host-patchbay-portal`; the portal session that the browser had before ends. Calls that
/// count on the cookie have the header `Patchbay-Session: portal`, this one too.
#[utoipa::path(
    post, path = "/v1/portal-sessions/enter", tag = "sessions", operation_id = "enterPortal",
    request_body = PortalEntry,
    responses((status = 200, description = "Who is signed in now", body = Session), Refusal)
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    SigningIn(visitor): SigningIn<false>,
    Body(sent): Body<PortalEntry>,
) -> Result<Response, Problem> {
    let signed_in = api.app.enter_portal(&Secret::new(sent.token), &visitor).await?;
    sessions::opened(&api, signed_in).await
}
