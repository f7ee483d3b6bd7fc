//! The actions: a note, a report with its files, and a file in a record's chatter; a to-do; a task in a project.
//!
//! Odoo takes no idempotency key: what is sent twice is there twice. Each text ends in a mark, a file is known by its
//! content, and `find.rs` looks for them after a lost answer. Each call is a transaction of its own, so an exception means
//! that nothing was written.

use patchbay_sdk::{Attachment, Context, Error, Item, Object, Outcome, Result, run, time};
use serde::Deserialize;
use serde_json::{Map, json};

use crate::{
    assumed::Todos,
    call::Call,
    models::{self, Fields},
    text,
    wire::Api,
};

pub(crate) const MESSAGE: &str = "message";
pub(crate) const ACTIVITY: &str = "activity";
pub(crate) const TASK: &str = "task";
/// Letters of a to-do without a title that stand in a list.
const SHORT: usize = 120;

/// A record, as `model,id`: what Odoo itself writes a reference as.
pub(crate) struct Target {
    pub(crate) model: String,
    pub(crate) id: u64,
}

#[derive(Deserialize)]
struct Chosen {
    id: String,
}

#[derive(Default, Deserialize)]
struct Said {
    title: Option<String>,
    #[serde(default)]
    text: String,
    date: Option<String>,
}

#[derive(Deserialize)]
struct Todo {
    title: Option<String>,
    #[serde(default)]
    text: String,
    about: Option<String>,
    due: Option<String>,
    assignee: Option<String>,
}

#[derive(Deserialize)]
struct Task {
    name: String,
    #[serde(default)]
    text: String,
    due: Option<String>,
    assignee: Option<String>,
}

/// A task before it is sent.
struct NewTask<'a> {
    name: &'a str,
    text: String,
    project: Option<u64>,
    partner: Option<u64>,
    due: Option<&'a str>,
    assignee: Option<&'a str>,
}

#[derive(Deserialize)]
struct Person {
    id: u64,
}

impl Todo {
    /// What stands in the list of to-dos, and what stands below it.
    fn in_short(&self) -> Result<(String, String)> {
        let text = self.text.trim();
        let title = self.title.as_deref().map(str::trim).filter(|title| !title.is_empty());
        let line = text.lines().next().unwrap_or_default();
        let (summary, rest) = match title {
            Some(title) => (title.to_owned(), text),
            None if line == text && line.chars().count() <= SHORT => (line.to_owned(), ""),
            None => (line.chars().take(SHORT).collect(), text),
        };
        if summary.is_empty() {
            return Err(
                Error::invalid_input("A to-do says what has to be done.").field("/text", "Write what has to be done.")
            );
        }
        let about = self.about.as_deref().map(str::trim).unwrap_or_default();
        let parts: Vec<&str> = [rest, about].into_iter().filter(|part| !part.is_empty()).collect();
        Ok((summary, parts.join("\n\n")))
    }
}

pub(crate) fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
    let api = Api::of(ctx)?;
    match item.action.as_str() {
        "note" => note(&api, item),
        "report" => report(&api, item),
        "file" => file(&api, item),
        "todo" => todo(&api, item),
        "task" => task(&api, item),
        _ => Err(item.unsupported()),
    }
}

fn note(api: &Api, item: &Item) -> Result<Outcome> {
    let (target, said) = (target(item)?, item.payload::<Said>()?);
    message(api, &target, &said, &[])
}

/// The files first, then the message that shows them.
fn report(api: &Api, item: &Item) -> Result<Outcome> {
    let (target, said) = (target(item)?, item.payload::<Said>()?);
    if said.text.trim().is_empty() && item.attachments.is_empty() {
        return Err(
            Error::invalid_input("A report has a text or a file.").field("/text", "Write a text, or add a file.")
        );
    }
    let files = attach(api, item, &target)?;
    if let Some(done) = item.found(MESSAGE) {
        return Ok(Outcome::Created(done));
    }
    message(api, &target, &said, &files)
}

fn file(api: &Api, item: &Item) -> Result<Outcome> {
    let target = target(item)?;
    let files = attach(api, item, &target)?;
    let first = files.first().ok_or_else(|| Error::invalid_input("There is no file to add."))?;
    Ok(Outcome::Created(Object::of(first).url(text::link(api, &target.model, target.id))))
}

