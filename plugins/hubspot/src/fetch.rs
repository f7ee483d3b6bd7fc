//! The streams of records.
//!
//! | when | what is read |
//! |---|---|
//! | at first, after some days, and when other properties are wanted | every record, in the order of ids: what is not met is gone |
//! | else | what has changed, by searches; then what was archived |
//!
//! What is deleted for privacy, or merged into another record, leaves no trace anywhere: only the reading of everything finds it.

use patchbay_sdk::{Context, Page, ReadRequest, Records, Result, http::Request, log, run};
use serde::{Deserialize, Serialize};

use crate::{
    lists,
    search::{Behind, Listed, Listing, Place, Row, properties},
    wire::Api,
};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60_000;
const DAY: u64 = 86_400_000;
/// Between a run that a search has ended and the next one, ms.
const SOON: u64 = 5_000;
/// The types that can be written to, whose records say so.
const TARGETS: [&str; 3] = ["contacts", "companies", "deals"];

/// Where a stream stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Cursor {
    /// Everything that changed up to this moment was read, ms; none before the first row.
    newest: Option<u64>,
    /// What was archived up to this moment is known, ms.
    archived: u64,
    /// When everything was read last, ms.
    whole: u64,
    /// The properties with which it was read.
    properties: Vec<String>,
    /// Rows that were read in this pass.
    read: u64,
    /// What is under way; none between two passes.
    under_way: Option<Walk>,
}

/// A pass that began at some moment, ms.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Walk {
    began: u64,
    at: At,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum At {
    /// Every record.
    All { after: Option<String>, size: u32, met: Option<u64> },
    /// What has changed.
    Changed(Place),
    /// Every record, in a run of its own: one that has met them all in searches would be taken for going in circles.
    Afresh { size: u32 },
    /// What was archived.
    Archived { after: Option<String> },
}

pub(crate) fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
    let kind = match request.stream.as_str() {
        "contacts" | "companies" | "deals" | "notes" | "tasks" => request.stream.as_str(),
        "owners" => return lists::owners(ctx, request),
        "properties" => return lists::properties(ctx, request),
        _ => return Err(request.unsupported()),
    };
    let api = Api::of(ctx)?;
    let names = properties(ctx, &api, kind)?;
    let mut cursor = request.cursor::<Cursor>()?.unwrap_or(Cursor {
        newest: None,
        archived: run::now_ms(),
        whole: run::now_ms(),
        properties: names.clone(),
        read: 0,
        under_way: None,
    });
    let walk = match cursor.under_way.take() {
        Some(walk) => walk,
        None => cursor.begin(&api, request, names),
    };
    match walk.at.clone() {
        At::All { after, size, met } => all(&api, kind, cursor, walk, (after, size, met)),
        At::Changed(place) => changed(&api, kind, cursor, walk, &place),
        At::Afresh { size } => {
            cursor.under_way = Some(Walk::everything(run::now_ms(), size));
            Page::wait(&cursor, SOON)
        }
        At::Archived { after } => archived(&api, kind, cursor, walk, after.as_deref()),
    }
}

impl Cursor {
    /// The pass that begins now.
    fn begin(&mut self, api: &Api, request: &ReadRequest, names: Vec<String>) -> Walk {
        let began = run::now_ms();
        self.read = 0;
        let other = self.properties != names;
        self.properties = names;
        // Where what is old is not wanted, it is not read again either.
        let due = began.saturating_sub(self.whole) >= api.assumed.whole_days.saturating_mul(DAY);
        let due = (due && request.since_ms.is_none()) || other;
        let since =
            self.newest.map(|newest| newest.saturating_sub(api.assumed.look_back_seconds.saturating_mul(SECOND)));
        match since.or(request.since_ms).filter(|_| !due) {
            Some(since) => {
                let place = Place::of(since, request.page_size(api.assumed.search_page_size));
                Walk { began, at: At::Changed(place) }
            }
            None => Walk::everything(began, request.page_size(api.assumed.page_size)),
        }
    }

    fn names(&self) -> Vec<&str> {
        self.properties.iter().map(String::as_str).collect()
    }

    fn more(mut self, records: Records, began: u64, at: At) -> Result<Page> {
        self.under_way = Some(Walk { began, at });
        Page::more(records, &self)
    }

    fn count(&mut self, records: &Records, total: Option<u64>) {
        self.read += u64::from(records.count());
        run::progress(self.read, total);
    }
}

