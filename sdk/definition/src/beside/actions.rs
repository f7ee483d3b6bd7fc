//! Actions of both.

use serde_json::Value;

use super::{
    known::{Known, properties, requires},
    manifest::{self, Manifest},
};
use crate::{
    definition::{Action, Definition},
    finding::{Findings, Path, nearest},
    pointer,
    template::{Name, Piece, parse},
};

pub(super) fn agree(definition: &Definition, manifest: &Manifest, known: &Known<'_>, findings: &mut Findings) {
    let names: Vec<&str> = manifest.actions.iter().map(|action| action.name.as_str()).collect();
    for (index, action) in definition.actions.iter().enumerate() {
        let at = Path::default().key("action").at(index);
        known.request(&action.method, &action.path, &at.key("path"), findings);
        let Some(other) = manifest.actions.iter().find(|other| other.name == action.name) else {
            let message = format!("connector.toml has no [[action]] {:?}", action.name);
            findings.add(at.key("name"), message, format!("write one there; {}", nearest(&action.name, &names)));
            continue;
        };
        often(action, other, &at, findings);
        let item = Item { action: other, known };
        item.text(&action.path, true, &at.key("path"), findings);
        for (key, all) in [("query", &action.query), ("headers", &action.headers)] {
            for (name, text) in all {
                known.slots(name, &at.key(key).key(name), findings);
                item.text(text, false, &at.key(key).key(name), findings);
            }
        }
        if let Some(body) = &action.body {
            item.body(body, &at.key("body"), findings);
        }
        for (place, part) in action.parts.iter().enumerate() {
            let at = at.key("parts").at(place);
            if let Some(text) = &part.value {
                item.text(text, false, &at.key("value"), findings);
            }
            if part.file && other.attachments.is_none() {
                findings.add(
                    at.key("file"),
                    "items of this action carry no files",
                    "write [action.attachments] in connector.toml",
                );
            }
        }
        files(action, other, &at, findings);
    }
    for other in &manifest.actions {
        if !definition.actions.iter().any(|action| action.name == other.name) {
            let message = format!("the [[action]] {:?} of connector.toml is not defined", other.name);
            findings.add(Path::default(), message, format!("write an [[action]] with name = {:?}", other.name));
        }
    }
}

/// How often it may be sent, and in how many requests.
fn often(action: &Action, other: &manifest::Action, at: &Path, findings: &mut Findings) {
    let (due, why) = if action.idempotency.is_some() {
        ("key", "the API takes a key with it")
    } else if action.repeatable {
        ("upsert", "it may be sent twice")
    } else {
        ("none", "nothing makes it safe to send twice, and the connector cannot look for what it wrote")
    };
    if other.idempotency != due {
        let message = format!("connector.toml says idempotency = {:?}, and {why}", other.idempotency);
        findings.add(at.key("name"), message, format!("write idempotency = {due:?} there"));
    }
    if other.multi_step {
        findings.add(at.key("name"), "it is one request", "leave multi-step out of connector.toml");
    }
    if other.update {
        let message = "the connector cannot change what it wrote before";
        findings.add(at.key("name"), message, "leave update out of connector.toml");
    }
}

/// A file that an item carries has to go somewhere, and one place takes one file.
fn files(action: &Action, other: &manifest::Action, at: &Path, findings: &mut Findings) {
    let Some(attachments) = &other.attachments else { return };
    let in_parts = action.parts.iter().any(|part| part.file);
    let in_body = action.body.as_ref().is_some_and(|body| holds(body, &|name| is_content(name)));
    if !in_parts && !in_body {
        let message = "connector.toml lets items carry files, and nothing is done with them";
        findings.add(at.key("name"), message, "write a part with file = true or \"{attachment.content}\" in the body");
    }
    if in_body && !in_parts && attachments.max > 1 {
        let message = format!("the body has room for one file, and connector.toml allows {}", attachments.max);
        findings.add(at.key("body"), message, "write max = 1 there, or parts with file = true");
    }
}

fn is_content(name: &Name) -> bool {
    matches!(name, Name::Attachment(what) if what == "content")
}

