//! What host and connector say to each other, as plain types.
//!
//! They mirror `wit/` item by item; the engine converts the generated bindings at its door, so that
//! no other room sees them. A contract version is one module of the engine, never a second set of
//! these types.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// An open list of key and value at the end of each record of the contract.
pub type Ext = Vec<(String, String)>;

/// One field that is wrong, by JSON pointer (RFC 6901).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// Where, e.g. `/title`; empty for the whole document.
    pub pointer: String,
    /// What is wrong with it, for the person who filled it in.
    pub message: String,
}

/// What a connector says about a failure.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ErrorInfo {
    /// For the person who reads it in the web app.
    pub message: String,
    /// For the operator.
    pub detail: Option<String>,
    /// The provider's HTTP status, where there was one.
    pub http_status: Option<u16>,
    /// The provider's own code.
    pub provider_code: Option<String>,
    /// How long the provider asks to wait.
    pub retry_after: Option<Duration>,
    /// Only this stream of this account has to wait, and nothing else of the connection.
    #[serde(default)]
    pub waits_alone: bool,
    /// Fields that the provider refused.
    pub fields: Vec<FieldError>,
}

/// A connector's failure; each case makes the host do something different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "case", content = "info")]
pub enum ConnectorError {
    /// The credential is not accepted.
    AuthRequired(ErrorInfo),
    /// The credential is good, but may not do this.
    PermissionDenied(ErrorInfo),
    /// A setting or field of the connection is wrong.
    InvalidConfig(ErrorInfo),
    /// The item to push is wrong.
    InvalidInput(ErrorInfo),
    /// What was named does not exist, or is hidden.
    NotFound(ErrorInfo),
    /// It is in a state that does not allow this.
    Conflict(ErrorInfo),
    /// Wait as told.
    RateLimited(ErrorInfo),
    /// The cursor means nothing to the provider any more.
    CursorInvalid(ErrorInfo),
    /// Trouble that passes.
    Transient(ErrorInfo),
    /// A write may or may not have happened.
    OutcomeUnknown(ErrorInfo),
    /// The provider sent what cannot be read.
    InvalidResponse(ErrorInfo),
    /// The connector does not do this.
    Unsupported(ErrorInfo),
    /// What no case names; a person has to read it.
    Other(ErrorInfo),
}

impl ConnectorError {
    /// The details, whatever the case.
    #[must_use]
    pub fn info(&self) -> &ErrorInfo {
        match self {
            Self::AuthRequired(info)
            | Self::PermissionDenied(info)
            | Self::InvalidConfig(info)
            | Self::InvalidInput(info)
            | Self::NotFound(info)
            | Self::Conflict(info)
            | Self::RateLimited(info)
            | Self::CursorInvalid(info)
            | Self::Transient(info)
            | Self::OutcomeUnknown(info)
            | Self::InvalidResponse(info)
            | Self::Unsupported(info)
            | Self::Other(info) => info,
        }
    }

    /// The case as the contract spells it.
    #[must_use]
    pub fn case(&self) -> &'static str {
        match self {
            Self::AuthRequired(_) => "auth-required",
            Self::PermissionDenied(_) => "permission-denied",
            Self::InvalidConfig(_) => "invalid-config",
            Self::InvalidInput(_) => "invalid-input",
            Self::NotFound(_) => "not-found",
            Self::Conflict(_) => "conflict",
            Self::RateLimited(_) => "rate-limited",
            Self::CursorInvalid(_) => "cursor-invalid",
            Self::Transient(_) => "transient",
            Self::OutcomeUnknown(_) => "outcome-unknown",
            Self::InvalidResponse(_) => "invalid-response",
            Self::Unsupported(_) => "unsupported",
            Self::Other(_) => "other",
        }
    }
}

/// What a connector is told about the connection it works for; never a secret.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// Id of the auth method in use.
    pub auth: String,
    /// The selected account, for streams that are read per account.
    pub account: Option<String>,
    /// Facts of the connection.
    pub facts: Ext,
    /// Facts of the account.
    pub account_facts: Ext,
    /// The connection's settings, a JSON object.
    pub settings: Vec<u8>,
    /// The manifest's defaults with the operator's corrections, a JSON object.
    pub config: Vec<u8>,
}

/// Something selectable under one credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The provider's id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whether it can be read.
    pub usable: bool,
    /// It is read only when a person chooses it.
    #[serde(default)]
    pub unselected: bool,
    /// Why not, or what to know about it.
    pub note: Option<String>,
    /// Told to the connector with each call for this account.
    pub facts: Ext,
}

/// Whose business account it is, and which accounts it reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The provider's id of the business account; two connections with one id are one.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// E-mail or login behind the credential.
    pub login: Option<String>,
    /// What can be selected.
    pub accounts: Vec<Account>,
    /// Told to the connector with each later call.
    pub facts: Ext,
    /// Scopes that were really granted, where the provider says so.
    pub scopes: Option<Vec<String>>,
    /// When the credential ends, milliseconds since 1970, where the provider says so.
    pub credential_ends_ms: Option<u64>,
}

/// A stream as the connector finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamInfo {
    /// Its name in the manifest.
    pub name: String,
    /// Its title.
    pub title: String,
    /// JSON pointers to the key.
    pub key: Vec<String>,
    /// JSON Schema of a record, as bytes.
    pub schema: Vec<u8>,
    /// Whether it is read once for each account.
    pub per_account: bool,
}

