//! The streams. A module is read by change, oldest first, and then what was deleted since the last time.
//!
//! **Where to go on.** Rows that change while they are read move to the end, and pages by number would skip their neighbours.
//! So the next request asks for what changed after the newest row of this page, and the same rows come twice rather than
//! never. Only rows of one moment (an import writes thousands in a second) are followed page by page: by number as far as
//! that reaches, behind it by Zoho's page token; and so are rows that do not come in the order that was asked for.

use patchbay_sdk::{Case, Context, Error, Page, ReadRequest, Records, Result, http::Request, log, run, time};
use serde::{Deserialize, Serialize};

use crate::{
    module,
    wire::{Api, moment},
};

const SECOND: u64 = 1_000;
/// Pages of deleted records in one call, more than anybody deletes at once.
const DELETED_PAGES: u32 = 100;

/// Where a stream stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Cursor {
    /// Everything that changed up to this moment was read, ms; none before the first row.
    newest: Option<u64>,
    /// What was deleted up to this moment is known, ms.
    deleted: u64,
    /// The first pass: nothing that was deleted before it was ever told.
    first: bool,
    /// It began with the oldest record, so that what it does not meet is not there.
    whole: bool,
    /// Rows that were read in this pass.
    read: u64,
    /// What is under way; none between two passes.
    under_way: Option<Walk>,
}

/// A walk through what changed after a moment.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Walk {
    /// What changed after this is asked for, ms.
    after: Option<u64>,
    /// The page that comes next, from 1.
    page: u32,
    /// Rows of a page, the same for the whole walk: pages of another size would not fit together.
    size: u32,
    /// Zoho's token of that page.
    token: Option<String>,
    fields: Vec<String>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "Modified_Time")]
    modified: Option<String>,
}

#[derive(Deserialize)]
struct Gone {
    id: String,
}

pub(crate) fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
    let Some(module) = module::of_stream(&request.stream) else { return Err(request.unsupported()) };
    let api = Api::of(ctx)?;
    let now = run::now_ms();
    let mut cursor = request.cursor::<Cursor>()?.unwrap_or(Cursor {
        newest: request.since_ms,
        deleted: now,
        first: true,
        whole: request.since_ms.is_none(),
        read: 0,
        under_way: None,
    });
    let walk = match cursor.under_way.take() {
        Some(walk) => walk,
        None => {
            cursor.read = 0;
            let look_back = api.assumed.look_back_seconds.saturating_mul(SECOND);
            Walk {
                after: cursor.newest.map(|newest| newest.saturating_sub(look_back)),
                page: 1,
                size: request.page_size(api.assumed.page_size),
                token: None,
                fields: module::fields(ctx, &api, &request.stream, module)?,
            }
        }
    };
    let listing = match api.list(walk.ask(&api, module)?) {
        Err(error) if walk.token.is_some() && matches!(error.case(), Case::InvalidInput | Case::NotFound) => {
            return Err(Error::cursor_invalid("Zoho takes its own mark no longer. Reading starts afresh.")
                .detail("a page token was refused"));
        }
        listing => listing?,
    };
    let (rows, info) = listing.rows()?;
    let mut moments = Vec::with_capacity(rows.len());
    for row in &rows {
        let modified = listing.row::<Row>(row)?.modified;
        moments.extend(modified.as_deref().and_then(time::parse_rfc3339));
    }
    // A row without a moment may be left out of what changed since one.
    cursor.whole &= moments.len() == rows.len();
    let records = Records::from_raw(rows)?;
    // A clock that is ahead must not hide what changes until then.
    let newest = moments.iter().max().map(|newest| (*newest).min(now));
    cursor.newest = cursor.newest.max(newest);
    cursor.read += u64::from(records.count());
    run::progress(cursor.read, None);
    if info.more_records && records.count() > 0 {
        // Only of rows that come in order it is known that all others changed later.
        let oldest = moments.first().copied().filter(|_| moments.is_sorted());
        cursor.under_way = Some(walk.next(&api, oldest.zip(newest), info.next_page_token)?);
        return Page::more(records, &cursor);
    }
    if cursor.first {
        cursor.first = false;
        // What was deleted meanwhile is told next time: `deleted` is the moment at which this pass began.
        return if cursor.whole { Page::complete(records, &cursor) } else { Page::end(records, &cursor) };
    }
    let gone = deleted(&api, module, cursor.deleted)?;
    cursor.deleted = now;
    Ok(Page::end(records, &cursor)?.deleted(gone))
}

impl Walk {
    fn ask(&self, api: &Api, module: &str) -> Result<Request> {
        let request = api
            .get(&[module])?
            .query("fields", self.fields.join(","))
            .query("per_page", self.size)
            .query("sort_by", "Modified_Time")
            .query("sort_order", "asc");
        let request = match &self.token {
            // The two cannot be combined.
            Some(token) => request.query("page_token", token),
            None => request.query("page", self.page),
        };
        Ok(since(request, self.after))
    }

    /// Where to go on behind a page whose rows changed from the first to the second of these moments.
    fn next(self, api: &Api, moments: Option<(u64, u64)>, token: Option<String>) -> Result<Self> {
        if let Some((oldest, newest)) = moments {
            // Newer than this: the rows of the newest second come once more, those before it do not.
            let after = newest.saturating_sub(SECOND);
            if after > oldest && self.after.is_none_or(|before| after > before) {
                return Ok(Self { after: Some(after), page: 1, token: None, ..self });
            }
        }
        let page = self.page.saturating_add(1);
        let by_number = page.saturating_mul(self.size) <= api.assumed.rows_by_number;
        if token.is_none() && !by_number {
            return Err(Error::invalid_response("Zoho says that there is more, and not how to get it.").detail(
                format!("page {page} of {} rows is behind what numbers reach, and there is no page token", self.size),
            ));
        }
        Ok(Self { page, token: token.filter(|_| !by_number), ..self })
    }
}

/// The ids of what was deleted after a moment.
fn deleted(api: &Api, module: &str, after: u64) -> Result<Vec<String>> {
    let look_back = api.assumed.look_back_seconds.saturating_mul(SECOND);
    let after = Some(after.saturating_sub(look_back));
    let mut ids = Vec::new();
    for page in 1..=DELETED_PAGES {
        let request = api.get(&[module, "deleted"])?.query("type", "all").query("page", page);
        let listing = match api.list(since(request.query("per_page", api.assumed.page_size), after)) {
            Err(error) if error.case() == Case::NotFound => {
                log::warn("this module has no list of what was deleted", &[("module", &module)]);
                return Ok(ids);
            }
            listing => listing?,
        };
        let (rows, info) = listing.rows()?;
        for row in rows {
            ids.push(listing.row::<Gone>(row)?.id);
        }
        if !info.more_records {
            return Ok(ids);
        }
        if run::should_stop() {
            return Err(Error::transient("There was no time to read what was deleted."));
        }
    }
    Err(Error::other("More was deleted in Zoho at once than can be read.").detail("100 pages, and still more"))
}

fn since(request: Request, after: Option<u64>) -> Request {
    match after {
        Some(after) => request.header("if-modified-since", moment(after)),
        None => request,
    }
}
