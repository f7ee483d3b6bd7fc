//! Slots: where the gate puts a credential.

use super::names;
use crate::manifest::{
    Auth, AuthKind, FieldKind, Slot, SlotPlace, placeholders,
    problem::{Findings, Path},
};

/// Headers that frame a request; a credential there would change who is asked, or what.
const OF_THE_REQUEST: &[&str] =
    &["connection", "content-length", "host", "te", "trailer", "transfer-encoding", "upgrade", "expect"];

pub(super) fn check(auth: &Auth, path: &Path, findings: &mut Findings) {
    for (place, slot) in auth.slots.iter().enumerate() {
        one(auth, slot, &path.entry("slot", place), findings);
    }
    let ids = auth.slots.iter().enumerate().map(|(i, slot)| (slot.id.as_str(), path.entry("slot", i).key("id")));
    names::unique(ids, findings);
    let standard: Vec<usize> =
        auth.slots.iter().enumerate().filter(|(_, slot)| slot.standard).map(|(place, _)| place).collect();
    match standard.as_slice() {
        [] if !auth.slots.is_empty() => findings.add(
            path.key("slot"),
            "no slot is the standard one",
            "write standard = true in the slot that a request without a name gets",
        ),
        [] | [_] => {}
        [_, more @ ..] => {
            for place in more {
                findings.add(
                    path.entry("slot", *place).key("standard"),
                    "another slot is the standard one already",
                    "write standard = true in one slot only",
                );
            }
        }
    }
}

fn one(auth: &Auth, slot: &Slot, path: &Path, findings: &mut Findings) {
    names::name(&slot.id, path.key("id"), findings);
    match (slot.place, slot.name.as_deref()) {
        (SlotPlace::Basic, Some(_)) => {
            findings.add(path.key("name"), "a basic slot has no name", "leave name out; the header is Authorization");
        }
        (SlotPlace::Basic, None) => {
            if !slot.value.contains(':') {
                let message = "a basic value has a user and a password";
                findings.add(path.key("value"), message, "write value = \"{user}:{password}\"");
            }
        }
        (SlotPlace::Header | SlotPlace::Query | SlotPlace::Json | SlotPlace::Signed, None) => findings.add(
            path.key("name"),
            "the slot says not where the credential goes",
            "write name: the header, the parameter, or the JSON pointer",
        ),
        (SlotPlace::Header | SlotPlace::Signed, Some(name)) => {
            names::header(name, path.key("name"), findings);
            if OF_THE_REQUEST.contains(&name.to_ascii_lowercase().as_str()) {
                let message = format!("{name:?} belongs to the request itself");
                findings.add(path.key("name"), message, "write another header, e.g. Authorization");
            }
        }
        (SlotPlace::Query, Some(name)) => {
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~[]".contains(&b)) {
                let message = format!("{name:?} is not the name of a parameter");
                findings.add(path.key("name"), message, "write letters, digits, - . _ ~ only");
            }
        }
        (SlotPlace::Json, Some(name)) => names::pointer(name, path.key("name"), findings),
    }
    value(auth, slot, path.key("value"), findings);
}

fn value(auth: &Auth, slot: &Slot, path: Path, findings: &mut Findings) {
    let used = match placeholders(&slot.value) {
        Ok(used) => used,
        Err(error) => return findings.add(path, error, "write placeholders as {name}"),
    };
    let mut known: Vec<&str> = auth
        .fields
        .iter()
        .filter(|field| matches!(field.kind, FieldKind::Secret | FieldKind::Text))
        .map(|field| field.id.as_str())
        .collect();
    if auth.kind == AuthKind::Oauth2 {
        known.push("access_token");
    }
    if used.is_empty() {
        findings.add(path.clone(), "nothing is filled in", format!("write one of {}", braced(&known)));
    }
    if slot.value.chars().any(char::is_control) {
        findings.add(path.clone(), "it has a line break or another control character", "write it on one line");
    }
    for name in used {
        if name == "refresh_token" {
            findings.add(path.clone(), "a refresh token never leaves for a provider's API", "write {access_token}");
        } else if !known.contains(&name) {
            findings.add(
                path.clone(),
                format!("{{{name}}} is nothing that can stand here"),
                format!("write one of {}", braced(&known)),
            );
        }
    }
}

fn braced(names: &[&str]) -> String {
    if names.is_empty() {
        return "the fields of this auth: an [[auth.field]] of type secret is missing".to_owned();
    }
    names.iter().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(", ")
}
