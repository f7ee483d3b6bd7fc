//! A definition as types. What each member means stands in the table of keys; this only gives them a place.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// The whole definition.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Definition {
    /// Version of the format.
    pub definition: u32,
    /// What all paths follow.
    pub base_url: String,
    /// Auth methods whose requests carry no credential.
    #[serde(default)]
    pub no_credential: Vec<String>,
    /// Headers of every request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The request that proves the credential.
    pub ping: Ping,
    /// The accounts of one credential.
    pub accounts: Option<Accounts>,
    /// How the API says *not now*.
    #[serde(default = "Throttle::standard")]
    pub rate: Throttle,
    /// What answers mean.
    #[serde(default)]
    pub errors: Errors,
    /// What is read.
    #[serde(default, rename = "stream")]
    pub streams: Vec<Stream>,
    /// What is written.
    #[serde(default, rename = "action")]
    pub actions: Vec<Action>,
}

/// The request that proves the credential and says whose it is.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ping {
    /// Its path.
    pub path: String,
    /// Its parameters.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// Where its answer names the account.
    #[serde(default)]
    pub account: Owner,
}

/// Where an answer names the account.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Owner {
    /// Its id.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// The login behind the credential.
    pub login: Option<String>,
}

/// The accounts of one credential.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Accounts {
    /// The list's path.
    pub path: String,
    /// Its parameters.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// Where its rows stand.
    #[serde(default)]
    pub records: String,
    /// A row's id.
    pub id: String,
    /// A row's name.
    pub name: String,
    /// A row's status.
    pub status: Option<String>,
    /// Statuses with which it can be read.
    #[serde(default)]
    pub usable: Vec<String>,
    /// How the list is cut.
    #[serde(default)]
    pub paging: Paging,
}

/// How the API says *not now*.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Throttle {
    /// Statuses that mean it when nothing is left.
    #[serde(default)]
    pub throttle_status: Vec<u16>,
    /// Headers that say how much is left.
    #[serde(default = "remaining")]
    pub remaining: Vec<String>,
    /// Headers that say when it starts afresh.
    #[serde(default = "reset")]
    pub reset: Vec<String>,
}

fn remaining() -> Vec<String> {
    ["ratelimit-remaining", "x-ratelimit-remaining"].map(str::to_owned).to_vec()
}

fn reset() -> Vec<String> {
    ["ratelimit-reset", "x-ratelimit-reset"].map(str::to_owned).to_vec()
}

/// What answers mean.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Errors {
    /// Where the API says it to people.
    #[serde(default)]
    pub message: Vec<String>,
    /// Where its code stands.
    pub code: Option<String>,
    /// Where wrong fields stand.
    pub fields: Option<String>,
    /// Errors inside a success status.
    #[serde(default)]
    pub in_body: Vec<InBody>,
    /// Other meanings of statuses.
    #[serde(default)]
    pub map: Vec<MapRule>,
}

/// An error inside a success status.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct InBody {
    /// Where it stands.
    pub pointer: String,
    /// What it says.
    pub equals: Option<Value>,
    /// What that means.
    #[serde(default = "validation", rename = "as")]
    pub means: Meaning,
}

fn validation() -> Meaning {
    Meaning::Validation
}

/// Another meaning of a status.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MapRule {
    /// The status.
    pub status: u16,
    /// What has to stand in the answer.
    pub pointer: Option<String>,
    /// What it says.
    pub equals: Option<Value>,
    /// What that means.
    #[serde(rename = "as")]
    pub means: Meaning,
}

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Meaning {
    /// The stored credential no longer works.
    CredentialsInvalid,
    /// A right or the plan is lacking.
    PermissionMissing,
    /// The target is in the wrong state.
    Precondition,
    /// It is gone or hidden.
    NotFound,
    /// What was sent is wrong.
    Validation,
    /// It collides with what is there.
    Conflict,
    /// It was there already.
    AlreadyExists,
    /// Not now.
    Throttled,
    /// Trouble that passes.
    Outage,
    /// The place to go on from is not known any more.
    ResetCursor,
    /// No rows.
    Empty,
    /// Nobody knows whether it was done.
    Unknown,
}

/// What is read.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Stream {
    /// As in the manifest.
    pub name: String,
    /// `GET` or `POST`.
    #[serde(default = "get")]
    pub method: String,
    /// After the base address.
    pub path: String,
    /// Parameters.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The JSON of a `POST`.
    pub body: Option<Value>,
    /// Where the rows stand.
    #[serde(default)]
    pub records: String,
    /// What makes a row's key.
    pub key: Vec<String>,
    /// How the list is cut.
    #[serde(default)]
    pub paging: Paging,
    /// How to ask for what changed.
    pub cursor: Option<Cursor>,
    /// How the API says that a row is gone.
    #[serde(default)]
    pub deletes: Deletes,
    /// Pages of a pass.
    #[serde(default = "max_pages")]
    pub max_pages: u32,
}

