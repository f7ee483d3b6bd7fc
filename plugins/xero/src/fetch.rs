//! Reading: by change, or whole.
//!
//! **Where to go on.** Records that change while they are read move to the end, and pages by number would skip their neighbours.
//! So the next request asks for what changed after the newest record of this page, and the same record comes twice rather than
//! never. Only records of one moment (an import writes thousands) are followed by the number of the page; so are those that
//! do not come in the order that was asked for. Numbers hold for a short while only: after a rest of more than a minute the walk
//! goes back to the first page, a few times at most, so that it comes to an end where each request has to wait.
//!
//! **What is gone.** A document that is deleted or voided comes once more, with that status; so does a contact that is archived or
//! merged. Accounts and items come in one list, and vanish without a trace: once a day that list is asked for without a moment, and
//! what it does not hold is gone. A list of more than one page is downloaded for each piece of it; one that is another by then
//! begins again.
//!
//! **What changes without a moment**: what somebody owes, because others pay. So contacts and invoices are read whole once a week.

use patchbay_sdk::{
    Context, Error, PAGE_BYTES, PAGE_RECORDS, Page, RawValue, ReadRequest, Records, Result, http::Request, log, run,
};
use serde::{Deserialize, Serialize};

use crate::{
    moment,
    streams::{self, Stream, Way},
    wire::{Api, Listing},
};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// Rows of a page where Xero neither says how many it gives nor heeds how many are asked for.
const USUAL: usize = 100;
/// How often a walk goes back to its first page.
const RESTARTS: u32 = 5;
/// What the added members make a record longer by, generously.
const ADDED: usize = 512;
/// A page is never asked for with fewer rows, however long they are.
const FEWEST: u32 = 5;

/// Where a stream that is read by change stands.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Cursor {
    /// Everything that changed up to this moment was read, ms; none before the first record.
    newest: Option<u64>,
    /// When the last pass began that met every record, ms.
    whole: Option<u64>,
    /// Records of this pass so far.
    read: u64,
    /// What is under way; none between two passes.
    under_way: Option<Walk>,
}

/// A walk through what changed after a moment.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Walk {
    /// What changed after this is asked for, ms.
    since: Option<u64>,
    /// The page that comes next, from 1.
    page: u32,
    /// Rows of a page.
    size: u32,
    /// When it began, if it asks for every record.
    whole: Option<u64>,
    /// There is a moment before which nothing is wanted, so what it does not meet is not gone.
    #[serde(default)]
    limited: bool,
    /// When the page before was asked for, ms.
    #[serde(default)]
    asked: Option<u64>,
    /// What the list was when its first piece was taken.
    #[serde(default)]
    mark: Option<u64>,
    /// How often it went back to its first page.
    #[serde(default)]
    restarts: u32,
}

/// What of a record matters here.
#[derive(Deserialize)]
struct Row {
    #[serde(rename = "UpdatedDateUTC")]
    updated: Option<String>,
}

/// The id of a record that notes and files can be put on.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    #[serde(alias = "InvoiceID", alias = "CreditNoteID", alias = "BankTransactionID", rename = "ContactID")]
    id: String,
    invoice_number: Option<String>,
    reference: Option<String>,
    /// `ACCPAY` for a bill.
    r#type: Option<String>,
    date_string: Option<String>,
}

pub(crate) fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
    let Some(stream) = streams::named(&request.stream) else { return Err(request.unsupported()) };
    let api = Api::of(ctx)?;
    match stream.way {
        Way::Whole => whole(ctx, &api, stream),
        Way::Pages | Way::List => changes(ctx, &api, stream, request),
    }
}

/// A list that is short and says nothing of changes.
fn whole(ctx: &Context, api: &Api, stream: &Stream) -> Result<Page> {
    let tenant = ctx.account()?;
    let listing = api.list(api.get(tenant, stream.path)?, stream.list)?;
    let mut records = Records::empty();
    for row in listing.rows()?.0 {
        match stream.is_target {
            // The organisation itself.
            true => records.push_with(row, &[("target_id", tenant)])?,
            false => records.push(row)?,
        }
    }
    Page::complete(records, &())
}

