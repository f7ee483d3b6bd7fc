//! What can be written.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Function, json_text};

/// Something that can be written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Action {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Which switch it belongs to.
    pub function: Function,
    /// What is written, in plain words, for the review step.
    pub meaning: String,
    /// JSON Schema of the payload, as JSON text in the TOML.
    #[serde(with = "json_text::required")]
    pub schema: Value,
    /// JSON Schema of the target, as JSON text; none when the action has no target.
    #[serde(default, with = "json_text::optional", skip_serializing_if = "Option::is_none")]
    pub target: Option<Value>,
    /// The picker whose choice's id is the target's `id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picker: Option<String>,
    /// Whether it takes several requests.
    #[serde(default)]
    pub multi_step: bool,
    /// Whether items for one target are written one after the other, in the order in which they came. Otherwise they
    /// are written side by side.
    #[serde(default)]
    pub ordered: bool,
    /// Whether the same key with other content is a change of the object that was written, and no mistake.
    #[serde(default)]
    pub update: bool,
    /// Which files an item may carry; without it none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Attachments>,
    /// How an item is made from a meeting; without it the action takes nothing from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meeting: Option<FromMeeting>,
    /// How a lost answer is resolved.
    pub idempotency: Idempotency,
    /// For how long after its first use the provider knows a key: `5m`. After that the same bytes may be a second object,
    /// and a lost answer is left to a person. A day when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_life: Option<String>,
    /// How long after the last byte `find` may be believed: `120s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle: Option<String>,
}

/// Which files an item may carry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Attachments {
    /// At least so many.
    #[serde(default)]
    pub min: u32,
    /// At most so many, 1 to 20.
    pub max: u32,
    /// Media types, `application/pdf` or `image/*`; an empty list takes all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
}

/// How an item of this action is made from one part of a meeting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FromMeeting {
    /// Which part of a meeting makes an item.
    pub part: MeetingPart,
    /// The payload, as JSON text: a text that is one placeholder (`"{due}"`) becomes that value and goes where there
    /// is none; in a longer text each placeholder is replaced by its text.
    #[serde(with = "json_text::required")]
    pub payload: Value,
    /// Only for a report: how to-dos of the same meeting go with it, where the provider links them to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub todos: Option<TodosOfReport>,
}

/// How the to-dos of a meeting go with its report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TodosOfReport {
    /// The member of the report's payload that is the list of them.
    pub into: String,
    /// One of them, as JSON text with the placeholders of a to-do.
    #[serde(with = "json_text::required")]
    pub payload: Value,
}

/// A part of a meeting: what is sent of it is decided by the switches of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MeetingPart {
    /// Its report: text or a file. One of each meeting.
    Report,
    /// A note. Any number.
    Note,
    /// Something to do. Any number.
    Todo,
}

impl MeetingPart {
    /// As the manifest and the API spell it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Note => "note",
            Self::Todo => "todo",
        }
    }

    /// The placeholders of a payload made from it. `meeting-…` is what the meeting itself says.
    #[must_use]
    pub const fn placeholders(self) -> &'static [&'static str] {
        match self {
            Self::Report => &["title", "text", "meeting-title", "meeting-date"],
            Self::Note => &["title", "text", "date", "meeting-title", "meeting-date"],
            Self::Todo => &["title", "text", "due", "assignee", "meeting-title", "meeting-date"],
        }
    }
}

/// What can be done when the answer to a write was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Idempotency {
    /// The provider takes a key and does nothing twice.
    Key,
    /// The connector can look for the object.
    Find,
    /// The write names its object, so twice is once.
    Upsert,
    /// Nothing: a person has to look.
    None,
}

impl Idempotency {
    /// As the manifest spells it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Find => "find",
            Self::Upsert => "upsert",
            Self::None => "none",
        }
    }
}