fn get() -> String {
    "GET".to_owned()
}

fn max_pages() -> u32 {
    10_000
}

/// How a list is cut into pages. Which members a style has is checked.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[expect(missing_docs, reason = "the table of keys says what each is")]
pub struct Paging {
    pub style: PagingStyle,
    pub page_param: Option<String>,
    pub first_page: Option<u64>,
    pub total_pages: Option<String>,
    pub size_param: Option<String>,
    pub offset_param: Option<String>,
    pub limit_param: Option<String>,
    pub size: Option<u32>,
    pub total: Option<String>,
    pub param: Option<String>,
    pub pointer: Option<String>,
    pub size_pointer: Option<String>,
    pub next: Option<String>,
    pub has_more: Option<String>,
    pub rel: Option<String>,
    pub drop_params: Vec<String>,
}

/// How a list is cut into pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PagingStyle {
    /// Not at all.
    #[default]
    None,
    /// By number.
    Page,
    /// By rows to pass over.
    Offset,
    /// By a token in the query.
    Cursor,
    /// By a token in the body.
    Body,
    /// By an address in the answer.
    NextUrl,
    /// By an address in a header.
    LinkHeader,
}

impl PagingStyle {
    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Page => "page",
            Self::Offset => "offset",
            Self::Cursor => "cursor",
            Self::Body => "body",
            Self::NextUrl => "next-url",
            Self::LinkHeader => "link-header",
        }
    }
}

/// How to ask for what changed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cursor {
    /// When a row changed.
    pub field: String,
    /// The parameter.
    pub param: Option<String>,
    /// Or the place in the body.
    pub pointer: Option<String>,
    /// How moments are written.
    pub format: CursorFormat,
    /// How much earlier each pass begins.
    #[serde(default)]
    pub overlap_seconds: u64,
    /// Where the first pass begins.
    pub start: Option<String>,
}

/// How moments are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CursorFormat {
    /// `2026-11-21T09:30:00Z`.
    Rfc3339,
    /// `2026-11-21`.
    Date,
    /// Seconds since 1970.
    UnixSeconds,
    /// Milliseconds since 1970.
    UnixMillis,
    /// Anything that grows.
    Text,
}

/// How the API says that a row is gone. Which members a style has is checked.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[expect(missing_docs, reason = "the table of keys says what each is")]
pub struct Deletes {
    pub style: DeletesStyle,
    pub pointer: Option<String>,
    pub equals: Option<Value>,
    pub path: Option<String>,
    pub query: BTreeMap<String, String>,
    pub records: String,
    pub key: Vec<String>,
    pub param: Option<String>,
    pub paging: Paging,
}

/// How the API says that a row is gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeletesStyle {
    /// Not at all.
    #[default]
    None,
    /// The row says it.
    Flag,
    /// Another list says it.
    StatusList,
    /// It is not there any more.
    FullCompare,
}

/// What is written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Action {
    /// As in the manifest.
    pub name: String,
    /// The method.
    pub method: String,
    /// After the base address.
    pub path: String,
    /// Parameters.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How the body is written.
    #[serde(default)]
    pub content_type: BodyKind,
    /// The body.
    pub body: Option<Value>,
    /// The parts of a form.
    #[serde(default)]
    pub parts: Vec<PartOfForm>,
    /// Where the API takes a key.
    pub idempotency: Option<Idempotency>,
    /// Twice does no harm.
    #[serde(default)]
    pub repeatable: bool,
    /// Where the answer names the object.
    #[serde(default)]
    pub result: ResultOf,
    /// Statuses that mean that it was written.
    #[serde(default)]
    pub success: Vec<u16>,
    /// Statuses that mean that it was there.
    #[serde(default)]
    pub already: Vec<u16>,
}

/// How a body is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum BodyKind {
    /// JSON.
    #[default]
    #[serde(rename = "application/json")]
    Json,
    /// A form.
    #[serde(rename = "application/x-www-form-urlencoded")]
    Form,
    /// A form with files.
    #[serde(rename = "multipart/form-data")]
    Multipart,
}

/// A part of a form.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PartOfForm {
    /// The field's name.
    pub name: String,
    /// A text.
    pub value: Option<String>,
    /// Each file of the item.
    #[serde(default)]
    pub file: bool,
}

/// Where the API takes a key with which twice is once.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Idempotency {
    /// In this header.
    pub header: Option<String>,
    /// In this member of the body.
    pub body_field: Option<String>,
}

/// Where an answer names the object.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ResultOf {
    /// Its id.
    pub id: Option<String>,
    /// Where a person sees it.
    pub url: Option<String>,
}

impl Throttle {
    /// With the headers that are meant where none are named.
    #[must_use]
    pub fn standard() -> Self {
        Self { throttle_status: Vec::new(), remaining: remaining(), reset: reset() }
    }
}
