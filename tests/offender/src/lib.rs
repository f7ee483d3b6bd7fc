//! A connector that breaks one rule of the conformance suite at a time: its config says which. Without one it is as good as a
//! connector should be.
//!
//! | offence | what it does |
//! |---|---|
//! | `elsewhere` | asks a host that its manifest does not have |
//! | `own-credential` | sets a header that only the gate sets |
//! | `endless` | answers the same cursor for ever |
//! | `greedy` | gives two of the provider's pages as one |
//! | `forgetful` | keeps its place in memory, not in the cursor |
//! | `strict` | takes no member that it does not know |
//! | `hasty` | takes every refusal for a bad credential |
//! | `impatient` | does not say how long the provider asks to wait |
//! | `trusting` | takes what cannot be read for an empty list |
//! | `deaf` | goes on when it is told to stop |
//! | `talkative` | logs the titles of what it reads |
//! | `quoting` | puts the provider's answer into its errors |
//! | `obliging` | reads a stream that nobody declared |
//! | `boastful` | tells a schema that its records do not fit |
//! | `twice` | writes again when it is asked again |
//! | `silent` | writes without saying that it writes |
//! | `unkeyed` | leaves the key of its step out |
//! | `seeing` | finds what was never written |
//! | `blind` | says that nothing was written when it could not look |
//! | `hungry` | takes most of the memory that it may have |

use std::sync::atomic::{AtomicU32, Ordering};

use patchbay_sdk::{
    Auth, Case, Choice, Choices, Context, Error, Fetch, Identity, Item, Object, Outcome, Page, PickRequest, Push,
    RawValue, ReadRequest, Records, Result, StreamInfo, connector,
    http::{self, Effect, Request, Response},
    log, run,
};
use serde::{Deserialize, Serialize};

const API: &str = "https://api.offender.example";
const STEP: &str = "note";

/// The connector.
#[derive(Debug)]
pub struct Offender;

/// Where `forgetful` is.
static PLACE: AtomicU32 = AtomicU32::new(1);

#[derive(Deserialize)]
struct Config {
    offence: String,
}

#[derive(Deserialize)]
struct Me {
    id: u64,
    name: String,
}

#[derive(Deserialize)]
struct Listed<'a> {
    #[serde(borrow)]
    notes: Vec<&'a RawValue>,
    last: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Strict {
    #[serde(rename = "notes")]
    _notes: Vec<serde_json::Value>,
    #[serde(rename = "last")]
    _last: bool,
}

#[derive(Deserialize)]
struct Note {
    id: u64,
    #[serde(default)]
    title: String,
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    page: u32,
}

#[derive(Deserialize, Serialize)]
struct Payload {
    text: String,
    #[serde(default)]
    key: String,
}

fn offence(ctx: &Context) -> Result<String> {
    ctx.config::<Config>().map(|config| config.offence)
}

/// Sends, and makes an error of what is no success; as the offence wants it.
fn sent(offence: &str, request: Request) -> Result<Response> {
    let answer = request.send()?;
    if answer.is_success() {
        return Ok(answer);
    }
    let error = answer.error();
    Err(match offence {
        "hasty" => Error::auth_required("Log in again."),
        "impatient" if error.case() == Case::RateLimited => Error::rate_limited("Too fast."),
        "quoting" => error.detail(String::from_utf8_lossy(answer.body()).into_owned()),
        _ => error,
    })
}

impl Auth for Offender {
    fn identify(ctx: &Context) -> Result<Identity> {
        let answer = sent(&offence(ctx)?, http::get(format!("{API}/me")))?;
        let me: Me = answer.json()?;
        Ok(Identity::of(me.id, me.name))
    }
}

impl Fetch for Offender {
    fn discover(ctx: &Context) -> Result<Vec<StreamInfo>> {
        if offence(ctx)? != "boastful" {
            return Ok(Vec::new());
        }
        let schema = br#"{ "type": "object", "properties": { "id": { "type": "string" } } }"#.to_vec();
        Ok(vec![StreamInfo {
            name: "notes".into(),
            title: "Notes".into(),
            key: vec!["/id".into()],
            schema,
            per_account: false,
        }])
    }

    fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
        let offence = offence(ctx)?;
        let offence = offence.as_str();
        if request.stream != "notes" && offence != "obliging" {
            return Err(request.unsupported());
        }
        if request.stream != "notes" {
            return Page::end(Records::empty(), &Cursor { page: 1 });
        }
        let mut page = request.cursor::<Cursor>()?.map_or(1, |cursor| cursor.page);
        if offence == "forgetful" {
            page = PLACE.fetch_add(1, Ordering::SeqCst);
        }
        if offence == "hungry" {
            let taken = vec![1_u8; 14 * 1024 * 1024];
            log::debug("taken", &[("bytes", &taken.iter().map(|byte| u64::from(*byte)).sum::<u64>())]);
        }
        let mut records = Records::empty();
        loop {
            let last = one_page(offence, page, request.page_hint, &mut records)?;
            page += 1;
            match offence {
                "endless" => return Page::more(records, &Cursor { page: 1 }),
                _ if last => return Page::complete(records, &Cursor { page: 1 }),
                "greedy" => {}
                "deaf" => {}
                _ if run::should_stop() || records.count() > 0 => return Page::more(records, &Cursor { page }),
                _ => {}
            }
        }
    }

    fn pick(ctx: &Context, request: &PickRequest) -> Result<Choices> {
        if request.picker != "folders" {
            return Err(Error::unsupported("There is no such picker."));
        }
        let answer = sent(&offence(ctx)?, http::get(format!("{API}/folders")).query("q", &request.query))?;
        let folders: Vec<Me> = answer.json()?;
        Ok(Choices::of(folders.into_iter().map(|folder| Choice::of(folder.id, folder.name)).collect()))
    }
}

/// One of the provider's pages; whether it was the last.
fn one_page(offence: &str, page: u32, size: u32, records: &mut Records) -> Result<bool> {
    let origin = if offence == "elsewhere" { "https://other.example" } else { API };
    let mut request = http::get(format!("{origin}/notes")).query("page", page).query("size", size);
    if offence == "own-credential" {
        request = request.header("authorization", "Bearer mine");
    }
    let answer = sent(offence, request)?;
    if offence == "strict" {
        answer.json::<Strict>()?;
    }
    let listed = match answer.json::<Listed<'_>>() {
        Err(_) if offence == "trusting" => return Ok(true),
        listed => listed?,
    };
    for raw in listed.notes {
        if offence == "talkative" {
            let note: Note = serde_json::from_str(raw.get()).map_err(|_| answer.unreadable("a note without an id"))?;
            log::info("read", &[("title", &note.title)]);
        }
        records.push(raw)?;
    }
    Ok(listed.last)
}

impl Push for Offender {
    fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
        let offence = offence(ctx)?;
        if item.action != "note" {
            return Err(item.unsupported());
        }
        let mut payload: Payload = item.payload()?;
        if offence != "unkeyed" {
            payload.key = run::step_key(STEP);
        }
        let step = if offence == "twice" { format!("note-{}", item.attempt) } else { STEP.to_owned() };
        let request = http::post(format!("{API}/notes")).json(&payload);
        let request = match offence.as_str() {
            "silent" => request.effect(Effect::Repeatable),
            _ => request.effect(Effect::Write).step(step),
        };
        let note: Note = sent(&offence, request)?.json()?;
        Ok(Outcome::Created(Object::of(note.id)))
    }

    fn find(ctx: &Context, _: &Item, step: &str, _: u64) -> Result<Option<Object>> {
        let offence = offence(ctx)?;
        let request = http::get(format!("{API}/notes/search")).query("key", run::step_key(step));
        let answer = match sent(&offence, request) {
            Err(_) if offence == "blind" => return Ok(None),
            answer => answer?,
        };
        let notes: Vec<Note> = answer.json()?;
        if offence == "seeing" {
            return Ok(Some(Object::of(1)));
        }
        Ok(notes.first().map(|note| Object::of(note.id)))
    }
}

connector!(Offender);
