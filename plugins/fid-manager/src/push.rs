//! The action: a report for the documents to approve.
//!
//! Each document carries the host's key of the step. After a lost answer every list that it could stand in is searched for
//! that key. Whether FID-Manager keeps the key is assumed: where a document of the same client and title came in without
//! one, it cannot be told, and a person looks.

use patchbay_sdk::{
    Case, Context, Error, Item, Object, Outcome, Result,
    http::{Effect, Part, Response},
    run, time,
};
use serde::Deserialize;

use crate::{
    docx,
    wire::{self, Api, Listing, Row},
};

/// The one step of the action.
const STEP: &str = "document";
/// How far the clocks of host and provider may be apart.
const SKEW_MS: u64 = 600_000;
/// Pages of one list that are looked through.
const PAGES: u64 = 50;

/// What a connection may choose.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    pub(crate) partner_code: Option<String>,
    default_folder: Option<String>,
}

#[derive(Deserialize)]
struct Target {
    /// The client.
    id: String,
    folder: Option<String>,
}

#[derive(Deserialize)]
struct Report {
    title: String,
    text: Option<String>,
    date: Option<String>,
}

/// A document, as the answer to a write tells it.
#[derive(Deserialize)]
struct Written {
    id: Id,
}

/// The answer to what is there already.
#[derive(Deserialize)]
struct Duplicate {
    error: DuplicateError,
}

#[derive(Deserialize)]
struct DuplicateError {
    document_id: Id,
}

/// Numbers in the sheet; a text would do as well.
#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Number(u64),
    Text(String),
}

impl Settings {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        ctx.settings()
    }
}

impl Id {
    fn into_object(self) -> Object {
        match self {
            Self::Number(id) => Object::of(id),
            Self::Text(id) => Object::of(id),
        }
    }
}

pub(crate) fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
    is_report(item)?;
    let api = Api::of(ctx)?;
    let settings = Settings::of(ctx)?;
    let (target, report): (Target, Report) = (item.target()?, item.payload()?);
    let code = settings.partner_code.as_deref().map(str::trim).filter(|code| !code.is_empty());
    let code = code.ok_or_else(|| {
        Error::invalid_config("Enter the partner code in the settings of this connection; nothing is sent without it.")
            .field("/partner_code", "The partner code is missing.")
    })?;
    let key = external_id(STEP)?;
    let file = file(&api, item, &report)?;
    let folder = match (target.folder, &settings.default_folder) {
        (Some(folder), _) => Some(folder),
        (None, Some(name)) => Some(folder_named(&api, &target.id, name)?),
        (None, None) => None,
    };
    let names = &api.assumed.fields.document;
    let date = report.date.unwrap_or_else(|| time::date(run::now_ms()));
    let mut parts = vec![Part::text(names.client.as_str(), target.id)];
    parts.extend(folder.map(|folder| Part::text(names.folder.as_str(), folder)));
    parts.extend([
        Part::text(names.partner_code.as_str(), code),
        Part::text(names.title.as_str(), report.title),
        Part::text(names.date.as_str(), date),
        Part::text(names.external_id.as_str(), key),
        file,
    ]);
    let request = api.post(&api.assumed.paths.documents)?.multipart(parts).effect(Effect::Write).step(STEP);
    let answer = request.send()?;
    match answer.status() {
        // Told by the key: this very document is there.
        409 => match answer.json::<Duplicate>() {
            Ok(duplicate) => Ok(Outcome::Exists(duplicate.error.document_id.into_object())),
            Err(_) => Err(answer.error()),
        },
        400 | 422 => Err(with_fields(&api, &answer)),
        200 => Ok(Outcome::Exists(written(answer)?)),
        _ => Ok(Outcome::Created(written(answer)?)),
    }
}

fn written(answer: Response) -> Result<Object> {
    Ok(wire::ok(answer)?.json::<Written>()?.id.into_object())
}

pub(crate) fn find(ctx: &Context, item: &Item, step: &str, sent_ms: u64) -> Result<Option<Object>> {
    is_report(item)?;
    let api = Api::of(ctx)?;
    let (target, report): (Target, Report) = (item.target()?, item.payload()?);
    let key = external_id(step)?;
    let names = &api.assumed.fields.document;
    let from = sent_ms.saturating_sub(SKEW_MS);
    let mut twin = false;
    // Where it waits, and where it went if somebody has looked at it since, or nobody has to.
    for status in &api.assumed.statuses {
        let mut read = 0;
        for page in 1.. {
            if page > PAGES {
                return Err(Error::other(
                    "There are more documents than can be looked through. Look for the report by its title.",
                ));
            }
            if run::should_stop() {
                return Err(Error::transient("There was no time to look through everything."));
            }
            let filter = [(api.assumed.page.status_param.as_str(), status.as_str())];
            let listing = api.list(&api.assumed.paths.documents, page, api.assumed.page.max, &filter)?;
            let found = listing.rows(&api.assumed, read)?;
            read = found.read;
            for row in &found.rows {
                match row.text(&names.external_id) {
                    Some(known) if known == key => return Ok(Some(object(&api, &listing, row)?)),
                    Some(_) => {}
                    None => {
                        twin |= row.text(&names.client).as_deref() == Some(target.id.as_str())
                            && row.text(&names.title).as_deref() == Some(report.title.as_str())
                            && row
                                .text(&names.created_at)
                                .and_then(|at| time::parse_rfc3339(&at))
                                .is_none_or(|at| at >= from);
                    }
                }
            }
            if found.slipped {
                return Err(changed());
            }
            if found.is_last {
                break;
            }
        }
    }
    if twin {
        return Err(Error::other(
            "A document of this client with this title came in at that time, and FID-Manager does not tell who sent it. Look for it among the documents to approve.",
        ));
    }
    Ok(None)
}

