//! Everything but the write: a push that is tried without being sent.

use patchbay_model::contract::Effect;

/// Takes what a run would have sent.
pub trait Rehearsal: Send + Sync {
    /// A request that passed every check and is held back. The guest is told that the run is stopping, so
    /// what would have followed upon the answer is not known.
    fn would_send(&self, request: WouldSend);

    /// As [`Journal::key`](crate::Journal::key).
    fn key(&self, _step: &str) -> Option<String> {
        None
    }
}

/// A request that was not sent, as the guest asked for it: without the credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WouldSend {
    /// Upper case.
    pub method: String,
    /// As it would be asked for.
    pub url: String,
    /// The guest's, and the content type where the gate sets it.
    pub headers: Vec<(String, String)>,
    /// The slots that would be filled.
    pub slots: Vec<String>,
    /// What the guest says that it does at the provider.
    pub effect: Effect,
    /// The step of a write.
    pub step: Option<String>,
    /// The body's first 64 KiB; a file is a note of its size and SHA-256.
    pub body: Vec<u8>,
    /// Bytes of the body as it would be sent.
    pub size: u64,
}
