//! The journal: what a fake served and accepted, in its own words.
//!
//! A checker compares it with the host's database after a crash, so it must not depend on the host:
//! an entry is in memory and in the file before the first byte of the answer leaves.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Mutex,
};

use patchbay_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{exchange::Incoming, lock, seed};

/// Headers that are kept; `authorization` and `cookie` never.
const KEPT_HEADERS: [&str; 12] = [
    "accept",
    "accept-language",
    "content-type",
    "host",
    "idempotency-key",
    "if-match",
    "if-modified-since",
    "user-agent",
    "x-github-api-version",
    "x-odoo-database",
    "x-partner-code",
    "xero-tenant-id",
];

/// Parameters and body fields whose value is never kept.
const SECRET_FIELDS: [&str; 21] = [
    "access_token",
    "api_key",
    "appsecret_proof",
    // Arguments of a JSON-RPC call: the password is one of them.
    "args",
    "authenticity_token",
    "client_secret",
    "code",
    "code_challenge",
    "code_verifier",
    "fb_dtsg",
    "fb_exchange_token",
    "input_token",
    "login_token",
    "password",
    "proof",
    "refresh_token",
    // The sign-in page: holds the whole request for consent.
    "return_to",
    // The same at another provider.
    "serviceurl",
    "state",
    "token",
    "user[password]",
];

/// One request and its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts from 1, without gaps, over restarts of the fake too.
    pub seq: u64,
    /// When the answer was made.
    pub at: Timestamp,
    /// Upper case.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Secrets are `***`.
    pub query: BTreeMap<String, String>,
    /// The few that matter, names in lower case; never a credential.
    pub headers: BTreeMap<String, String>,
    /// Name of the token that was sent, e.g. `owner` or `access:3`; none when it is not known.
    pub token: Option<String>,
    /// SHA-256 of the body, lower-case hex; none for an empty one.
    pub body_sha256: Option<String>,
    /// The body when it is JSON or a form; secrets are `***`.
    pub body: Option<Value>,
    /// Status of the answer; none when the caller got no answer.
    pub status: Option<u16>,
    /// `X-Request-Id` of the answer, where the provider gives one; also when the answer was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The records in the answer, also when the answer was lost on the way.
    pub served: Vec<Served>,
    /// The object that the request made or changed, also when the answer was lost.
    pub created: Option<Created>,
    /// The rule of the chaos script that was applied.
    pub rule: Option<String>,
    /// Why the request was refused, when it is not in the sheet.
    pub refusal: Option<String>,
}

/// One record in an answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Served {
    /// `issue`, `comment`, `repository`, `company`, `period`, `remark`.
    pub kind: String,
    /// The provider's id.
    pub id: String,
    /// `updated_at`, where the provider has one.
    pub version: String,
    /// SHA-256 of the record as it was served (compact JSON), lower-case hex.
    pub sha256: String,
}

/// An object that a write made or changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Created {
    /// `issue`, `comment`, `close`, `remark`.
    pub kind: String,
    /// The provider's id.
    pub id: String,
    /// What it hangs on: `owner/repo`, `owner/repo#7`, `company/period`.
    pub parent: String,
    /// What the caller sent, as the provider understood it.
    pub content: Value,
}

/// The entries of one fake.
pub struct Journal {
    path: PathBuf,
    inner: Mutex<Inner>,
}

struct Inner {
    entries: Vec<Entry>,
    last: u64,
    file: File,
}

impl Journal {
    /// Opens the file, and goes on after what is in it.
    pub(crate) fn open(path: PathBuf) -> io::Result<Self> {
        let entries = if path.exists() { Self::read(&path)? } else { Vec::new() };
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        let last = entries.last().map_or(0, |entry| entry.seq);
        Ok(Self { path, inner: Mutex::new(Inner { entries, last, file }) })
    }

