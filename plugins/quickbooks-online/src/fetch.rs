//! Reading by change.
//!
//! The first pass reads everything by query ([`Walk`]). From then on QuickBooks is asked what changed since its last answer, which
//! is the only place where it tells what is deleted: a query simply stops returning it. That memory is short and narrow: thirty
//! days back, and at most a thousand objects at once, of which nobody says which. So where the last answer is too old, or so much
//! came that something may be missing, everything is read again, and what is not met then is gone.

use patchbay_sdk::{Case, Context, Error, PAGE_BYTES, Page, ReadRequest, Records, Result, log, run, time};
use serde::{Deserialize, Serialize};

use crate::{
    streams::{self, COMPANY, Stream},
    walk::Walk,
    wire::{Api, Listing},
};

const SECOND: u64 = 1_000;
const DAY: u64 = 86_400 * SECOND;
/// What changed so short ago is surely remembered: a question about it is not refused for its age.
const SURELY: u64 = DAY;
/// What QuickBooks says of a record that is no more.
const DELETED: &str = "Deleted";

/// Where a stream stands.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// Everything that changed up to this moment was read, ms by the clock of QuickBooks; none before the first pass is over.
    pub(crate) changed: Option<u64>,
    /// Records of the pass under way.
    pub(crate) read: u64,
    /// The pass that is under way.
    pub(crate) under_way: Option<Walk>,
}

/// What of a record matters here.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Row {
    id: Option<String>,
    #[serde(rename = "status")]
    status: Option<String>,
    meta_data: Option<Dates>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Dates {
    last_updated_time: Option<String>,
}

pub(crate) fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
    if request.stream == COMPANY {
        return company(&Api::of(ctx)?);
    }
    let Some(stream) = streams::named(&request.stream) else { return Err(request.unsupported()) };
    let api = Api::of(ctx)?;
    let mut cursor = request.cursor::<Cursor>()?.unwrap_or_default();
    if let Some(walk) = cursor.under_way.take() {
        return walk.page(&api, stream, cursor);
    }
    let age = |changed: u64| run::now_ms().saturating_sub(changed);
    match cursor.changed {
        Some(changed) if age(changed) < api.assumed.changes_days.saturating_mul(DAY) => {
            changes(&api, stream, request, cursor, changed)
        }
        _ => {
            cursor.read = 0;
            Walk::begin(&api, request).page(&api, stream, cursor)
        }
    }
}

/// The one record of the company itself.
fn company(api: &Api) -> Result<Page> {
    let answer = api.ok(api.company()?.send()?, None)?;
    let listing = Listing::of(answer);
    let mut records = Records::empty();
    records.push(listing.member("CompanyInfo")?)?;
    Page::complete(records, &())
}

/// What changed since a moment, and what is gone since.
fn changes(api: &Api, stream: &Stream, request: &ReadRequest, mut cursor: Cursor, changed: u64) -> Result<Page> {
    let since = changed.saturating_sub(api.assumed.overlap_seconds.saturating_mul(SECOND));
    let listing = match api.changes(stream.entity, &time::rfc3339(since)) {
        Ok(listing) => listing,
        Err(error) if is_refused(&error) && run::now_ms().saturating_sub(since) > SURELY => {
            log::warn("changes are not told, so everything is read again", &[("entity", &stream.entity)]);
            return again(api, request, cursor);
        }
        Err(error) => return Err(error),
    };
    let rows = listing.changed(api, stream.entity)?;
    if rows.len() >= api.assumed.changes_limit || listing.bytes() > PAGE_BYTES {
        log::info("more changed than is told at once, so everything is read again", &[("changes", &rows.len())]);
        return again(api, request, cursor);
    }
    let (mut records, mut deleted) = (Records::empty(), Vec::new());
    for text in rows {
        let row: Row = listing.row(text)?;
        if row.is_deleted() {
            deleted
                .push(row.id.filter(|id| !id.is_empty()).ok_or_else(|| listing.unreadable("a deletion without id"))?);
        } else {
            records.push(text)?;
        }
    }
    // A clock that is ahead must not hide what changes until then.
    let until = listing.time().map(|time| time.min(run::now_ms()));
    cursor.changed = cursor.changed.max(until);
    cursor.read = u64::from(records.count());
    run::progress(cursor.read, None);
    Ok(Page::end(records, &cursor)?.deleted(deleted))
}

/// Everything once more, in the next call.
fn again(api: &Api, request: &ReadRequest, mut cursor: Cursor) -> Result<Page> {
    cursor.read = 0;
    cursor.under_way = Some(Walk::begin(api, request));
    Page::more(Records::empty(), &cursor)
}

/// Whether QuickBooks refuses the question itself, as when it is about more days than it remembers.
fn is_refused(error: &Error) -> bool {
    error.case() == Case::Other && matches!(error.status(), Some(200 | 400))
}

impl Row {
    fn is_deleted(&self) -> bool {
        self.status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case(DELETED))
    }

    /// When it changed last. Times have the offset of California, or of the company.
    pub(crate) fn changed(&self) -> Option<u64> {
        self.meta_data.as_ref()?.last_updated_time.as_deref().and_then(time::parse_rfc3339)
    }
}
