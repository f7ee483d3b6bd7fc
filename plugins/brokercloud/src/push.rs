//! The action: reports as files of a party. A folder is never named.
//!
//! Each file is a step of its own, so that a later attempt sends only what is not there yet. No idempotency key is known:
//! the description of each file ends in `[pb:…]`, twelve letters of the host's key, for which `find` looks.

use patchbay_sdk::{
    Context, Error, Item, Object, Outcome, Result,
    http::{Part, Request},
    run,
};
use serde::{Deserialize, Serialize};

use crate::{
    assumed::FilesMode,
    find::{MARKED, Stored},
    wire::{self, Api},
};

/// Letters of the host's key in a description: enough that no two files of a party share them.
const MARK: usize = 12;
/// Characters of the name of a text file.
const NAME: usize = 100;

#[derive(Deserialize)]
struct Target {
    /// The party.
    id: String,
}

#[derive(Deserialize)]
pub(crate) struct Report {
    title: Option<String>,
    text: Option<String>,
    description: Option<String>,
}

/// One file of an item.
pub(crate) struct File<'a> {
    pub(crate) step: String,
    pub(crate) name: String,
    media_type: &'a str,
    pub(crate) size: u64,
    bytes: Bytes<'a>,
}

enum Bytes<'a> {
    Blob(&'a str),
    Text(&'a str),
}

/// As JSON, with base64 (`files_mode` is `json_base64`).
#[derive(Serialize)]
struct Encoded<'a> {
    party_id: u64,
    name: &'a str,
    mime_type: &'a str,
    content: Option<String>,
}

pub(crate) fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
    let api = Api::of(ctx)?;
    let (party, report) = asked(item)?;
    let mut first = None;
    for file in files(item, &report)? {
        let object = match item.found(&file.step) {
            Some(object) => object,
            None => {
                let answer = wire::ok(request(&api, party, &report, &file)?.send()?)?;
                let stored: Stored = answer.json()?;
                let id = stored.id().ok_or_else(|| answer.unreadable("a file without an id"))?;
                Object::of(id)
            }
        };
        first = first.or(Some(object));
    }
    match first {
        Some(object) => Ok(Outcome::Created(object)),
        None => Err(nothing()),
    }
}

/// The party and what is said about the files.
pub(crate) fn asked(item: &Item) -> Result<(u64, Report)> {
    if item.action != "report" {
        return Err(item.unsupported());
    }
    let Target { id } = item.target()?;
    let party =
        id.parse().map_err(|_| Error::invalid_input("Choose a party.").field("/id", "This is no party's id."))?;
    Ok((party, item.payload()?))
}

/// The files in their order: those that were given, and the text as one more.
pub(crate) fn files<'a>(item: &'a Item, report: &'a Report) -> Result<Vec<File<'a>>> {
    let mut files: Vec<File<'a>> = Vec::new();
    for given in &item.attachments {
        let step = format!("file-{}", files.len() + 1);
        let (name, media_type) = (given.name.clone(), given.media_type.as_str());
        files.push(File { step, name, media_type, size: given.size, bytes: Bytes::Blob(&given.blob) });
    }
    if let Some(text) = report.text.as_deref().filter(|text| !text.trim().is_empty()) {
        let (name, size) = (text_name(report), u64::try_from(text.len()).unwrap_or(u64::MAX));
        let step = "text".to_owned();
        files.push(File { step, name, media_type: "text/plain; charset=utf-8", size, bytes: Bytes::Text(text) });
    }
    if files.is_empty() { Err(nothing()) } else { Ok(files) }
}

fn nothing() -> Error {
    Error::invalid_input("There is nothing to put with the party.").field("", "Attach a file, or give a text.")
}

/// What the text of a report is called: its title, without what cannot stand in a file's name.
fn text_name(report: &Report) -> String {
    let title = report.title.as_deref().unwrap_or_default();
    let plain: String =
        title.chars().map(|c| if c.is_control() || "/\\:*?\"<>|".contains(c) { ' ' } else { c }).collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let name: String = words.join(" ").chars().take(NAME).collect();
    let name = name.trim_matches(['.', ' ']);
    format!("{}.txt", if name.is_empty() { "Report" } else { name })
}

fn request(api: &Api, party: u64, report: &Report, file: &File<'_>) -> Result<Request> {
    Ok(match api.assumed.files_mode {
        FilesMode::Multipart => {
            let part = match file.bytes {
                Bytes::Blob(blob) => Part::blob("file", blob),
                Bytes::Text(text) => Part::bytes("file", text.as_bytes().to_vec()),
            };
            let mut parts =
                vec![part.filename(&file.name).content_type(file.media_type), Part::text("name", &file.name)];
            let said = report.description.as_deref().unwrap_or_default().trim();
            let mark = mark(&file.step)?;
            parts.push(Part::text("description", if said.is_empty() { mark } else { format!("{said} {mark}") }));
            api.post(&api.assumed.files_of(party), &file.step).multipart(parts)
        }
        FilesMode::JsonBase64 => {
            let (content, blobs) = match file.bytes {
                Bytes::Blob(blob) => (None, vec![("/content", blob)]),
                Bytes::Text(text) => (Some(base64(text.as_bytes())), Vec::new()),
            };
            let body = Encoded { party_id: party, name: &file.name, mime_type: file.media_type, content };
            api.post(&api.assumed.paths_files, &file.step).json_with_blobs(&body, &blobs)
        }
    })
}

/// What the description of a step's file ends in.
pub(crate) fn mark(step: &str) -> Result<String> {
    match run::step_key(step).get(..MARK) {
        Some(key) => Ok(format!("{MARKED}{key}]")),
        None => Err(Error::other("The host gave no key for this step.")),
    }
}

/// RFC 4648, for the one text that is sent so.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let at = |place: usize| u32::from(three.get(place).copied().unwrap_or_default());
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for (place, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let letter = usize::try_from(bits >> shift & 63).ok().and_then(|index| LETTERS.get(index));
            text.push(if place <= three.len() { letter.map_or('=', |letter| char::from(*letter)) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Report, base64, text_name};

    #[test]
    fn base64_is_that_of_the_standard() {
        for (plain, encoded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("é?>", "w6k/Pg==")]
        {
            assert_eq!(base64(plain.as_bytes()), encoded, "{plain}");
        }
    }

    #[test]
    fn a_text_is_called_as_its_title_without_what_no_file_is_called() {
        let name = |title: &str| text_name(&Report { title: Some(title.to_owned()), text: None, description: None });
        assert_eq!(name("Verslag 21/11: \"Els\"\r\n"), "Verslag 21 11 Els.txt");
        assert_eq!(name("../.."), "Report.txt");
        assert_eq!(name(&"é".repeat(300)).chars().count(), 104);
    }
}
