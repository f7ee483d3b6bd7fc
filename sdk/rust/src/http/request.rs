//! Building and sending a request.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::{Body, Part, Response};
use crate::{Error, Result, host};

/// What stays as it is in a query or a path segment (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Which credential the gate puts on a request. The connector never sees its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Credential {
    /// The slot that the manifest marks as standard.
    #[default]
    Standard,
    /// None.
    Nothing,
    /// The slot of this id.
    Slot(String),
}

/// What a request does at the provider; it decides who may send it again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Effect {
    /// Changes nothing.
    #[default]
    Read,
    /// Does no harm when sent twice: a search by POST, an upsert by its own id.
    Repeatable,
    /// Must not happen twice. Only in `push`, and with a [`step`](Request::step).
    Write,
}

/// A request that is being built.
#[derive(Debug, Clone)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    wire: WireRequest,
    problem: Option<Error>,
}

/// A request as it goes to the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WireRequest {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    pub(crate) credential: Credential,
    pub(crate) effect: Effect,
    pub(crate) step: Option<String>,
    pub(crate) timeout_ms: Option<u32>,
    pub(crate) into_blob: bool,
}

/// An address made of an origin or base and path segments, each percent-encoded.
///
/// ```
/// let url = patchbay_sdk::http::address("https://api.acme.example/v1", &["files", "a b/c"])?;
/// assert_eq!(url, "https://api.acme.example/v1/files/a%20b%2Fc");
/// # Ok::<(), patchbay_sdk::Error>(())
/// ```
///
/// # Errors
/// `invalid-input` for a segment that is empty, `.` or `..`: it would change the path's meaning.
pub fn address(base: &str, segments: &[&str]) -> Result<String> {
    let mut url = base.trim_end_matches('/').to_owned();
    for segment in segments {
        if matches!(*segment, "" | "." | "..") {
            return Err(Error::invalid_input("An id or name is empty or cannot stand in an address.")
                .detail(format!("path segment `{segment}` after {url}")));
        }
        url.push('/');
        url.extend(utf8_percent_encode(segment, RESERVED));
    }
    Ok(url)
}

/// A GET request.
pub fn get(url: impl Into<String>) -> Request {
    request("GET", url)
}

/// A HEAD request.
pub fn head(url: impl Into<String>) -> Request {
    request("HEAD", url)
}

/// A POST request; say its [`effect`](Request::effect).
pub fn post(url: impl Into<String>) -> Request {
    request("POST", url)
}

/// A PUT request; say its [`effect`](Request::effect).
pub fn put(url: impl Into<String>) -> Request {
    request("PUT", url)
}

/// A PATCH request; say its [`effect`](Request::effect).
pub fn patch(url: impl Into<String>) -> Request {
    request("PATCH", url)
}

/// A DELETE request; say its [`effect`](Request::effect).
pub fn delete(url: impl Into<String>) -> Request {
    request("DELETE", url)
}

/// A request of any method, upper case. The address is absolute and `https`.
pub fn request(method: &str, url: impl Into<String>) -> Request {
    Request {
        wire: WireRequest {
            method: method.to_owned(),
            url: url.into(),
            headers: Vec::new(),
            body: Body::Empty,
            credential: Credential::Standard,
            effect: Effect::Read,
            step: None,
            timeout_ms: None,
            into_blob: false,
        },
        problem: None,
    }
}