    /// The entries of a file that a fake left behind.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or a line before the last is no entry. The last line may be cut: the
    /// fake was killed while it wrote, and no answer left.
    pub fn read(path: &Path) -> io::Result<Vec<Entry>> {
        let text = std::fs::read_to_string(path)?;
        let lines: Vec<&str> = text.lines().collect();
        let mut entries = Vec::with_capacity(lines.len());
        for (at, line) in lines.iter().enumerate() {
            match serde_json::from_str(line) {
                Ok(entry) => entries.push(entry),
                Err(_) if at + 1 == lines.len() => {}
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            }
        }
        Ok(entries)
    }

    /// Where the JSON lines are.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All entries, in order.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.since(0)
    }

    /// The entries after this number.
    #[must_use]
    pub fn since(&self, seq: u64) -> Vec<Entry> {
        lock(&self.inner).entries.iter().filter(|entry| entry.seq > seq).cloned().collect()
    }

    /// The number of the last entry; 0 before the first.
    #[must_use]
    pub fn last(&self) -> u64 {
        lock(&self.inner).last
    }

    /// All that writes made or changed, in order: the same thing twice is there twice.
    #[must_use]
    pub fn objects(&self) -> Vec<Created> {
        lock(&self.inner).entries.iter().filter_map(|entry| entry.created.clone()).collect()
    }

    /// The newest version of each record that was ever served, by kind and id.
    #[must_use]
    pub fn served(&self) -> BTreeMap<(String, String), Served> {
        let inner = lock(&self.inner);
        let all = inner.entries.iter().flat_map(|entry| &entry.served);
        all.map(|served| ((served.kind.clone(), served.id.clone()), served.clone())).collect()
    }

    /// Adds an entry; its number is given here. Whether it reached the file.
    pub(crate) fn add(&self, mut entry: Entry) -> io::Result<()> {
        let mut inner = lock(&self.inner);
        inner.last += 1;
        entry.seq = inner.last;
        let mut line = serde_json::to_vec(&entry).map_err(io::Error::other)?;
        line.push(b'\n');
        inner.entries.push(entry);
        inner.file.write_all(&line)
    }

    /// Forgets the entries in memory; the file keeps them, and numbers go on.
    pub fn forget(&self) {
        lock(&self.inner).entries.clear();
    }
}

impl Entry {
    /// What is known of a request before it is answered.
    pub(crate) fn of(request: &Incoming) -> Self {
        Self {
            seq: 0,
            at: Timestamp::default(),
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.iter().map(masked).collect(),
            headers: request
                .headers
                .iter()
                .filter(|(name, _)| KEPT_HEADERS.contains(&name.as_str()))
                .cloned()
                .collect(),
            token: None,
            body_sha256: (!request.body.is_empty()).then(|| seed::sha256(&request.body)),
            body: readable(request),
            status: None,
            request_id: None,
            served: Vec::new(),
            created: None,
            rule: None,
            refusal: None,
        }
    }
}

impl Served {
    /// A record as it stands in an answer.
    pub(crate) fn of(kind: &str, record: &Value) -> Self {
        let id = record.get("id").map(ToString::to_string).unwrap_or_default();
        let version = record.get("updated_at").and_then(Value::as_str).unwrap_or_default().to_owned();
        Self { kind: kind.to_owned(), id, version, sha256: seed::sha256(record.to_string().as_bytes()) }
    }
}

fn masked((name, value): &(String, String)) -> (String, String) {
    let secret = SECRET_FIELDS.contains(&name.as_str());
    (name.clone(), if secret { "***".to_owned() } else { value.clone() })
}

/// Masks secrets at any depth.
fn mask(body: &mut Value) {
    match body {
        Value::Object(members) => {
            for (name, value) in members {
                if SECRET_FIELDS.contains(&name.as_str()) { *value = json!("***") } else { mask(value) }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        _ => {}
    }
}

fn readable(request: &Incoming) -> Option<Value> {
    match request.media_type().as_str() {
        "application/json" => {
            let mut body: Value = serde_json::from_slice(&request.body).ok()?;
            mask(&mut body);
            Some(body)
        }
        "application/x-www-form-urlencoded" => {
            Some(request.form().iter().map(masked).map(|(name, value)| (name, Value::String(value))).collect())
        }
        _ => None,
    }
}
