//! A to-do becomes a task on the record. Its moment is when it is due.

use patchbay_sdk::{Context, Error, Item, Outcome, Result, log, time};
use serde::Deserialize;
use serde_json::{Map, json};

use crate::{
    auth,
    push::{Settings, Target, change, moment, write},
    text,
    wire::Api,
};

/// The step that writes a task.
pub(crate) const TASK: &str = "task";
/// Days until it is due, where nobody says.
const DAYS: u64 = 7;
const DAY: u64 = 86_400_000;

#[derive(Deserialize)]
struct Todo {
    text: String,
    title: Option<String>,
    due: Option<String>,
    assignee: Option<String>,
    priority: Option<String>,
    meeting: Option<String>,
}

pub(crate) fn send(ctx: &Context, api: &Api, settings: &Settings, item: &Item) -> Result<Outcome> {
    let (target, todo) = (Target::of(item)?, item.payload::<Todo>()?);
    if todo.text.trim().is_empty() {
        return Err(Error::invalid_input("There is nothing to do.").field("/text", "Write what is to be done."));
    }
    let due =
        match todo.due.as_deref() {
            None => None,
            Some(day) => Some(text::on_day(day, api.assumed.due_hour, api.offset_ms).ok_or_else(|| {
                Error::invalid_input("The due day is none.").field("/due", "Write it like 2026-12-31.")
            })?),
        };
    let (at, step) = moment(item, TASK, due);
    let at = match due {
        Some(due) => due,
        None => {
            // At the same hour of the day that is so many days later.
            let day = at.saturating_add_signed(api.offset_ms) + settings.todo_due_days.unwrap_or(DAYS) * DAY;
            text::on_day(&time::date(day), api.assumed.due_hour, api.offset_ms).unwrap_or(at)
        }
    };
    let (owner, named) = owner(ctx, api, settings, todo.assignee.as_deref())?;
    let first = todo.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let title = todo.title.as_deref().map(str::trim).filter(|title| !title.is_empty());
    let subject = text::shortened(title.unwrap_or(first).trim(), api.assumed.subject_limit);
    // Said once: a text of one line that is the subject is not repeated.
    let whole = Some(todo.text.trim()).filter(|text| *text != subject).map(text::html);
    let line = |name: &str, value: Option<&str>| {
        let value = value.map(str::trim).filter(|value| !value.is_empty());
        value.map(|value| text::html(&format!("{name}: {value}")))
    };
    let mark = match settings.key_property("tasks") {
        Some(_) => None,
        None => Some(format!("<p>{}</p>", text::mark(TASK)?)),
    };
    let parts = [whole, line("For", named.as_deref()), line("Meeting", todo.meeting.as_deref()), mark];
    let body: String = parts.into_iter().flatten().collect();
    if body.chars().count() > api.assumed.note_limit {
        return Err(Error::invalid_input("The text is too long for a task in HubSpot.").field("/text", "Shorten it."));
    }
    let mut properties =
        Map::from_iter([("hs_task_subject".to_owned(), json!(subject)), ("hs_task_body".to_owned(), json!(body))]);
    let more = [("hs_task_priority", todo.priority), ("hubspot_owner_id", owner)];
    properties.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))));
    if let Some(written) = item.written() {
        if due.is_some() {
            properties.insert("hs_timestamp".to_owned(), json!(time::rfc3339(at)));
        }
        change(api, "tasks", &written.id, &properties)?;
        return Ok(Outcome::Updated(api.object(&written.id, target.kind, &target.id)));
    }
    for (name, value) in
        [("hs_timestamp", time::rfc3339(at).as_str()), ("hs_task_status", "NOT_STARTED"), ("hs_task_type", "TODO")]
    {
        properties.insert(name.to_owned(), json!(value));
    }
    let id = write(api, settings, item, "tasks", (TASK, &step), &properties, Some(&target))?;
    Ok(Outcome::Created(api.object(&id, target.kind, &target.id)))
}

/// Who gets the task, and the name that has to be said in it because nobody in HubSpot is called so. A task without an owner is in
/// nobody's list.
fn owner(
    ctx: &Context,
    api: &Api,
    settings: &Settings,
    assignee: Option<&str>,
) -> Result<(Option<String>, Option<String>)> {
    let assignee = assignee.map(str::trim).filter(|name| !name.is_empty());
    if let Some(name) = assignee
        && let Some(id) = auth::named(api, name)?
    {
        return Ok((Some(id), None));
    }
    let chosen = settings.default_owner.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let mut instead = match chosen {
        Some(known) => auth::named(api, known)?,
        None => None,
    };
    if instead.is_none() && chosen.is_some() {
        log::warn("the owner whom the settings name for to-dos is none of the account", &[]);
    }
    if instead.is_none() {
        instead = ctx.fact("owner").ok().map(str::to_owned);
    }
    Ok((instead, assignee.map(str::to_owned)))
}