fn changes(ctx: &Context, api: &Api, stream: &Stream, request: &ReadRequest) -> Result<Page> {
    let now = run::now_ms();
    let mut cursor = request.cursor::<Cursor>()?.unwrap_or_default();
    let mut walk = match cursor.under_way.take() {
        Some(walk) => walk.resumed(now),
        None => {
            cursor.read = 0;
            Walk::begin(api, stream, request, &cursor, now)
        }
    };
    let listing = api.list(walk.ask(api, ctx.account()?, stream)?, stream.list)?;
    let (all, pages) = listing.rows()?;
    if stream.way == Way::Pages && listing.bytes().saturating_add(all.len().saturating_mul(ADDED)) > PAGE_BYTES {
        return walk.smaller(cursor);
    }
    let size = usize::try_from(walk.size).unwrap_or(usize::MAX);
    let (rows, is_last) = match stream.way {
        Way::Pages => {
            // Xero may give fewer than were asked for, and may not say so.
            let told = pages.page_size.filter(|told| *told > 0).map_or(USUAL, |told| told as usize).min(size);
            let counted = pages.page_count.map(|count| walk.page >= count);
            let is_last = all.is_empty() || counted.unwrap_or(all.len() < told);
            (all, is_last)
        }
        // The whole list came at once; it is only handed over in pieces.
        _ => {
            walk.take_mark(&all)?;
            let before = size.saturating_mul(usize::try_from(walk.page.saturating_sub(1)).unwrap_or(usize::MAX));
            let is_last = all.len() <= before.saturating_add(size);
            (all.into_iter().skip(before).take(size).collect(), is_last)
        }
    };
    let mut moments = Vec::with_capacity(rows.len());
    for row in &rows {
        moments.extend(listing.row::<Row>(row)?.updated.as_deref().and_then(moment::millis));
    }
    if moments.len() < rows.len() {
        log::warn("some records do not say when they changed", &[("records", &(rows.len() - moments.len()))]);
    }
    let is_sorted = moments.len() == rows.len() && moments.is_sorted();
    let records = gather(ctx, stream, &listing, rows)?;
    // A clock that is ahead must not hide what changes until then.
    let newest = moments.iter().max().map(|newest| (*newest).min(now));
    cursor.newest = cursor.newest.max(newest);
    cursor.read += u64::from(records.count());
    run::progress(cursor.read, pages.item_count.filter(|_| walk.page == 1 && walk.since.is_none()));
    if !is_last {
        let edges = moments.first().copied().filter(|_| is_sorted).zip(newest);
        cursor.under_way = Some(walk.next(api, edges)?);
        return Page::more(records, &cursor);
    }
    cursor.whole = walk.whole.or(cursor.whole);
    match walk.whole {
        Some(_) if !walk.limited => Page::complete(records, &cursor),
        _ => Page::end(records, &cursor),
    }
}

/// The records, and before the members of those that can be a target what a push has to be told.
fn gather(ctx: &Context, stream: &Stream, listing: &Listing, rows: Vec<&RawValue>) -> Result<Records> {
    if !stream.is_target {
        return Records::from_raw(rows);
    }
    let tenant = ctx.account()?;
    let organisation = ctx.account_fact("name").unwrap_or(tenant);
    let mut records = Records::empty();
    for row in rows {
        let named = listing.row::<Named>(row)?;
        let target = format!("{tenant}/{}", named.id);
        let added = [("organisation", organisation), ("target_id", &target), ("label", &named.label())];
        let added = if stream.path == "Invoices" { &added[..] } else { &added[..2] };
        records.push_with(row, added)?;
    }
    Ok(records)
}

impl Walk {
    fn begin(api: &Api, stream: &Stream, request: &ReadRequest, cursor: &Cursor, now: u64) -> Self {
        let assumed = &api.assumed;
        let is_whole = match (stream.way, cursor.whole, cursor.newest) {
            (Way::List, Some(last), Some(_)) => {
                now.saturating_sub(last) >= assumed.full_read_hours.saturating_mul(HOUR)
            }
            (Way::List, _, _) => true,
            (_, _, None) => true,
            (_, Some(last), _) => {
                stream.drifts && now.saturating_sub(last) >= assumed.full_read_days.saturating_mul(DAY)
            }
            (_, None, _) => stream.drifts,
        };
        // A list that comes at once is read whole whatever is wanted: else nothing of it would ever be gone.
        let limited = if stream.way == Way::List { None } else { request.since_ms };
        let changed = cursor.newest.map(|newest| newest.saturating_sub(assumed.overlap_seconds.saturating_mul(SECOND)));
        let size = match stream.way {
            Way::Pages => request.page_size(assumed.page_size),
            _ => request.page_size(PAGE_RECORDS),
        };
        Self {
            since: if is_whole { limited } else { changed.or(request.since_ms) },
            page: 1,
            size,
            whole: is_whole.then_some(now),
            limited: limited.is_some(),
            asked: Some(now),
            mark: None,
            restarts: 0,
        }
    }

