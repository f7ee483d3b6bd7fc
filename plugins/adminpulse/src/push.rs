//! The actions: a meeting on the timeline, a to-do.
//!
//! A meeting is written in this order: its reports, its to-dos, and last the interaction that names them. Each is a step of
//! its own, so that a later attempt gets the ids of what was written before and writes only the rest. The bodies hold
//! nothing that changes between attempts.

use patchbay_sdk::{
    Attachment, Context, Error, Item, Object, Outcome, Result,
    http::{Part, Request},
    run,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    assumed::{BodyFormat, UploadMode},
    text,
    todo::{self, Todo},
    wire::Api,
};

/// The last step of a meeting.
const INTERACTION: &str = "interaction";
/// Letters of our key in the tag of a document.
const MARK: usize = 8;

#[derive(Deserialize)]
pub(crate) struct Target {
    /// The relation's unique identifier.
    pub(crate) id: String,
}

#[derive(Deserialize)]
struct Meeting {
    subject: Option<String>,
    text: Option<String>,
    date: Option<String>,
    #[serde(default)]
    links: Vec<Link>,
    #[serde(default)]
    todos: Vec<Todo>,
}

/// A report that stands at a public address.
#[derive(Deserialize)]
struct Link {
    url: String,
    name: String,
}

pub(crate) fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
    let api = Api::of(ctx)?;
    let id = match item.action.as_str() {
        "interaction" => meeting(&api, item)?,
        "todo" => todo::create(&api, &target(item)?.id, &item.payload()?, todo::STEP)?,
        _ => return Err(item.unsupported()),
    };
    Ok(Outcome::Created(Object::of(id)))
}

pub(crate) fn target(item: &Item) -> Result<Target> {
    let target: Target = item.target()?;
    if target.id.trim().is_empty() {
        return Err(Error::invalid_input("Choose a relation.").field("/id", "This is no unique identifier."));
    }
    Ok(target)
}

fn meeting(api: &Api, item: &Item) -> Result<String> {
    let relation = target(item)?.id;
    let meeting: Meeting = item.payload()?;
    if api.assumed.documents_upload_mode == UploadMode::Url && !item.attachments.is_empty() {
        return Err(Error::invalid_input("Files cannot be sent to AdminPulse as this installation is configured.")
            .field("", "Give the report's public address in `links`, or leave the files out."));
    }
    let mut documents = Vec::new();
    for file in &item.attachments {
        let step = format!("document-{}", documents.len() + 1);
        documents.push(api.made(upload(api, &relation, file, &step)?.send()?)?);
    }
    for link in &meeting.links {
        let step = format!("document-{}", documents.len() + 1);
        documents.push(api.made(fetch(api, &relation, link, &step)?.send()?)?);
    }
    let mut tasks = Vec::new();
    for todo in &meeting.todos {
        tasks.push(todo::create(api, &relation, todo, &format!("todo-{}", tasks.len() + 1))?);
    }
    let body = interaction(api, &relation, &meeting, documents, tasks)?;
    api.made(api.post(&api.assumed.paths_interactions, INTERACTION).json(&body).send()?)
}

/// The bytes of a file, which never come here.
fn upload(api: &Api, relation: &str, file: &Attachment, step: &str) -> Result<Request> {
    let mut parts = vec![Part::blob("file", &file.blob).filename(&file.name).content_type(&file.media_type)];
    for (name, value) in fields(api, relation, &file.name, step)? {
        parts.push(Part::text(name, value));
    }
    Ok(api.post(&api.assumed.paths_documents_add, step).multipart(parts))
}

/// A report that AdminPulse fetches itself.
fn fetch(api: &Api, relation: &str, link: &Link, step: &str) -> Result<Request> {
    let fields = fields(api, relation, &link.name, step)?;
    let mut pairs = vec![("file", link.url.as_str())];
    pairs.extend(fields.iter().map(|(name, value)| (*name, value.as_str())));
    Ok(api.post(&api.assumed.paths_documents_add, step).form(&pairs))
}

/// What goes with a file. The tag is what a person looks for when an answer was lost.
fn fields(api: &Api, relation: &str, name: &str, step: &str) -> Result<[(&'static str, String); 4]> {
    let key = key(step)?;
    let mark = key.get(..MARK).unwrap_or(key.as_str());
    Ok([
        ("fileName", name.to_owned()),
        ("relationIdentifier", relation.to_owned()),
        ("documentType", api.assumed.documents_type_code.to_string()),
        ("tagNames", format!("patchbay-{mark}")),
    ])
}

fn interaction(
    api: &Api,
    relation: &str,
    meeting: &Meeting,
    documents: Vec<String>,
    tasks: Vec<String>,
) -> Result<Value> {
    let names = &api.assumed;
    let date = meeting.date.as_deref().and_then(text::of_body);
    let subject = meeting.subject.as_deref().map(str::trim).filter(|subject| !subject.is_empty());
    let subject = match (subject, meeting.date.as_deref().and_then(text::day_of)) {
        (Some(subject), _) => subject.to_owned(),
        (None, Some(day)) => format!("Meeting {day}"),
        (None, None) => "Meeting".to_owned(),
    };
    let said = meeting.text.as_deref().unwrap_or_default();
    let said = if names.interaction_body_format == BodyFormat::Html { text::html(said) } else { said.to_owned() };
    let mut body = Map::new();
    body.insert(names.interaction_relation.clone(), json!(relation));
    body.insert(names.interaction_subject.clone(), json!(subject));
    body.insert(names.interaction_body.clone(), json!(said));
    if let Some(date) = date {
        body.insert(names.interaction_date.clone(), json!(date));
    }
    if !names.interaction_type.is_empty() {
        body.insert(names.interaction_type.clone(), json!(names.interaction_type_value));
    }
    body.insert(names.interaction_documents.clone(), json!(documents));
    body.insert(names.interaction_tasks.clone(), json!(tasks));
    refer(api, &mut body, INTERACTION)?;
    Ok(Value::Object(body))
}

/// Adds our reference, where there is a field for it.
pub(crate) fn refer(api: &Api, body: &mut Map<String, Value>, step: &str) -> Result<()> {
    if !api.assumed.external_reference.is_empty() {
        body.insert(api.assumed.external_reference.clone(), json!(reference(step)?));
    }
    Ok(())
}

/// What a step is called at AdminPulse.
pub(crate) fn reference(step: &str) -> Result<String> {
    key(step).map(|key| format!("pb:{key}"))
}

fn key(step: &str) -> Result<String> {
    match run::step_key(step) {
        key if key.is_empty() => Err(Error::other("The host gave no key for this step.")),
        key => Ok(key),
    }
}