fn holds(value: &Value, wanted: &dyn Fn(&Name) -> bool) -> bool {
    match value {
        Value::String(text) => {
            let is = |piece: &Piece| matches!(piece, Piece::Value(name) if wanted(name));
            parse(text).is_ok_and(|pieces| pieces.iter().any(is))
        }
        Value::Array(items) => items.iter().any(|item| holds(item, wanted)),
        Value::Object(members) => members.values().any(|item| holds(item, wanted)),
        _ => false,
    }
}

/// What an item of an action brings.
struct Item<'a> {
    action: &'a manifest::Action,
    known: &'a Known<'a>,
}

impl Item<'_> {
    fn body(&self, value: &Value, at: &Path, findings: &mut Findings) {
        match value {
            Value::String(text) => self.text(text, false, at, findings),
            Value::Array(items) => items.iter().enumerate().for_each(|(i, item)| self.body(item, &at.at(i), findings)),
            Value::Object(members) => {
                members.iter().for_each(|(name, item)| self.body(item, &at.key(name), findings));
            }
            _ => {}
        }
    }

    /// `always`: whether the text cannot be said without its values.
    fn text(&self, text: &str, always: bool, at: &Path, findings: &mut Findings) {
        for piece in parse(text).unwrap_or_default() {
            match piece {
                Piece::Value(Name::Plain(name)) => self.plain(&name, always, at, findings),
                Piece::Value(Name::Target(name)) => self.target(&name, always, at, findings),
                Piece::Value(Name::Pointer(text)) => {
                    let first = pointer::tokens(&text).next().unwrap_or_default();
                    if !properties(Some(&self.action.schema)).any(|known| known == first) {
                        self.unknown(&first, at, findings);
                    }
                }
                Piece::Value(Name::Attachment(_)) => match &self.action.attachments {
                    None => findings.add(
                        at.clone(),
                        "items of this action carry no files",
                        "write [action.attachments] in connector.toml",
                    ),
                    Some(attachments) if always && attachments.min == 0 => {
                        findings.add(
                            at.clone(),
                            "there may be no file",
                            "write min = 1 in [action.attachments] of connector.toml",
                        );
                    }
                    Some(_) => {}
                },
                Piece::Value(Name::Account | Name::IdempotencyKey) | Piece::Text(_) => {}
            }
        }
    }

    fn plain(&self, name: &str, always: bool, at: &Path, findings: &mut Findings) {
        let schema = Some(&self.action.schema);
        let in_payload = properties(schema).any(|known| known == name);
        match (in_payload, self.known.plain.contains(name)) {
            (true, true) => {
                let message = format!("{name:?} is a member of the payload and a field or setting of the connection");
                findings.add(
                    at.clone(),
                    message,
                    format!("write {{/{name}}} for the payload's, or give one of them another name"),
                );
            }
            (true, false) if always && !requires(schema, name) => self.missing(name, "schema", at, findings),
            (false, false) => self.unknown(name, at, findings),
            _ => {}
        }
    }

    fn target(&self, name: &str, always: bool, at: &Path, findings: &mut Findings) {
        let schema = self.action.target.as_ref();
        if !properties(schema).any(|known| known == name) {
            let names: Vec<&str> = properties(schema).collect();
            let message = format!("the target of this action has no member {name:?} in connector.toml");
            findings.add(at.clone(), message, nearest(name, &names));
        } else if always && !requires(schema, name) {
            self.missing(name, "target", at, findings);
        }
    }

    fn missing(&self, name: &str, schema: &str, at: &Path, findings: &mut Findings) {
        let remedy = format!("add {name:?} to \"required\" of the action's {schema} in connector.toml");
        findings.add(at.clone(), format!("{name:?} may be missing, and the path cannot do without it"), remedy);
    }

    fn unknown(&self, name: &str, at: &Path, findings: &mut Findings) {
        let mut names: Vec<&str> = properties(Some(&self.action.schema)).collect();
        names.extend(self.known.plain.iter());
        let message = format!("neither the payload of this action nor the connection has {name:?} in connector.toml");
        findings.add(at.clone(), message, nearest(name, &names));
    }
}
