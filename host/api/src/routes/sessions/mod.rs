//! The browser that asks: who is signed in with it, and signing out.

pub(crate) mod delete;
pub(crate) mod delete_all;
pub(crate) mod get;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use patchbay_app::{BrowserSession, SessionKind, SignedIn};

use crate::{Api, cookie, problem::Problem, wire::Session};

/// A session as its browser is told of it.
async fn shown(api: &Api, session: BrowserSession) -> Result<Session, Problem> {
    let tenant = match &session.tenant {
        Some(tenant) => Some(api.app.tenant(tenant).await?),
        None => None,
    };
    Ok(Session::of(session, tenant))
}

/// The answer to a sign-out: the browser forgets the cookie.
fn closed(kind: SessionKind) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    cookie::clear(response.headers_mut(), kind);
    response
}

/// The answer to a sign-in: who is signed in, and the cookie.
pub(crate) async fn opened(api: &Api, signed_in: SignedIn) -> Result<Response, Problem> {
    let SignedIn { session, cookie, life } = signed_in;
    let kind = session.kind;
    let mut response = Json(shown(api, session).await?).into_response();
    cookie::keep(response.headers_mut(), kind, &cookie, life);
    Ok(response)
}
