//! Notes, and what hangs on them: files, and reports with their files.
//!
//! | request | writes |
//! |---|---|
//! | `file-1` … | a file; under a name that is its own, and over itself when it is sent again |
//! | `note` | the note, with the text, the files and the link to the record |
//!
//! Nobody sees a file before its note is there, so only the note can be in doubt.

use patchbay_sdk::{Attachment, Error, Item, Outcome, Result, http::Part, time};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    push::{Settings, Target, change, moment, write},
    text,
    wire::Api,
};

/// The step that writes a note.
pub(crate) const NOTE: &str = "note";

/// What is said, in whichever of the three actions.
#[derive(Deserialize)]
struct Said {
    text: Option<String>,
    title: Option<String>,
    meeting: Option<String>,
    date: Option<String>,
}

/// What a file is made of.
enum Content<'a> {
    Attached(&'a Attachment),
    /// A text that a note has no room for.
    Text(&'a str),
}

/// A file as it is answered.
#[derive(Deserialize)]
struct Uploaded {
    id: String,
}

pub(crate) fn note(api: &Api, settings: &Settings, item: &Item) -> Result<Outcome> {
    let (target, said) = (Target::of(item)?, item.payload::<Said>()?);
    let text = said.text.as_deref().unwrap_or_default();
    if text.trim().is_empty() {
        return Err(Error::invalid_input("There is nothing to write.").field("/text", "Write something."));
    }
    let body = said.body(text);
    if body.chars().count() > room(api) {
        return Err(Error::invalid_input("The text is too long for a note in HubSpot.").field("/text", "Shorten it."));
    }
    put(api, settings, item, &target, &said, body, &[])
}

pub(crate) fn files(api: &Api, settings: &Settings, item: &Item) -> Result<Outcome> {
    let (target, said) = (Target::of(item)?, item.payload::<Said>()?);
    if item.attachments.is_empty() {
        return Err(Error::invalid_input("Add the file that is to be sent."));
    }
    let body = said.body(said.text.as_deref().unwrap_or_default());
    if body.chars().count() > room(api) {
        return Err(Error::invalid_input("The text is too long for a note in HubSpot.").field("/text", "Shorten it."));
    }
    let ids = upload_all(api, settings, item, None)?;
    put(api, settings, item, &target, &said, body, &ids)
}

pub(crate) fn report(api: &Api, settings: &Settings, item: &Item) -> Result<Outcome> {
    let (target, said) = (Target::of(item)?, item.payload::<Said>()?);
    let text = said.text.as_deref().unwrap_or_default();
    if text.trim().is_empty() && item.attachments.is_empty() {
        return Err(
            Error::invalid_input("There is nothing in this report.").field("/text", "Write a text, or attach a file.")
        );
    }
    let whole = said.body(text);
    let long = whole.chars().count() > room(api);
    let body = if long { said.body("The text of the report is in the file.") } else { whole };
    let ids = upload_all(api, settings, item, Some(text).filter(|_| long))?;
    put(api, settings, item, &target, &said, body, &ids)
}

/// Characters that are left beside the mark.
fn room(api: &Api) -> usize {
    api.assumed.note_limit.saturating_sub(40)
}

/// Writes the note, or changes the one that was written before.
fn put(
    api: &Api,
    settings: &Settings,
    item: &Item,
    target: &Target,
    said: &Said,
    body: String,
    files: &[String],
) -> Result<Outcome> {
    let on_day = said.date.as_deref().and_then(|day| text::on_day(day, 12, api.offset_ms));
    let (at, step) = moment(item, NOTE, on_day);
    let body = match settings.key_property("notes") {
        Some(_) => body,
        None => format!("{body}<p>{}</p>", text::mark(NOTE)?),
    };
    let mut properties = Map::from_iter([("hs_note_body".to_owned(), json!(body))]);
    if !files.is_empty() {
        properties.insert("hs_attachment_ids".to_owned(), json!(files.join(";")));
    }
    if let Some(written) = item.written() {
        // The moment stays the one at which it was written, unless another day is said.
        if on_day.is_some() {
            properties.insert("hs_timestamp".to_owned(), json!(time::rfc3339(at)));
        }
        change(api, "notes", &written.id, &properties)?;
        return Ok(Outcome::Updated(api.object(&written.id, target.kind, &target.id)));
    }
    properties.insert("hs_timestamp".to_owned(), json!(time::rfc3339(at)));
    let id = write(api, settings, item, "notes", (NOTE, &step), &properties, Some(target))?;
    Ok(Outcome::Created(api.object(&id, target.kind, &target.id)))
}

/// Uploads what is attached, and a text that is too long for a note; their ids. Not when the note is known to be there.
fn upload_all(api: &Api, settings: &Settings, item: &Item, text: Option<&str>) -> Result<Vec<String>> {
    let found = item.ext.iter().any(|(name, _)| name == "step.note" || name.starts_with("step.note-at-"));
    if found {
        return Ok(Vec::new());
    }
    let attached = item.attachments.iter().map(|file| (file.name.as_str(), Content::Attached(file)));
    let written = text.map(|text| ("report.txt", Content::Text(text)));
    let all = attached.chain(written).enumerate();
    all.map(|(at, (name, content))| upload(api, settings, at + 1, name, &content)).collect()
}

fn upload(api: &Api, settings: &Settings, number: usize, name: &str, content: &Content<'_>) -> Result<String> {
    let name = text::file_name(name, &format!("file-{number}"))?;
    let folder = settings.files_folder.as_deref().filter(|folder| folder.starts_with('/'));
    let options: Value = json!({ "access": api.assumed.file_access, "overwrite": true });
    let file = match content {
        Content::Attached(file) => Part::blob("file", &file.blob).content_type(&file.media_type),
        Content::Text(text) => Part::bytes("file", text.as_bytes().to_vec()).content_type("text/plain; charset=utf-8"),
    };
    let parts = vec![
        Part::text("folderPath", folder.unwrap_or(&api.assumed.files_folder)),
        Part::text("fileName", &name),
        Part::text("options", options.to_string()),
        file.filename(&name),
    ];
    let answer = api.ok(api.files()?.multipart(parts).send()?)?;
    let id = answer.json::<Uploaded>()?.id;
    // Ids are joined by semicolons.
    if id.is_empty() || id.len() > 40 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(answer.unreadable("an id of a file that is none"));
    }
    Ok(id)
}

impl Said {
    /// The note without its mark.
    fn body(&self, text: &str) -> String {
        let title = text::title(self.title.as_deref(), self.meeting.as_deref(), self.date.as_deref());
        format!("{}{}", text::heading(&title), text::html(text))
    }
}
