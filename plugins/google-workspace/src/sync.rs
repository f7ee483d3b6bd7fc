//! Calendars and events, read by change. The last page of a list carries a token, and whoever sends it next time gets what has
//! changed since, deleted rows among it. Such a token ends; Google says 410 then, and the stream begins afresh: what a whole
//! pass does not bring is gone.

use patchbay_sdk::{Context, Page, ReadRequest, Records, Result, http, http::Request, run, time};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    refusal::Side,
    wire::{self, Api, DAY_MS, Settings},
};

/// Where a list stands.
#[derive(Default, Serialize, Deserialize)]
struct Cursor {
    /// By what to ask for changes; none while all of it is read.
    since: Option<String>,
    page: Option<String>,
    /// The same for a whole pass, as Google wants it.
    first: First,
    read: u64,
}

/// What a whole pass is asked with.
#[derive(Default, Serialize, Deserialize)]
struct First {
    size: u32,
    /// Events that ended before are not wanted.
    from: Option<String>,
}

/// A row, as far as it matters here.
#[derive(Deserialize)]
struct Row {
    id: String,
    /// A calendar that was taken off the list.
    #[serde(default)]
    deleted: bool,
    status: Option<String>,
    /// Of a recurring event one is another: one that is cancelled says that this day is left out.
    #[serde(rename = "recurringEventId")]
    series: Option<String>,
}

pub(crate) fn calendars(api: &Api, request: &ReadRequest) -> Result<Page> {
    let cursor = start(request, api.assumed.calendars_page_size, None)?;
    let asked = wire::calendar_list()?;
    let asked = match cursor.since {
        None => asked.query("showDeleted", true).query("showHidden", true),
        Some(_) => asked,
    };
    page(api, cursor, asked, None)
}

pub(crate) fn events(api: &Api, ctx: &Context, request: &ReadRequest) -> Result<Page> {
    let calendar = ctx.account()?;
    let settings: Settings = ctx.settings()?;
    let from = settings.past_days.map(|days| run::now_ms().saturating_sub(days.saturating_mul(DAY_MS)));
    let cursor = start(request, api.assumed.events_page_size, from.map(time::rfc3339))?;
    let asked = http::get(wire::events(calendar, None)?);
    let asked = match (&cursor.since, &cursor.first.from) {
        (None, Some(from)) => asked.query("timeMin", from),
        _ => asked,
    };
    page(api, cursor, asked, Some(calendar))
}

fn start(request: &ReadRequest, ceiling: u32, from: Option<String>) -> Result<Cursor> {
    let size = request.page_size(ceiling);
    Ok(request.cursor::<Cursor>()?.unwrap_or_else(|| Cursor { first: First { size, from }, ..Cursor::default() }))
}

/// Reads one page. With a token nothing else may be asked.
fn page(api: &Api, cursor: Cursor, asked: Request, calendar: Option<&str>) -> Result<Page> {
    let asked = match &cursor.since {
        Some(token) => asked.query("syncToken", token),
        None => asked.query("maxResults", cursor.first.size),
    };
    let listing = api.list(asked.query_maybe("pageToken", cursor.page.as_deref()), Side::Calendar)?;
    let (mut records, mut gone) = (Records::empty(), Vec::new());
    for raw in listing.rows()? {
        let row: Row = listing.row(raw)?;
        if row.id.is_empty() {
            return Err(patchbay_sdk::Error::invalid_response("Google sent a row without an id."));
        }
        let cancelled = row.status.as_deref() == Some("cancelled") && row.series.is_none();
        match calendar {
            None if row.deleted => gone.push(row.id),
            None => records.push(raw)?,
            Some(calendar) if cancelled => gone.push(json!([calendar, row.id]).to_string()),
            Some(calendar) => records.push_with(raw, &[("calendar_id", calendar)])?,
        }
    }
    let read = cursor.read.saturating_add(u64::from(records.count()));
    run::progress(read, None);
    if let Some(next) = listing.next()? {
        return Ok(Page::more(records, &Cursor { page: Some(next), read, ..cursor })?.deleted(gone));
    }
    let whole = cursor.since.is_none();
    // Without a new token the old one is still good; without any the next pass is a whole one again.
    let since = listing.sync()?.or(cursor.since);
    let next = Cursor { since, page: None, read: 0, first: cursor.first };
    let page = if whole { Page::complete(records, &next) } else { Page::end(records, &next) };
    Ok(page?.deleted(gone))
}
