//! The actions: a message, files, and of a meeting its report, its notes and its to-dos, to a channel or a person.
//!
//! | step | writes |
//! |---|---|
//! | `message` | the message |
//! | `change` | another text into the message |
//! | `share-FILE-in-THREAD` | all files of the item at once, into the thread that the name says; without one into the channel |
//!
//! **Found again.** Slack takes no idempotency key. A message carries the host's key of its step as metadata, which nobody sees
//! in the channel; files are known by the id that the first of them was given, which the name of the step says. What was
//! written to a person cannot be looked for, because nobody asks for the right to read what people are written.
//!
//! **Before anything is seen**, the bytes of files are uploaded: until they are shared they are nowhere, and so an upload may be
//! repeated.

use patchbay_sdk::{
    Context, Error, Item, Object, Outcome, Result,
    http::{Effect, Request, Response},
    run,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    compose::{self, Post},
    files,
    refusal::{self, Doing},
    wire::{Api, FilesIn, Listing, is_id, moment, moment_ms, no_id},
};

const MESSAGE: &str = "message";
const CHANGE: &str = "change";
/// What the metadata of our messages is called.
const EVENT: &str = "patchbay_push";

#[derive(Deserialize)]
struct Target {
    id: String,
    thread: Option<String>,
}

/// Where an item goes.
pub(crate) struct Place {
    pub(crate) channel: String,
    /// The moment of the first message of the thread, if it goes into one.
    pub(crate) thread: Option<String>,
}

#[derive(Serialize)]
struct ToPost<'a> {
    channel: &'a str,
    text: &'a str,
    unfurl_links: bool,
    metadata: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_ts: Option<&'a str>,
}

#[derive(Deserialize)]
struct Posted {
    channel: String,
    ts: String,
}

/// A message that may be ours.
#[derive(Deserialize)]
struct Seen {
    ts: String,
    metadata: Option<Metadata>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
struct Metadata {
    event_type: Option<String>,
    event_payload: Option<Value>,
}

pub(crate) fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
    let api = Api::of(ctx)?;
    let target = Target::of(item)?;
    let post = compose::post(&api, item)?;
    let place = target.open(&api)?;
    let uploaded = files::ready(&api, item, &post)?;
    if item.action == compose::FILE {
        let (shared, comment) = (place.thread.clone(), Some(post.text.as_str()).filter(|text| !text.is_empty()));
        return files::share(&api, item, &place.channel, shared.as_deref(), comment, &uploaded).map(Outcome::Created);
    }
    let (outcome, ts) = match item.written() {
        Some(before) => change(&api, item, &before, &post)?,
        None => say(&api, item, &place, &post)?,
    };
    if post.has_files(item) {
        let thread = match api.settings.files_in {
            FilesIn::Thread => Some(place.thread.unwrap_or(ts)),
            FilesIn::Channel => place.thread,
        };
        files::share(&api, item, &place.channel, thread.as_deref(), None, &uploaded)?;
    }
    Ok(outcome)
}

/// Posts the message; the result, and its moment.
fn say(api: &Api, item: &Item, place: &Place, post: &Post) -> Result<(Outcome, String)> {
    if let Some(found) = item.found(MESSAGE) {
        let ts = moment_of(&found)?.1;
        return Ok((Outcome::Created(found), ts));
    }
    let body = ToPost {
        channel: &place.channel,
        text: &post.text,
        unfurl_links: api.settings.link_previews,
        metadata: json!({ "event_type": EVENT, "event_payload": { "key": run::step_key(MESSAGE) } }),
        thread_ts: place.thread.as_deref(),
    };
    let answer = write(api.tell("chat.postMessage", &body)?, MESSAGE)?;
    let posted: Posted = answer.json()?;
    if !is_id(&posted.channel, "CGD") || moment_ms(&posted.ts).is_none() {
        return Err(answer.unreadable("a message without its place"));
    }
    Ok((Outcome::Created(api.message(&posted.channel, &posted.ts)), posted.ts))
}

/// Changes a message of before.
fn change(api: &Api, item: &Item, before: &Object, post: &Post) -> Result<(Outcome, String)> {
    let (channel, ts) = moment_of(before)?;
    if item.found(CHANGE).is_none() {
        write(api.tell("chat.update", &json!({ "channel": channel, "ts": ts, "text": post.text }))?, CHANGE)?;
    }
    Ok((Outcome::Updated(api.message(&channel, &ts)), ts))
}

