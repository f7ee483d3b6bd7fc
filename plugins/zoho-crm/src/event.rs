//! The event of a meeting: whether it is there, and what it is about.

use patchbay_sdk::{Error, Result};
use serde::Deserialize;

use crate::{
    push::EVENTS,
    wire::{Api, Text},
};

/// What an event is about. A task cannot hang on an event, so it hangs on the same.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Event {
    #[serde(rename = "What_Id")]
    pub(crate) what: Option<Linked>,
    #[serde(rename = "$se_module")]
    pub(crate) what_module: Option<String>,
    #[serde(rename = "Who_Id")]
    pub(crate) who: Option<Linked>,
    #[serde(rename = "Event_Title")]
    pub(crate) title: Option<String>,
}

/// Another record.
#[derive(Debug, Deserialize)]
pub(crate) struct Linked {
    pub(crate) id: Text,
}

/// The event of this id.
///
/// # Errors
/// `not-found` when it is not there, or hidden.
pub(crate) fn of(api: &Api, id: &str) -> Result<Event> {
    let request = api.get(&[EVENTS])?.query("ids", id).query("fields", "Event_Title,What_Id,Who_Id");
    let listing = api.list(request)?;
    let (rows, _) = listing.rows()?;
    match rows.first() {
        Some(row) => listing.row(row),
        None => {
            Err(Error::not_found("Zoho does not have this event any more, or hides it from the person who connected.")
                .field("/id", "Choose another event."))
        }
    }
}
