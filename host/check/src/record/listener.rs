//! What a recording hears, as the exchanges of a fixture.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use patchbay_egress::{Asked, CredentialError, CredentialSource, Recorder, Response, SendError, Values};
use patchbay_fixture::{Answer, Effect, Exchange, Expected, Failing};
use patchbay_model::contract::{CredentialChoice, Effect as Does};

/// Headers of answers that say nothing to a connector, or too much about the day.
const NOISE: &[&str] = &[
    "age",
    "alt-svc",
    "cache-control",
    "connection",
    "content-length",
    "content-security-policy",
    "date",
    "expires",
    "keep-alive",
    "nel",
    "pragma",
    "referrer-policy",
    "report-to",
    "server",
    "strict-transport-security",
    "transfer-encoding",
    "vary",
    "via",
    "x-content-type-options",
    "x-frame-options",
    "x-powered-by",
    "x-request-id",
    "x-runtime",
    "x-xss-protection",
];
/// Beginnings of such.
const NOISES: &[&str] = &["access-control-", "cf-", "x-amz-", "x-cache", "x-served-"];

/// Keeps what one call heard.
#[derive(Default)]
pub(super) struct Listener(Mutex<Vec<Exchange>>);

impl Listener {
    pub(super) fn exchanges(&self) -> Vec<Exchange> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Recorder for Listener {
    fn heard(&self, asked: &Asked, answer: &Result<Response, SendError>) {
        let exchange = Exchange { request: expected(asked), answer: told(answer) };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
    }
}

fn expected(asked: &Asked) -> Expected {
    let made_here = |name: &str| matches!(name, "content-type" | "user-agent");
    Expected {
        method: asked.method.clone(),
        url: asked.url.clone(),
        headers: asked.headers.iter().filter(|(name, _)| !made_here(name)).cloned().collect(),
        body: if asked.body.is_empty() { None } else { serde_json::from_slice(&asked.body).ok() },
        effect: match asked.effect {
            Does::Read => Effect::Read,
            Does::Repeatable => Effect::Repeatable,
            Does::Write => Effect::Write,
        },
        step: asked.step.clone(),
        credential: match &asked.credential {
            CredentialChoice::Standard => None,
            CredentialChoice::Nothing => Some("nothing".to_owned()),
            CredentialChoice::Slot(id) => Some(id.clone()),
        },
    }
}

fn told(answer: &Result<Response, SendError>) -> Answer {
    let response = match answer {
        Ok(response) => response,
        Err(error) => return Answer { fails: Some(failing(error)), ..Answer::default() },
    };
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in &response.headers {
        if !NOISE.contains(&name.as_str()) && !NOISES.iter().any(|start| name.starts_with(start)) {
            // The first of several counts for who asks for one.
            headers.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    let answer = Answer { status: response.status, ..Answer::default() };
    if let Ok(body) = serde_json::from_slice::<serde_json::Value>(&response.body) {
        if headers.get("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
            headers.remove("content-type");
        }
        // `null` is how a fixture says that there is no body.
        if body.is_null() {
            return Answer { text: Some("null".to_owned()), headers, ..answer };
        }
        return Answer { body: Some(body), headers, ..answer };
    }
    match std::str::from_utf8(&response.body) {
        Ok("") => Answer { headers, ..answer },
        Ok(text) => Answer { text: Some(text.to_owned()), headers, ..answer },
        Err(_) => Answer { base64: Some(STANDARD.encode(&response.body)), headers, ..answer },
    }
}

fn failing(error: &SendError) -> Failing {
    match error {
        SendError::Denied(_) => Failing::Denied,
        SendError::NotSent(_) => Failing::NotSent,
        SendError::Unknown(_) => Failing::Unknown,
        SendError::TooLarge(_) => Failing::TooLarge,
        SendError::Stopped => Failing::Stopped,
        SendError::Other(_) | SendError::SecretSeen | SendError::CredentialDead(_) | SendError::CredentialBusy(_) => {
            Failing::Other
        }
    }
}

/// What was given at the command line; it is as it is.
pub(super) struct GivenCredential(pub(super) Arc<Values>);

#[async_trait]
impl CredentialSource for GivenCredential {
    async fn current(&self) -> Result<Arc<Values>, CredentialError> {
        Ok(Arc::clone(&self.0))
    }

    async fn renew(&self, _refused: &Values) -> Result<Arc<Values>, CredentialError> {
        Err(CredentialError::Dead("The provider does not accept what was given.".to_owned()))
    }
}
