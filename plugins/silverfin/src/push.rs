//! The actions: a note, a to-do, a report, which are remarks, and a file (`document.rs`).
//!
//! Silverfin takes no idempotency key, and the same post twice makes two remarks. So the last line of each text holds the
//! beginning of the host's key of the step, and the period's remarks are looked through before anything is posted, and after
//! a lost answer.

use patchbay_sdk::{
    Context, Error, Item, Object, Outcome, Result,
    http::{Effect, Part, Request},
    run, time,
};
use serde::{Deserialize, Serialize};

use crate::{document, period, wire, wire::Api};

/// The one step of a remark.
const STEP: &str = "remark";
/// Letters of the key in the text: enough that no two items of a period share them.
const MARK: usize = 12;
/// The name of the part that carries a file.
const DOCUMENT: &str = "documents[][content]";

/// What a remark is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Note,
    Todo,
    /// A note that files may say all of, and whose text becomes a file where it is too long for a note.
    Report,
}

/// Where it goes.
#[derive(Deserialize)]
struct Target {
    /// The company, as the picker gives it.
    id: String,
    /// The period; chosen by date when left out.
    period: Option<String>,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(default)]
    text: String,
    title: Option<String>,
    /// The day that it is about, `2026-11-21`.
    date: Option<String>,
}

#[derive(Serialize)]
struct RemarkToCreate<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    todo: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    bot_name: &'a str,
}

/// A remark as Silverfin tells it.
#[derive(Deserialize)]
struct Remark {
    id: u64,
    text: Option<String>,
}

/// What a remark says, and what hangs on it.
struct Content {
    text: String,
    /// The text of a report that is too long for a note.
    long: Option<String>,
}

pub(crate) fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
    if item.action == document::ACTION {
        return document::push(&Api::of(ctx)?, item);
    }
    let kind = kind(item)?;
    let api = Api::of(ctx)?;
    let target = target(item)?;
    let payload: Payload = item.payload()?;
    let mark = mark(STEP)?;
    let content = content(&api, kind, item, &payload, &mark)?;
    let period = match &target.period {
        Some(period) => period.clone(),
        None => {
            let periods = period::of_company(&api, &target.id)?;
            period::choose(&periods, payload.date.as_deref())?.id.to_string()
        }
    };
    if let Some(there) = look(&api, &target.id, &period, &mark)? {
        return Ok(Outcome::Exists(there));
    }
    let request = api.post(&["companies", &target.id, "periods", &period, "remarks"])?;
    let request = with_content(&api, request, kind, item, content);
    let answer = wire::ok(request.effect(Effect::Write).step(STEP).send()?)?;
    Ok(Outcome::Created(Object::of(answer.json::<Remark>()?.id)))
}

/// JSON where there is only text; files come as parts of a form.
fn with_content(api: &Api, request: Request, kind: Kind, item: &Item, content: Content) -> Request {
    let (todo, bot_name) = (kind == Kind::Todo, api.config.bot_name.as_str());
    if item.attachments.is_empty() && content.long.is_none() {
        return request.json(&RemarkToCreate { text: &content.text, todo, bot_name });
    }
    let mut parts = vec![Part::text("text", content.text)];
    if todo {
        parts.push(Part::text("todo", "true"));
    }
    if !bot_name.is_empty() {
        parts.push(Part::text("bot_name", bot_name));
    }
    if let Some(long) = content.long {
        let file = Part::bytes(DOCUMENT, long.into_bytes());
        parts.push(file.filename("report.txt").content_type("text/plain; charset=utf-8"));
    }
    for file in &item.attachments {
        let part = Part::blob(DOCUMENT, file.blob.as_str());
        parts.push(part.filename(file.name.as_str()).content_type(file.media_type.as_str()));
    }
    request.multipart(parts)
}

pub(crate) fn find(ctx: &Context, item: &Item, step: &str, sent_ms: u64) -> Result<Option<Object>> {
    kind(item)?;
    let api = Api::of(ctx)?;
    let target = target(item)?;
    let mark = mark(step)?;
    if let Some(period) = &target.period {
        return look(&api, &target.id, period, &mark);
    }
    // The period that was chosen then comes first; another may have come since, so all are looked through.
    let date = item.payload::<Payload>()?.date.unwrap_or_else(|| time::date(sent_ms));
    let mut periods = period::of_company(&api, &target.id)?;
    let Ok(chosen) = period::choose(&periods, Some(&date)).map(|period| period.id) else { return Ok(None) };
    periods.sort_by_key(|period| period.id != chosen);
    for period in periods {
        if run::should_stop() {
            return Err(Error::transient("There was no time to look through everything."));
        }
        let found = look(&api, &target.id, &period.id.to_string(), &mark)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The remark of a period that carries the mark.
fn look(api: &Api, company: &str, period: &str, mark: &str) -> Result<Option<Object>> {
    let remarks: Vec<Remark> = api.whole_list(&["companies", company, "periods", period, "remarks"])?;
    let marked = |remark: &&Remark| remark.text.as_deref().is_some_and(|text| text.contains(mark));
    Ok(remarks.iter().find(marked).map(|remark| Object::of(remark.id)))
}

fn kind(item: &Item) -> Result<Kind> {
    match item.action.as_str() {
        "note" => Ok(Kind::Note),
        "todo" => Ok(Kind::Todo),
        "report" => Ok(Kind::Report),
        _ => Err(item.unsupported()),
    }
}

/// Silverfin's ids are whole numbers.
fn target(item: &Item) -> Result<Target> {
    let target: Target = item.target()?;
    if !is_id(&target.id) {
        return Err(Error::invalid_input("Choose a company.").field("/id", "This is not the id of a company."));
    }
    if target.period.as_deref().is_some_and(|period| !is_id(period)) {
        return Err(Error::invalid_input("Choose a period.").field("/period", "This is not the id of a period."));
    }
    Ok(target)
}

/// Whether this is the id of anything at Silverfin.
pub(crate) fn is_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|digit| digit.is_ascii_digit())
}

fn mark(step: &str) -> Result<String> {
    match run::step_key(step).get(..MARK) {
        Some(key) => Ok(format!("[pb:{key}]")),
        None => Err(Error::other("The host gave no key for this step.")),
    }
}

fn content(api: &Api, kind: Kind, item: &Item, payload: &Payload, mark: &str) -> Result<Content> {
    if payload.text.trim().is_empty() && item.attachments.is_empty() {
        return Err(Error::invalid_input("There is nothing to send.").field("/text", "Write something, or add a file."));
    }
    let title = payload.title.as_deref().map(|title| format!("{title}\n\n")).unwrap_or_default();
    let text = format!("{title}{}\n\n{mark}", payload.text);
    let length = text.chars().count();
    if length <= api.config.text_limit {
        return Ok(Content { text, long: None });
    }
    if kind == Kind::Report {
        let text = format!("{title}The text of the report is in the file.\n\n{mark}");
        return Ok(Content { text, long: Some(payload.text.clone()) });
    }
    let most = api.config.text_limit.saturating_sub(length - payload.text.chars().count());
    Err(Error::invalid_input("The text is too long for Silverfin.")
        .field("/text", format!("Write at most {most} characters.")))
}
