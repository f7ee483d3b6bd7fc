//! Actions: body or parts, and how often one may be sent.

use serde_json::Value;

use super::{Place, body, header, headers, maybe_pointer, path, template, texts};
use crate::{
    definition::{Action, BodyKind},
    finding::{Findings, Path},
    template::{Name, Piece, alone, parse},
};

pub(super) fn check(action: &Action, at: &Path, findings: &mut Findings) {
    path(&action.path, Place::Action, &at.key("path"), findings);
    texts(&action.query, Place::Action, &at.key("query"), findings);
    headers(&action.headers, Place::Action, &at.key("headers"), findings);
    content(action, at, findings);
    often(action, at, findings);
    maybe_pointer(action.result.id.as_deref(), &at.key("result").key("id"), findings);
    maybe_pointer(action.result.url.as_deref(), &at.key("result").key("url"), findings);
    for (index, status) in action.success.iter().enumerate() {
        if *status > 299 {
            findings.add(
                at.key("success").at(index),
                format!("{status} is no success"),
                "write a status from 200 to 299",
            );
        }
    }
    for (index, status) in action.already.iter().enumerate() {
        if *status < 300 {
            let remedy = "write it in success; already is for refusals, such as 409";
            findings.add(at.key("already").at(index), format!("{status} is a success"), remedy);
        }
    }
    for (key, texts) in [
        ("path", vec![&action.path]),
        ("query", action.query.values().collect()),
        ("headers", action.headers.values().collect()),
    ] {
        if texts.into_iter().any(|text| holds_content(text)) {
            findings.add(at.key(key), "a file's bytes cannot stand here", "put {attachment.content} into the body");
        }
    }
}

fn content(action: &Action, at: &Path, findings: &mut Findings) {
    match action.content_type {
        BodyKind::Multipart => {
            if action.body.is_some() {
                findings.add(at.key("body"), "a form with files has parts", "write [[action.parts]] instead of body");
            }
            if action.parts.is_empty() {
                let remedy = "write [[action.parts]] with name and value, or file = true";
                findings.add(at.key("content-type"), "the form has no parts", remedy);
            }
        }
        BodyKind::Json | BodyKind::Form => {
            if !action.parts.is_empty() {
                let remedy = "write content-type = \"multipart/form-data\", or a body";
                findings.add(at.key("parts"), "only multipart/form-data has parts", remedy);
            }
        }
    }
    for (index, part) in action.parts.iter().enumerate() {
        let at = at.key("parts").at(index);
        if part.name.is_empty() || part.name.contains(['\r', '\n', '"', '\0']) {
            findings.add(
                at.key("name"),
                format!("{:?} is no name of a field", part.name),
                "write it without quotes and line ends",
            );
        }
        match (&part.value, part.file) {
            (Some(_), true) => {
                findings.add(at.key("value"), "a part is a text or a file", "write value or file = true")
            }
            (None, false) => {
                findings.add(at.clone(), "the part says nothing", "write value = \"{text}\", or file = true")
            }
            (Some(text), false) => {
                template(text, Place::Action, &at.key("value"), findings);
                if holds_content(text) {
                    findings.add(at.key("value"), "a file's bytes are no text", "write file = true instead of value");
                }
            }
            (None, true) => {}
        }
    }
    let Some(value) = &action.body else { return };
    body(value, Place::Action, &at.key("body"), findings);
    if action.content_type == BodyKind::Form {
        match value {
            Value::Object(members) => {
                for (name, one) in members {
                    if one.is_object() || one.is_array() {
                        let remedy = "write texts with placeholders, or content-type = \"application/json\"";
                        findings.add(at.key("body").key(name), "a form holds texts only", remedy);
                    }
                }
            }
            _ => findings.add(at.key("body"), "a form is a table of texts", "write body = { name = \"{value}\" }"),
        }
    }
    bytes(value, action.content_type, &at.key("body"), findings);
}

/// The bytes of a file stand alone in a member of a JSON body.
fn bytes(value: &Value, kind: BodyKind, at: &Path, findings: &mut Findings) {
    match value {
        Value::String(text) if holds_content(text) => {
            let is_alone = matches!(alone(text), Some(Name::Attachment(_)));
            if kind != BodyKind::Json || !is_alone {
                let remedy = "write a member of a JSON body that is \"{attachment.content}\" and nothing else";
                findings.add(at.clone(), "a file's bytes cannot stand in a text", remedy);
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| bytes(item, kind, &at.at(index), findings))
        }
        Value::Object(members) => members.iter().for_each(|(name, item)| bytes(item, kind, &at.key(name), findings)),
        _ => {}
    }
}

fn holds_content(text: &str) -> bool {
    let content = |piece: &Piece| matches!(piece, Piece::Value(Name::Attachment(what)) if what == "content");
    parse(text).is_ok_and(|pieces| pieces.iter().any(content))
}

fn often(action: &Action, at: &Path, findings: &mut Findings) {
    if action.repeatable && !matches!(action.method.as_str(), "PUT" | "DELETE") {
        let message = format!("a {} that is sent twice makes two", action.method);
        findings.add(
            at.key("repeatable"),
            message,
            "leave it out; write [action.idempotency] where the API takes a key",
        );
    }
    let Some(idempotency) = &action.idempotency else { return };
    let at = at.key("idempotency");
    if action.repeatable {
        findings.add(at.clone(), "what is repeatable needs no key", "leave repeatable or idempotency out");
    }
    match (&idempotency.header, &idempotency.body_field) {
        (Some(name), None) => header(name, &at.key("header"), findings),
        (None, Some(field)) => {
            let object = action.body.as_ref().is_none_or(Value::is_object);
            if field.is_empty() || !object || action.content_type == BodyKind::Multipart {
                let remedy = "name a member of a JSON body or form, or write header = \"Idempotency-Key\"";
                findings.add(at.key("body-field"), "the key has no place in the body", remedy);
            } else if action.body.as_ref().is_some_and(|body| body.get(field).is_some()) {
                findings.add(
                    at.key("body-field"),
                    format!("the body has {field:?} already"),
                    "leave it out of the body: the key goes there",
                );
            }
        }
        (Some(_), Some(_)) => findings.add(at, "the key goes to two places", "write header or body-field, not both"),
        (None, None) => findings.add(at, "nothing says where the key goes", "write header = \"Idempotency-Key\""),
    }
}
