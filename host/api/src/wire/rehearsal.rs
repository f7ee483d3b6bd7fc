//! A dry run on the wire: what would be sent, without secrets.

use data_encoding::BASE64;
use patchbay_app::Rehearsed;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Reason,
    push::Written,
    words::{Effect, PushState},
};

/// What would become of an item. Nothing was written, neither here nor at the provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rehearsal {
    /// `planned`: it would be sent at once; `waiting` or `skipped`: it would not, and `reason` says why.
    state: PushState,
    /// Why it would not be sent at once.
    reason: Option<Reason>,
    /// The push that has this key already, `psh_…`, whatever its content; null when the key is new.
    duplicate_of: Option<String>,
    /// What would leave, in this order; empty when nothing would.
    requests: Vec<WouldSend>,
    /// Whether `requests` is all. False when more may follow that depends on the answer to the first.
    whole: bool,
    /// The object, where the provider has it as wanted already, so that nothing would be sent.
    exists: Option<Written>,
}

/// A request that would leave for the provider.
#[derive(Debug, Serialize, ToSchema)]
struct WouldSend {
    /// Its method.
    #[schema(example = "POST")]
    method: String,
    /// Its address, without what is filled in from the credential.
    #[schema(example = "https://api.books.acme.example/v1/issues")]
    url: String,
    /// Its headers, without those of the credential.
    headers: Vec<RequestHeader>,
    /// The places of the credential that would be filled in, by the names of the connector. Their values are never
    /// shown.
    #[schema(example = json!(["access_token"]))]
    credential_slots: Vec<String>,
    /// What it does at the provider, as the connector declares it.
    effect: Effect,
    /// The step's name; null for a request that has none.
    #[schema(example = "create")]
    step: Option<String>,
    /// Its body, at most the first 64 KiB; `body_encoding` says how it is shown. A file stands there as a note of its
    /// size and SHA-256.
    #[schema(example = r#"{"title":"Send the figures of March"}"#)]
    body: String,
    /// How `body` is shown.
    body_encoding: BodyEncoding,
    /// Whether `body` is not the whole body, byte for byte: it was cut, a file stands there as a note, or a secret is
    /// masked.
    truncated: bool,
    /// Size of the body as it would be sent, bytes.
    #[schema(example = 37)]
    size: u64,
}

/// How a body is shown: as it is (`text`, UTF-8) or, where it is no text, in `base64` (RFC 4648, with padding).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum BodyEncoding {
    Text,
    Base64,
}

/// A header of a request.
#[derive(Debug, Serialize, ToSchema)]
struct RequestHeader {
    /// Its name.
    #[schema(example = "content-type")]
    name: String,
    /// Its value.
    #[schema(example = "application/json")]
    value: String,
}

impl From<Rehearsed> for Rehearsal {
    fn from(rehearsed: Rehearsed) -> Self {
        let requests = rehearsed.requests.into_iter().map(|request| {
            let truncated = u64::try_from(request.body.len()).ok() != Some(request.size);
            let (body, body_encoding) = shown(request.body, truncated);
            WouldSend {
                method: request.method,
                url: request.url,
                headers: request.headers.into_iter().map(|(name, value)| RequestHeader { name, value }).collect(),
                credential_slots: request.slots,
                effect: request.effect.into(),
                step: request.step,
                body,
                body_encoding,
                truncated,
                size: request.size,
            }
        });
        Self {
            state: rehearsed.state.into(),
            requests: requests.collect(),
            reason: rehearsed.reason.and_then(|(code, person)| Reason::of(Some(code), Some(person))),
            duplicate_of: rehearsed.duplicate_of.map(|id| id.to_string()),
            whole: rehearsed.whole,
            exists: rehearsed.exists.map(Into::into),
        }
    }
}

/// A body as text where it is text. One that was cut may end inside a character, which makes it no less a text.
fn shown(body: Vec<u8>, cut: bool) -> (String, BodyEncoding) {
    match String::from_utf8(body) {
        Ok(text) => (text, BodyEncoding::Text),
        Err(error) => {
            let (good, ends_inside) = (error.utf8_error().valid_up_to(), error.utf8_error().error_len().is_none());
            let mut bytes = error.into_bytes();
            if cut && ends_inside {
                bytes.truncate(good);
                return (String::from_utf8_lossy(&bytes).into_owned(), BodyEncoding::Text);
            }
            (BASE64.encode(&bytes), BodyEncoding::Base64)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_shown_as_text_where_it_is_text_and_in_base64_where_it_is_none() {
        assert_eq!(shown(Vec::new(), false), (String::new(), BodyEncoding::Text));
        assert_eq!(shown("{\"a\":\"é\"}".into(), false), ("{\"a\":\"é\"}".to_owned(), BodyEncoding::Text));
        assert_eq!(shown(vec![0xff, 0, 1], false), ("/wAB".to_owned(), BodyEncoding::Base64));
        assert_eq!(shown(vec![0xff, 0, 1], true).1, BodyEncoding::Base64);
    }

    #[test]
    fn a_text_that_was_cut_inside_a_character_is_still_shown_as_text() {
        let mut body = "prix : 5 €".as_bytes().to_vec();
        body.pop();
        assert_eq!(shown(body.clone(), true), ("prix : 5 ".to_owned(), BodyEncoding::Text));
        assert_eq!(shown(body, false).1, BodyEncoding::Base64, "all of it: it is no text");
    }
}
