//! The streams. Silverfin tells no changes: each pass reads everything, and what it did not meet is gone.

use patchbay_sdk::{Context, PAGE_RECORDS, Page, ReadRequest, Records, Result, log, run};
use serde::{Deserialize, Serialize};

use crate::{
    walk::{Goal, Step, Walk},
    wire::Api,
};

/// Requests of one call of `read`, so that what was read is stored from time to time.
const REQUESTS: usize = 25;

/// Where reading the companies stands.
#[derive(Serialize, Deserialize)]
struct Companies {
    page: u64,
    /// The same for the whole pass: pages of another size would not fit together.
    per_page: u32,
    /// Companies read so far.
    read: u64,
}

pub(crate) fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
    let api = Api::of(ctx)?;
    match request.stream.as_str() {
        "companies" => companies(&api, request),
        "periods" => below_companies(&api, request, Goal::Periods),
        "reconciliations" => below_companies(&api, request, Goal::Below("reconciliations")),
        "remarks" => below_companies(&api, request, Goal::Below("remarks")),
        _ => Err(request.unsupported()),
    }
}

fn companies(api: &Api, request: &ReadRequest) -> Result<Page> {
    let start = Companies { page: 1, per_page: request.page_size(api.config.page_size), read: 0 };
    let at = request.cursor::<Companies>()?.unwrap_or(Companies { ..start });
    let listing = api.list(&["companies"], at.page, at.per_page)?;
    let rows = listing.rows()?;
    let last = listing.is_last(rows.len());
    let records = Records::from_raw(rows)?;
    let read = at.read + u64::from(records.count());
    run::progress(read, listing.total());
    if !last {
        return Page::more(records, &Companies { page: at.page + 1, per_page: at.per_page, read });
    }
    if listing.total().is_some_and(|total| read < total) {
        return slipped(records, read, listing.total(), &start);
    }
    Page::complete(records, &start)
}

fn below_companies(api: &Api, request: &ReadRequest, goal: Goal) -> Result<Page> {
    let start = Walk::start(request.page_size(api.config.page_size));
    let mut walk = request.cursor::<Walk>()?.unwrap_or_else(|| start.clone());
    let room = request.page_hint.clamp(walk.per_page, PAGE_RECORDS);
    let mut records = Records::empty();
    for _ in 0..REQUESTS {
        match walk.step(api, goal, &mut records)? {
            Step::On => {}
            Step::Full => break,
            Step::Done if walk.is_whole() => return Page::complete(records, &start),
            Step::Done => return slipped(records, walk.listed, walk.total, &start),
        }
        if records.count() + walk.per_page > room || run::should_stop() {
            break;
        }
    }
    run::progress(walk.listed, walk.total);
    Page::more(records, &walk)
}

/// The list changed while it was read, and something may not have been met: nothing may be taken for gone. The next run
/// reads everything again.
fn slipped(records: Records, read: u64, total: Option<u64>, start: &impl Serialize) -> Result<Page> {
    let total = total.unwrap_or_default();
    log::warn("the list of companies changed while it was read", &[("read", &read), ("total", &total)]);
    Page::end(records, start)
}
