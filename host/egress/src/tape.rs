//! Recorded conversations: a run whose provider is a tape, and one whose conversation is kept on one.
//!
//! A taped run passes the same checks as any other, before its tape is asked anything: what the manifest does not grant,
//! a reserved header, a write without a step are refused there as they are in earnest. What is about the line alone
//! (names, connections, rates, another attempt) does not happen when a tape plays, so what it holds is what a guest
//! sees, not what goes over the wire.

use std::sync::Arc;

use patchbay_model::contract::{CredentialChoice, Effect};

use crate::{Request, Response, SendError, order::Order, payload::Payload};

/// Bytes of a body that a tape is shown.
const SHOWN_BYTES: usize = 8 * 1024 * 1024;

/// What stands between a run and its provider, or listens to both.
#[derive(Clone)]
pub enum Tape {
    /// Nothing leaves: each request that may be sent is answered here.
    Plays(Arc<dyn Player>),
    /// Everything leaves as ever, and what came of it is told here.
    Records(Arc<dyn Recorder>),
}

/// Answers in the provider's place.
pub trait Player: Send + Sync {
    /// What the guest gets. `Denied` ends the run: it says that this request should not have been made.
    ///
    /// # Errors
    /// Why there is no answer.
    fn answer(&self, asked: &Asked) -> Result<Response, SendError>;
}

/// Keeps a conversation.
pub trait Recorder: Send + Sync {
    /// One request and what the guest got for it. The body of an answer that became a blob is not told.
    fn heard(&self, asked: &Asked, answer: &Result<Response, SendError>);
}

/// A request that may be sent, as the guest made it: without the credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Upper case.
    pub method: String,
    /// Absolute.
    pub url: String,
    /// The guest's, and the content type where the gate sets it.
    pub headers: Vec<(String, String)>,
    /// Which credential it wants.
    pub credential: CredentialChoice,
    /// What the guest says that it does at the provider.
    pub effect: Effect,
    /// The step of a write.
    pub step: Option<String>,
    /// The body; a file is a note of its size and SHA-256, or null in a JSON document.
    pub body: Vec<u8>,
    /// Whether files go with it.
    pub has_files: bool,
}

/// What the guest said and an order no longer knows.
pub(crate) struct Said {
    url: String,
    credential: CredentialChoice,
    effect: Effect,
    step: Option<String>,
}

impl Said {
    pub(crate) fn of(request: &Request) -> Self {
        let Request { url, credential, effect, step, .. } = request;
        Self { url: url.clone(), credential: credential.clone(), effect: *effect, step: step.clone() }
    }

    /// Together with what the checks made of it.
    pub(crate) fn asked(self, order: &Order) -> Result<Asked, String> {
        let text = |(name, value): &(http::HeaderName, http::HeaderValue)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        Ok(Asked {
            method: order.outgoing.method.as_str().to_owned(),
            url: self.url,
            headers: order.given().map(text).collect(),
            credential: self.credential,
            effect: self.effect,
            step: self.step,
            body: match &order.outgoing.body {
                // As the guest wrote it: null where a file goes.
                Payload::Document(document, _) => document.to_vec(),
                body => body.shown(SHOWN_BYTES)?,
            },
            has_files: order.has_files(),
        })
    }
}
