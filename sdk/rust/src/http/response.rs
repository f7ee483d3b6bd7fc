//! Reading an answer.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Content, Effect, link, status};
use crate::{Case, Error, Records, Result, shape};

/// An answer of the provider, whatever its status.
#[derive(Debug, Clone)]
pub struct Response {
    wire: WireResponse,
    asked: String,
    effect: Effect,
}

/// An answer as it comes from the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WireResponse {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Content,
    pub(crate) replayed: bool,
}

/// Why there is no answer, as the contract says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HttpError {
    Denied(String),
    NotSent(String),
    Unknown(String),
    TooLarge(u64),
    Stopped,
    Other(String),
}

impl Response {
    pub(super) fn of(wire: WireResponse, asked: String, effect: Effect) -> Self {
        Self { wire, asked, effect }
    }

    /// The status, 200 to 599.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.wire.status
    }

    /// Whether the status is 200 to 299.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.wire.status)
    }

    /// The first header of this name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.wire.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// All headers, in the order received.
    #[must_use]
    pub fn headers(&self) -> &[(String, String)] {
        &self.wire.headers
    }

    /// The body; empty when it was left at the host.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        match &self.wire.body {
            Content::Bytes(bytes) => bytes,
            Content::Blob(_) => &[],
        }
    }

    /// The blob that holds the body, after [`Request::into_blob`](super::Request::into_blob).
    #[must_use]
    pub fn blob(&self) -> Option<&str> {
        match &self.wire.body {
            Content::Bytes(_) => None,
            Content::Blob(blob) => Some(blob),
        }
    }

    /// Whether this is the stored answer of a step that an earlier attempt sent.
    #[must_use]
    pub fn replayed(&self) -> bool {
        self.wire.replayed
    }

    /// The address of the first link with this relation in the `Link` headers, e.g. `next`.
    #[must_use]
    pub fn link(&self, relation: &str) -> Option<&str> {
        let links = self.wire.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("link"));
        links.into_iter().find_map(|(_, value)| link::find(value, relation))
    }

    /// What `Retry-After` asks for, milliseconds from now: it may be seconds or a date.
    #[must_use]
    pub fn retry_after_ms(&self) -> Option<u64> {
        status::retry_after_ms(self.header("retry-after")?)
    }

    /// This answer, when its status is 200 to 299.
    ///
    /// # Errors
    /// By status: 401 `auth-required`, 402 and 403 `permission-denied`, 404 and 410 `not-found`, 409, 412 and 423 `conflict`,
    /// 400, 413, 415 and 422 `invalid-input` (`other` for a read), 429 `rate-limited` with its wait, 408, 425 and 5xx `transient`, a redirect
    /// `invalid-response`, else `other`. For a write 408, 5xx and a redirect are `outcome-unknown`.
    pub fn ok(self) -> Result<Self> {
        if self.is_success() { Ok(self) } else { Err(self.error()) }
    }

    /// The error that [`ok`](Self::ok) gives for this status, for a connector that looks closer first.
    #[must_use]
    pub fn error(&self) -> Error {
        let error = status::error(self.wire.status, self.effect)
            .http_status(self.wire.status)
            .detail(format!("{} answered {}", self.asked, self.wire.status));
        match self.retry_after_ms() {
            Some(wait) if matches!(error.case(), Case::RateLimited | Case::Transient) => error.retry_after_ms(wait),
            _ => error,
        }
    }

    /// The body as a type; members may be borrowed from it.
    ///
    /// # Errors
    /// `invalid-response` for HTML, an empty body, another media type than JSON, cut or unexpected JSON; after a write
    /// `outcome-unknown`, because it may well have happened.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        self.check_json()?;
        serde_json::from_slice(self.body()).map_err(|error| self.unreadable(&shape::of(&error)))
    }

    /// The body's JSON array as rows, each with its own text.
    ///
    /// # Errors
    /// As [`json`](Self::json).
    pub fn rows(&self) -> Result<Vec<&RawValue>> {
        self.json()
    }

    /// The body's JSON array as records, passed through byte for byte.
    ///
    /// # Errors
    /// As [`json`](Self::json), and when it is no array of objects.
    pub fn records(self) -> Result<Records> {
        self.check_json()?;
        match self.wire.body {
            Content::Bytes(bytes) => Records::from_array(bytes),
            Content::Blob(_) => Err(Error::invalid_response("The answer was left at the host.").detail(self.asked)),
        }
    }

    /// An `invalid-response` about this answer (`outcome-unknown` after a write): `what` names the shape that came, never
    /// the content.
    #[must_use]
    pub fn unreadable(&self, what: &str) -> Error {
        let detail = format!("{} answered {} with {} bytes: {what}", self.asked, self.wire.status, self.body().len());
        let error = if self.effect == Effect::Write {
            Error::outcome_unknown("The provider's answer cannot be read, so it is not known whether this was done.")
        } else {
            Error::invalid_response("The provider's answer cannot be read.")
        };
        error.http_status(self.wire.status).detail(detail)
    }

    fn check_json(&self) -> Result<()> {
        let body = self.body().trim_ascii_start();
        if body.is_empty() {
            return Err(self.unreadable("an empty body instead of JSON"));
        }
        if body.starts_with(b"<") {
            return Err(self.unreadable("a page of HTML or XML instead of JSON"));
        }
        match self.header("content-type") {
            Some(kind) if !is_json(kind) => Err(self.unreadable("another media type than JSON")),
            _ => Ok(()),
        }
    }
}