/// A list that ended too early says nothing about what is not on it.
fn changed() -> Error {
    Error::transient("A list at FID-Manager changed while it was looked through.")
}

fn object(api: &Api, listing: &Listing, row: &Row<'_>) -> Result<Object> {
    row.text(&api.assumed.fields.document.id)
        .map(Object::of)
        .ok_or_else(|| listing.unreadable("a document without an id"))
}

fn is_report(item: &Item) -> Result<()> {
    if item.action == "report_document" { Ok(()) } else { Err(item.unsupported()) }
}

/// What FID-Manager knows a step's document by.
fn external_id(step: &str) -> Result<String> {
    match run::step_key(step) {
        key if key.is_empty() => Err(Error::other("The host gave no key for this step.")),
        key => Ok(format!("pb-{key}")),
    }
}

/// The file of the item, else its text as a Word document.
fn file(api: &Api, item: &Item, report: &Report) -> Result<Part> {
    let name = api.assumed.fields.document.file.as_str();
    match (item.attachments.as_slice(), &report.text) {
        ([file], _) => Ok(Part::blob(name, &file.blob).filename(&file.name).content_type(&file.media_type)),
        ([], Some(text)) if !text.trim().is_empty() => Ok(Part::bytes(name, docx::of(&report.title, text))
            .filename(docx::name(&report.title))
            .content_type(docx::MEDIA_TYPE)),
        ([], _) => Err(Error::invalid_input("A report needs a file or a text.").field("/text", "There is no text.")),
        _ => Err(Error::invalid_input("A report is one file. Send each file as a report of its own.")),
    }
}

/// The folder of this name, or of this id, that a client has.
fn folder_named(api: &Api, client: &str, wanted: &str) -> Result<String> {
    let names = &api.assumed.fields.folder;
    let same =
        |text: Option<String>| text.is_some_and(|text| text.trim().to_lowercase() == wanted.trim().to_lowercase());
    let mut read = 0;
    for page in 1..=PAGES {
        let listing = api.list_of(&api.assumed.paths.folders, client, page, api.assumed.page.max, &[])?;
        let found = listing.rows(&api.assumed, read)?;
        read = found.read;
        if let Some(row) = found.rows.iter().find(|row| same(row.text(&names.name)) || same(row.text(&names.id))) {
            return row.text(&names.id).ok_or_else(|| listing.unreadable("a folder without an id"));
        }
        if found.slipped {
            return Err(changed());
        }
        if found.is_last {
            break;
        }
    }
    Err(Error::invalid_input(format!(
        "This client has no folder called {wanted}. Choose a folder, or change the one in the settings of this connection."
    ))
    .field("/folder", "There is no such folder."))
}

/// What FID-Manager says about single values, in our words: its own may repeat what was sent.
fn with_fields(api: &Api, answer: &Response) -> Error {
    #[derive(Deserialize)]
    struct Body {
        error: Wrong,
    }
    #[derive(Deserialize)]
    struct Wrong {
        #[serde(default)]
        fields: std::collections::BTreeMap<String, serde_json::Value>,
    }
    let names = &api.assumed.fields.document;
    let error = answer.error().message("FID-Manager refuses this report.");
    let fields = answer.json::<Body>().map(|body| body.error.fields).unwrap_or_default();
    if fields.contains_key(&names.partner_code) {
        return error
            .as_case(Case::InvalidConfig)
            .message("FID-Manager does not know the partner code. Map this code to an active document type in FID-Manager, under More, External software settings, or correct it in the settings of this connection.")
            .field("/partner_code", "No active document type is mapped to this code.");
    }
    let places = [
        (&names.client, "/id", "FID-Manager does not have this client, or it is not active any more."),
        (&names.folder, "/folder", "This is no folder of this client."),
        (&names.title, "/title", "FID-Manager does not take this title."),
        (&names.date, "/date", "FID-Manager does not take this day."),
        (&names.file, "", "FID-Manager does not take this file."),
    ];
    let wrong = places.into_iter().filter(|(name, ..)| fields.contains_key(*name));
    wrong.fold(error, |error, (_, pointer, message)| error.field(pointer, message))
}
