//! What a guest can reach: everything it is handed for one run, and nothing else.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use patchbay_egress::{BlobBody, Door};
use patchbay_model::{Clock, Random};
use tokio::{sync::watch, time::Instant};

/// The powers and bounds of one run of one connection. One field is one thing a guest can reach or use up.
pub struct RunScope {
    /// The way out, already bound to the connection's grant and credential.
    pub door: Door,
    /// Bytes of linear memory, all memories of the instance together.
    pub memory_bytes: usize,
    /// How long one call may take.
    pub call_timeout: Duration,
    /// When the run ends, whatever it is doing.
    pub deadline: Instant,
    /// Becomes true when the run is cancelled or the host stops.
    pub stop: watch::Receiver<bool>,
    /// What time the guest is told, to the millisecond.
    pub clock: Arc<dyn Clock>,
    /// Where `run.random` comes from.
    pub random: Arc<dyn Random>,
    /// Where the guest's log lines and its progress go.
    pub log: Arc<dyn LogSink>,
    /// The idempotency keys of a push.
    pub steps: Arc<dyn Steps>,
    /// The files of a push.
    pub blobs: Arc<dyn Blobs>,
}

/// Takes what a guest says about itself. Lines arrive bounded and without control characters.
pub trait LogSink: Send + Sync {
    /// One line; `level` is 1 (error), 2 (warning), 3 (info) or 4 (debug).
    fn line(&self, level: u8, message: &str, fields: &[(String, String)]);
    /// How far the guest says it is.
    fn progress(&self, done: u64, total: Option<u64>);
}

/// The steps of a push.
#[async_trait]
pub trait Steps: Send + Sync {
    /// The provider refused this write inside a success status: the step may be sent again.
    async fn refused(&self, step: &str);
    /// The idempotency key of this step, the same for ever.
    fn key(&self, step: &str) -> String;
}

/// Bytes that the host keeps for a push, by id.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Its size in bytes; none when this run has no such blob.
    async fn size(&self, id: &str) -> Option<u64>;
    /// At most `len` bytes from `offset`; none when this run has no such blob.
    async fn read(&self, id: &str, offset: u64, len: u32) -> Option<Vec<u8>>;
    /// It as a request carries it, as long as it is now; none when this run has no such blob.
    async fn body(&self, id: &str) -> Option<BlobBody>;
    /// Makes an empty blob and returns its id.
    async fn create(&self, media_type: &str) -> String;
    /// Adds to a blob that this run made; false when it is full or is not this run's.
    async fn append(&self, id: &str, data: Vec<u8>) -> bool;
    /// A blob that this run made and that nobody will ask for: an answer that broke off. Its room may be
    /// used again.
    async fn discard(&self, _id: &str) {}
}

/// For runs that are not a push: no key, nothing to refuse.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSteps;

#[async_trait]
impl Steps for NoSteps {
    async fn refused(&self, _step: &str) {}

    fn key(&self, _step: &str) -> String {
        String::new()
    }
}

/// For runs without files: nothing is there and nothing is kept.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoBlobs;

#[async_trait]
impl Blobs for NoBlobs {
    async fn size(&self, _id: &str) -> Option<u64> {
        None
    }

    async fn read(&self, _id: &str, _offset: u64, _len: u32) -> Option<Vec<u8>> {
        None
    }

    async fn body(&self, _id: &str) -> Option<BlobBody> {
        None
    }

    async fn create(&self, _media_type: &str) -> String {
        String::new()
    }

    async fn append(&self, _id: &str, _data: Vec<u8>) -> bool {
        false
    }
}

/// For where nobody reads what a guest says.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLog;

impl LogSink for NoLog {
    fn line(&self, _level: u8, _message: &str, _fields: &[(String, String)]) {}

    fn progress(&self, _done: u64, _total: Option<u64>) {}
}
