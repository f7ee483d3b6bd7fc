//! The keys as JSON Schema, for `[config]`, and as Markdown, for the README.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::keys::{DEFINITION, Key, Kind, TABLES};

/// The JSON Schema of a definition: what the manifest's `[config]` allows.
#[must_use]
pub fn schema() -> Value {
    table(DEFINITION)
}

fn table(keys: &[Key]) -> Value {
    let properties: Map<String, Value> = keys.iter().map(|key| (key.name.to_owned(), one(&key.kind))).collect();
    let required: Vec<&str> = keys.iter().filter(|key| key.needed).map(|key| key.name).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn one(kind: &Kind) -> Value {
    match kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Word(words) => json!({ "type": "string", "enum": words }),
        Kind::Whole(from, to) => json!({ "type": "integer", "minimum": from, "maximum": to }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Statuses => json!({ "type": "array", "items": { "type": "integer", "minimum": 200, "maximum": 599 } }),
        Kind::TextsByName => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        Kind::Any => json!({}),
        Kind::Table(keys) => table(keys),
        Kind::Tables(keys) => json!({ "type": "array", "items": table(keys) }),
    }
}

/// The reference of all keys, as it stands in the README of the generic connector.
#[must_use]
pub fn reference() -> String {
    let mut text = String::new();
    let top = [("Top", DEFINITION)];
    for (heading, keys) in top.iter().chain(TABLES) {
        // Writing into a text does not fail.
        let _ = writeln!(text, "#### {heading}\n\n| key | kind | needed | what |\n|---|---|---|---|");
        for key in *keys {
            let needed = if key.needed { "yes" } else { "" };
            let _ = writeln!(text, "| `{}` | {} | {needed} | {} |", key.name, kind(&key.kind), key.what);
        }
        text.push('\n');
    }
    text
}

fn kind(kind: &Kind) -> String {
    match kind {
        Kind::Text => "text".to_owned(),
        Kind::Word(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" "),
        Kind::Whole(from, to) if from == to => "number".to_owned(),
        Kind::Whole(from, to) => format!("number, {from} to {to}"),
        Kind::Flag => "true, false".to_owned(),
        Kind::Texts => "list of texts".to_owned(),
        Kind::Statuses => "list of statuses".to_owned(),
        Kind::TextsByName => "table of texts".to_owned(),
        Kind::Any => "any value".to_owned(),
        Kind::Table(_) => "table".to_owned(),
        Kind::Tables(_) => "list of tables".to_owned(),
    }
}
