//! Which office logged in. Whether anything tells it is assumed; where nothing does, the first party does.
//!
//! Brokers and their customers log in on the same page. A customer's login is valid and all but useless here, so a
//! connection that sees one party or none says so.

use patchbay_sdk::{Account, Context, Identity, Result, log};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::wire::{self, Api};

#[derive(Deserialize)]
struct Party {
    office_id: Option<u64>,
}

pub(crate) fn identify(ctx: &Context) -> Result<Identity> {
    let api = Api::of(ctx)?;
    let me = me(&api)?;
    let listing = api.list("/parties", "id", "", 0, 2)?;
    let rows = listing.rows()?;
    let of_party = match rows.rows.first() {
        Some(row) => listing.row::<Party>(row)?.office_id,
        None => None,
    };
    let few = rows.rows.len() < 2;
    let office = text(&me, "office_id").or_else(|| of_party.map(|office| office.to_string()));
    let name =
        office.as_ref().map_or_else(|| "Brokercloud".to_owned(), |office| format!("Brokercloud office {office}"));
    let id = office.unwrap_or_else(|| "office".to_owned());
    let mut account = Account::of(&id, name.as_str());
    if few {
        log::warn("this login sees one party or none: it may be a customer's", &[]);
        let note = "This login sees one party or none. If it is a customer's portal login, log in as a broker instead.";
        account.note = Some(note.to_owned());
    }
    let identity = Identity::of(id, name).accounts(vec![account]);
    Ok(match text(&me, "email").or_else(|| text(&me, "name")) {
        Some(login) => identity.login(login),
        None => identity,
    })
}

/// What is told of who logged in; nothing where there is no such call.
fn me(api: &Api) -> Result<Map<String, Value>> {
    if api.assumed.paths_me.is_empty() {
        return Ok(Map::new());
    }
    let answer = api.get(&api.assumed.paths_me).send()?;
    if matches!(answer.status(), 403 | 404) {
        log::info("nothing tells whose login it is", &[("status", &answer.status())]);
        return Ok(Map::new());
    }
    wire::ok(answer)?.json()
}

/// Whether it is told as a text or as a number.
fn text(told: &Map<String, Value>, name: &str) -> Option<String> {
    match told.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
