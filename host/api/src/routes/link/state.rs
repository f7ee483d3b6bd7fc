//! `GET /link/session/{ses}/state`: how far a session is, for the page that waits. For its own browser only.

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use patchbay_app::Reached;
use patchbay_model::{Fault, SessionId};
use serde_json::json;

use super::{journey_address, session_of, trouble, visitor::Visitor};
use crate::Api;

/// `GET /link/session/{session}/state`
pub(super) async fn show(State(api): State<Api>, Path(session): Path<String>, visitor: Visitor) -> Response {
    let found = async {
        let session = session_of(&session)?;
        api.app.reached(&session, &visitor.browser).await
    };
    match found.await {
        Ok((reached, failures)) => {
            let reached = match reached {
                Reached::Open => "open",
                Reached::Back => "back",
            };
            Json(json!({ "reached": reached, "failures": failures })).into_response()
        }
        Err(fault) => refused(&fault),
    }
}

/// Nothing but that it is refused: the page then asks for the journey, which says why.
fn refused(fault: &Fault) -> Response {
    (trouble::status(fault.code), Json(json!({ "code": fault.code.id() }))).into_response()
}

/// Its address.
pub(super) fn address(session: &SessionId) -> String {
    format!("{}/state", journey_address(session))
}
