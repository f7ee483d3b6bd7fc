//! Files on their way through the gate: read piece by piece, never held whole.

use std::{fmt, sync::Arc};

use async_trait::async_trait;

/// Where the bytes of a file come from, as often as they are wanted: another attempt reads them again.
#[async_trait]
pub trait BlobSource: Send + Sync {
    /// At most `len` bytes from `offset`, and at least one while there are any; none when they cannot be had.
    async fn read(&self, offset: u64, len: u32) -> Option<Vec<u8>>;
}

/// A file that a request carries.
#[derive(Clone)]
pub struct BlobBody {
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes: what makes two requests with files the same.
    pub sha256: [u8; 32],
    /// The guest made it, so it is searched for secrets; what a tenant uploaded is its own.
    pub made_here: bool,
    /// Its bytes.
    pub source: Arc<dyn BlobSource>,
}

impl fmt::Debug for BlobBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { size, made_here, .. } = self;
        f.debug_struct("BlobBody").field("size", size).field("made_here", made_here).finish_non_exhaustive()
    }
}

/// Takes the body of an answer that is not to be held in memory: unpacked, secrets masked.
#[async_trait]
pub trait AnswerSink: Send + Sync {
    /// An answer begins. What came of an earlier one is no answer: its attempt was not the last.
    async fn begin(&self, media_type: Option<&str>);
    /// The next bytes; false when there is no room for them, which ends the request as too large.
    async fn take(&self, bytes: Vec<u8>) -> bool;
}
