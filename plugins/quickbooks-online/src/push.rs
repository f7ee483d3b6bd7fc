//! The actions that attach notes and files; a meeting's report is both. What makes and changes customers is in `customer.rs`.
//!
//! QuickBooks has one kind of attachment, which is a note, a file, or both; here each is one of its own, so that each is a step
//! that is known to be done. Every write carries the host's key of its step as `requestid`, and QuickBooks answers one that it
//! knows with its first answer.

use patchbay_sdk::{
    Attachment, Context, Error, Item, Object, Outcome, Result,
    http::{Part, Response},
};
use serde::{Deserialize, Serialize};

use crate::{customer, fault::Fault, target::Target, text, wire::Api};

const MEGABYTE: u64 = 1024 * 1024;
/// Characters of a title.
const TITLE: usize = 200;
/// What a text that is too long for a note is called as a file.
const REPORT: &str = "report.txt";
const PLAIN: &str = "text/plain";
/// The two parts of a file. They belong together by the number at their end; there is one file in a call.
const METADATA: &str = "file_metadata_01";
const CONTENT: &str = "file_content_01";

/// A report, or a note.
#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    text: String,
    title: Option<String>,
    /// The day that it is about.
    date: Option<String>,
    /// The title of the meeting that it comes from.
    meeting: Option<String>,
}

#[derive(Deserialize)]
struct Files {
    /// What the one file is called there; its own name when left out.
    name: Option<String>,
}

/// What is attached, and to what.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Attachable<'a> {
    attachable_ref: [Reference<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Reference<'a> {
    entity_ref: &'a Target,
}

/// What a note is answered with.
#[derive(Deserialize)]
struct Noted {
    #[serde(rename = "Attachable")]
    attachable: Made,
}

/// What files are answered with: a slot for each.
#[derive(Deserialize)]
struct Uploaded {
    #[serde(rename = "AttachableResponse")]
    slots: Vec<Slot>,
}

#[derive(Deserialize)]
struct Slot {
    #[serde(rename = "Attachable")]
    attachable: Option<Made>,
    #[serde(rename = "Fault", alias = "fault")]
    fault: Option<Fault>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Made {
    id: Option<String>,
}

pub(crate) fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
    let api = Api::of(ctx)?;
    match item.action.as_str() {
        "report" => report(&api, item, &Target::of_relation(item)?),
        "note" => note(&api, item, &Target::of_relation(item)?),
        "file" => files(&api, item, &Target::of_relation(item)?),
        "document_note" => note(&api, item, &Target::of_document(item)?),
        "document_file" => files(&api, item, &Target::of_document(item)?),
        "remark" => customer::remark(&api, item),
        "customer" => customer::customer(&api, item),
        _ => Err(item.unsupported()),
    }
}

/// Files first, and then the note that names them: one that is there means that all is there.
fn report(api: &Api, item: &Item, target: &Target) -> Result<Outcome> {
    let said: Said = item.payload()?;
    if said.text.trim().is_empty() && item.attachments.is_empty() {
        return Err(Error::invalid_input("There is nothing to send.").field("/text", "Write something, or add a file."));
    }
    check_files(api, &item.attachments)?;
    for (at, file) in item.attachments.iter().enumerate() {
        upload(api, item, target, at + 1, &file.name, &file.media_type, Part::blob(CONTENT, &file.blob))?;
    }
    let limit = api.assumed.note_limit;
    let mut names: Vec<String> = item.attachments.iter().map(|file| text::file_name(&file.name)).collect();
    let mut content = said.note(&said.text, &names);
    if content.chars().count() > limit {
        let (number, bytes) = (item.attachments.len() + 1, said.text.clone().into_bytes());
        upload(api, item, target, number, REPORT, PLAIN, Part::bytes(CONTENT, bytes))?;
        names.push(REPORT.to_owned());
        content = said.note("The text of the report is in the file.", &names);
    }
    let id = write_note(api, item, target, "note", &text::shortened(&content, limit))?;
    Ok(Outcome::Created(Object::of(id)))
}

fn note(api: &Api, item: &Item, target: &Target) -> Result<Outcome> {
    let said: Said = item.payload()?;
    if said.text.trim().is_empty() {
        return Err(Error::invalid_input("There is nothing to send.").field("/text", "Write something."));
    }
    let Some(notes) = text::notes(&said.note(&said.text, &[]), api.assumed.note_limit) else {
        return Err(Error::invalid_input("The text is too long for notes in QuickBooks.")
            .field("/text", "Shorten it, or send it as a file."));
    };
    let mut first = None;
    for (at, content) in notes.iter().enumerate() {
        let step = if notes.len() == 1 { "note".to_owned() } else { format!("note-{}", at + 1) };
        let id = write_note(api, item, target, &step, content)?;
        first = first.or(Some(id));
    }
    made(first)
}

