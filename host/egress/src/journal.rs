//! The written intent of a request that must not be done twice.
//!
//! Every attempt is bracketed: `begin` is committed before the first byte leaves, and exactly one of
//! `answered`, `not_sent` or `lost` follows. A crash, or a future that is dropped, leaves a begin
//! without an end, which the next `begin` reports as [`Begin::Unknown`]: nobody sends it again before
//! somebody looked.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// Where the steps of one push are kept.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Asks whether the step may be sent now, and notes that it will be. `request_hash` is SHA-256
    /// over what the guest asked for, without anything that the host adds.
    async fn begin(&self, step: &str, request_hash: [u8; 32]) -> Result<Begin, JournalError>;
    /// Keeps the answer before the guest sees it. `opens_again`: the provider surely did nothing, so
    /// the step may be sent again.
    async fn answered(&self, step: &str, answer: &StoredAnswer, opens_again: bool) -> Result<(), JournalError>;
    /// Notes that surely nothing left.
    async fn not_sent(&self, step: &str) -> Result<(), JournalError>;
    /// Notes that the request may have left and that no answer came.
    async fn lost(&self, step: &str) -> Result<(), JournalError>;
    /// The idempotency key of this step, where the provider is told one: a request that does not carry it,
    /// in its address, a header or its body, is refused.
    fn key(&self, _step: &str) -> Option<String> {
        None
    }
}

/// What the journal says about a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    /// Send it.
    Send,
    /// It was sent and answered: this is the answer. One that is not whole is refused to the guest.
    Replay(StoredAnswer),
    /// An earlier attempt has no answer: do not send.
    Unknown,
    /// Another step of this push may have been written, and nobody looked yet: do not send.
    InDoubt {
        /// The other step.
        step: String,
    },
    /// Another step of this push was written, and the action does not say that it has several: do not send.
    Single {
        /// The other step.
        step: String,
    },
    /// The same step was another request before: do not send.
    Mismatch,
    /// Its answer was lost and somebody looked: the provider has the object. Do not send.
    Found {
        /// The object's id at the provider.
        id: String,
    },
}

/// An answer as it is kept, secrets masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAnswer {
    /// HTTP status.
    pub status: u16,
    /// Headers as the guest saw them.
    pub headers: Vec<(String, String)>,
    /// The body's first 64 KiB.
    pub body: Vec<u8>,
    /// Whether that is all of it. What is kept only in part is never handed on again: nobody could tell it from a
    /// complete one.
    pub whole: bool,
}

/// The journal could not be read or written, for the operator.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the journal failed: {0}")]
pub struct JournalError(pub String);
