//! Notebook: reads notebooks and notes, and adds notes.
//!
//! What it asks for stands in `connector.toml`. It never sees the API key, and it neither waits nor tries again: the host
//! does. Three things are asked of it, one trait each: whose account it is, the next page of a stream, and to write one item.

use patchbay_sdk::{
    Auth, Context, Error, Fetch, Identity, Item, Object, Outcome, Page, Push, RawValue, ReadRequest, Records, Result,
    connector,
    http::{self, Effect},
    run, time,
};
use serde::{Deserialize, Serialize};

const API: &str = "https://api.notebook.example/v1";
/// The one request of the action `note` that must not happen twice.
const STEP: &str = "create";

/// The connector.
#[derive(Debug)]
pub struct Connector;

connector!(Connector);

impl Auth for Connector {
    fn identify(_: &Context) -> Result<Identity> {
        #[derive(Deserialize)]
        struct Me {
            id: u64,
            name: String,
            email: Option<String>,
        }

        // `send` goes through the host's gate, which puts the key on; `ok` makes an error of a bad status; `json` refuses
        // HTML, an empty body and cut JSON.
        let answer = http::get(format!("{API}/me")).send()?.ok()?;
        let me: Me = answer.json()?;
        let identity = Identity::of(me.id, me.name);
        Ok(match me.email {
            Some(email) => identity.login(email),
            None => identity,
        })
    }
}

impl Fetch for Connector {
    fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
        match request.stream.as_str() {
            "notebooks" => notebooks(ctx, request),
            "notes" => notes(ctx, request),
            _ => Err(request.unsupported()),
        }
    }
}

impl Push for Connector {
    fn push(_: &Context, item: &Item) -> Result<Outcome> {
        match item.action.as_str() {
            "note" => add_note(item),
            _ => Err(item.unsupported()),
        }
    }

    fn find(_: &Context, item: &Item, step: &str, _sent_ms: u64) -> Result<Option<Object>> {
        match item.action.as_str() {
            "note" => find_note(step),
            _ => Err(item.unsupported()),
        }
    }
}

/// `[config]` of connector.toml, with what the operator corrected.
#[derive(Deserialize)]
struct Config {
    page_size: u32,
}

/// A list of the provider. The rows keep the text in which they came.
#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
    next: Option<String>,
}

/// Where reading stopped: all that the next call needs. The host stores it together with the records of the page.
#[derive(Default, Serialize, Deserialize)]
struct Cursor {
    /// Notes that changed before this moment were read, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<u64>,
    /// The provider's name for the next page, within a pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// The newest change that this pass has seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    newest: Option<u64>,
}

/// All notebooks, in every pass: the provider does not say what changed. So the last page is `complete`, and the host deletes
/// what the pass did not return.
fn notebooks(ctx: &Context, request: &ReadRequest) -> Result<Page> {
    let cursor: Cursor = request.cursor()?.unwrap_or_default();
    let answer = http::get(format!("{API}/notebooks"))
        .query("limit", request.page_size(ctx.config::<Config>()?.page_size))
        .query_maybe("cursor", cursor.next)
        .send()?
        .ok()?;
    let list: List<'_> = answer.json()?;
    let records = Records::from_raw(list.items)?;
    match list.next {
        Some(next) => Page::more(records, &Cursor { next: Some(next), ..Cursor::default() }),
        None => Page::complete(records, &Cursor::default()),
    }
}

/// What changed since the last pass, oldest change first.
fn notes(ctx: &Context, request: &ReadRequest) -> Result<Page> {
    #[derive(Deserialize)]
    struct Row<'a> {
        changed_at: &'a str,
    }

    let begun = || Cursor { since: request.since_ms, ..Cursor::default() };
    let cursor: Cursor = request.cursor()?.unwrap_or_else(begun);
    let answer = http::get(format!("{API}/notes"))
        .query("limit", request.page_size(ctx.config::<Config>()?.page_size))
        .query_maybe("changed_since", cursor.since.map(time::rfc3339))
        .query_maybe("cursor", cursor.next.as_deref())
        .send()?
        .ok()?;
    let list: List<'_> = answer.json()?;
    let mut newest = cursor.newest;
    for row in &list.items {
        let changed =
            serde_json::from_str::<Row<'_>>(row.get()).ok().and_then(|row| time::parse_rfc3339(row.changed_at));
        let changed = changed.ok_or_else(|| answer.unreadable("a note without the moment of its last change"))?;
        newest = newest.max(Some(changed));
    }
    let records = Records::from_raw(list.items)?;
    match list.next {
        Some(next) => Page::more(records, &Cursor { next: Some(next), newest, ..cursor }),
        None => {
            // A note dated in the future must not hide those that change until then.
            let since = newest.map(|newest| newest.min(run::now_ms())).or(cursor.since);
            Page::end(records, &Cursor { since, ..Cursor::default() })
        }
    }
}

fn add_note(item: &Item) -> Result<Outcome> {
    #[derive(Deserialize)]
    struct Target {
        id: String,
    }
    #[derive(Deserialize)]
    struct Payload {
        text: String,
    }
    #[derive(Serialize)]
    struct Note {
        notebook_id: String,
        text: String,
        reference: String,
    }

    let Target { id: notebook_id } = item.target()?;
    let Payload { text } = item.payload()?;
    // A write names its step: the host journals it before the first byte leaves, and never sends it twice.
    let answer = http::post(format!("{API}/notes"))
        .json(&Note { notebook_id, text, reference: run::step_key(STEP) })
        .effect(Effect::Write)
        .step(STEP)
        .send()?;
    if answer.status() == 404 {
        return Err(Error::not_found("This notebook is not there any more. Choose another.").http_status(404));
    }
    Ok(Outcome::Created(answer.ok()?.json::<Written>()?.into_object()))
}

/// Asked when the answer to a write was lost: the note carries the key of its step as its reference.
fn find_note(step: &str) -> Result<Option<Object>> {
    #[derive(Deserialize)]
    struct Found {
        items: Vec<Written>,
    }

    let answer = http::get(format!("{API}/notes")).query("reference", run::step_key(step)).send()?.ok()?;
    Ok(answer.json::<Found>()?.items.into_iter().next().map(Written::into_object))
}

/// A note as the provider tells it after it was written.
#[derive(Deserialize)]
struct Written {
    id: u64,
    url: Option<String>,
}

impl Written {
    fn into_object(self) -> Object {
        Object { id: self.id.to_string(), url: self.url }
    }
}
