//! A file that is kept in a company's folders.
//!
//! Silverfin takes two files of one name in one folder, and its sheet does not say how a folder is listed. So a lost answer
//! is nothing that this connector could look up: a person looks (`idempotency = "none"`).

use patchbay_sdk::{
    Error, Item, Object, Outcome, Result,
    http::{Effect, Part},
};
use serde::Deserialize;

use crate::{push, wire, wire::Api};

/// The name of the action.
pub(crate) const ACTION: &str = "file";
const STEP: &str = "document";
/// The folder that holds all others.
const ROOT: &str = "0";

#[derive(Deserialize)]
struct Target {
    /// The company, as the picker gives it.
    id: String,
    /// The folder; the topmost one when left out.
    folder: Option<String>,
}

#[derive(Deserialize)]
struct Payload {
    /// What the file is called there; its own name when left out.
    name: Option<String>,
}

#[derive(Deserialize)]
struct Document {
    id: u64,
}

pub(crate) fn push(api: &Api, item: &Item) -> Result<Outcome> {
    let target: Target = item.target()?;
    let folder = target.folder.as_deref().unwrap_or(ROOT);
    if !push::is_id(&target.id) {
        return Err(Error::invalid_input("Choose a company.").field("/id", "This is not the id of a company."));
    }
    if !push::is_id(folder) {
        return Err(Error::invalid_input("Choose a folder.").field("/folder", "This is not the id of a folder."));
    }
    let [file] = item.attachments.as_slice() else {
        return Err(Error::invalid_input("Add the file that is to be sent."));
    };
    let payload: Payload = item.payload()?;
    let name = payload.name.unwrap_or_else(|| file.name.clone());
    let parts = vec![
        Part::text("parent_id", folder),
        Part::text("name", name),
        Part::blob("content", file.blob.as_str()).filename(file.name.as_str()).content_type(file.media_type.as_str()),
    ];
    let request = api.post(&["companies", &target.id, "permanent_documents"])?.multipart(parts);
    let answer = wire::ok(request.effect(Effect::Write).step(STEP).send()?)?;
    Ok(Outcome::Created(Object::of(answer.json::<Document>()?.id)))
}
