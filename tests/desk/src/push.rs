//! The actions.

use patchbay_sdk::{
    Context, Error, Item, Object, Outcome, Result,
    http::{self, Effect, Part, Request},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::wire::{self, Settings, Written};

/// The only step of a note that is new, a task and an entry.
pub(crate) const CREATE: &str = "create";
/// The only step of a note that was written before.
pub(crate) const CHANGE: &str = "change";
/// The first step of a report.
pub(crate) const UPLOAD: &str = "upload";
/// Its second.
pub(crate) const REPORT: &str = "report";
/// The only step of a letter and a call: neither can be looked for.
const SEND: &str = "send";
/// The only step of a card.
const PUT: &str = "put";

#[derive(Deserialize)]
struct Target {
    /// The client.
    id: String,
    folder: Option<String>,
}

/// What an item says; each action's schema allows some of it.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Said {
    pub(crate) title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Value>,
}

/// What is sent.
#[derive(Serialize)]
struct Sent<'a> {
    client: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// The file of a report.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(flatten)]
    said: Said,
}

pub(crate) fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
    let settings = Settings::of(ctx)?;
    let target: Target = item.target()?;
    let mut said: Said = item.payload()?;
    let folder = target.folder.or_else(|| settings.default_folder.clone());
    let sent = |said: Said, folder: Option<String>, reference: Option<String>| Sent {
        client: &target.id,
        folder,
        reference,
        file: None,
        said,
    };
    let post = |path: &str| Ok::<_, Error>(http::post(wire::address(&[path])?));
    match item.action.as_str() {
        "letter" => {
            let request = post("letters")?.header("idempotency-key", wire::reference(SEND)?);
            write(request.json(&sent(said, folder, None)), SEND, &settings).map(Outcome::Created)
        }
        "note" => match item.written() {
            Some(note) => {
                let request = http::patch(wire::address(&["notes", &note.id])?).json(&said);
                write(request, CHANGE, &settings)?;
                Ok(Outcome::Updated(note))
            }
            None => found_by_reference("notes", CREATE, |reference| sent(said, folder, reference), &settings),
        },
        "task" => {
            said.assignee = said.assignee.or_else(|| settings.default_assignee.clone());
            found_by_reference("tasks", CREATE, |reference| sent(said, folder, reference), &settings)
        }
        "entry" => found_by_reference("entries", CREATE, |reference| sent(said, folder, reference), &settings),
        "card" => {
            let request = http::put(wire::address(&["cards", &wire::reference(PUT)?])?);
            write(request.json(&sent(said, folder, None)), PUT, &settings).map(Outcome::Created)
        }
        "call" => write(post("calls")?.json(&sent(said, None, None)), SEND, &settings).map(Outcome::Created),
        "report" => {
            let file = match item.found(UPLOAD) {
                Some(file) => file,
                None => upload(item, &target.id, &settings)?,
            };
            if let Some(report) = item.found(REPORT) {
                return Ok(Outcome::Exists(report));
            }
            let sent = |reference| Sent { file: Some(file.id), ..sent(said, folder, reference) };
            found_by_reference("reports", REPORT, sent, &settings)
        }
        _ => Err(item.unsupported()),
    }
}

/// Sends the item's file, which never comes here.
fn upload(item: &Item, client: &str, settings: &Settings) -> Result<Object> {
    let [file] = item.attachments.as_slice() else {
        return Err(Error::invalid_input("A report is one file.").field("", "Attach one file."));
    };
    let parts = vec![
        Part::text("reference", wire::reference(UPLOAD)?),
        Part::text("client", client),
        Part::blob("file", &file.blob).filename(&file.name).content_type(&file.media_type),
    ];
    write(http::post(wire::address(&["files"])?).multipart(parts), UPLOAD, settings)
}

/// Writes something that can be looked for later.
fn found_by_reference<'a>(
    path: &str,
    step: &str,
    sent: impl FnOnce(Option<String>) -> Sent<'a>,
    settings: &Settings,
) -> Result<Outcome> {
    let request = http::post(wire::address(&[path])?).json(&sent(Some(wire::reference(step)?)));
    write(request, step, settings).map(Outcome::Created)
}

fn write(request: Request, step: &str, settings: &Settings) -> Result<Object> {
    let request = match &settings.partner_code {
        Some(code) => request.header("x-partner-code", code),
        None => request,
    };
    let answer = wire::ok(request.effect(Effect::Write).step(step).send()?)?;
    Ok(answer.json::<Written>()?.into())
}