impl Request {
    /// Adds a query parameter, percent-encoded.
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        let url = &mut self.wire.url;
        url.push(if url.contains('?') { '&' } else { '?' });
        url.extend(utf8_percent_encode(name, RESERVED));
        url.push('=');
        url.extend(utf8_percent_encode(&value.to_string(), RESERVED));
        self
    }

    /// Adds a query parameter when there is a value.
    pub fn query_maybe(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Adds a header. The gate refuses those that are its own (`authorization`, `cookie`, `host`, …).
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.wire.headers.push((name.into(), value.into()));
        self
    }

    /// Sends a JSON document.
    pub fn json(self, value: &impl Serialize) -> Self {
        self.json_with_blobs(value, &[])
    }

    /// Sends a JSON document into which the gate puts blobs as base64: pointer (to a value that is null) and blob id.
    pub fn json_with_blobs(mut self, value: &impl Serialize, blobs: &[(&str, &str)]) -> Self {
        match serde_json::to_vec(value) {
            Ok(document) => {
                let blobs = blobs.iter().map(|(at, blob)| ((*at).to_owned(), (*blob).to_owned())).collect();
                self.wire.body = Body::Json { document, blobs };
            }
            Err(error) => {
                self.problem = Some(Error::other("The request could not be written.").detail(error.to_string()));
            }
        }
        self
    }

    /// Sends `application/x-www-form-urlencoded` pairs.
    pub fn form(mut self, pairs: &[(&str, &str)]) -> Self {
        let pairs: Vec<String> = pairs
            .iter()
            .map(|(name, value)| {
                format!("{}={}", utf8_percent_encode(name, RESERVED), utf8_percent_encode(value, RESERVED))
            })
            .collect();
        self.wire.body = Body::Bytes(pairs.join("&").into_bytes());
        self.header("content-type", "application/x-www-form-urlencoded")
    }

    /// Sends `multipart/form-data`.
    pub fn multipart(mut self, parts: Vec<Part>) -> Self {
        self.wire.body = Body::Multipart(parts);
        self
    }

    /// Sends these bytes as this media type.
    pub fn bytes(mut self, media_type: &str, bytes: Vec<u8>) -> Self {
        self.wire.body = Body::Bytes(bytes);
        self.header("content-type", media_type)
    }

    /// Sends a blob as this media type.
    pub fn blob(mut self, media_type: &str, blob: impl Into<String>) -> Self {
        self.wire.body = Body::Blob(blob.into());
        self.header("content-type", media_type)
    }

    /// Uses another credential than the standard one.
    pub fn credential(mut self, credential: Credential) -> Self {
        self.wire.credential = credential;
        self
    }

    /// Says what the request does at the provider.
    pub fn effect(mut self, effect: Effect) -> Self {
        self.wire.effect = effect;
        self
    }

    /// Names the step of a write: `kebab-case`, once in an item, the same on every attempt.
    ///
    /// A later attempt gets the answer again, when it has at most 64 KiB; of a longer one it gets `other`. So fetch what is
    /// long (an export, a file) in a request of its own that only reads.
    pub fn step(mut self, step: impl Into<String>) -> Self {
        self.wire.step = Some(step.into());
        self
    }

    /// Limits the whole request, milliseconds; the gate's own limit is 120,000.
    pub fn timeout_ms(mut self, timeout: u32) -> Self {
        self.wire.timeout_ms = Some(timeout);
        self
    }

    /// Leaves the answer's body at the host, as a blob of at most 50 MiB.
    pub fn into_blob(mut self) -> Self {
        self.wire.into_blob = true;
        self
    }

    /// Sends it and waits for the answer, whatever its status; [`Response::ok`] turns a bad status into an error.
    ///
    /// # Errors
    /// `transient` when nothing was sent, or an answer to a read was lost; `outcome-unknown` when the answer to a write was
    /// lost; `other` when the gate does not allow the request, or the answer of an earlier attempt was too long to be kept;
    /// `invalid-response` when the answer is too large.
    pub fn send(self) -> Result<Response> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let asked = format!("{} {}", self.wire.method, without_query(&self.wire.url));
        let effect = self.wire.effect;
        if effect == Effect::Write && self.wire.step.is_none() {
            return Err(Error::other("This connector has a mistake: a write without a step.").detail(asked));
        }
        match host::send(self.wire) {
            Ok(wire) => Ok(Response::of(wire, asked, effect)),
            Err(error) => Err(error.into_error(&asked, effect)),
        }
    }
}

/// The address as far as it may stand in an error.
fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::{address, get};
    use crate::Case;

    #[test]
    fn query_parameters_are_encoded_and_joined() {
        let request = get("https://a.example/x").query("a b", "1&2").query("n", 7).query_maybe("no", None::<u8>);
        assert_eq!(request.wire.url, "https://a.example/x?a%20b=1%262&n=7");
    }

    #[test]
    fn a_segment_that_would_climb_is_refused() {
        for segment in ["", ".", ".."] {
            assert_eq!(address("https://a.example", &["x", segment]).unwrap_err().case(), Case::InvalidInput);
        }
    }
}
