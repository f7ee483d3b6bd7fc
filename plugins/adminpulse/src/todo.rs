//! A to-do as a task of a relation, and how one is found again after its answer was lost.
//!
//! No idempotency key is known. The task carries our reference; whether the list of tasks tells it again is assumed. So a
//! to-do is found by its reference only, and is *not there* only where no task of the relation has its name. A task of the
//! same name that tells no reference may be ours or not: then a person has to look.

use patchbay_sdk::{Case, Context, Error, Item, Object, RawValue, Result, log, run};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    push::{self, refer, reference},
    text,
    wire::{self, Api, PAGE_SIZE},
};

/// The one step of the action `todo`.
pub(crate) const STEP: &str = "task";
/// Pages that are looked through.
const PAGES: u64 = 25;

#[derive(Deserialize)]
pub(crate) struct Todo {
    title: Option<String>,
    text: String,
    due: Option<String>,
    /// Name, e-mail address or id.
    assignee: Option<String>,
    /// What it came from.
    about: Option<String>,
}

/// A task as the list tells it.
#[derive(Deserialize)]
struct Task<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    name: Option<String>,
}

/// Creates the task; its id.
pub(crate) fn create(api: &Api, relation: &str, todo: &Todo, step: &str) -> Result<String> {
    let names = &api.assumed;
    let due = todo.due.as_deref().and_then(text::of_body);
    let assignee = match &todo.assignee {
        Some(who) if !names.task_assignee.is_empty() => user(api, who)?,
        _ => None,
    };
    let mut body = Map::new();
    body.insert(names.task_relation.clone(), json!(relation));
    body.insert(names.task_name.clone(), json!(text::name(todo.title.as_deref(), &todo.text)));
    body.insert(names.task_body.clone(), json!(description(todo, due.is_some(), assignee.is_some())));
    if let Some(due) = due {
        body.insert(names.task_deadline.clone(), json!(due));
    }
    if !names.task_status.is_empty() {
        body.insert(names.task_status.clone(), json!(0));
    }
    if let Some(assignee) = assignee {
        body.insert(names.task_assignee.clone(), json!(assignee));
    }
    refer(api, &mut body, step)?;
    api.made(api.post(&names.paths_tasks_create, step).json(&Value::Object(body)).send()?)
}

/// The text, and what has no field of its own: nothing that the person said is lost.
fn description(todo: &Todo, dated: bool, assigned: bool) -> String {
    let mut lines = vec![todo.text.trim().to_owned()];
    let filled =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    if let (false, Some(due)) = (dated, filled(&todo.due)) {
        lines.push(format!("({due})"));
    }
    if let (false, Some(who)) = (assigned, filled(&todo.assignee)) {
        lines.push(format!("→ {who}"));
    }
    lines.extend(filled(&todo.about));
    lines.join("\n\n")
}

/// The id of the one person who is called so. A credential that may not read users assigns nobody.
fn user(api: &Api, who: &str) -> Result<Option<Value>> {
    let listing = match api.list("/users", &[], 0, PAGE_SIZE) {
        Err(error) if error.case() == Case::PermissionDenied => {
            log::info("users may not be read, so nobody is assigned", &[]);
            return Ok(None);
        }
        listing => listing?,
    };
    let who = who.trim().to_lowercase();
    let mut found = Vec::new();
    for row in listing.rows()?.rows {
        let user: Map<String, Value> = listing.row(row)?;
        let is = |name: &str| wire::text(&user, name).is_some_and(|text| text.to_lowercase() == who);
        if ["id", "email", "name"].into_iter().any(is) {
            found.extend(user.get("id").cloned());
        }
    }
    Ok(if found.len() == 1 { found.pop() } else { None })
}

/// Looks for the task of a to-do.
pub(crate) fn find(ctx: &Context, item: &Item, step: &str) -> Result<Option<Object>> {
    if item.action != "todo" {
        return Err(Error::unsupported("AdminPulse does not let anybody look for documents and interactions."));
    }
    let api = Api::of(ctx)?;
    let todo: Todo = item.payload()?;
    let (wanted, name) = (reference(step)?, text::name(todo.title.as_deref(), &todo.text));
    let relation = id_of_relation(&api, &push::target(item)?.id)?;
    let mut namesakes = 0_u32;
    for page in 0..PAGES {
        let listing = api.list("/tasks", &[("relationId", relation.as_str())], page, PAGE_SIZE)?;
        let rows = listing.rows()?;
        for row in &rows.rows {
            let task: Task<'_> = listing.row(row)?;
            let members: Value = listing.row(row)?;
            match members.get(&api.assumed.external_reference).and_then(Value::as_str) {
                Some(told) if told == wanted => return Ok(Some(Object::of(plain(task.id)))),
                Some(_) => {}
                None if task.name.as_deref().is_some_and(|other| other.trim() == name) => namesakes += 1,
                None => {}
            }
        }
        if rows.is_last {
            return if namesakes == 0 { Ok(None) } else { Err(undecided(namesakes)) };
        }
        if run::should_stop() {
            return Err(Error::transient("There was no time to look through all tasks of the relation."));
        }
    }
    Err(Error::other("The relation has more tasks than can be looked through.").detail(format!("{PAGES} pages")))
}

fn undecided(namesakes: u32) -> Error {
    Error::other(
        "The relation has a task of this name, and AdminPulse does not say whether it is this one. Look at the relation's \
         tasks, and say whether the to-do is there.",
    )
    .detail(format!("{namesakes} tasks of this name tell no reference"))
}

/// Tasks are listed by the relation's id, while they are written with its unique identifier.
fn id_of_relation(api: &Api, unique: &str) -> Result<String> {
    #[derive(Deserialize)]
    struct Relation<'a> {
        #[serde(borrow)]
        id: &'a RawValue,
    }
    let answer = api.ok(api.one("/relations", unique)?.send()?)?;
    let id = answer.json::<Relation<'_>>().map(|relation| plain(relation.id))?;
    Ok(id)
}

/// An id as text, whether it is text or a number.
fn plain(id: &RawValue) -> String {
    serde_json::from_str::<String>(id.get()).unwrap_or_else(|_| id.get().to_owned())
}
