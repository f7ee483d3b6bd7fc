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
    /// How a lost answer is resolved.
    pub idempotency: Idempotency,
    /// How long after the last byte `find` may be believed: `120s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle: Option<String>,
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