pub(crate) fn find(ctx: &Context, item: &Item, step: &str, sent_ms: u64) -> Result<Option<Object>> {
    let api = Api::of(ctx)?;
    let Target { id, thread } = Target::of(item)?;
    if step == CHANGE {
        // The same text in the same message once more is no second change, so nobody has to look.
        return Ok(None);
    }
    if !is_id(&id, "CG") {
        return Err(Error::other(
            "This connector cannot look for what was written to a person. Look in Slack whether it is there.",
        ));
    }
    if step == MESSAGE {
        let key = run::step_key(MESSAGE);
        let found = seek(&api, &id, thread.as_deref(), sent_ms, |seen| seen.is_ours(&key))?;
        return Ok(found.map(|ts| api.message(&id, &ts)));
    }
    let Some((file, thread)) = files::of_step(step) else { return Err(item.unsupported()) };
    let found = seek(&api, &id, thread.as_deref(), sent_ms, |seen| seen.holds(&api, &file))?;
    Ok(found.map(|_| files::object(&id, &file)))
}

/// The moment of the message that is meant, among those of the minutes in which the item left; none when it is surely not there.
/// What was said later cannot be it, and is not walked through: where Slack gives fifteen messages a minute, one page has to do.
fn seek(
    api: &Api,
    channel: &str,
    thread: Option<&str>,
    sent_ms: u64,
    wanted: impl Fn(&Seen) -> bool,
) -> Result<Option<String>> {
    let since = sent_ms.saturating_sub(api.assumed.find_before_seconds.saturating_mul(1_000));
    let until = sent_ms.saturating_add(api.assumed.find_after_seconds.saturating_mul(1_000));
    let mut next = None;
    for _ in 0..api.assumed.find_pages {
        let asked = match thread {
            Some(thread) => api.ask("conversations.replies")?.query("ts", thread),
            None => api.ask("conversations.history")?,
        };
        let asked = asked.query("channel", channel).query("oldest", moment(since)).query("latest", moment(until));
        let asked = asked.query("include_all_metadata", true);
        let listing: Listing = api.look(asked, api.messages_page(), next.as_deref())?;
        for row in listing.rows()? {
            let seen: Seen = listing.row(row)?;
            if wanted(&seen) {
                return Ok(Some(seen.ts));
            }
        }
        next = listing.next()?;
        if next.is_none() {
            return Ok(None);
        }
        if run::should_stop() {
            return Err(Error::transient("There was no time to look through everything."));
        }
    }
    Err(Error::other("More was said in this channel then than can be looked through. Look there by hand.")
        .detail(format!("{} pages, and still more", api.assumed.find_pages)))
}

/// Sends a write, and takes its answer for what it says.
pub(crate) fn write(request: Request, step: &str) -> Result<Response> {
    refusal::ok(request.effect(Effect::Write).step(step).send()?, Doing::Writing(step))
}

impl Target {
    fn of(item: &Item) -> Result<Self> {
        let target: Self = item.target()?;
        if !is_id(&target.id, "CGDUW") {
            return Err(Error::invalid_input("Choose a channel or a person.")
                .field("/id", "This is neither the id of a channel nor that of a person."));
        }
        if target.thread.as_deref().is_some_and(|thread| moment_ms(thread).is_none()) {
            return Err(Error::invalid_input("Choose a thread, or none.")
                .field("/thread", "This is not the `ts` of a message, as in 1763700000.000216."));
        }
        Ok(target)
    }

    /// The channel that is meant. With a person it is opened first, which shows nothing to anybody.
    fn open(self, api: &Api) -> Result<Place> {
        #[derive(Deserialize)]
        struct Opened {
            channel: Channel,
        }
        #[derive(Deserialize)]
        struct Channel {
            id: String,
        }
        let Self { id, thread } = self;
        if is_id(&id, "CGD") {
            return Ok(Place { channel: id, thread });
        }
        let request = api.tell("conversations.open", &json!({ "users": id }))?.effect(Effect::Repeatable);
        let opened: Opened = refusal::ok(request.send()?, Doing::Repeating)?.json()?;
        let channel = opened.channel.id;
        if is_id(&channel, "CGD") { Ok(Place { channel, thread }) } else { Err(no_id("a channel")) }
    }
}

impl Seen {
    fn is_ours(&self, key: &str) -> bool {
        let Some(told) = self.metadata.as_ref().filter(|told| told.event_type.as_deref() == Some(EVENT)) else {
            return false;
        };
        let told = told.event_payload.as_ref().and_then(|payload| payload.get("key")).and_then(Value::as_str);
        !key.is_empty() && told == Some(key)
    }

    fn holds(&self, api: &Api, file: &str) -> bool {
        let files = self.rest.get(&api.assumed.message_files).and_then(Value::as_array);
        files.is_some_and(|files| files.iter().any(|one| one.get("id").and_then(Value::as_str) == Some(file)))
    }
}

/// The channel and the moment of a message, as its id keeps them.
fn moment_of(object: &Object) -> Result<(String, String)> {
    let parts = object.id.split_once(':').filter(|(channel, ts)| is_id(channel, "CGD") && moment_ms(ts).is_some());
    parts.map(|(channel, ts)| (channel.to_owned(), ts.to_owned())).ok_or_else(|| {
        Error::other("It is not known any more which message this was.").detail("the id of the object is none of ours")
    })
}
