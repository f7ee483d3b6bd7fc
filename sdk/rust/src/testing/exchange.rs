//! Between the SDK's requests and those of the file format.

use patchbay_fixture::{Asked, Credential as Wanted, Effect as Does, Exchange, Failing, Given};
use serde_json::Value;

use crate::http::{Body, Content, Credential, Effect, HttpError, WireRequest, WireResponse};

/// The request in the words of a fixture.
pub(super) fn asked<'a>(request: &'a WireRequest, json: Option<&'a Value>) -> Asked<'a> {
    Asked {
        method: &request.method,
        url: &request.url,
        headers: &request.headers,
        json,
        effect: match request.effect {
            Effect::Read => Does::Read,
            Effect::Repeatable => Does::Repeatable,
            Effect::Write => Does::Write,
        },
        step: request.step.as_deref(),
        credential: match &request.credential {
            Credential::Standard => Wanted::Standard,
            Credential::Nothing => Wanted::Nothing,
            Credential::Slot(id) => Wanted::Slot(id),
        },
    }
}

/// The answer, as the host would give it.
pub(super) fn answer(exchange: &Exchange) -> Result<WireResponse, HttpError> {
    let said = || "the fixture says so".to_owned();
    match exchange.answer.give() {
        Ok(Given { status, headers, body }) => {
            Ok(WireResponse { status, headers, body: Content::Bytes(body), replayed: false })
        }
        Err(Failing::NotSent) => Err(HttpError::NotSent(said())),
        Err(Failing::Unknown) => Err(HttpError::Unknown(said())),
        Err(Failing::TooLarge) => Err(HttpError::TooLarge(u64::MAX)),
        Err(Failing::Denied) => Err(HttpError::Denied(said())),
        Err(Failing::Stopped) => Err(HttpError::Stopped),
        Err(Failing::Other) => Err(HttpError::Other(said())),
    }
}

/// The body as JSON, where it is JSON.
pub(super) fn json_body(body: &Body) -> Option<Value> {
    match body {
        Body::Json { document, .. } => serde_json::from_slice(document).ok(),
        Body::Bytes(bytes) => serde_json::from_slice(bytes).ok(),
        Body::Empty | Body::Blob(_) | Body::Multipart(_) => None,
    }
}
