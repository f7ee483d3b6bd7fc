//! The actions: an event of our own, and notes, reports and to-dos in one that is there.
//!
//! | step | writes |
//! |---|---|
//! | `event` | a new event, under an id of our own: the second one with it is answered 409, which is a success |
//! | `change` | other content into that event |
//! | `note` | something more at the end of a description |

use patchbay_sdk::{
    Context, Error, Item, Object, Outcome, Result,
    http::{self, Effect, Response},
};
use serde::Deserialize;

use crate::{
    append, event,
    refusal::{self, Side},
    wire::{self, Api, Mails, Profile, Settings},
};

const EVENT: &str = "event";
const CHANGE: &str = "change";

#[derive(Deserialize)]
struct Target {
    id: String,
}

/// An event as Google tells it.
#[derive(Deserialize)]
struct Made {
    id: String,
    #[serde(rename = "htmlLink")]
    link: Option<String>,
}

pub(crate) fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
    let (api, settings) = (Api::of(ctx)?, ctx.settings::<Settings>()?);
    if api.profile == Profile::Directory {
        return Err(Error::permission_denied(
            "This connection is to the directory, and has no calendar. Connect a calendar, and choose that connection.",
        ));
    }
    match item.action.as_str() {
        "event" => match item.written() {
            Some(before) => change(&api, settings.send_updates, item, &before),
            None => make(&api, settings.send_updates, item),
        },
        "note" | "report" | "todo" => append::add(&api, settings.send_updates, item),
        _ => Err(item.unsupported()),
    }
}

pub(crate) fn find(ctx: &Context, item: &Item, step: &str) -> Result<Option<Object>> {
    match (item.action.as_str(), step) {
        ("note" | "report" | "todo", append::NOTE) => append::find(&Api::of(ctx)?, item),
        _ => Err(item.unsupported()),
    }
}

fn make(api: &Api, mails: Mails, item: &Item) -> Result<Outcome> {
    let calendar = item.target::<Target>()?.id;
    let id = event::id_of(EVENT)?;
    let body = event::body(item, Some(&id))?;
    let request = http::post(wire::events(&calendar, None)?).query("sendUpdates", mails.word()).json(&body);
    let answer = request.effect(Effect::Write).step(EVENT).send()?;
    // Nobody else has this id: it is the event that an attempt before made, whose answer was lost.
    if refusal::is_duplicate(&answer) {
        return Ok(Outcome::Exists(wire::object(&calendar, &id, append::link(api, &calendar, &id))));
    }
    let answer = api.ok(answer, Side::Writing)?;
    let made = told(&answer, &id)?;
    Ok(Outcome::Created(wire::object(&calendar, &id, made.link)))
}

/// Changes an event of before. The same once more is no second change.
fn change(api: &Api, mails: Mails, item: &Item, before: &Object) -> Result<Outcome> {
    let (calendar, id) = wire::place(&before.id)?;
    let request = http::patch(wire::events(&calendar, Some(&id))?).query("sendUpdates", mails.word());
    let answer = request.json(&event::body(item, None)?).effect(Effect::Write).step(CHANGE).send()?;
    let answer = api.ok(answer, Side::Writing)?;
    let made = told(&answer, &id)?;
    Ok(Outcome::Updated(wire::object(&calendar, &id, made.link)))
}

fn told(answer: &Response, id: &str) -> Result<Made> {
    let made: Made = answer.json()?;
    if made.id == id { Ok(made) } else { Err(answer.unreadable("another event than the one that was written")) }
}
