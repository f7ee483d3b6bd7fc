//! The streams: one page a call, and what the pass has to remember.
//!
//! A pass begins with what changed since the last one, goes through the pages, then through the list of what is gone where
//! there is one. What was seen is the next pass's beginning only when the whole list was met: a list that shrank or changed
//! while it was read is asked from the same place again.

use std::collections::BTreeMap;

use patchbay_definition::{CursorFormat, DeletesStyle, Paging, PagingStyle, Stream};
use patchbay_sdk::{Context, Error, PAGE_BYTES, PAGE_RECORDS, Page, RawValue, ReadRequest, Records, Result, log, run};
use serde::{Deserialize, Serialize};

use crate::{
    listing::{At, List, Listing, Since},
    moment, raw,
    values::Values,
    wire::Api,
};

/// Where reading a stream stands.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Place {
    /// What this pass asks for: changes since then. The host may be told of it as `/since`.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// The latest that was met in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seen: Option<String>,
    #[serde(default)]
    at: At,
    /// Rows of a page, the same for the whole pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<u32>,
    /// Pages so far.
    #[serde(default)]
    pages: u32,
    /// Rows so far.
    #[serde(default)]
    read: u64,
    /// Rows of this page that were returned already: it has more than fit.
    #[serde(default)]
    skip: usize,
    /// What that page looked like.
    #[serde(default)]
    print: u64,
    /// Something slipped away while the pages were read.
    #[serde(default)]
    slipped: bool,
    /// The pages are through; now comes what is gone.
    #[serde(default)]
    gone: bool,
    /// When the pass began, by the host's clock.
    #[serde(default)]
    began_ms: u64,
    /// A row changed after that: in a numbered list others moved up meanwhile, maybe past the page that was read.
    #[serde(default)]
    moved: bool,
    /// The pass before ended so, and this one asks from the same place again.
    #[serde(default)]
    again: bool,
}

pub(crate) fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
    let values = Values::of(ctx)?;
    let api = Api::of(ctx)?;
    let stream = api.definition.streams.iter().find(|stream| stream.name == request.stream);
    let stream = stream.ok_or_else(|| request.unsupported())?;
    let place = match request.cursor::<Place>()? {
        Some(place) => place,
        None => Place {
            since: stream.cursor.as_ref().and_then(|cursor| moment::first(cursor, request.since_ms)),
            ..Place::default()
        },
    };
    let mut pass = Pass { api: &api, values: &values, stream, place };
    if pass.place.gone { pass.gone() } else { pass.rows(request) }
}

struct Pass<'a> {
    api: &'a Api,
    values: &'a Values<'a>,
    stream: &'a Stream,
    place: Place,
}

