//! Puts the credential where the manifest says, and nowhere else.
//!
//! A guest names a slot; it never sees, holds or places a value. Filling by name in a typed place
//! fails closed: what cannot be filled is not sent. Slots that belong together (`with`) are filled
//! together or not at all.

mod echo;
mod signed;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue, header};
use patchbay_model::{
    contract::CredentialChoice,
    manifest::{Host, SignedInto, Slot, SlotPlace},
};

pub(crate) use echo::{Echoes, echoes};

use crate::{
    Grant, Values,
    payload::Payload,
    template::{fill, percent},
    wire::Outgoing,
};

/// A place that holds one value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'s> {
    /// A header; its name in any case.
    Header(&'s str),
    /// A parameter of the query.
    Query(&'s str),
    /// A value of the body, by JSON pointer.
    Json(&'s str),
}

impl PartialEq for Place<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Header(one), Self::Header(other)) | (Self::Query(one), Self::Query(other)) => {
                one.eq_ignore_ascii_case(other)
            }
            (Self::Json(one), Self::Json(other)) => one == other,
            _ => false,
        }
    }
}

/// Where a slot's value stands; none when its signature is not declared.
pub(crate) fn place(slot: &Slot) -> Option<Place<'_>> {
    let name = slot.name.as_deref().unwrap_or_default();
    Some(match slot.place {
        SlotPlace::Basic => Place::Header(header::AUTHORIZATION.as_str()),
        SlotPlace::Header => Place::Header(name),
        SlotPlace::Query => Place::Query(name),
        SlotPlace::Json => Place::Json(name),
        SlotPlace::Signed => match slot.signature.as_ref()?.into {
            SignedInto::Header => Place::Header(name),
            SignedInto::Query => Place::Query(name),
        },
    })
}

/// The slots that a request wants, if this host may have all of them: the one it names, and those that
/// go with it.
pub(crate) fn choose(grant: &Grant, host: &Host, choice: &CredentialChoice) -> Result<Vec<Slot>, String> {
    let (slot, asked) = match choice {
        CredentialChoice::Nothing => return Ok(Vec::new()),
        CredentialChoice::Standard => (grant.slots.iter().find(|slot| slot.standard), "the standard slot"),
        CredentialChoice::Slot(id) => (by_id(grant, id), id.as_str()),
    };
    if host.slots.is_empty() {
        return Err(format!(
            "no credential goes to {}: ask for `nothing`, or add to its [[host]]:\nslots = [\"{}\"]",
            host.origin,
            slot.map_or("…", |slot| slot.id.as_str())
        ));
    }
    let Some(slot) = slot else {
        return Err(format!("{asked} does not exist; to have it, add to the [[auth]]:\n[[auth.slot]]"));
    };
    let mut chosen: Vec<Slot> = Vec::with_capacity(1 + slot.with.len());
    let with = slot.with.iter().map(|id| {
        by_id(grant, id).ok_or_else(|| {
            format!(
                "the slot `{}` goes with `{id}`, which does not exist; to have it, add to the [[auth]]:\n\
                 [[auth.slot]]\nid = \"{id}\"",
                slot.id
            )
        })
    });
    for slot in std::iter::once(Ok(slot)).chain(with) {
        let slot = slot?;
        if !host.slots.contains(&slot.id) {
            return Err(format!(
                "the slot `{}` is not granted at {}; to allow it, add to its [[host]]:\nslots = [… \"{}\"]",
                slot.id, host.origin, slot.id
            ));
        }
        let Some(here) = place(slot) else {
            return Err(format!("the slot `{}` does not say how it is signed; add:\n[auth.slot.signature]", slot.id));
        };
        // Which of two values counts is anybody's guess.
        if let Some(other) = chosen.iter().find(|other| place(other) == Some(here)) {
            return Err(format!(
                "the slots `{}` and `{}` fill the same place; leave one of them out of:\nwith = [{}]",
                other.id,
                slot.id,
                chosen.first().map(|first| first.with.join(", ")).unwrap_or_default()
            ));
        }
        chosen.push(slot.clone());
    }
    Ok(chosen)
}

fn by_id<'g>(grant: &'g Grant, id: &str) -> Option<&'g Slot> {
    grant.slots.iter().find(|slot| slot.id == id)
}

/// Refuses a query that names a parameter that a slot fills: which of two counts is anybody's guess.
pub(crate) fn check_query(grant: &Grant, query: Option<&str>) -> Result<(), String> {
    for (name, _) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        if grant.slots.iter().any(|slot| place(slot) == Some(Place::Query(&name))) {
            return Err(format!("the parameter `{name}` is a slot of the credential: name the slot instead"));
        }
    }
    Ok(())
}

/// Refuses a body that one of the slots could not be filled into, before anything is sent for: tried
/// with nothing in place of the values.
pub(crate) fn check_body(slots: &[Slot], body: &Payload) -> Result<(), String> {
    let mut tried = body.clone();
    for slot in slots {
        if let Some(Place::Json(pointer)) = place(slot) {
            tried = tried.fill(pointer, "")?;
        }
    }
    // And a file still has the place that it is meant for.
    tried.pieces().map(drop)
}

/// A template of a slot with the credential's values in it.
fn filled(slot: &Slot, template: &str, grant: &Grant, values: &Values) -> Result<String, String> {
    fill(template, |name| match values.secrets.get(name) {
        Some(secret) => Some(secret.expose().to_owned()),
        None => grant.placeholders.get(name).cloned(),
    })
    .map_err(|name| format!("the slot `{}` needs `{name}`, which this connection does not have", slot.id))
}

/// What stands in the slot's place when it is filled.
fn value(slot: &Slot, grant: &Grant, values: &Values) -> Result<String, String> {
    let text = filled(slot, &slot.value, grant, values)?;
    match slot.place {
        SlotPlace::Header | SlotPlace::Query | SlotPlace::Json => Ok(text),
        // RFC 7617.
        SlotPlace::Basic => Ok(format!("Basic {}", STANDARD.encode(text))),
        SlotPlace::Signed => {
            let Some(signature) = &slot.signature else {
                return Err(format!("the slot `{}` does not say how it is signed", slot.id));
            };
            let key = filled(slot, &signature.key, grant, values)?;
            if key.is_empty() {
                return Err(format!("the slot `{}` would be signed with an empty key", slot.id));
            }
            Ok(signed::sign(&key, &text, signature.encoding))
        }
    }
}

/// Fills the slots, all of them or none.
pub(crate) fn put(slots: &[Slot], grant: &Grant, values: &Values, outgoing: &Outgoing) -> Result<Outgoing, String> {
    let mut filled = outgoing.clone();
    for slot in slots {
        let text = value(slot, grant, values)?;
        match place(slot) {
            Some(Place::Header(name)) => {
                let name = HeaderName::from_bytes(name.as_bytes())
                    .map_err(|_| format!("the slot `{}` names no header", slot.id))?;
                filled.headers.push((name, sensitive(slot, &text)?));
            }
            Some(Place::Query(name)) => filled.target.append(&percent(name), &percent(&text)),
            Some(Place::Json(pointer)) => filled.body = filled.body.fill(pointer, &text)?,
            None => return Err(format!("the slot `{}` has no place", slot.id)),
        }
    }
    Ok(filled)
}

/// A value that no log of the HTTP library shows and that HPACK does not keep in its table.
fn sensitive(slot: &Slot, text: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| format!("the credential of the slot `{}` has characters that no header may carry", slot.id))?;
    value.set_sensitive(true);
    Ok(value)
}
