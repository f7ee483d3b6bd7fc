//! The actions: notes and files, on contacts and on documents; a meeting's report is both. What is made anew is in `create.rs`.
//!
//! A note is a line of the record's history: it has no id of its own, and nobody can change or delete it. Every write carries the
//! host's key of its step, and Xero answers a key that it knows with its first answer. It knows one only for minutes, which the
//! manifest tells the host (`key-life`): later nothing is sent again, and a person looks.

use patchbay_sdk::{Attachment, Context, Error, Item, Object, Outcome, Result, http::Request};
use serde::{Deserialize, Serialize};

use crate::{
    create,
    target::Target,
    text,
    wire::{self, Api, Row},
};

const MEGABYTE: u64 = 1024 * 1024;
/// Characters of a title.
const TITLE: usize = 200;
/// What a text that is too long for a note is called as a file.
const REPORT: &str = "report.txt";

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

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct History<'a> {
    history_records: [Detail<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Detail<'a> {
    details: &'a str,
}

/// What a write is answered with; one of the two lists.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Written {
    #[serde(default)]
    history_records: Vec<Row>,
    #[serde(default)]
    attachments: Vec<Row>,
}

pub(crate) fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
    let api = Api::of(ctx)?;
    match item.action.as_str() {
        "report" => report(&api, item, &Target::contact(ctx, item)?),
        "note" => note(&api, item, &Target::contact(ctx, item)?),
        "file" => files(&api, item, &Target::contact(ctx, item)?),
        "document_note" => note(&api, item, &Target::document(ctx, item)?),
        "document_file" => files(&api, item, &Target::document(ctx, item)?),
        "contact" => create::contact(&api, ctx, item),
        "invoice" => create::invoice(&api, ctx, item),
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
    let limit = api.assumed.note_limit;
    let plain = said.note(&said.text, &names(item, item.attachments.len())?);
    let is_long = plain.chars().count() > limit;
    if is_long && item.attachments.len() >= api.assumed.files_limit {
        return Err(Error::invalid_input("The text is too long for a note in Xero.")
            .field("/text", "Shorten it, or leave out a file: a long text becomes a file of its own."));
    }
    attach_all(api, item, target)?;
    let content = if is_long {
        let number = item.attachments.len() + 1;
        let bytes = said.text.clone().into_bytes();
        attach(api, item, target, number, REPORT, |request| request.bytes("text/plain; charset=utf-8", bytes))?;
        said.note("The text of the report is in the file.", &names(item, number)?)
    } else {
        plain
    };
    write_note(api, item, target, "note", &text::shortened(&content, limit))?;
    Ok(Outcome::Created(Object::of(&target.id)))
}

/// What the files of a report are called at Xero.
fn names(item: &Item, count: usize) -> Result<Vec<String>> {
    let own = item.attachments.iter().map(|file| file.name.as_str()).chain([REPORT]).take(count);
    own.enumerate().map(|(at, name)| text::file_name(name, &file_step(at + 1))).collect()
}

fn note(api: &Api, item: &Item, target: &Target) -> Result<Outcome> {
    let said: Said = item.payload()?;
    if said.text.trim().is_empty() {
        return Err(Error::invalid_input("There is nothing to send.").field("/text", "Write something."));
    }
    let Some(notes) = text::notes(&said.note(&said.text, &[]), api.assumed.note_limit) else {
        return Err(Error::invalid_input("The text is too long for notes in Xero.")
            .field("/text", "Shorten it, or send it as a file."));
    };
    for (at, content) in notes.iter().enumerate() {
        let step = if notes.len() == 1 { "note".to_owned() } else { format!("note-{}", at + 1) };
        write_note(api, item, target, &step, content)?;
    }
    Ok(Outcome::Created(Object::of(&target.id)))
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
        let id = attach(api, item, target, at + 1, &name, |request| request.blob(&file.media_type, &file.blob))?;
        first = first.or(Some(id));
    }
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

/// Puts all files of an item on a record, under their own names.
pub(crate) fn attach_all(api: &Api, item: &Item, target: &Target) -> Result<()> {
    for (at, file) in item.attachments.iter().enumerate() {
        attach(api, item, target, at + 1, &file.name, |request| request.blob(&file.media_type, &file.blob))?;
    }
    Ok(())
}

/// Said before anything is sent: half of a report would help nobody.
pub(crate) fn check_files(api: &Api, files: &[Attachment]) -> Result<()> {
    let (each, all) = (api.assumed.file_bytes, api.assumed.files_bytes);
    if files.iter().any(|file| file.size > each) {
        return Err(Error::invalid_input(format!(
            "A file is too large for Xero. Each may have {} MB.",
            each / MEGABYTE
        )));
    }
    if files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.size)) > all {
        return Err(Error::invalid_input(format!(
            "The files are too large for Xero. Together they may have {} MB.",
            all / MEGABYTE
        )));
    }
    let most = api.assumed.files_limit;
    if files.len() > most {
        return Err(Error::invalid_input(format!("Xero takes at most {most} files on one record.")));
    }
    Ok(())
}

fn file_step(number: usize) -> String {
    format!("file-{number}")
}

/// Puts a file on the record; its id there.
fn attach(
    api: &Api,
    item: &Item,
    target: &Target,
    number: usize,
    name: &str,
    content: impl FnOnce(Request) -> Request,
) -> Result<String> {
    let step = file_step(number);
    if let Some(found) = item.found(&step) {
        return Ok(found.id);
    }
    let name = text::file_name(name, &step)?;
    let path = [target.list, &target.id, "Attachments", &name];
    let answer = api.ok(content(api.put(&target.tenant, &path, &step)?).send()?)?;
    let written: Written = answer.json()?;
    match wire::accepted(&answer, &step, written.attachments)?.id {
        Some(id) if !id.is_empty() => Ok(id),
        _ => Err(answer.unreadable("no id of the file")),
    }
}

fn write_note(api: &Api, item: &Item, target: &Target, step: &str, details: &str) -> Result<()> {
    if item.found(step).is_some() {
        return Ok(());
    }
    let path = [target.list, &target.id, "History"];
    let request = api.put(&target.tenant, &path, step)?.json(&History { history_records: [Detail { details }] });
    let answer = api.ok(request.send()?)?;
    let written: Written = answer.json()?;
    wire::accepted(&answer, step, written.history_records)?;
    Ok(())
}

impl Said {
    /// What stands above the text: what it is called, and the day.
    fn title(&self) -> Option<String> {
        let is_there = |text: &&String| !text.trim().is_empty();
        let title = self.title.as_ref().filter(is_there).or_else(|| self.meeting.as_ref().filter(is_there));
        let title = title.map(|title| text::shortened(title.trim(), TITLE));
        match (title, self.date.as_deref().filter(|date| !date.trim().is_empty())) {
            (Some(title), Some(date)) => Some(format!("{title} ({})", text::shortened(date, 40))),
            (title, date) => title.or_else(|| date.map(|date| text::shortened(date, 40))),
        }
    }

    /// The note: title, text, and what the files are called.
    fn note(&self, text: &str, files: &[String]) -> String {
        let files = if files.is_empty() { String::new() } else { format!("Files: {}", files.join(", ")) };
        let parts = [self.title().unwrap_or_default(), text.trim().to_owned(), files];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
    }
}
