//! What can be read, and searched in what was read.

use serde::{Deserialize, Serialize};

use super::Function;

/// A stream that can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Stream {
    /// Its name, lower case with underscores.
    pub name: String,
    /// Its title.
    pub title: String,
    /// JSON pointers to the values that make a record's key.
    pub key: Vec<String>,
    /// Read once for each selected account; else once for the connection.
    #[serde(default)]
    pub per_account: bool,
    /// The ways to log in that can read it; empty for all of them. A connection that logged in otherwise does not have it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub auth: Vec<String>,
    /// Whether a later run can go on from the cursor, or reads everything again.
    #[serde(default)]
    pub mode: StreamMode,
    /// When it is read when nobody says otherwise, as [`Schedule::parse`](crate::Schedule::parse) takes it:
    /// `15m`, `6h`, or JSON with `cron`, `zone` and `jitter`; in TOML also a table.
    #[serde(deserialize_with = "crate::schedule::unchecked")]
    pub schedule: String,
    /// Where in the cursor the place stands up to which the stream is read, and in which order places come.
    /// Without it the host knows nothing about the cursor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<CursorRule>,
    /// Which switch it belongs to.
    pub function: Function,
    /// What is read, in plain words, for the review step.
    pub meaning: String,
}

impl Stream {
    /// Whether a connection that logged in so has it.
    #[must_use]
    pub fn read_by(&self, auth: &str) -> bool {
        self.auth.is_empty() || self.auth.iter().any(|id| id == auth)
    }
}

/// How a stream is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StreamMode {
    /// Each run reads what changed since the cursor.
    #[default]
    Incremental,
    /// Each pass reads everything; what is absent at its end is gone.
    Full,
}

/// What the host may know of a stream's cursor, so that it never goes back, never lies in the future, and is
/// taken back a little at the start of each run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CursorRule {
    /// JSON pointer to the value; empty when the whole cursor is the value.
    pub pointer: String,
    /// What the value is.
    pub kind: CursorKind,
    /// The zone of a time that is written without an offset, an IANA name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// How far each run begins before the value: `10m`. What is read again is stored once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_back: Option<String>,
}

/// What a cursor's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CursorKind {
    /// A date and time as RFC 3339 writes it.
    Time,
    /// Seconds since 1970, as a number or as text.
    UnixSeconds,
    /// Milliseconds since 1970, as a number or as text.
    UnixMillis,
    /// Any number that grows.
    Number,
}

/// A typeahead for targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Picker {
    /// Its name.
    pub name: String,
    /// What it picks, for the person.
    pub title: String,
    /// The stream whose records the host searches; without it the connector's `pick` is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_stream: Option<String>,
    /// JSON pointer to a choice's id, for `from-stream`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// JSON pointer to its label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// JSON pointer to what tells equal labels apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Choices that this one depends on: a folder of the client that was chosen before.
    #[serde(default, rename = "parent", skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<PickerParent>,
}

/// A choice that another one depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PickerParent {
    /// The picker whose choice it is.
    pub picker: String,
    /// JSON pointer into this picker's records to the id of that choice, for `from-stream`; the connector's `pick` is
    /// told the choice instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
}