/// Adds the item's files to the record, each by a step of its own; their ids.
fn attach(api: &Api, item: &Item, target: &Target) -> Result<Vec<u64>> {
    let mut ids = Vec::with_capacity(item.attachments.len());
    for (at, attachment) in item.attachments.iter().enumerate() {
        let step = file_step(at);
        let done = item.found(&step).and_then(|object| object.id.parse().ok());
        ids.push(match done {
            Some(id) => id,
            None => upload(api, attachment, target, &step)?,
        });
    }
    Ok(ids)
}

fn upload(api: &Api, attachment: &Attachment, target: &Target, step: &str) -> Result<u64> {
    let Attachment { blob, name, media_type, .. } = attachment;
    let vals = json!([{
        "name": name, "mimetype": media_type, "res_model": target.model, "res_id": target.id, "datas": null,
    }]);
    let call = Call::of("ir.attachment", "create").place("vals_list", vals);
    api.write(&call, step, Some(("/0/datas", blob)))?.made()
}

/// The step of the item's file at this place.
pub(crate) fn file_step(at: usize) -> String {
    format!("file-{}", at + 1)
}

fn message(api: &Api, target: &Target, said: &Said, files: &[u64]) -> Result<Outcome> {
    let title = match (&said.title, &said.date) {
        (Some(title), Some(date)) => Some(format!("{title} ({date})")),
        (title, date) => title.clone().or_else(|| date.clone()),
    };
    let body = text::html(title.as_deref(), &said.text, &text::mark(MESSAGE)?);
    let flag = api.flags_html()?.then_some(true);
    let call = Call::of(&target.model, "message_post")
        .on(target.id)
        .named("body", body)
        .named("message_type", "comment")
        .named("subtype_xmlid", &api.assumed.note_subtype)
        .maybe("attachment_ids", (!files.is_empty()).then_some(files))
        .maybe("body_is_html", flag);
    let id = api.write(&call, MESSAGE, None)?.made()?;
    Ok(Outcome::Created(Object::of(id).url(text::link(api, &target.model, target.id))))
}

fn todo(api: &Api, item: &Item) -> Result<Outcome> {
    let (target, todo) = (target(item)?, item.payload::<Todo>()?);
    // What was found is this to-do, whatever the settings make of one by now. Beside a step that was answered the host
    // sends no other, because this action has one step.
    if let Some(done) = item.found(ACTIVITY).or_else(|| item.found(TASK)) {
        return Ok(Outcome::Created(done));
    }
    let (summary, note) = todo.in_short()?;
    if api.settings.todos == Todos::Task {
        let project = api.settings.todo_project;
        let partner = (target.model == "res.partner").then_some(target.id);
        let (due, assignee) = (todo.due.as_deref(), todo.assignee.as_deref());
        return make(api, &NewTask { name: &summary, text: note, project, partner, due, assignee });
    }
    let (person, note) = assigned(api, todo.assignee.as_deref(), note)?;
    let call = Call::of(&target.model, "activity_schedule")
        .on(target.id)
        .named("act_type_xmlid", &api.assumed.todo_type)
        .named("summary", summary)
        .named("note", text::html(None, &note, &text::mark(ACTIVITY)?))
        .named("date_deadline", todo.due.unwrap_or_else(|| time::date(run::now_ms())))
        .maybe("user_id", person);
    let id = api.write(&call, ACTIVITY, None)?.made()?;
    Ok(Outcome::Created(Object::of(id).url(text::link(api, &target.model, target.id))))
}

fn task(api: &Api, item: &Item) -> Result<Outcome> {
    let (chosen, task) = (item.target::<Chosen>()?, item.payload::<Task>()?);
    let project = chosen
        .id
        .parse()
        .map_err(|_| Error::invalid_input("Choose a project.").field("/id", "This is not the id of a project."))?;
    let (due, assignee) = (task.due.as_deref(), task.assignee.as_deref());
    make(api, &NewTask { name: &task.name, text: task.text, project: Some(project), partner: None, due, assignee })
}