impl HttpError {
    pub(super) fn into_error(self, asked: &str, effect: Effect) -> Error {
        match self {
            Self::Denied(why) => {
                Error::other("This connector asked for something that it may not do.").detail(format!("{asked}: {why}"))
            }
            Self::NotSent(why) => Error::transient("The provider cannot be reached.").detail(format!("{asked}: {why}")),
            Self::Unknown(why) if effect == Effect::Write => {
                Error::outcome_unknown("The provider did not answer, so it is not known whether this was done.")
                    .detail(format!("{asked}: {why}"))
            }
            Self::Unknown(why) => Error::transient("The provider did not answer.").detail(format!("{asked}: {why}")),
            Self::TooLarge(bytes) if effect == Effect::Write => {
                Error::outcome_unknown("The provider's answer is too large, so it is not known whether this was done.")
                    .detail(format!("{asked} answered with {bytes} bytes"))
            }
            Self::TooLarge(bytes) => Error::invalid_response("The provider's answer is too large.")
                .detail(format!("{asked} answered with {bytes} bytes")),
            Self::Stopped => Error::transient("The run was stopped.").detail(asked.to_owned()),
            // For a write as well: of a step that was answered and whose answer cannot be had again, "unknown" would send a
            // person to look for what is known.
            Self::Other(why) => Error::other("The request failed.").detail(format!("{asked}: {why}")),
        }
    }
}

/// `application/json`, `application/vnd.x+json`, `text/json`, with parameters or without.
fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{Content, Effect, HttpError, Response, WireResponse};
    use crate::{Case, Result};

    fn answer(effect: Effect, status: u16, kind: &str, body: &str) -> Response {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        let wire = WireResponse { status, headers, body: Content::Bytes(body.as_bytes().to_vec()), replayed: false };
        Response::of(wire, "GET https://a.example/x".to_owned(), effect)
    }

    fn case_of<T: std::fmt::Debug>(result: Result<T>) -> Case {
        result.unwrap_err().case()
    }

    #[test]
    fn html_nothing_and_cut_json_are_no_answers() {
        let json = "application/json; charset=utf-8";
        for (kind, body) in [
            ("text/html", "<html>"),
            (json, " \n<!doctype html>"),
            (json, ""),
            (json, "[{\"id\":"),
            ("text/plain", "{}"),
        ] {
            assert_eq!(case_of(answer(Effect::Read, 200, kind, body).json::<Value>()), Case::InvalidResponse, "{body}");
        }
        assert!(answer(Effect::Read, 200, "application/vnd.x+json", "{}").json::<Value>().is_ok());
    }

    #[test]
    fn an_unreadable_answer_to_a_write_leaves_the_outcome_unknown() {
        let answer = answer(Effect::Write, 201, "application/json", "{");
        assert_eq!(case_of(answer.json::<Value>()), Case::OutcomeUnknown);
    }

    #[test]
    fn only_a_write_that_may_have_arrived_leaves_the_outcome_unknown() {
        let why = || "because".to_owned();
        for (error, write, read) in [
            (HttpError::Unknown(why()), Case::OutcomeUnknown, Case::Transient),
            (HttpError::TooLarge(1), Case::OutcomeUnknown, Case::InvalidResponse),
            (HttpError::Denied(why()), Case::Other, Case::Other),
            (HttpError::Other(why()), Case::Other, Case::Other),
            (HttpError::NotSent(why()), Case::Transient, Case::Transient),
            (HttpError::Stopped, Case::Transient, Case::Transient),
        ] {
            for (effect, case) in [(Effect::Write, write), (Effect::Repeatable, read), (Effect::Read, read)] {
                assert_eq!(error.clone().into_error("POST /x", effect).case(), case, "{error:?} {effect:?}");
            }
        }
    }

    #[test]
    fn an_error_holds_nothing_of_the_body() {
        let error = answer(Effect::Read, 200, "application/json", r#""s3cr3t-value""#).json::<u64>().unwrap_err();
        assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
    }
}