impl Walk {
    fn everything(began: u64, size: u32) -> Self {
        Self { began, at: At::All { after: None, size, met: None } }
    }
}

/// A page of every record.
fn all(
    api: &Api,
    kind: &str,
    mut cursor: Cursor,
    walk: Walk,
    (after, size, met): (Option<String>, u32, Option<u64>),
) -> Result<Page> {
    let request = list(api, kind, size, after.as_deref())?.query("properties", cursor.properties.join(","));
    let listing = Listing(api.ok(request.query("archived", false).send()?)?);
    let listed = listing.rows()?;
    let (records, moments) = taken(kind, &listing, &listed)?;
    cursor.count(&records, None);
    let met = met.max(moments.iter().max().copied());
    if let Some(next) = going_on(&listing, &listed, after.as_deref())? {
        return cursor.more(records, walk.began, At::All { after: Some(next), size, met });
    }
    // What changed while it was read may have been passed already.
    cursor.newest = met.map(|met| met.min(walk.began)).or(cursor.newest);
    (cursor.archived, cursor.whole) = (walk.began, walk.began);
    Page::complete(records, &cursor)
}

/// A page of what has changed.
fn changed(api: &Api, kind: &str, mut cursor: Cursor, walk: Walk, place: &Place) -> Result<Page> {
    let listing = place.ask(api, kind, &cursor.names())?;
    let listed = listing.rows()?;
    let (records, moments) = taken(kind, &listing, &listed)?;
    cursor.count(&records, listed.total);
    // A clock that is ahead must not hide what changes until then.
    cursor.newest = cursor.newest.max(moments.iter().max().map(|newest| (*newest).min(run::now_ms())));
    let at = match place.behind(api, &listed, &moments) {
        Behind::More(place) => At::Changed(place),
        Behind::Nothing => At::Archived { after: None },
        Behind::TooMany => {
            log::warn("more records changed in one moment than a search reaches: all are read", &[("type", &kind)]);
            At::Afresh { size: place.size.min(api.assumed.page_size) }
        }
    };
    cursor.more(records, walk.began, at)
}

/// A page of what was archived, of which only what is new is told.
fn archived(api: &Api, kind: &str, mut cursor: Cursor, walk: Walk, after: Option<&str>) -> Result<Page> {
    let request = list(api, kind, api.assumed.page_size, after)?.query("archived", true);
    let listing = Listing(api.ok(request.send()?)?);
    let listed = listing.rows()?;
    let since = cursor.archived.saturating_sub(api.assumed.archived_look_back_minutes.saturating_mul(MINUTE));
    let mut gone = Vec::new();
    for row in &listed.results {
        let row = listing.row(row)?;
        if row.archived().is_none_or(|at| at >= since) {
            gone.push(row.id);
        }
    }
    if let Some(next) = going_on(&listing, &listed, after)? {
        return Ok(cursor.more(Records::empty(), walk.began, At::Archived { after: Some(next) })?.deleted(gone));
    }
    cursor.archived = walk.began;
    Ok(Page::end(Records::empty(), &cursor)?.deleted(gone))
}

fn list(api: &Api, kind: &str, size: u32, after: Option<&str>) -> Result<Request> {
    Ok(api.get("objects", &[kind])?.query("limit", size).query_maybe("after", after))
}

/// Where a list goes on; a place that was there before would go in circles.
pub(crate) fn going_on(listing: &Listing, listed: &Listed<'_>, before: Option<&str>) -> Result<Option<String>> {
    match listed.next() {
        Some(next) if Some(next) == before || next.len() > 200 => {
            Err(listing.0.unreadable("a next page that is this one, or no place of a list"))
        }
        next => Ok(next.map(str::to_owned)),
    }
}

/// The rows as records, and when they changed.
fn taken(kind: &str, listing: &Listing, listed: &Listed<'_>) -> Result<(Records, Vec<u64>)> {
    let (mut records, mut moments) = (Records::empty(), Vec::with_capacity(listed.results.len()));
    for raw in &listed.results {
        let row: Row = listing.row(raw)?;
        moments.extend(row.changed());
        let target = format!("{kind}/{}", row.id);
        match kind {
            "contacts" => records.push_with(raw, &[("target_id", &target), ("label", &row.person())])?,
            _ if TARGETS.contains(&kind) => records.push_with(raw, &[("target_id", &target)])?,
            _ => records.push(raw)?,
        }
    }
    Ok((records, moments))
}
