//! Slots: where the gate puts a credential.

use super::{braced, names, region_names, secret_fields, together};
use crate::manifest::{
    Auth, AuthKind, FieldKind, SignedInto, Slot, SlotPlace, placeholders,
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
    let into = slot.signature.as_ref().map(|signature| signature.into);
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
        (SlotPlace::Header, Some(name)) => header(name, path.key("name"), findings),
        (SlotPlace::Query, Some(name)) => parameter(name, path.key("name"), findings),
        (SlotPlace::Signed, Some(name)) => match into {
            Some(SignedInto::Header) => header(name, path.key("name"), findings),
            Some(SignedInto::Query) => parameter(name, path.key("name"), findings),
            None => {}
        },
        (SlotPlace::Json, Some(name)) => names::pointer(name, path.key("name"), findings),
    }
    value(auth, slot, path.key("value"), findings);
    signature(auth, slot, path, findings);
    sealed(auth, slot, path.key("value"), findings);
}

/// A credential is sealed, so something secret stands in a slot. What belongs to a secret (a database, a user)
/// may be a slot of its own when it goes along with the one that has the secret.
fn sealed(auth: &Auth, slot: &Slot, path: Path, findings: &mut Findings) {
    let along = || {
        let whole = auth.slots.iter().filter(|other| is_secret(auth, other));
        whole.flat_map(|other| together::all_with(auth, other)).any(|other| other.id == slot.id)
    };
    if is_secret(auth, slot) || (!slot.standard && along()) {
        return;
    }
    let mut plain = placeholders(&slot.value).unwrap_or_default();
    plain.retain(|name| auth.fields.iter().any(|field| field.id == *name));
    if !plain.is_empty() {
        findings.add(
            path,
            "nothing secret stands in it: what is entered as text is not sealed, and is told to the connector",
            format!(
                "write type = \"secret\" in the [[auth.field]] of what has to stay secret of {}; a user or database goes \
                 along with a slot that has a secret: name it in the with of that one",
                braced(&plain)
            ),
        );
    }
}

/// Whether something that is sealed is filled in, also what may not be and was told already.
fn is_secret(auth: &Auth, slot: &Slot) -> bool {
    let key = slot.signature.as_ref().map(|signature| signature.key.as_str());
    let names = [Some(slot.value.as_str()), key].into_iter().flatten().filter_map(|text| placeholders(text).ok());
    let known = secrets(auth);
    let refused = |name: &str| {
        ["client_secret", "refresh_token"].contains(&name) && !auth.fields.iter().any(|field| field.id == name)
    };
    names.flatten().any(|name| refused(name) || known.iter().any(|secret| secret == name))
}

fn header(name: &str, path: Path, findings: &mut Findings) {
    names::header(name, path.clone(), findings);
    if OF_THE_REQUEST.contains(&name.to_ascii_lowercase().as_str()) {
        let message = format!("{name:?} belongs to the request itself");
        findings.add(path, message, "write another header, e.g. Authorization");
    }
}

fn parameter(name: &str, path: Path, findings: &mut Findings) {
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~[]".contains(&b)) {
        findings.add(path, format!("{name:?} is not the name of a parameter"), "write letters, digits, - . _ ~ only");
    }
}

fn value(auth: &Auth, slot: &Slot, path: Path, findings: &mut Findings) {
    let mut known = secrets(auth);
    known.extend(auth.fields.iter().filter(|field| field.kind == FieldKind::Text).map(|field| field.id.clone()));
    let Some(used) = filled(&slot.value, &path, &known, findings) else { return };
    if auth.region_by.is_some() {
        known.extend(region_names(auth).into_iter().filter(|name| name.contains('.')));
    }
    for name in used {
        match name {
            "refresh_token" => {
                findings.add(path.clone(), "a refresh token never leaves for a provider's API", "write {access_token}");
            }
            "client_secret" if auth.kind.has_client() && !known.iter().any(|one| one == name) => findings.add(
                path.clone(),
                "the operator's client secret never leaves as it is",
                "sign with it: place = \"signed\" and signature = { key = \"{client_secret}\", into = \"header\" }",
            ),
            _ => is_known(name, &path, &known, findings),
        }
    }
}

fn signature(auth: &Auth, slot: &Slot, path: &Path, findings: &mut Findings) {
    let signature = match (&slot.signature, slot.place) {
        (None, SlotPlace::Signed) => {
            return findings.add(
                path.key("signature"),
                "nothing says how it is signed",
                "write signature = { key = \"{client_secret}\", into = \"query\" }",
            );
        }
        (Some(_), SlotPlace::Header | SlotPlace::Query | SlotPlace::Basic | SlotPlace::Json) => {
            return findings.add(
                path.key("signature"),
                "only a signed slot has a signature",
                "write place = \"signed\", or leave signature out",
            );
        }
        (Some(signature), SlotPlace::Signed) => signature,
        (None, _) => return,
    };
    let path = path.key("signature").key("key");
    let mut known = secrets(auth);
    if auth.kind.has_client() && !known.iter().any(|name| name == "client_secret") {
        known.push("client_secret".to_owned());
    }
    for name in filled(&signature.key, &path, &known, findings).unwrap_or_default() {
        is_known(name, &path, &known, findings);
    }
}

/// The placeholders of a template; a template without any says nothing of the credential.
fn filled<'a>(template: &'a str, path: &Path, known: &[String], findings: &mut Findings) -> Option<Vec<&'a str>> {
    let used = match placeholders(template) {
        Ok(used) => used,
        Err(error) => {
            findings.add(path.clone(), error, "write placeholders as {name}");
            return None;
        }
    };
    if used.is_empty() {
        findings.add(path.clone(), "nothing is filled in", one_of(known));
    }
    if template.chars().any(char::is_control) {
        findings.add(path.clone(), "it has a line break or another control character", "write it on one line");
    }
    Some(used)
}

fn is_known(name: &str, path: &Path, known: &[String], findings: &mut Findings) {
    if !known.iter().any(|one| one == name) {
        findings.add(path.clone(), format!("{{{name}}} is nothing that can stand here"), one_of(known));
    }
}

/// The secrets that a slot of this login may name.
fn secrets(auth: &Auth) -> Vec<String> {
    let mut known: Vec<String> = secret_fields(auth).map(|field| field.id.clone()).collect();
    if auth.kind != AuthKind::Fields {
        known.push("access_token".to_owned());
        known.extend(auth.answer.more.keys().cloned());
    }
    known
}

fn one_of(known: &[String]) -> String {
    if known.is_empty() {
        return "write one of the fields of this auth: an [[auth.field]] of type secret is missing".to_owned();
    }
    format!("write one of {}", braced(known))
}
