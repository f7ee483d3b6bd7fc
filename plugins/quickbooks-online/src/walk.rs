//! Reading whole: oldest change first.
//!
//! Records that change while they are read move to the end, and a page by position would skip their neighbours. So behind each
//! page the next query asks for what changed at its newest moment or later, and a record comes twice rather than never. Only
//! records of one second (an import writes thousands) are followed by their position; so are those that do not come in the order
//! that was asked for.

use patchbay_sdk::{Error, PAGE_BYTES, Page, ReadRequest, Records, Result, log, run, time};
use serde::{Deserialize, Serialize};

use crate::{
    fetch::{Cursor, Row},
    streams::Stream,
    wire::Api,
};

const SECOND: u64 = 1_000;
/// A page is never asked for with fewer rows, however long they are.
const FEWEST: u32 = 5;

/// A pass through all records, or those that changed since a moment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Walk {
    /// What changed at this moment or later is asked for, ms.
    since: Option<u64>,
    /// The position of the next row among those, from 1.
    start: u32,
    /// Rows of a page.
    size: u32,
    /// Whether it meets every record.
    whole: bool,
    /// When it began, ms by the clock of QuickBooks: changes are asked for from there on afterwards.
    began: Option<u64>,
}

impl Walk {
    pub(crate) fn begin(api: &Api, request: &ReadRequest) -> Self {
        Self {
            since: request.since_ms,
            start: 1,
            size: request.page_size(api.assumed.page_size),
            whole: request.since_ms.is_none(),
            began: None,
        }
    }

    /// The next page of it.
    pub(crate) fn page(mut self, api: &Api, stream: &Stream, mut cursor: Cursor) -> Result<Page> {
        let now = run::now_ms();
        let listing = api.query(&self.query(stream))?;
        let rows = listing.found(stream.entity)?;
        if listing.bytes() > PAGE_BYTES {
            return self.smaller(cursor);
        }
        let mut moments = Vec::with_capacity(rows.len());
        for row in &rows {
            moments.extend(listing.row::<Row>(row)?.changed());
        }
        if moments.len() < rows.len() {
            log::warn("some records do not say when they changed", &[("records", &(rows.len() - moments.len()))]);
        }
        let is_sorted = moments.len() == rows.len() && moments.is_sorted();
        let is_last = rows.len() < usize::try_from(self.size).unwrap_or(usize::MAX);
        let records = Records::from_raw(rows)?;
        self.began = self.began.or_else(|| Some(listing.time().map_or(now, |time| time.min(now))));
        cursor.read = cursor.read.saturating_add(u64::from(records.count()));
        run::progress(cursor.read, None);
        if !is_last {
            let newest = moments.last().copied().filter(|_| is_sorted);
            cursor.under_way = Some(self.next(newest)?);
            return Page::more(records, &cursor);
        }
        cursor.changed = self.began;
        if self.whole { Page::complete(records, &cursor) } else { Page::end(records, &cursor) }
    }

    /// Without both kinds of `Active` a list hides the records that were made inactive.
    fn query(&self, stream: &Stream) -> String {
        let active = stream.has_inactive.then(|| "Active IN (true, false)".to_owned());
        let since = self.since.map(|since| format!("MetaData.LastUpdatedTime >= '{}'", time::rfc3339(since)));
        let wanted: Vec<String> = active.into_iter().chain(since).collect();
        let wanted = if wanted.is_empty() { String::new() } else { format!(" WHERE {}", wanted.join(" AND ")) };
        let Self { start, size, .. } = self;
        let order = "ORDERBY MetaData.LastUpdatedTime ASC";
        format!("SELECT * FROM {}{wanted} {order} STARTPOSITION {start} MAXRESULTS {size}", stream.entity)
    }

    /// Where to go on behind a full page whose newest record is of this moment.
    fn next(self, newest: Option<u64>) -> Result<Self> {
        // Whole seconds are compared, and time has to move on: else the same page would come for ever.
        let second = |ms: u64| ms / SECOND;
        if let Some(newest) = newest.filter(|newest| self.since.is_none_or(|since| second(*newest) > second(since))) {
            return Ok(Self { since: Some(newest), start: 1, ..self });
        }
        match self.start.checked_add(self.size) {
            Some(start) => Ok(Self { start, ..self }),
            None => Err(Error::invalid_response("The list of QuickBooks does not end.")),
        }
    }

    /// The same once more with fewer rows: what came does not fit into a page.
    fn smaller(self, mut cursor: Cursor) -> Result<Page> {
        if self.size <= FEWEST {
            return Err(Error::invalid_response("QuickBooks sent more at once than fits into one page.")
                .detail(format!("{} rows are too long together", self.size)));
        }
        log::info("the records are long, so fewer are asked for at once", &[("size", &self.size)]);
        cursor.under_way = Some(Self { size: (self.size / 4).max(FEWEST), ..self });
        Page::more(Records::empty(), &cursor)
    }
}
