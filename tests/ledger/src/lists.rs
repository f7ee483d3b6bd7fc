//! Lists: by change, with removals, everything, very many.

use std::borrow::Cow;

use patchbay_sdk::{Context, Page, ReadRequest, Records, Result, http, time};
use serde::{Deserialize, Serialize};

use crate::wire::{self, Listing, Passed, Rows, Settings};

/// Where reading by change stands.
#[derive(Clone, Serialize, Deserialize)]
struct Cursor {
    /// Everything that changed before was read; as the provider wrote it.
    since: Option<String>,
    /// Which page of that.
    #[serde(default = "first")]
    page: u64,
}

/// Where a list with removals stands: what is gone is read first, so that what comes back meanwhile stays.
#[derive(Serialize, Deserialize)]
struct Both {
    gone: Cursor,
    /// None while `gone` is read.
    kept: Option<Cursor>,
    /// Where `kept` goes on after `gone`.
    then: Cursor,
}

/// Which page of everything.
#[derive(Serialize, Deserialize)]
struct Number {
    page: u64,
}

#[derive(Deserialize)]
struct Changed<'a> {
    #[serde(borrow)]
    changed_at: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Gone<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    deleted_at: Cow<'a, str>,
}

fn first() -> u64 {
    1
}

impl Cursor {
    fn start(request: &ReadRequest) -> Self {
        Self { since: request.since_ms.map(time::rfc3339), page: 1 }
    }

    fn ask(&self, path: &str, size: u32) -> http::Request {
        http::get(wire::address(path))
            .query_maybe("since", self.since.as_deref())
            .query("page", self.page)
            .query("size", size)
    }

    /// The place after a page whose newest change is this. `Err` at the end of the list.
    fn after(self, next: Option<u64>, newest: Option<&str>, by_number: bool) -> std::result::Result<Self, Self> {
        let newest = newest.filter(|newest| is_later(newest, self.since.as_deref())).map(str::to_owned);
        match next {
            None => Err(Self { since: newest.or(self.since), page: 1 }),
            Some(page) if by_number || newest.is_none() => Ok(Self { page, ..self }),
            Some(_) => Ok(Self { since: newest, page: 1 }),
        }
    }
}

/// Whether a moment is later; by its milliseconds, since a host may have written one of them in its own way.
fn is_later(moment: &str, than: Option<&str>) -> bool {
    let ms = time::parse_rfc3339;
    than.is_none_or(|than| ms(moment) > ms(than))
}

/// `entries` and `lines`.
pub(crate) fn by_change(ctx: &Context, request: &ReadRequest, path: &str) -> Result<Page> {
    let cursor = request.cursor()?.unwrap_or_else(|| Cursor::start(request));
    let (rows, after) = changes(&Settings::of(ctx)?, request, path, cursor)?;
    rows.page(|records| match after {
        Ok(more) => Page::more(records, &more),
        Err(end) => Page::end(records, &end),
    })
}

type After = std::result::Result<Cursor, Cursor>;

fn changes(settings: &Settings, request: &ReadRequest, path: &str, cursor: Cursor) -> Result<(Rows, After)> {
    let answer = cursor.ask(path, settings.page_size(request)).send()?.ok()?;
    let listing: Listing<'_> = answer.json()?;
    // Poison may be no object at all, or have no moment: the host shall decide about it, so the page goes on.
    let rows: Vec<Option<Changed<'_>>> = lenient(&listing, &answer)?;
    let newest = rows.iter().flatten().map(|row| row.changed_at.as_ref()).max_by_key(|at| time::parse_rfc3339(at));
    let after = cursor.after(listing.next(&answer)?, newest, settings.by_number());
    Ok((listing.rows(settings)?, after))
}

/// Each record as the type, or none where it is of another shape.
fn lenient<'a, T: Deserialize<'a>>(listing: &'a Listing<'a>, answer: &http::Response) -> Result<Vec<Option<T>>> {
    let rows: Vec<&patchbay_sdk::RawValue> = listing.members(answer)?;
    Ok(rows.into_iter().map(|row| serde_json::from_str(row.get()).ok()).collect())
}

/// `removals`.
pub(crate) fn with_removals(ctx: &Context, request: &ReadRequest) -> Result<Page> {
    let settings = Settings::of(ctx)?;
    let start = || Both { gone: Cursor::start(request), kept: None, then: Cursor::start(request) };
    let both = request.cursor()?.unwrap_or_else(start);
    if let Some(kept) = both.kept {
        let (rows, after) = changes(&settings, request, "/removals", kept)?;
        return rows.page(|records| match after {
            Ok(more) => Page::more(records, &Both { kept: Some(more), ..both }),
            Err(end) => Page::end(records, &Both { kept: None, then: end, gone: both.gone }),
        });
    }
    let answer = both.gone.ask("/deleted", settings.page_size(request)).send()?.ok()?;
    let listing: Listing<'_> = answer.json()?;
    let gone: Vec<Gone<'_>> = listing.members(&answer)?;
    let newest = gone.iter().map(|gone| gone.deleted_at.as_ref()).max_by_key(|at| time::parse_rfc3339(at));
    let keys = gone.iter().map(|gone| gone.id.clone().into_owned()).collect();
    let after = match both.gone.after(listing.next(&answer)?, newest, settings.by_number()) {
        Ok(gone) => Both { gone, kept: None, then: both.then },
        Err(gone) => Both { gone, kept: Some(both.then.clone()), then: both.then },
    };
    Ok(Page::more(Records::empty(), &after)?.deleted(keys))
}

/// `snapshot`.
pub(crate) fn everything(ctx: &Context, request: &ReadRequest) -> Result<Page> {
    let (rows, next) = numbered(ctx, request, "/snapshot")?;
    rows.page(|records| match next {
        Some(page) => Page::more(records, &Number { page }),
        None => Page::complete(records, &Number { page: 1 }),
    })
}

/// `bulk`: everything again in each run.
pub(crate) fn bulk(ctx: &Context, request: &ReadRequest) -> Result<Page> {
    let (rows, next) = numbered(ctx, request, "/bulk")?;
    rows.page(|records| match next {
        Some(page) => Page::more(records, &Number { page }),
        None => Page::end(records, &Number { page: 1 }),
    })
}

fn numbered(ctx: &Context, request: &ReadRequest, path: &str) -> Result<(Rows, Option<u64>)> {
    let at = request.cursor()?.unwrap_or(Number { page: 1 });
    page(&Settings::of(ctx)?, request, path, at.page)
}

/// One page by its number.
pub(crate) fn page(settings: &Settings, request: &ReadRequest, path: &str, number: u64) -> Result<(Rows, Option<u64>)> {
    let size = settings.page_size(request);
    let answer = http::get(wire::address(path)).query("page", number).query("size", size).send()?.ok()?;
    if settings.unchecked {
        let listing: Listing<'_> = answer.json()?;
        return Ok((listing.rows(settings)?, listing.next(&answer)?));
    }
    // As a connector does that passes on what it gets: each byte of the answer is looked at once.
    let passed: Passed = answer.json()?;
    let next = wire::next(passed.next.as_ref(), &answer)?;
    Ok((Rows::Checked(passed.items), next))
}

/// `tick`.
pub(crate) fn tick() -> Result<Page> {
    let answer = http::get(wire::address("/tick")).send()?.ok()?;
    let rows = answer.json::<Listing<'_>>()?.rows(&Settings::default())?;
    rows.page(|records| Page::end(records, &()))
}
