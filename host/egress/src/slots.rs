//! Puts the credential where the manifest says, and nowhere else.
//!
//! A guest names a slot; it never sees, holds or places a value. Filling by name in a typed place
//! fails closed: what cannot be filled is not sent.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};
use patchbay_model::{
    contract::CredentialChoice,
    manifest::{Host, Slot, SlotPlace},
};

use crate::{
    Grant, Values, json,
    template::{fill, percent},
    wire::Outgoing,
};

/// The slot that a request wants, if this host may have it.
pub(crate) fn choose<'g>(grant: &'g Grant, host: &Host, choice: &CredentialChoice) -> Result<Option<&'g Slot>, String> {
    let (slot, asked) = match choice {
        CredentialChoice::Nothing => return Ok(None),
        CredentialChoice::Standard => (grant.slots.iter().find(|slot| slot.standard), "the standard slot"),
        CredentialChoice::Slot(id) => (grant.slots.iter().find(|slot| slot.id == *id), id.as_str()),
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
    if !host.slots.contains(&slot.id) {
        return Err(format!(
            "the slot `{}` is not granted at {}; to allow it, add to its [[host]]:\nslots = [… \"{}\"]",
            slot.id, host.origin, slot.id
        ));
    }
    Ok(Some(slot))
}

/// Refuses a query that names a parameter that a slot fills: which of two counts is anybody's guess.
pub(crate) fn check_query(grant: &Grant, query: Option<&str>) -> Result<(), String> {
    for slot in grant.slots.iter().filter(|slot| slot.place == SlotPlace::Query) {
        let name = slot.name.as_deref().unwrap_or_default();
        let given = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        if given.into_iter().any(|(key, _)| key.eq_ignore_ascii_case(name)) {
            return Err(format!("the parameter `{name}` is a slot of the credential: name the slot instead"));
        }
    }
    Ok(())
}

/// A slot's text with the credential's values in it.
pub(crate) fn value(slot: &Slot, grant: &Grant, values: &Values) -> Result<String, String> {
    fill(&slot.value, |name| match values.secrets.get(name) {
        Some(secret) => Some(secret.expose().to_owned()),
        None => grant.placeholders.get(name).cloned(),
    })
    .map_err(|name| format!("the slot `{}` needs `{name}`, which this connection does not have", slot.id))
}

/// Fills the slot.
pub(crate) fn put(slot: &Slot, grant: &Grant, values: &Values, outgoing: &mut Outgoing) -> Result<(), String> {
    let text = value(slot, grant, values)?;
    let name = slot.name.as_deref().unwrap_or_default();
    match slot.place {
        SlotPlace::Header => {
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| format!("the slot `{}` names no header", slot.id))?;
            outgoing.headers.push((name, sensitive(slot, &text)?));
        }
        SlotPlace::Basic => {
            let text = format!("Basic {}", basic(&text));
            outgoing.headers.push((header::AUTHORIZATION, sensitive(slot, &text)?));
        }
        SlotPlace::Query => outgoing.target.append(&percent(name), &percent(&text)),
        SlotPlace::Signed => return Err(format!("the slot {} is not filled yet", slot.id)),
        SlotPlace::Json => outgoing.body = Bytes::from(json::fill(&outgoing.body, name, &text)?),
    }
    Ok(())
}

/// What stands after `Basic` (RFC 7617).
pub(crate) fn basic(pair: &str) -> String {
    STANDARD.encode(pair)
}

/// A value that no log of the HTTP library shows and that HPACK does not keep in its table.
fn sensitive(slot: &Slot, text: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| format!("the credential of the slot `{}` has characters that no header may carry", slot.id))?;
    value.set_sensitive(true);
    Ok(value)
}
