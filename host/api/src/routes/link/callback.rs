//! `GET /oauth/callback/{cli}`: back from the provider.
//!
//! Whatever the query says, the browser goes to its session's journey or stays on a page that says what went
//! wrong. The way back is offered only to the browser that owns the session.

use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use patchbay_app::{LoginFailed, ReturnedLogin};
use patchbay_model::{Code, Fault};

use super::{input::Queried, journey_address, see_other, trouble, visitor::Visitor};
use crate::Api;

/// `GET /oauth/callback/{client}`
pub(super) async fn returned(
    State(api): State<Api>,
    Path(client): Path<String>,
    query: Queried,
    visitor: Visitor,
) -> Response {
    let texts = visitor.texts(None);
    let query = match query {
        Ok(Query(query)) => query,
        Err(_) => return trouble::page(texts, &Fault::new(Code::StateUnknown).operator("an unreadable query"), None),
    };
    match api.app.complete_login(ReturnedLogin { client, query, cookie: visitor.cookie }).await {
        Ok(session) => see_other(&journey_address(&session)),
        Err(LoginFailed { fault, session }) => trouble::page(texts, &fault, session.as_ref()),
    }
}
