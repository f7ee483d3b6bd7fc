//! A to-do becomes a task. It hangs on what its event is about, and belongs to whoever is named, else to the person that
//! the settings name.

use patchbay_sdk::{Item, Object, Outcome, Result, log};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    auth, event,
    push::{Settings, event_id, mark_line, shortened},
    wire::{Api, Row, Text, moment, write},
};

/// The module, and the step that writes to it.
const TASKS: &str = "Tasks";
pub(crate) const TASK: &str = "task";
/// How much the clocks of host and provider may differ, ms.
const CLOCKS: u64 = 600_000;

#[derive(Deserialize)]
struct Todo {
    text: String,
    title: Option<String>,
    due: Option<String>,
    assignee: Option<String>,
    meeting: Option<String>,
}

#[derive(Serialize)]
struct TaskToCreate<'a> {
    #[serde(rename = "Subject")]
    subject: &'a str,
    #[serde(rename = "Description")]
    description: &'a str,
    #[serde(rename = "Due_Date", skip_serializing_if = "Option::is_none")]
    due: Option<&'a str>,
    // The lists of both may be an organisation's own: only what the settings say is sent.
    #[serde(rename = "Status", skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
    #[serde(rename = "Priority", skip_serializing_if = "Option::is_none")]
    priority: Option<&'a str>,
    #[serde(rename = "Owner", skip_serializing_if = "Option::is_none")]
    owner: Option<Value>,
    #[serde(rename = "What_Id", skip_serializing_if = "Option::is_none")]
    what: Option<Value>,
    #[serde(rename = "$se_module", skip_serializing_if = "Option::is_none")]
    what_module: Option<&'a str>,
    #[serde(rename = "Who_Id", skip_serializing_if = "Option::is_none")]
    who: Option<Value>,
}

/// A task as Zoho tells it.
#[derive(Deserialize)]
struct Task {
    id: Text,
    #[serde(rename = "Description")]
    description: Option<String>,
}

pub(crate) fn send(api: &Api, settings: &Settings, item: &Item) -> Result<Outcome> {
    let event_id = event_id(item)?;
    let todo: Todo = item.payload()?;
    let mark = mark_line(TASK)?;
    let event = event::of(api, &event_id)?;
    let (owner, named) = owner(api, settings, todo.assignee.as_deref())?;
    let first = todo.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let subject = shortened(todo.title.as_deref().unwrap_or(first).trim(), api.assumed.subject_limit);
    // Said once: a text of one line that is the subject is not repeated.
    let whole = Some(todo.text.trim()).filter(|text| *text != subject).map(str::to_owned);
    let meeting = todo.meeting.or(event.title).map(|title| format!("Meeting: {title}"));
    let parts = [whole, named.map(|name| format!("For: {name}")), meeting, Some(mark)];
    let description = parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n");
    let limit = api.assumed.note_text_limit;
    if description.chars().count() > limit {
        return Err(patchbay_sdk::Error::invalid_input("The text is too long for a task in Zoho.")
            .field("/text", format!("Write at most {} characters.", limit.saturating_sub(400))));
    }
    // Without its module Zoho refuses what it hangs on.
    let (what, what_module) = match (event.what, event.what_module.as_deref()) {
        (Some(what), Some(module)) => (Some(json!({ "id": what.id.0 })), Some(module)),
        (Some(_), None) => {
            log::warn("the event does not say which module it hangs on; the task hangs on nothing", &[]);
            (None, None)
        }
        (None, _) => (None, None),
    };
    let row = TaskToCreate {
        subject: &subject,
        description: &description,
        due: todo.due.as_deref(),
        status: chosen(&settings.task_status),
        priority: chosen(&settings.task_priority),
        owner: owner.map(|id| json!({ "id": id })),
        what,
        what_module,
        who: event.who.map(|who| json!({ "id": who.id.0 })),
    };
    let answer = write(api.post(&[TASKS])?.json(&settings.rows(&row)), TASK).send()?;
    Ok(match api.written(answer, TASK)? {
        Row::New(id) => Outcome::Created(api.object(TASKS, &id, &id)),
        Row::Known(id) => Outcome::Exists(api.object(TASKS, &id, &id)),
    })
}

/// The task that carries the mark, among those that changed since it was sent.
pub(crate) fn find(api: &Api, sent_ms: u64) -> Result<Option<Object>> {
    let mark = mark_line(TASK)?;
    let since = moment(sent_ms.saturating_sub(CLOCKS));
    let mut found = None;
    let ask = || {
        let request = api.get(&[TASKS])?.query("fields", "Subject,Description,Modified_Time");
        let request = request.query("sort_by", "Modified_Time").query("sort_order", "asc");
        Ok(request.header("if-modified-since", &since))
    };
    api.each(ask, |task: Task| {
        let marked = task.description.is_some_and(|text| text.contains(&mark));
        if marked {
            found = Some(task.id.0);
        }
        marked
    })?;
    Ok(found.map(|id| api.object(TASKS, &id, &id)))
}

/// Who gets the task, and the name that has to be said in it because nobody in Zoho is called so. Without either the task
/// belongs to the person who connected.
fn owner(api: &Api, settings: &Settings, assignee: Option<&str>) -> Result<(Option<String>, Option<String>)> {
    let assignee = assignee.map(str::trim).filter(|name| !name.is_empty());
    if let Some(name) = assignee
        && let Some(id) = auth::user(api, name)?
    {
        return Ok((Some(id), None));
    }
    let instead = match chosen(&settings.default_assignee) {
        Some(known) => auth::user(api, known)?,
        None => None,
    };
    if instead.is_none() && chosen(&settings.default_assignee).is_some() {
        log::warn("the person whom the settings name for tasks is no active user of Zoho CRM", &[]);
    }
    Ok((instead, assignee.map(str::to_owned)))
}

fn chosen(setting: &Option<String>) -> Option<&str> {
    setting.as_deref().map(str::trim).filter(|text| !text.is_empty())
}
