//! Looking for what a write whose answer was lost has made.

use patchbay_sdk::{Error, Item, Object, Result, http};
use serde::Deserialize;

use crate::{
    push::{CHANGE, CREATE, REPORT, Said, UPLOAD},
    wire::{self, Found},
};

/// A note as it is.
#[derive(Deserialize)]
struct Note {
    title: String,
    text: String,
}

pub(crate) fn find(item: &Item, step: &str) -> Result<Option<Object>> {
    let path = match (item.action.as_str(), step) {
        ("note", CHANGE) => return changed(item),
        ("note", CREATE) => "notes",
        ("task", CREATE) => "tasks",
        ("entry", CREATE) => "entries",
        ("report", UPLOAD) => "files",
        ("report", REPORT) => "reports",
        _ => return Err(Error::unsupported("The desk cannot be asked for this.")),
    };
    let request = http::get(wire::address(&[path])?).query("reference", wire::reference(step)?);
    let answer = wire::ok(request.send()?)?;
    let found: Found = answer.json()?;
    Ok(found.items.into_iter().next().map(Object::from))
}

/// A change has no object of its own: it happened when the note says what it was to say.
fn changed(item: &Item) -> Result<Option<Object>> {
    let note = item.written().ok_or_else(|| Error::other("The host does not say which note was changed."))?;
    let answer = wire::ok(http::get(wire::address(&["notes", &note.id])?).send()?)?;
    let now: Note = answer.json()?;
    let wanted: Said = item.payload()?;
    Ok((now.title == wanted.title && Some(now.text) == wanted.text).then_some(note))
}
