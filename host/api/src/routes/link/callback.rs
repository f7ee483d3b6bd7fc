//! `GET /oauth/callback/{cli}`: back from the provider.
//!
//! Whatever the query says, the browser goes to its session's journey or stays on a page that says what went
//! wrong. The way back is offered only to the browser that owns the session. Where the provider's pages had a window of
//! their own, that window is over: the journey goes on in the one that waits.

use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use patchbay_app::{LoginFailed, LoginReturned, ReturnedLogin};
use patchbay_model::{Code, Fault};

use super::{input::Queried, journey_address, see_other, trouble, visitor::Visitor, waiting};
use crate::Api;

/// `GET /oauth/callback/{client}`
pub(super) async fn returned(
    State(api): State<Api>,
    Path(client): Path<String>,
    query: Queried,
    visitor: Visitor,
) -> Response {
    let query = match query {
        Ok(Query(query)) => query,
        Err(_) => {
            let fault = Fault::new(Code::StateUnknown).operator("an unreadable query");
            return trouble::at(&api, &visitor, &fault, None).await;
        }
    };
    match api.app.complete_login(ReturnedLogin { client, query, browser: visitor.browser.clone() }).await {
        Ok(LoginReturned { session, own_window: false }) => see_other(&journey_address(&session)),
        Ok(LoginReturned { session, own_window: true }) => {
            let sender = api.app.sender(&session, &visitor.browser).await;
            let texts = visitor.texts(sender.as_ref().and_then(|sender| sender.language));
            waiting::over(texts, &session, sender.as_ref()).answer(StatusCode::OK)
        }
        Err(LoginFailed { fault, session: Some(session), own_window: true }) => {
            trouble::log(&fault);
            let sender = api.app.sender(&session, &visitor.browser).await;
            let texts = visitor.texts(sender.as_ref().and_then(|sender| sender.language));
            waiting::failed(texts, &session, sender.as_ref(), &fault).answer(trouble::status(fault.code))
        }
        Err(LoginFailed { fault, session, .. }) => trouble::at(&api, &visitor, &fault, session.as_ref()).await,
    }
}
