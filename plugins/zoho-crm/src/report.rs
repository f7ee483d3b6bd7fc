//! A report: its files go to WorkDrive and to the event, then a note on the event says where they are.
//!
//! | step | writes |
//! |---|---|
//! | `folder` | the subfolder of the settings, where there is none yet |
//! | `upload-1-in-FOLDER` … | a file in WorkDrive |
//! | `link-1-of-FILE` … | a link that anyone can open, where the settings want it |
//! | `attach-1` … | the file on the event |
//! | `note` | the note, with the links |
//!
//! The note comes last: one that is there means that all is there.
//!
//! The settings may name another folder tomorrow. So the step itself says where its file went, and a lost answer is looked
//! for there and nowhere else.

use patchbay_sdk::{Attachment, Error, Item, Object, Outcome, Result, http::Part};
use serde::Deserialize;

use crate::{
    drive::{self, Named, Node},
    event,
    name::{folder_id, marked, split},
    push::{EVENTS, Links, NOTE, Settings, Storage, event_id, mark, mark_line, post_note, shortened},
    wire::{Api, Row, write},
};

const FOLDER: &str = "folder";

#[derive(Deserialize)]
struct Report {
    title: Option<String>,
    text: Option<String>,
    meeting: Option<String>,
    date: Option<String>,
}

/// A file on its way.
struct File<'a> {
    name: String,
    of: Content<'a>,
}

