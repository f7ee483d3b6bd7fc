//! What a guest asks for and what it gets.

use std::time::Duration;

use patchbay_model::contract::{CredentialChoice, Effect};

use crate::BlobBody;

/// One request of a guest, as it said it.
#[derive(Debug, Clone)]
pub struct Request {
    /// Upper case.
    pub method: String,
    /// Absolute, `https`.
    pub url: String,
    /// Names in any case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
    /// Which slot is filled.
    pub credential: CredentialChoice,
    /// What it does at the provider.
    pub effect: Effect,
    /// The journal's name of a write: `[a-z0-9_-]{1,64}`.
    pub step: Option<String>,
    /// For one attempt; the configured limit still holds.
    pub timeout: Option<Duration>,
}

/// A request's body. Files are named, not held: the gate reads them while it sends.
#[derive(Debug, Clone)]
pub enum Body {
    /// None.
    Empty,
    /// As it is.
    Bytes(Vec<u8>),
    /// A JSON document; sent as `application/json` unless the guest names another type.
    Json(Vec<u8>),
    /// A JSON document with files in it: each a JSON pointer, where the document holds null and the file's
    /// base64 goes, and the file.
    JsonBlobs {
        /// The document.
        document: Vec<u8>,
        /// The files by their pointers.
        blobs: Vec<(String, BlobBody)>,
    },
    /// A file as it is.
    Blob(BlobBody),
    /// `multipart/form-data`, put together by the gate.
    Multipart(Vec<Part>),
}

/// One part of a multipart body.
#[derive(Debug, Clone)]
pub struct Part {
    /// The field's name.
    pub name: String,
    /// The file's name.
    pub filename: Option<String>,
    /// Its media type.
    pub content_type: Option<String>,
    /// What it holds.
    pub content: Content,
}

/// What a part holds.
#[derive(Debug, Clone)]
pub enum Content {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A file.
    Blob(BlobBody),
}

/// The answer that a guest gets: decoded, bounded, secrets masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// HTTP status; redirects are not followed.
    pub status: u16,
    /// Lower-case names; without cookies and what belongs to the connection.
    pub headers: Vec<(String, String)>,
    /// Decoded.
    pub body: Vec<u8>,
    /// It comes from the journal: nothing was sent.
    pub replayed: bool,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// No grant covers it; the text names the manifest line that would.
    #[error("{0}")]
    Denied(String),
    /// Surely nothing left.
    #[error("not sent: {0}")]
    NotSent(String),
    /// It may have left, and no answer came.
    #[error("the outcome is unknown: {0}")]
    Unknown(String),
    /// The answer passes this many bytes.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(u64),
    /// The run was cancelled, or its time does not suffice.
    #[error("the run is stopping")]
    Stopped,
    /// An answer that cannot be read.
    #[error("{0}")]
    Other(String),
    /// A secret of the connection was in what the guest sent; ends the run.
    #[error("a secret of the connection was in the request")]
    SecretSeen,
    /// Only a person can renew the credential.
    #[error("the credential is dead: {0}")]
    CredentialDead(String),
    /// The credential could not be had just now.
    #[error("the credential could not be had: {0}")]
    CredentialBusy(String),
}

/// Something that ends the run, whatever the guest does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incident {
    /// A secret of the connection was in what the guest sent.
    SecretSeen,
    /// The credential is dead, for the person to read.
    CredentialDead(String),
    /// A request that no grant covers, with the manifest line that would allow it.
    Denied(String),
}

/// What one run used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Requests that the guest asked for.
    pub requests: u64,
    /// Attempts beyond the first of each.
    pub retries: u64,
    /// Bytes of bodies that came in, as on the wire.
    pub bytes_in: u64,
    /// Bytes of bodies that went out.
    pub bytes_out: u64,
    /// Spent waiting for a rate, a `Retry-After` or before another attempt.
    pub waited: Duration,
}
