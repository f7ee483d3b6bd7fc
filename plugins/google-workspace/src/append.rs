//! Something more at the end of an event's description. It is read first and sent back whole, under the condition that nobody
//! has changed the event since (`If-Match`); who was quicker is read once more. A mark that nobody sees says what of ours stands
//! there already: so nothing is added twice, however often it is tried.

use patchbay_sdk::{
    Error, Item, Object, Outcome, Result,
    http::{self, Effect},
    run,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    note::Addition,
    refusal::Side,
    wire::{self, Api, Mails},
};

/// The step that adds.
pub(crate) const NOTE: &str = "note";
/// How often somebody else may be quicker.
const TRIES: u32 = 3;

#[derive(Deserialize)]
struct Target {
    id: String,
}

/// An event, as far as it matters here.
#[derive(Deserialize)]
struct Event {
    id: String,
    etag: Option<String>,
    status: Option<String>,
    description: Option<String>,
    #[serde(rename = "htmlLink")]
    link: Option<String>,
    #[serde(rename = "extendedProperties")]
    properties: Option<Properties>,
}

#[derive(Default, Deserialize)]
struct Properties {
    #[serde(default)]
    private: Map<String, Value>,
}

pub(crate) fn add(api: &Api, mails: Mails, item: &Item) -> Result<Outcome> {
    let (calendar, event) = wire::place(&item.target::<Target>()?.id)?;
    let (addition, mark) = (Addition::of(item)?, mark());
    for _ in 0..TRIES {
        let there = read(api, &calendar, &event)?;
        let object = wire::object(&calendar, &event, there.link.clone());
        if there.properties.unwrap_or_default().private.contains_key(&mark) {
            return Ok(Outcome::Exists(object));
        }
        let before = there.description.unwrap_or_default();
        let description = addition.behind(&before, api.assumed.description_limit)?;
        // The marks of others stay: a PATCH merges what is an object.
        let body = json!({ "description": description, "extendedProperties": { "private": { &mark: "1" } } });
        let request = http::patch(wire::events(&calendar, Some(&event))?).query("sendUpdates", mails.word());
        let request = match there.etag {
            Some(etag) => request.header("if-match", etag),
            None => request,
        };
        let answer = request.json(&body).effect(Effect::Write).step(NOTE).send()?;
        if answer.status() == 412 {
            continue;
        }
        let answer = api.ok(answer, Side::Writing)?;
        let changed: Event = answer.json()?;
        if changed.id != event {
            return Err(answer.unreadable("another event than the one that was changed"));
        }
        return Ok(Outcome::Updated(object));
    }
    Err(Error::conflict("The event was changed by others again and again. Send this once more, later."))
}

/// Whether it stands there already.
pub(crate) fn find(api: &Api, item: &Item) -> Result<Option<Object>> {
    let (calendar, event) = wire::place(&item.target::<Target>()?.id)?;
    let there = read(api, &calendar, &event)?;
    let private = there.properties.unwrap_or_default().private;
    Ok(private.contains_key(&mark()).then(|| wire::object(&calendar, &event, there.link)))
}

/// The event of a page for people, where it is there.
pub(crate) fn link(api: &Api, calendar: &str, event: &str) -> Option<String> {
    read(api, calendar, event).ok()?.link
}

fn read(api: &Api, calendar: &str, event: &str) -> Result<Event> {
    let answer = api.ok(http::get(wire::events(calendar, Some(event))?).send()?, Side::Writing)?;
    let there: Event = answer.json()?;
    if there.status.as_deref() == Some("cancelled") {
        return Err(Error::not_found("This event was cancelled."));
    }
    Ok(there)
}

/// The name of the private property that says that this item stands there.
fn mark() -> String {
    format!("patchbay_{}", run::step_key(NOTE))
}
