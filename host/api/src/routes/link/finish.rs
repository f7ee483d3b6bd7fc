//! `POST /link/session/{ses}/finish`: back to the tenant's application, with the completion code.

use axum::{
    extract::{Path, State},
    response::Response,
};

use super::{journey_address, see_other, session_of, trouble, visitor::Visitor};
use crate::Api;

/// `POST /link/session/{session}/finish`
pub(super) async fn leave(State(api): State<Api>, Path(session): Path<String>, visitor: Visitor) -> Response {
    let session = match session_of(&session) {
        Ok(session) => session,
        Err(fault) => return trouble::at(&api, &visitor, &fault, None).await,
    };
    match api.app.finish_session(&session, &visitor.browser).await {
        // Only an address that the tenant registered comes from there.
        Ok(Some(address)) => see_other(address.as_str()),
        Ok(None) => see_other(&journey_address(&session)),
        Err(fault) => trouble::at(&api, &visitor, &fault, Some(&session)).await,
    }
}
