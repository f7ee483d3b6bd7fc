//! The streams. Brokercloud tells no changes: each pass reads everything, and what it did not meet is gone.
//!
//! Lists are paged by offset, and a row that goes away shifts all behind it. So lists are asked for in the order of their
//! ids, and each page begins with the last row of the page before: when it does not, something slipped by, and nothing is
//! taken for gone in this pass.

use patchbay_sdk::{Context, PAGE_BYTES, Page, ReadRequest, Records, Result, log, run};
use serde::{Deserialize, Serialize};

use crate::{
    walk,
    wire::{Api, Id, LENGTH, Row},
};

/// What a person chose for the connection.
#[derive(Default, Deserialize)]
struct Settings {
    #[serde(default)]
    further: Vec<String>,
}

/// Where reading a list stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Rows read so far.
    pub(crate) read: u64,
    /// The id of the last of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last: Option<Id>,
    /// Rows may have slipped by.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) slipped: bool,
}

/// One page of a list, and where it leads.
pub(crate) struct Step {
    /// Of the rows that were added.
    pub(crate) ids: Vec<Id>,
    pub(crate) total: Option<u64>,
    /// None at the end of the list.
    pub(crate) next: Option<Place>,
    /// Where the list stands behind this page.
    pub(crate) place: Place,
}

pub(crate) fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
    let path = match request.stream.as_str() {
        "parties" => "/parties",
        "contracts" => "/contracts",
        "claims" => "/claims",
        "users" => "/users",
        "party_files" => "",
        _ => return Err(request.unsupported()),
    };
    let settings: Settings = ctx.settings()?;
    if request.stream != "parties" && !settings.further.contains(&request.stream) {
        log::debug("not chosen in the settings, so not read", &[("stream", &request.stream)]);
        // Whatever it is chosen later, it begins at its start.
        return if path.is_empty() { walk::nothing() } else { Page::end(Records::empty(), &Place::default()) };
    }
    let api = Api::of(ctx)?;
    if path.is_empty() {
        return walk::read(&api, request);
    }
    let place = request.cursor::<Place>()?.unwrap_or_default();
    let mut records = Records::empty();
    let Some(step) = step(&api, path, place.clone(), request.page_size(LENGTH), &mut records)? else {
        return Page::more(records, &place);
    };
    run::progress(step.place.read, step.total);
    match step.next {
        Some(next) => Page::more(records, &next),
        None if step.place.slipped => slipped(records, &request.stream, &Place::default()),
        None => Page::complete(records, &Place::default()),
    }
}

/// Adds one page to the records; none when it does not fit any more. The row that is asked for again is not given again.
pub(crate) fn step(api: &Api, path: &str, place: Place, length: u32, records: &mut Records) -> Result<Option<Step>> {
    let overlap = u64::from(place.last.is_some());
    // One row more, so that a page is never only the row that is known already.
    let length = length.saturating_add(u32::from(place.last.is_some())).clamp(2, LENGTH);
    let listing = api.list(path, "id", "", place.read.saturating_sub(overlap), length)?;
    let rows = listing.rows()?;
    if records.count() > 0 && records.bytes().saturating_add(listing.bytes()) > PAGE_BYTES {
        return Ok(None);
    }
    let mut ids = Vec::with_capacity(rows.rows.len());
    let mut slipped = place.slipped;
    let mut known = place.last;
    for (at, row) in rows.rows.iter().enumerate() {
        let Row { id } = listing.row(row)?;
        if at == 0 && overlap == 1 {
            if known.as_ref() == Some(&id) {
                continue;
            }
            slipped = true;
        }
        // Not in order: the same row may come twice and another one never.
        slipped |= known.is_some_and(|known| id.is_not_after(&known));
        known = Some(id.clone());
        ids.push(id);
        records.push(row)?;
    }
    slipped |= rows.rows.is_empty() && overlap == 1;
    let read = place.read + u64::try_from(ids.len()).unwrap_or_default();
    let place = Place { read, last: known, slipped };
    // A page on which nothing new came leads nowhere.
    let next = (!rows.is_last && !ids.is_empty()).then(|| place.clone());
    let place = Place { slipped: slipped || (next.is_none() && !rows.is_last), ..place };
    Ok(Some(Step { ids, total: rows.total, next, place }))
}

/// The list changed while it was read, and something may not have been met: nothing may be taken for gone.
pub(crate) fn slipped(records: Records, list: &str, start: &impl Serialize) -> Result<Page> {
    log::warn("the list changed while it was read", &[("list", &list)]);
    Page::end(records, start)
}
