//! What a provider that echoes a request tells besides the secrets themselves.

use patchbay_model::manifest::{Slot, SlotPlace};

use super::{Place, place, value};
use crate::{Grant, Values, redact::LONG, template::percent};

/// Texts that the slots of a grant put into requests with these values.
#[derive(Default)]
pub(crate) struct Echoes {
    /// Not found by looking for the secrets: signatures, `Basic` pairs whose password may be short, and
    /// long secrets as the request spells them.
    pub(crate) computed: Vec<String>,
    /// All that stands in a place, where the secret in it is too short to be looked for alone:
    /// `Bearer admin`.
    pub(crate) whole: Vec<String>,
    /// Of those the ones in a header, by its name.
    pub(crate) headers: Vec<(String, String)>,
    /// Of those the ones in the query, by the parameter's name.
    pub(crate) parameters: Vec<(String, String)>,
}

/// Adds what stands in requests that are filled with these values.
pub(crate) fn echoes(grant: &Grant, values: &Values, echoes: &mut Echoes) {
    for slot in &grant.slots {
        // What cannot be filled is never sent.
        let (Some(place), Ok(text)) = (place(slot), value(slot, grant, values)) else { continue };
        match slot.place {
            SlotPlace::Signed => {
                echoes.computed.extend(sent(place, &text));
                echoes.computed.push(text);
            }
            SlotPlace::Basic => {
                let pair = text.strip_prefix("Basic ").unwrap_or(&text);
                // A pair too short to be looked for alone is known by what stands before it.
                echoes.computed.push(if pair.len() < LONG { text } else { pair.to_owned() });
            }
            SlotPlace::Header | SlotPlace::Query | SlotPlace::Json => {
                let secrets: Vec<&str> = named(slot, values).collect();
                let long = secrets.iter().filter(|secret| secret.len() >= LONG);
                echoes.computed.extend(long.clone().filter_map(|secret| sent(place, secret)));
                // A text of facts alone is nothing that must not be seen.
                if secrets.is_empty() || long.count() > 0 {
                    continue;
                }
                match place {
                    Place::Header(name) => echoes.headers.push((name.to_owned(), text.clone())),
                    Place::Query(name) => echoes.parameters.push((name.to_owned(), text.clone())),
                    Place::Json(_) => {}
                }
                echoes.whole.push(text);
            }
        }
    }
}

/// The secrets that a slot's text names.
fn named<'v>(slot: &'v Slot, values: &'v Values) -> impl Iterator<Item = &'v str> {
    let named = |name: &str| slot.value.contains(&format!("{{{name}}}"));
    let secrets = values.secrets.iter().filter(move |(name, secret)| !secret.is_empty() && named(name));
    secrets.map(|(_, secret)| secret.expose())
}

/// A text as the request spells it in this place, where that is another spelling: whoever writes the
/// request once more in base64 or hex writes this one.
fn sent(place: Place<'_>, text: &str) -> Option<String> {
    let spelt = match place {
        Place::Header(_) => return None,
        Place::Query(_) => percent(text),
        Place::Json(_) => {
            let quoted = serde_json::to_string(text).ok()?;
            quoted.strip_prefix('"')?.strip_suffix('"')?.to_owned()
        }
    };
    (spelt != text).then_some(spelt)
}
