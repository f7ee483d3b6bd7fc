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
    /// Whether a later run can go on from the cursor, or reads everything again.
    #[serde(default)]
    pub mode: StreamMode,
    /// How often it is read when nobody says otherwise: `15m`, `6h`, `1d`.
    pub schedule: String,
    /// Which switch it belongs to.
    pub function: Function,
    /// What is read, in plain words, for the review step.
    pub meaning: String,
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
}
