//! The file format of recorded answers, and how a request finds its own.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;

use crate::http::{Body, Content, Credential, Effect, HttpError, WireRequest, WireResponse};

/// One request and its answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exchange {
    pub(crate) request: Expected,
    answer: Answer,
}

/// What the request must be.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    method: String,
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<Value>,
    #[serde(default)]
    effect: ExpectedEffect,
    step: Option<String>,
    credential: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ExpectedEffect {
    #[default]
    Read,
    Repeatable,
    Write,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<Value>,
    text: Option<String>,
    fails: Option<Failing>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Failing {
    NotSent,
    Unknown,
    TooLarge,
    Denied,
    Stopped,
    Other,
}

fn ok() -> u16 {
    200
}

pub(crate) fn parse(text: &str) -> Result<Vec<Exchange>, String> {
    serde_json::from_str(text).map_err(|error| format!("this fixture cannot be read: {error}"))
}

impl Expected {
    /// Whether the request has this method and address.
    pub(crate) fn is_for(&self, request: &WireRequest) -> bool {
        self.method == request.method && address(&self.url) == address(&request.url)
    }

    /// What else about the request is not as expected.
    pub(crate) fn difference(&self, request: &WireRequest) -> Option<String> {
        for (name, value) in &self.headers {
            let found = request.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            match found {
                Some((_, found)) if found == value => {}
                Some((_, found)) => return Some(format!("header {name} is `{found}`, not `{value}`")),
                None => return Some(format!("header {name} is missing")),
            }
        }
        let effect = match self.effect {
            ExpectedEffect::Read => Effect::Read,
            ExpectedEffect::Repeatable => Effect::Repeatable,
            ExpectedEffect::Write => Effect::Write,
        };
        if request.effect != effect {
            return Some(format!("effect is {:?}, not {effect:?}", request.effect));
        }
        if request.step != self.step {
            return Some(format!("step is {:?}, not {:?}", request.step, self.step));
        }
        let credential = match self.credential.as_deref() {
            None | Some("standard") => Credential::Standard,
            Some("nothing") => Credential::Nothing,
            Some(slot) => Credential::Slot(slot.to_owned()),
        };
        if request.credential != credential {
            return Some(format!("credential is {:?}, not {credential:?}", request.credential));
        }
        let expected = self.body.as_ref()?;
        let sent = json_body(&request.body);
        (sent.as_ref() != Some(expected)).then(|| format!("body is {}, not {expected}", sent.unwrap_or(Value::Null)))
    }
}

impl Exchange {
    /// The answer, as the host would give it.
    pub(crate) fn answer(&self) -> Result<WireResponse, HttpError> {
        let answer = &self.answer;
        if let Some(failing) = answer.fails {
            return Err(match failing {
                Failing::NotSent => HttpError::NotSent("the fixture says so".to_owned()),
                Failing::Unknown => HttpError::Unknown("the fixture says so".to_owned()),
                Failing::TooLarge => HttpError::TooLarge(u64::MAX),
                Failing::Denied => HttpError::Denied("the fixture says so".to_owned()),
                Failing::Stopped => HttpError::Stopped,
                Failing::Other => HttpError::Other("the fixture says so".to_owned()),
            });
        }
        let mut headers: Vec<(String, String)> =
            answer.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect();
        if answer.body.is_some() && !headers.iter().any(|(name, _)| name == "content-type") {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let body = match (&answer.body, &answer.text) {
            (Some(json), _) => json.to_string().into_bytes(),
            (None, Some(text)) => text.clone().into_bytes(),
            (None, None) => Vec::new(),
        };
        Ok(WireResponse { status: answer.status, headers, body: Content::Bytes(body), replayed: false })
    }

    /// What it waits for, for a message.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.request.method, self.request.url)
    }
}

/// The body as JSON, where it is JSON.
pub(crate) fn json_body(body: &Body) -> Option<Value> {
    match body {
        Body::Json { document, .. } => serde_json::from_slice(document).ok(),
        Body::Bytes(bytes) => serde_json::from_slice(bytes).ok(),
        Body::Empty | Body::Blob(_) | Body::Multipart(_) => None,
    }
}

/// An address apart from the order and spelling of its query parameters.
fn address(url: &str) -> (&str, Vec<(String, String)>) {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
        .collect();
    pairs.sort();
    (path, pairs)
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