impl Pass<'_> {
    fn rows(&mut self, request: &ReadRequest) -> Result<Page> {
        let paging = &self.stream.paging;
        if self.place.pages == 0 && self.place.skip == 0 {
            self.place.began_ms = run::now_ms();
            self.place.size =
                paging.size.map(|size| if can_ask_for_size(paging) { request.page_size(size) } else { size });
        }
        self.count_page()?;
        let list = List {
            method: &self.stream.method,
            path: &self.stream.path,
            query: &self.stream.query,
            headers: Some(&self.stream.headers),
            body: self.stream.body.as_ref(),
            records: &self.stream.records,
            paging,
            since: self.since(),
            from_a_place: self.place.since.is_some() || self.place.at != At::Start,
        };
        let listing = list.page(self.api, self.values, &self.place.at, self.place.size)?;
        let rows = listing.rows(&self.stream.records)?;
        self.look_again(&listing);
        let taken = self.take(&listing, rows.get(self.place.skip..).unwrap_or_default())?;
        let (records, deleted) = (taken.records, taken.deleted);
        self.place.read = self.place.read.saturating_add(u64::try_from(taken.rows).unwrap_or(u64::MAX));
        run::progress(self.place.read, listing.total(paging));
        if self.place.skip + taken.rows < rows.len() {
            self.place.skip += taken.rows;
            self.place.print = listing.print(&self.stream.records);
            return Ok(Page::more(records, &self.place)?.deleted(deleted));
        }
        (self.place.skip, self.place.print) = (0, 0);
        let next = listing.next(self.api, paging, &self.place.at, rows.len(), self.place.size)?;
        if let Some(next) = next {
            if next == self.place.at {
                return Err(listing.unreadable("the same place as before as the next one: the pages go in circles"));
            }
            self.place.at = next;
            return Ok(Page::more(records, &self.place)?.deleted(deleted));
        }
        if listing.total(paging).is_some_and(|total| self.place.read < total) {
            self.slip("the list became shorter while it was read");
        }
        if self.stream.deletes.style == DeletesStyle::StatusList {
            (self.place.gone, self.place.at, self.place.pages) = (true, At::Start, 0);
            return Ok(Page::more(records, &self.place)?.deleted(deleted));
        }
        Ok(self.end(records)?.deleted(deleted))
    }

    /// The list of what is gone.
    fn gone(&mut self) -> Result<Page> {
        let deletes = &self.stream.deletes;
        self.count_page()?;
        let since = deletes.param.as_deref().map(Since::Param).zip(self.since().map(|(_, since)| since));
        let list = List {
            method: "GET",
            path: deletes.path.as_deref().unwrap_or_default(),
            query: &deletes.query,
            headers: None,
            body: None,
            records: &deletes.records,
            paging: &deletes.paging,
            since,
            from_a_place: self.place.since.is_some() || self.place.at != At::Start,
        };
        // Nothing can be gone of what was never read; an API may well refuse to list it all.
        if deletes.param.is_some() && list.since.is_none() {
            return self.end(Records::empty());
        }
        let size = deletes.paging.size;
        let listing = list.page(self.api, self.values, &self.place.at, size)?;
        let rows = listing.rows(&deletes.records)?;
        let pointers = if deletes.key.is_empty() { &self.stream.key } else { &deletes.key };
        let keys = rows.iter().map(|row| self.key(&listing, row, pointers)).collect::<Result<Vec<_>>>()?;
        let next = listing.next(self.api, &deletes.paging, &self.place.at, rows.len(), size)?;
        match next {
            Some(next) if next == self.place.at => {
                Err(listing.unreadable("the same place as before as the next one: the pages go in circles"))
            }
            Some(next) => {
                self.place.at = next;
                Ok(Page::more(Records::empty(), &self.place)?.deleted(keys))
            }
            None => Ok(self.end(Records::empty())?.deleted(keys)),
        }
    }

    /// Ends the pass, and says where the next one begins.
    fn end(&self, records: Records) -> Result<Page> {
        let Some(cursor) = &self.stream.cursor else {
            let start = Place::default();
            return if self.stream.deletes.style == DeletesStyle::FullCompare && !self.place.slipped {
                Page::complete(records, &start)
            } else {
                Page::end(records, &start)
            };
        };
        let since = self.place.since.clone();
        let numbered = matches!(self.stream.paging.style, PagingStyle::Page | PagingStyle::Offset);
        let several = self.place.read > u64::from(self.place.size.unwrap_or(0));
        if numbered && several && self.place.moved && !self.place.again {
            // Once is enough: that a row slips through twice is as good as impossible, and a busy list has to end.
            return Page::end(records, &Place { since, again: true, ..Place::default() });
        }
        let since =
            if self.place.slipped { since } else { moment::later(cursor.format, since, self.place.seen.clone()) };
        Page::end(records, &Place { since, ..Place::default() })
    }

    /// What asks for changes in this pass.
    fn since(&self) -> Option<(Since<'_>, String)> {
        let cursor = self.stream.cursor.as_ref()?;
        let since = moment::asked(cursor, self.place.since.as_deref()?);
        let number = matches!(cursor.format, CursorFormat::UnixSeconds | CursorFormat::UnixMillis);
        let place = match (&cursor.param, &cursor.pointer) {
            (Some(name), _) => Since::Param(name),
            (None, Some(pointer)) => Since::Pointer(pointer, number),
            (None, None) => return None,
        };
        Some((place, since))
    }

    fn count_page(&mut self) -> Result<()> {
        self.place.pages = self.place.pages.saturating_add(1);
        if self.place.pages > self.stream.max_pages {
            return Err(Error::invalid_response("The API's list does not come to an end.")
                .detail(format!("{} pages, and still more", self.stream.max_pages)));
        }
        Ok(())
    }

    /// A page that is asked for again because it had more rows than fit must be the same.
    fn look_again(&mut self, listing: &Listing) {
        if self.place.skip > 0 && self.place.print != listing.print(&self.stream.records) {
            self.slip("a long page changed while it was read");
        }
    }

    fn slip(&mut self, why: &str) {
        self.place.slipped = true;
        log::warn(why, &[("stream", &self.stream.name), ("read", &self.place.read)]);
    }

    /// As many rows as fit into a page.
    fn take(&mut self, listing: &Listing, rows: &[&RawValue]) -> Result<Taken> {
        let mut taken = Taken { records: Records::empty(), deleted: Vec::new(), rows: 0 };
        let mut dated = self.stream.cursor.is_none() || rows.is_empty();
        for row in rows {
            let full = taken.records.bytes().saturating_add(row.get().len()) >= PAGE_BYTES;
            if taken.rows > 0 && (full || taken.rows >= usize::try_from(PAGE_RECORDS).unwrap_or(usize::MAX)) {
                break;
            }
            if let Some(cursor) = &self.stream.cursor
                && let Some(value) = raw::at(row, &cursor.field)
            {
                let met = moment::read(cursor.format, value).map_err(|()| {
                    listing.unreadable(&format!("a row whose {:?} is not of the format that is defined", cursor.field))
                })?;
                dated |= met.is_some();
                let after = |met: &str| moment::is_after(cursor.format, met, self.place.began_ms);
                self.place.moved |= met.as_deref().is_some_and(after);
                self.place.seen = moment::later(cursor.format, self.place.seen.take(), met);
            }
            if self.is_gone(row) {
                taken.deleted.push(self.key(listing, row, &self.stream.key)?);
            } else {
                taken.records.push(row)?;
            }
            taken.rows += 1;
        }
        if !dated {
            log::warn(
                "no row says when it changed: the stream is read from the same place again",
                &[("stream", &self.stream.name)],
            );
        }
        Ok(taken)
    }

    fn is_gone(&self, row: &RawValue) -> bool {
        let deletes = &self.stream.deletes;
        let (DeletesStyle::Flag, Some(pointer), Some(wanted)) = (deletes.style, &deletes.pointer, &deletes.equals)
        else {
            return false;
        };
        raw::at(row, pointer).is_some_and(|found| raw::equals(found, wanted))
    }

    fn key(&self, listing: &Listing, row: &RawValue, pointers: &[String]) -> Result<String> {
        raw::key(row, pointers).ok_or_else(|| listing.unreadable(&format!("a row without a key at {pointers:?}")))
    }
}

struct Taken {
    records: Records,
    deleted: Vec<String>,
    rows: usize,
}

fn can_ask_for_size(paging: &Paging) -> bool {
    paging.size_param.is_some() || paging.limit_param.is_some() || paging.size_pointer.is_some()
}

/// All rows of a list that is never long.
pub(crate) fn whole<T>(
    api: &Api,
    values: &Values<'_>,
    list: &List<'_>,
    most: usize,
    mut take: impl FnMut(&Listing, &RawValue) -> Result<T>,
) -> Result<Vec<T>> {
    let (mut all, mut at) = (Vec::new(), At::Start);
    loop {
        let listing = list.page(api, values, &at, list.paging.size)?;
        let rows = listing.rows(list.records)?;
        for row in &rows {
            if all.len() < most {
                all.push(take(&listing, row)?);
            }
        }
        match listing.next(api, list.paging, &at, rows.len(), list.paging.size)? {
            Some(next) if next == at => return Err(listing.unreadable("the same place as before as the next one")),
            Some(next) if all.len() < most && !rows.is_empty() => at = next,
            _ => return Ok(all),
        }
    }
}

/// No parameters.
pub(crate) static NONE: BTreeMap<String, String> = BTreeMap::new();