enum Content<'a> {
    Attached(&'a Attachment),
    /// The report's own text, where it came without a file or is too long for a note.
    Text(&'a str),
}

/// An attachment of an event as Zoho tells it.
#[derive(Deserialize)]
struct Attached {
    id: String,
    #[serde(rename = "File_Name")]
    name: Option<String>,
}

pub(crate) fn send(api: &Api, settings: &Settings, item: &Item) -> Result<Outcome> {
    let event = event_id(item)?;
    let report: Report = item.payload()?;
    let files = report.files(api, settings, item)?;
    // Asked before anything is uploaded: files of an event that is not there would help nobody.
    event::of(api, &event)?;
    let mut lines = Vec::new();
    if settings.report_storage != Storage::Event && !files.is_empty() {
        let folder = folder(api, settings, item)?;
        for (at, file) in files.iter().enumerate() {
            let url = upload(api, settings, item, file, &folder, at + 1)?;
            lines.push(url.map_or_else(|| file.name.clone(), |url| format!("{}: {url}", file.name)));
        }
    }
    if settings.report_storage != Storage::Workdrive {
        for (at, file) in files.iter().enumerate() {
            if let Content::Attached(attachment) = file.of {
                attach(api, item, &event, &file.name, attachment, at + 1)?;
            }
        }
    }
    post_note(api, settings, &event, &report.title(item), &report.note(api, &lines)?)
}

pub(crate) fn find(api: &Api, settings: &Settings, item: &Item, step: &str) -> Result<Option<Object>> {
    let report: Report = item.payload()?;
    let event = event_id(item)?;
    if step == FOLDER {
        let parent = parent(api, settings)?;
        return Ok(subfolder(api, settings, &parent)?.map(Object::of));
    }
    if let Some(number) = step.strip_prefix("attach-") {
        return attached(api, &event, &mark(&format!("upload-{number}"))?);
    }
    let Some(sent) = Sent::of(step) else {
        let is_file = step.starts_with("upload-") || step.starts_with("link-");
        return Err(if is_file { cannot_look() } else { item.unsupported() });
    };
    match sent {
        Sent::Upload { number, folder } => {
            let mark = mark(&format!("upload-{number}"))?;
            let is_ours = |node: &Node<Named>| node.attributes.name.as_deref().is_some_and(|name| name.contains(&mark));
            Ok(api.inside(folder, is_ours)?.map(|file| drive::of(file.id.0, file.attributes.permalink)))
        }
        Sent::Link { number, file } => {
            let files = report.files(api, settings, item)?;
            let named = number.checked_sub(1).and_then(|at| files.get(at)).ok_or_else(cannot_look)?;
            api.link_of(file, &named.name)
        }
    }
}

/// Where a step that is over sent what it wrote, as its name says.
enum Sent<'a> {
    Upload { number: usize, folder: &'a str },
    Link { number: usize, file: &'a str },
}

impl<'a> Sent<'a> {
    fn of(step: &'a str) -> Option<Self> {
        let (what, rest) = step.split_once('-')?;
        let (number, word, id) = {
            let (number, rest) = rest.split_once('-')?;
            let (word, id) = rest.split_once('-')?;
            (number.parse().ok()?, word, id)
        };
        match (what, word) {
            _ if !is_plain(id) => None,
            ("upload", "in") => Some(Self::Upload { number, folder: id }),
            ("link", "of") => Some(Self::Link { number, file: id }),
            _ => None,
        }
    }
}

/// The name of a step that says where it writes. The host takes names of 64 letters.
fn step_at(what: &str, number: usize, word: &str, id: &str) -> Result<String> {
    if is_plain(id) {
        return Ok(format!("{what}-{number}-{word}-{id}"));
    }
    Err(Error::invalid_response("Zoho WorkDrive names a folder or a file in a way that cannot be written to.")
        .detail(format!("an id of {} bytes", id.len())))
}

fn is_plain(id: &str) -> bool {
    (1..=44).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// What the file of this number was found as, wherever the settings sent it then.
fn found_at(item: &Item, start: &str) -> Option<Object> {
    let steps = item.ext.iter().filter_map(|(name, _)| name.strip_prefix("step."));
    let mut steps = steps.filter(|step| step.starts_with(start) && Sent::of(step).is_some());
    steps.find_map(|step| item.found(step))
}

/// Never "not there": the file may be in a folder that nobody knows of here.
fn cannot_look() -> Error {
    Error::other(
        "This connector cannot look for the file: it is not known which folder it was sent to. Look for it in Zoho WorkDrive by the name of the report.",
    )
}

impl Report {
    fn title(&self, item: &Item) -> String {
        let of_file = || item.attachments.first().map(|file| split(&file.name).0.to_owned());
        let title = self.title.clone().or_else(|| self.meeting.clone()).or_else(of_file);
        let title = title.filter(|title| !title.trim().is_empty()).unwrap_or_else(|| "Report".to_owned());
        match &self.date {
            Some(date) => format!("{title} ({date})"),
            None => title,
        }
    }

    /// The files that go with it. A text without one becomes one, and so does a text that a note has no room for.
    fn files<'a>(&'a self, api: &Api, settings: &Settings, item: &'a Item) -> Result<Vec<File<'a>>> {
        let text = self.text.as_deref().filter(|text| !text.trim().is_empty());
        if text.is_none() && item.attachments.is_empty() {
            return Err(Error::invalid_input("There is nothing in this report.")
                .field("/text", "Write a text, or attach a file."));
        }
        let mut files = Vec::new();
        for (at, attachment) in item.attachments.iter().enumerate() {
            let name = marked(&attachment.name, at + 1)?;
            files.push(File { name, of: Content::Attached(attachment) });
        }
        let Some(text) = text else { return Ok(files) };
        let long = text.chars().count() > room(api, item.attachments.len());
        match settings.report_storage {
            Storage::Event if long => {
                return Err(Error::invalid_input("The text is too long for a note in Zoho.")
                    .field("/text", "Shorten it, or let reports go to WorkDrive."));
            }
            Storage::Event => {}
            Storage::Both | Storage::Workdrive if files.is_empty() || long => {
                let name = marked(&format!("{}.txt", self.title(item)), files.len() + 1)?;
                files.push(File { name, of: Content::Text(text) });
            }
            Storage::Both | Storage::Workdrive => {}
        }
        Ok(files)
    }

    /// The note: the text, as far as there is room, the files, the mark.
    fn note(&self, api: &Api, lines: &[String]) -> Result<String> {
        let end = [lines.join("\n"), mark_line(NOTE)?].into_iter().filter(|part| !part.is_empty());
        let end = end.collect::<Vec<_>>().join("\n\n");
        let room = api.assumed.note_text_limit.saturating_sub(end.chars().count() + 2);
        let text = shortened(self.text.as_deref().unwrap_or_default().trim_end(), room);
        Ok(if text.is_empty() { end } else { format!("{text}\n\n{end}") })
    }
}

/// Characters of a note that are left beside the lines of so many files, generously.
fn room(api: &Api, files: usize) -> usize {
    api.assumed.note_text_limit.saturating_sub(200 + files.saturating_mul(400))
}

/// Uploads a file; where people open it.
fn upload(
    api: &Api,
    settings: &Settings,
    item: &Item,
    file: &File<'_>,
    folder: &str,
    number: usize,
) -> Result<Option<String>> {
    let uploaded = match found_at(item, &format!("upload-{number}-")) {
        Some(found) => found,
        None => {
            let step = step_at("upload", number, "in", folder)?;
            api.upload(&file.name, folder, file.part("content"), &step)?
        }
    };
    if settings.links == Links::Colleagues {
        return Ok(uploaded.url);
    }
    let step = step_at("link", number, "of", &uploaded.id)?;
    let link = match item.found(&step) {
        Some(found) => found,
        None => api.make_link(&uploaded.id, &file.name, &step)?,
    };
    Ok(link.url)
}

/// Puts a file on the event.
fn attach(api: &Api, item: &Item, event: &str, name: &str, file: &Attachment, number: usize) -> Result<()> {
    let step = format!("attach-{number}");
    if item.found(&step).is_some() {
        return Ok(());
    }
    let part = Part::blob("file", &file.blob).content_type(&file.media_type).filename(name);
    let request = api.post(&[EVENTS, event, "Attachments"])?.multipart(vec![part]);
    match api.written(write(request, &step).send()?, &step)? {
        Row::New(_) | Row::Known(_) => Ok(()),
    }
}

fn attached(api: &Api, event: &str, mark: &str) -> Result<Option<Object>> {
    let mut found = None;
    let ask = || Ok(api.get(&[EVENTS, event, "Attachments"])?.query("fields", "id,File_Name"));
    api.each(ask, |one: Attached| {
        let marked = one.name.is_some_and(|name| name.contains(mark));
        if marked {
            found = Some(one.id);
        }
        marked
    })?;
    Ok(found.map(Object::of))
}

/// The folder that files go to; made where it is not there yet.
fn folder(api: &Api, settings: &Settings, item: &Item) -> Result<String> {
    // Where a file of this report is already, whatever the settings say since: it would lie there twice else.
    let used = item.answered().find_map(|step| match Sent::of(step) {
        Some(Sent::Upload { folder, .. }) => Some(folder.to_owned()),
        _ => None,
    });
    if let Some(there) = used.or_else(|| item.found(FOLDER).map(|found| found.id)) {
        return Ok(there);
    }
    let parent = parent(api, settings)?;
    let Some(name) = settings.subfolder() else { return Ok(parent) };
    match subfolder(api, settings, &parent)? {
        Some(there) => Ok(there),
        None => api.make_folder(name, &parent, FOLDER),
    }
}

fn parent(api: &Api, settings: &Settings) -> Result<String> {
    match settings.workdrive_folder.as_deref().map(str::trim).filter(|folder| !folder.is_empty()) {
        Some(folder) => folder_id(folder).ok_or_else(|| {
            Error::invalid_config("The folder of WorkDrive in the settings is neither an id nor an address of one.")
                .field("/workdrive_folder", "Open the folder in WorkDrive and copy its address.")
        }),
        None => api.own_folder(),
    }
}

fn subfolder(api: &Api, settings: &Settings, parent: &str) -> Result<Option<String>> {
    let Some(name) = settings.subfolder() else { return Ok(None) };
    let found =
        api.inside(parent, |node| node.attributes.is_folder && node.attributes.name.as_deref() == Some(name))?;
    Ok(found.map(|folder| folder.id.0))
}

impl Settings {
    fn subfolder(&self) -> Option<&str> {
        self.workdrive_subfolder.as_deref().map(str::trim).filter(|name| !name.is_empty())
    }
}

impl File<'_> {
    fn part(&self, field: &str) -> Part {
        match self.of {
            Content::Attached(file) => Part::blob(field, &file.blob).content_type(&file.media_type),
            Content::Text(text) => {
                Part::bytes(field, text.as_bytes().to_vec()).content_type("text/plain; charset=utf-8")
            }
        }
    }
}
