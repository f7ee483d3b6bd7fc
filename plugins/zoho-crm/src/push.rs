//! The actions: a report, a note, a to-do, all of them for the event of a meeting.
//!
//! Zoho takes no idempotency key, and the same post twice makes two. So whatever is written carries a mark made of the host's
//! key of the step: the last line of a text, a part of a file's name. It is what a lost answer is found again by.

use patchbay_sdk::{Context, Error, Item, Object, Outcome, Result, run};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    report, todo,
    wire::{Api, Row, write},
};

/// The module of what a meeting is about.
pub(crate) const EVENTS: &str = "Events";
/// The step that writes a note.
pub(crate) const NOTE: &str = "note";
/// Letters of the key in a mark: enough that no two items share them.
const MARK: usize = 12;

/// What a tenant chose in the settings.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Settings {
    #[serde(default)]
    pub(crate) report_storage: Storage,
    pub(crate) workdrive_folder: Option<String>,
    pub(crate) workdrive_subfolder: Option<String>,
    #[serde(default)]
    pub(crate) links: Links,
    pub(crate) default_assignee: Option<String>,
    pub(crate) task_priority: Option<String>,
    pub(crate) task_status: Option<String>,
    #[serde(default)]
    run_workflows: bool,
}

/// Where the files of a report go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Storage {
    #[default]
    Both,
    Workdrive,
    Event,
}

/// Who can open the links in a note.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Links {
    /// Who can log in and sees the folder.
    #[default]
    Colleagues,
    Anyone,
}

#[derive(Deserialize)]
struct Target {
    id: String,
}

#[derive(Deserialize)]
struct Note {
    text: String,
    title: Option<String>,
    meeting: Option<String>,
    date: Option<String>,
}

/// A note as Zoho tells it.
#[derive(Deserialize)]
struct Noted {
    id: String,
    #[serde(rename = "Note_Content")]
    content: Option<String>,
}

#[derive(Serialize)]
struct NoteToCreate<'a> {
    #[serde(rename = "Note_Title")]
    title: &'a str,
    #[serde(rename = "Note_Content")]
    content: &'a str,
    #[serde(rename = "Parent_Id")]
    parent: Value,
}

pub(crate) fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
    let (api, settings) = (Api::of(ctx)?, ctx.settings::<Settings>()?);
    match item.action.as_str() {
        "report" => report::send(&api, &settings, item),
        "note" => note(&api, &settings, item),
        "todo" => todo::send(&api, &settings, item),
        _ => Err(item.unsupported()),
    }
}

pub(crate) fn find(ctx: &Context, item: &Item, step: &str, sent_ms: u64) -> Result<Option<Object>> {
    let (api, settings) = (Api::of(ctx)?, ctx.settings::<Settings>()?);
    match (item.action.as_str(), step) {
        ("report" | "note", NOTE) => find_note(&api, &event_id(item)?),
        ("report", step) => report::find(&api, &settings, item, step),
        ("todo", todo::TASK) => todo::find(&api, sent_ms),
        _ => Err(item.unsupported()),
    }
}

fn note(api: &Api, settings: &Settings, item: &Item) -> Result<Outcome> {
    let event = event_id(item)?;
    let note: Note = item.payload()?;
    let title = note.title.or(note.meeting).unwrap_or_else(|| "Note".to_owned());
    let title = match note.date {
        Some(date) => format!("{title} ({date})"),
        None => title,
    };
    let content = format!("{}\n\n{}", note.text.trim_end(), mark_line(NOTE)?);
    let limit = api.assumed.note_text_limit;
    if content.chars().count() > limit {
        let most = limit.saturating_sub(MARK + 8);
        return Err(Error::invalid_input("The text is too long for a note in Zoho.")
            .field("/text", format!("Write at most {most} characters.")));
    }
    post_note(api, settings, &event, &title, &content)
}

/// Writes a note to an event.
pub(crate) fn post_note(api: &Api, settings: &Settings, event: &str, title: &str, content: &str) -> Result<Outcome> {
    let title = shortened(title, api.assumed.note_title_limit);
    let parent = json!({ "module": { "api_name": EVENTS }, "id": event });
    let row = NoteToCreate { title: &title, content, parent };
    let request = api.post(&[EVENTS, event, "Notes"])?.json(&settings.rows(&row));
    let answer = write(request, NOTE).send()?;
    Ok(match api.written(answer, NOTE)? {
        Row::New(id) => Outcome::Created(api.object(EVENTS, event, &id)),
        Row::Known(id) => Outcome::Exists(api.object(EVENTS, event, &id)),
    })
}

fn find_note(api: &Api, event: &str) -> Result<Option<Object>> {
    let mark = mark_line(NOTE)?;
    let mut found = None;
    let ask = || Ok(api.get(&[EVENTS, event, "Notes"])?.query("fields", "Note_Title,Note_Content"));
    api.each(ask, |noted: Noted| {
        let marked = noted.content.is_some_and(|content| content.contains(&mark));
        if marked {
            found = Some(noted.id);
        }
        marked
    })?;
    Ok(found.map(|id| api.object(EVENTS, event, &id)))
}

impl Settings {
    /// The body of a write: one row. An empty list of triggers keeps workflows and their mails from starting.
    pub(crate) fn rows(&self, row: &impl Serialize) -> Value {
        if self.run_workflows { json!({ "data": [row] }) } else { json!({ "data": [row], "trigger": [] }) }
    }
}

/// The event that was chosen. Zoho's ids are long numbers.
pub(crate) fn event_id(item: &Item) -> Result<String> {
    let target: Target = item.target()?;
    if target.id.is_empty() || !target.id.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(Error::invalid_input("Choose an event.").field("/id", "This is not the id of an event."));
    }
    Ok(target.id)
}

/// The letters by which what a step wrote is found again.
pub(crate) fn mark(step: &str) -> Result<String> {
    let key = run::step_key(step);
    key.get(..MARK).map(str::to_owned).ok_or_else(|| Error::other("The host gave no key for this step."))
}

/// The same as the last line of a text.
pub(crate) fn mark_line(step: &str) -> Result<String> {
    Ok(format!("[pb:{}]", mark(step)?))
}

/// The text, with an ellipsis where it is longer than this.
pub(crate) fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(limit.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}