/// What one page is asked for.
#[derive(Debug, Clone)]
pub struct ReadRequest {
    /// The stream's name.
    pub stream: String,
    /// Where to go on; none starts a pass.
    pub cursor: Option<Vec<u8>>,
    /// How many records the host would like, at most 1,000.
    pub page_hint: u32,
    /// Read nothing older, milliseconds since 1970.
    pub since_ms: Option<u64>,
}

/// Where a stream stands after a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// There is more; go on from this cursor.
    More(Vec<u8>),
    /// A job at the provider is not ready; ask again with this cursor after so long.
    Wait(Vec<u8>, Duration),
    /// Up to date for now; the next run starts from this cursor.
    End(Vec<u8>),
    /// Every record was returned since the pass began; the next run starts from this cursor.
    Complete(Vec<u8>),
}

impl Position {
    /// The cursor it carries.
    #[must_use]
    pub fn cursor(&self) -> &[u8] {
        match self {
            Self::More(cursor) | Self::Wait(cursor, _) | Self::End(cursor) | Self::Complete(cursor) => cursor,
        }
    }
}

/// One page of a stream.
#[derive(Debug, Clone)]
pub struct Page {
    /// A JSON array of records, as bytes.
    pub records: Vec<u8>,
    /// How many records it holds.
    pub count: u32,
    /// Keys that the provider says are gone.
    pub deleted: Vec<String>,
    /// Where the stream stands.
    pub position: Position,
}

/// What a picker is asked.
#[derive(Debug, Clone)]
pub struct PickRequest {
    /// The picker's name in the manifest.
    pub picker: String,
    /// What the person typed.
    pub query: String,
    /// The choices that this one depends on, by picker.
    pub parents: Vec<(String, String)>,
    /// Where to go on.
    pub cursor: Option<Vec<u8>>,
}

/// One choice of a picker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// What goes into the push's target.
    pub id: String,
    /// What the person reads.
    pub label: String,
    /// What tells equal labels apart.
    pub hint: Option<String>,
}

/// An answer of a picker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices {
    /// In the order to show.
    pub items: Vec<Choice>,
    /// Where to go on; none at the end.
    pub next: Option<Vec<u8>>,
}

/// A file that goes with an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The blob's id.
    pub blob: String,
    /// The file's name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
}

/// One item to write to a provider.
#[derive(Debug, Clone)]
pub struct Item {
    /// The action's name in the manifest.
    pub action: String,
    /// The caller's key, the same on every attempt.
    pub key: String,
    /// The chosen target, JSON.
    pub target: Vec<u8>,
    /// The payload, JSON that fits the action's schema.
    pub payload: Vec<u8>,
    /// Files.
    pub attachments: Vec<Attachment>,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// What else there is to know, by name: `object` is the id of the object that an item with other content under
    /// this key was written to, and that is to be changed now; `step.NAME` is the id of what the step was found to
    /// have written after its answer was lost, so that it is not to be done again; each with `….url` where it has one.
    pub ext: Ext,
}

/// An object at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// The provider's id.
    pub id: String,
    /// Where a person can see it.
    pub url: Option<String>,
}

/// How a push ended well; all else is a [`ConnectorError`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushOutcome {
    /// A new object.
    Created(Object),
    /// An object that was there and is changed.
    Updated(Object),
    /// The object was there already, as wanted.
    Exists(Object),
}

/// What a request of a connector does at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Nothing.
    Read,
    /// Something that does no harm when done twice.
    Repeatable,
    /// Something that must not be done twice.
    Write,
}

/// Which exported interfaces a component has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Exports {
    /// `auth`.
    pub auth: bool,
    /// `fetch`.
    pub fetch: bool,
    /// `push`.
    pub push: bool,
}

/// Which credential a request wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialChoice {
    /// The slot that the manifest marks as standard.
    Standard,
    /// None: the request goes out bare.
    Nothing,
    /// The slot of this id.
    Slot(String),
}

/// Upper bounds of the contract; a connector that passes one fails that call.
pub mod limits {
    /// Bytes of one page of records.
    pub const PAGE_BYTES: usize = 8 * 1024 * 1024;
    /// Records of one page.
    pub const PAGE_RECORDS: u32 = 1_000;
    /// Bytes of one record.
    pub const RECORD_BYTES: usize = 1024 * 1024;
    /// Bytes of one cursor.
    pub const CURSOR_BYTES: usize = 64 * 1024;
    /// Bytes of one record's key.
    pub const KEY_BYTES: usize = 1024;
    /// Bytes of a JSON document in a request body.
    pub const DOCUMENT_BYTES: usize = 1024 * 1024;
    /// Bytes of an answer that a guest gets.
    pub const ANSWER_BYTES: usize = 8 * 1024 * 1024;
    /// Bytes that a guest may pass to the host in one call.
    pub const HOSTCALL_BYTES: usize = 12 * 1024 * 1024;
    /// Accounts that one identity may name.
    pub const ACCOUNTS: usize = 10_000;
    /// Pages in a row without a key that is new to the run before it counts as stalled.
    pub const STALE_PAGES: u32 = 3;
    /// Empty pages in a row before a run counts as stalled.
    pub const EMPTY_PAGES: u32 = 1_000;
    /// `wait` answers in one pass.
    pub const WAITS: u32 = 200;
}