    /// The same at the moment of its next request. What moved to the end while it rested let others move up, over the edge
    /// between two pages.
    fn resumed(self, now: u64) -> Self {
        let rested = self.asked.is_none_or(|asked| now.saturating_sub(asked) > MINUTE);
        let walk = Self { asked: Some(now), ..self };
        if walk.page == 1 || !rested || walk.mark.is_some() {
            return walk;
        }
        if walk.restarts >= RESTARTS {
            log::warn("a list is read slowly, and what changes meanwhile may be missed", &[("page", &walk.page)]);
            return walk;
        }
        Self { page: 1, restarts: walk.restarts + 1, ..walk }
    }

    /// Sees to it that all pieces are of the same list.
    fn take_mark(&mut self, rows: &[&RawValue]) -> Result<()> {
        let mark = mark_of(rows);
        if self.page > 1 && self.mark != Some(mark) {
            if self.restarts >= RESTARTS {
                return Err(Error::transient("The list changes faster than it is read."));
            }
            (self.page, self.restarts) = (1, self.restarts + 1);
        }
        self.mark = Some(mark);
        Ok(())
    }

    fn ask(&self, api: &Api, tenant: &str, stream: &Stream) -> Result<Request> {
        let request = api.get(tenant, stream.path)?;
        let request = stream.asked.iter().fold(request, |request, (name, value)| request.query(name, value));
        let request = request.query("order", "UpdatedDateUTC ASC");
        let request = match stream.way {
            // Without a page some lists come without their lines.
            Way::Pages => request.query("page", self.page).query("pageSize", self.size),
            _ => request,
        };
        Ok(match self.since {
            Some(since) => request.header("if-modified-since", moment::header(since)),
            None => request,
        })
    }

    /// Where to go on behind a page whose records changed from the first to the second of these moments.
    fn next(self, api: &Api, edges: Option<(u64, u64)>) -> Result<Self> {
        if let Some((oldest, newest)) = edges {
            let since = newest.saturating_sub(api.assumed.overlap_seconds.saturating_mul(SECOND));
            // Whole seconds count, and time has to move on: else the same page would come for ever.
            let second = |ms: u64| ms / SECOND;
            if second(since) > second(oldest) && self.since.is_none_or(|before| second(since) > second(before)) {
                return Ok(Self { since: Some(since), page: 1, restarts: 0, ..self });
            }
        }
        match self.page.checked_add(1) {
            Some(page) => Ok(Self { page, ..self }),
            None => Err(Error::invalid_response("Xero's list does not end.")),
        }
    }

    /// The same once more with fewer rows: what came does not fit into a page.
    fn smaller(self, mut cursor: Cursor) -> Result<Page> {
        if self.size <= FEWEST {
            return Err(Error::invalid_response("Xero sent more at once than fits into one page.")
                .detail(format!("{} rows are too long together", self.size)));
        }
        log::info("the records are long, so fewer are asked for at once", &[("size", &self.size)]);
        let (size, page) = ((self.size / 4).max(FEWEST), 1);
        cursor.under_way = Some(Self { size, page, ..self });
        Page::more(Records::empty(), &cursor)
    }
}

impl Named {
    /// What an invoice or bill is told by: its number, else its reference, else what it is and its day.
    fn label(&self) -> String {
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        filled(&self.invoice_number).or_else(|| filled(&self.reference)).unwrap_or_else(|| {
            let kind = if self.r#type.as_deref() == Some("ACCPAY") { "Bill" } else { "Invoice" };
            match self.date_string.as_deref().and_then(|date| date.get(..10)) {
                Some(day) => format!("{kind} of {day}"),
                None => format!("{kind} {}", self.id.get(..8).unwrap_or_default()),
            }
        })
    }
}

/// A number that another list does not have, but by an accident of one in billions: FNV-1a over all rows.
fn mark_of(rows: &[&RawValue]) -> u64 {
    let bytes = rows.iter().flat_map(|row| row.get().bytes().chain([b'\n']));
    bytes.fold(0xcbf2_9ce4_8422_2325, |mark, byte| (mark ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