fn make(api: &Api, task: &NewTask<'_>) -> Result<Outcome> {
    // Who does it and when it is due is written in another way in each version.
    let fields = models::task_fields().fields(api, &["type"])?;
    let (person, said) = assigned(api, task.assignee, task.text.clone())?;
    let mut vals = Map::new();
    vals.insert("name".to_owned(), json!(task.name));
    vals.insert("description".to_owned(), json!(text::html(None, &said, &text::mark(TASK)?)));
    for (name, id) in [("project_id", task.project), ("partner_id", task.partner)] {
        vals.extend(id.map(|id| (name.to_owned(), json!(id))));
    }
    match person {
        Some(person) if fields.contains_key("user_ids") => {
            vals.insert("user_ids".to_owned(), json!([[6, 0, [person]]]));
        }
        Some(person) => {
            vals.insert("user_id".to_owned(), json!(person));
        }
        None => {}
    }
    if let Some(due) = task.due {
        vals.insert("date_deadline".to_owned(), json!(deadline(&fields, due)));
    }
    let call = Call::of("project.task", "create").place("vals_list", json!([vals]));
    let id = api.write(&call, TASK, None)?.made()?;
    Ok(Outcome::Created(Object::of(id).url(text::link(api, "project.task", id))))
}

/// A day, or from version 17 on a moment: the afternoon of that day.
fn deadline(fields: &Fields, day: &str) -> String {
    match fields.get("date_deadline") {
        Some(field) if field.kind == "datetime" => format!("{day} 16:00:00"),
        _ => day.to_owned(),
    }
}

/// The person of this name, login or e-mail address; where there is none, or several, the text says who is meant.
fn assigned(api: &Api, assignee: Option<&str>, text: String) -> Result<(Option<u64>, String)> {
    let Some(assignee) = assignee.map(str::trim).filter(|assignee| !assignee.is_empty()) else {
        return Ok((None, text));
    };
    let domain = json!([
        "&",
        ["active", "=", true],
        "|",
        "|",
        ["login", "=", assignee],
        ["email", "=", assignee],
        ["name", "=", assignee]
    ]);
    let found: Vec<Person> = api.search("res.users", domain, &["name"], "id asc", 2)?;
    match found.as_slice() {
        [person] => Ok((Some(person.id), text)),
        _ if text.trim().is_empty() => Ok((None, assignee.to_owned())),
        _ => Ok((None, format!("{text}\n\n{assignee}"))),
    }
}

/// The record that was chosen.
pub(crate) fn target(item: &Item) -> Result<Target> {
    let chosen: Chosen = item.target()?;
    let parts = chosen.id.split_once(',').filter(|(model, _)| models::is_model(model));
    let target = parts.and_then(|(model, id)| Some(Target { model: model.to_owned(), id: id.parse().ok()? }));
    target.ok_or_else(|| {
        Error::invalid_input("Choose a record.").field("/id", "This is not a record, written as model,id.")
    })
}

#[cfg(test)]
mod tests {
    use super::{Todo, deadline};
    use crate::models::Fields;

    #[test]
    fn a_to_do_has_a_short_line_and_the_rest_below_it() {
        let short = |told: serde_json::Value| serde_json::from_value::<Todo>(told).unwrap().in_short();
        let json =
            |title: Option<&str>, text: &str| serde_json::json!({ "title": title, "text": text, "about": "Talk" });
        assert_eq!(short(json(Some("Call"), "Soon.")).unwrap(), ("Call".to_owned(), "Soon.\n\nTalk".to_owned()));
        assert_eq!(short(json(None, "Call")).unwrap(), ("Call".to_owned(), "Talk".to_owned()));
        assert_eq!(short(json(None, "Call\nsoon")).unwrap(), ("Call".to_owned(), "Call\nsoon\n\nTalk".to_owned()));
        let long = "é".repeat(200);
        let (summary, note) = short(json(None, &long)).unwrap();
        assert_eq!((summary.chars().count(), note.starts_with(&long)), (120, true));
        assert!(short(json(Some(" "), " ")).is_err());
    }

    #[test]
    fn a_deadline_is_a_day_or_a_moment_by_version() {
        let fields = |kind: &str| -> Fields {
            serde_json::from_value(serde_json::json!({ "date_deadline": { "type": kind } })).unwrap()
        };
        assert_eq!(deadline(&fields("date"), "2026-03-20"), "2026-03-20");
        assert_eq!(deadline(&fields("datetime"), "2026-03-20"), "2026-03-20 16:00:00");
        assert_eq!(deadline(&Fields::new(), "2026-03-20"), "2026-03-20");
    }
}