fn files(api: &Api, item: &Item, target: &Target) -> Result<Outcome> {
    let payload: Files = item.payload()?;
    check_files(api, &item.attachments)?;
    let mut first = None;
    for (at, file) in item.attachments.iter().enumerate() {
        let name = match (&payload.name, item.attachments.len()) {
            (Some(name), 1) => with_extension(name, &file.name),
            _ => file.name.clone(),
        };
        let id = upload(api, item, target, at + 1, &name, &file.media_type, Part::blob(CONTENT, &file.blob))?;
        first = first.or(Some(id));
    }
    made(first)
}

fn made(first: Option<String>) -> Result<Outcome> {
    match first {
        Some(id) => Ok(Outcome::Created(Object::of(id))),
        None => Err(Error::invalid_input("Add the file that is to be sent.")),
    }
}

/// A name of the caller's own keeps the extension of the file.
fn with_extension(name: &str, file: &str) -> String {
    match (text::parted(name).1, text::parted(file).1) {
        ("", extension) if !extension.is_empty() => format!("{name}.{extension}"),
        _ => name.to_owned(),
    }
}

/// Said before anything is sent: half of a report would help nobody.
fn check_files(api: &Api, files: &[Attachment]) -> Result<()> {
    let most = api.assumed.file_bytes;
    if files.iter().any(|file| file.size > most) {
        return Err(Error::invalid_input(format!(
            "A file is too large for QuickBooks. Each may have {} MB.",
            most / MEGABYTE
        )));
    }
    Ok(())
}

/// Attaches a file; its id there.
fn upload(
    api: &Api,
    item: &Item,
    target: &Target,
    number: usize,
    name: &str,
    media_type: &str,
    content: Part,
) -> Result<String> {
    let step = format!("file-{number}");
    if let Some(found) = item.found(&step) {
        return Ok(found.id);
    }
    let name = text::file_name(name);
    let attachable = Attachable {
        attachable_ref: [Reference { entity_ref: target }],
        note: None,
        file_name: Some(&name),
        content_type: Some(media_type),
    };
    let metadata = serde_json::to_string(&attachable)
        .map_err(|error| Error::other("The request could not be written.").detail(error.to_string()))?;
    let parts = vec![
        Part::text(METADATA, metadata).content_type("application/json"),
        content.filename(name.as_str()).content_type(media_type),
    ];
    let answer = api.ok(api.post("upload", &step)?.multipart(parts).send()?, Some(&step))?;
    let slot = answer.json::<Uploaded>()?.slots.into_iter().next();
    let Some(slot) = slot else { return Err(answer.unreadable("no slot for the file")) };
    if let Some(fault) = slot.fault {
        return Err(fault.error(&answer, Some(&step), api.assumed.throttle_seconds));
    }
    id_of(&answer, slot.attachable)
}

/// Attaches a note; its id.
fn write_note(api: &Api, item: &Item, target: &Target, step: &str, note: &str) -> Result<String> {
    if let Some(found) = item.found(step) {
        return Ok(found.id);
    }
    let attachable = Attachable {
        attachable_ref: [Reference { entity_ref: target }],
        note: Some(note),
        file_name: None,
        content_type: None,
    };
    let answer = api.ok(api.post("attachable", step)?.json(&attachable).send()?, Some(step))?;
    let noted: Noted = answer.json()?;
    id_of(&answer, Some(noted.attachable))
}

fn id_of(answer: &Response, made: Option<Made>) -> Result<String> {
    match made.and_then(|made| made.id) {
        Some(id) if !id.is_empty() => Ok(id),
        _ => Err(answer.unreadable("no id of what was attached")),
    }
}

impl Said {
    /// What stands above the text: what it is called, and the day.
    fn title(&self) -> Option<String> {
        let is_there = |text: &&String| !text.trim().is_empty();
        let title = self.title.as_ref().filter(is_there).or_else(|| self.meeting.as_ref().filter(is_there));
        let title = title.map(|title| text::shortened(title.trim(), TITLE));
        let date = self.date.as_ref().filter(is_there).map(|date| text::shortened(date.trim(), 40));
        match (title, date) {
            (Some(title), Some(date)) => Some(format!("{title} ({date})")),
            (title, date) => title.or(date),
        }
    }

    /// The note: title, text, and what the files are called.
    fn note(&self, text: &str, files: &[String]) -> String {
        let files = if files.is_empty() { String::new() } else { format!("Files: {}", files.join(", ")) };
        let parts = [self.title().unwrap_or_default(), text.trim().to_owned(), files];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
    }
}
