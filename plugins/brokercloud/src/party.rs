//! What a party is called, and the picker of parties.

use patchbay_sdk::{Choice, Choices, Context, Error, PickRequest, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{assumed::Assumed, wire::Api};

/// Choices of one answer.
const LENGTH: u32 = 20;

#[derive(Serialize, Deserialize)]
struct Cursor {
    start: u64,
}

pub(crate) fn pick(ctx: &Context, request: &PickRequest) -> Result<Choices> {
    if request.picker != "parties" {
        return Err(Error::unsupported(format!("This connector has no picker `{}`.", request.picker)));
    }
    let api = Api::of(ctx)?;
    let start = request.cursor::<Cursor>()?.map_or(0, |cursor| cursor.start);
    let listing = api.list("/parties", &api.assumed.party_name, request.query.trim(), start, LENGTH)?;
    let rows = listing.rows()?;
    let mut choices = Vec::with_capacity(rows.rows.len());
    for row in &rows.rows {
        choices.extend(choice(&api.assumed, &listing.row(row)?));
    }
    choices.truncate(100);
    let read = u64::try_from(rows.rows.len()).unwrap_or_default();
    let choices = Choices::of(choices);
    if rows.is_last { Ok(choices) } else { choices.next(&Cursor { start: start.saturating_add(read) }) }
}

fn choice(names: &Assumed, party: &Map<String, Value>) -> Option<Choice> {
    let id = party.get("id")?.as_u64()?;
    let text = |name: &str| party.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let reference = reference(party);
    let called: Vec<&str> =
        [&names.party_name, &names.party_first_name].into_iter().filter_map(|name| text(name)).collect();
    let label = match (called.join(" "), reference) {
        (called, None) if called.is_empty() => id.to_string(),
        (called, None) => called,
        (called, Some(reference)) if called.is_empty() => reference,
        (called, Some(reference)) => format!("{called} ({reference})"),
    };
    let choice = Choice::of(id, label);
    Some(match text(&names.party_email) {
        Some(email) => choice.hint(email),
        None => choice,
    })
}

/// `A21/1`: prefix, number and suffix are what brokers call a party by.
fn reference(party: &Map<String, Value>) -> Option<String> {
    let prefix = party.get("prefix").and_then(Value::as_str).unwrap_or_default();
    let number = party.get("number")?.as_u64()?;
    let suffix = party.get("suffix")?.as_u64()?;
    Some(format!("{prefix}{number}/{suffix}"))
}
