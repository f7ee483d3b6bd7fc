//! The streams.
//!
//! Only e-mails can be asked for by change, and only by day; all other lists are read whole in each pass. Pages are
//! counted from 0, and a row that goes away shifts all behind it. So the last page is looked at when a pass begins: when it
//! ends otherwise, or there are more pages or fewer, rows may have slipped by, and nothing is taken for gone.

use patchbay_sdk::{Context, Error, Page, RawValue, ReadRequest, Records, Result, log, run, time};
use serde::{Deserialize, Serialize};

use crate::{
    text,
    wire::{Api, Listing, PAGE_SIZE},
};

/// The day from which e-mails are read the first time.
const EARLIEST: &str = "2000-01-01";

/// What a person chose for the connection.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Settings {
    language: String,
    tasks_from: String,
}

/// Where a pass stands.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Pass {
    page: u64,
    /// The same for the whole pass: pages of another size would not fit together.
    size: u32,
    /// The day that is asked for: of deadlines, or since when e-mails came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// The day on which the pass began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    began: Option<String>,
    /// How many pages there were said to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pages: Option<u64>,
    /// How the last page ended when the pass began: its rows, and the id of the last of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tail: Option<Tail>,
    /// The first row of the page before, to see a page that comes again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first: Option<String>,
    #[serde(default)]
    read: u64,
    /// Rows may have slipped from one page to another.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    slipped: bool,
}

/// How a page ends.
type Tail = (usize, String);

/// What a stream's next pass needs to know; nothing but for e-mails.
#[derive(Default, Serialize, Deserialize)]
struct Done {
    /// Up to which day e-mails were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Cursor {
    Pass(Pass),
    Done(Done),
}

pub(crate) fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
    let api = Api::of(ctx)?;
    match request.stream.as_str() {
        "relations" => list(&api, request, "/relations", &[], Pass::default),
        "tasks" => {
            let settings: Settings = ctx.settings()?;
            let language = if settings.language.is_empty() { "nl" } else { settings.language.as_str() };
            let from = || Pass { from: Some(first_deadline(&settings.tasks_from)), ..Pass::default() };
            list(&api, request, "/tasks", &[("languageCode", language)], from)
        }
        "emails" => emails(&api, request),
        "users" => list(&api, request, "/users", &[], Pass::default),
        "companies" => companies(&api),
        "invoices" => list(&api, request, "/invoices", &[], Pass::default),
        "registrations" => list(&api, request, "/registrations", &[("invoiced", "false")], Pass::default),
        _ => Err(request.unsupported()),
    }
}

/// The office's own companies: a short bare array.
fn companies(api: &Api) -> Result<Page> {
    let answer = api.ok(api.get("/companies").send()?)?;
    Page::complete(answer.records()?, &Done::default())
}

/// A list that is read whole in each pass.
fn list(
    api: &Api,
    request: &ReadRequest,
    path: &str,
    query: &[(&str, &str)],
    start: impl FnOnce() -> Pass,
) -> Result<Page> {
    let pass = match request.cursor::<Cursor>()? {
        Some(Cursor::Pass(pass)) if pass.size > 0 => pass,
        _ => Pass { size: request.page_size(PAGE_SIZE), ..start() },
    };
    let from = day(pass.from.as_deref())?;
    let mut query = query.to_vec();
    query.extend(from.as_deref().map(|from| ("deadlineFrom", from)));
    let (records, next) = page(api, path, &query, pass)?;
    match next {
        Next::More(pass) => Page::more(records, &pass),
        Next::Over(pass) if pass.slipped => {
            log::warn("the list changed while it was read", &[("list", &path), ("read", &pass.read)]);
            Page::end(records, &Done::default())
        }
        Next::Over(_) => Page::complete(records, &Done::default()),
    }
}

/// E-mails since a day. Days are the provider's, and what comes late on one of them is not told apart: each pass begins a
/// day before the last one did, and what is read twice is stored once.
fn emails(api: &Api, request: &ReadRequest) -> Result<Page> {
    let pass = match request.cursor::<Cursor>()? {
        Some(Cursor::Pass(pass)) if pass.size > 0 => pass,
        other => {
            let since = match other {
                Some(Cursor::Done(Done { since: Some(since) })) => text::day_before(&since),
                _ => request.since_ms.and_then(|since| text::day_before(&time::date(since))),
            };
            let from = Some(since.unwrap_or_else(|| EARLIEST.to_owned()));
            let began = Some(time::date(run::now_ms()));
            Pass { size: request.page_size(PAGE_SIZE), from, began, ..Pass::default() }
        }
    };
    let from = day(pass.from.as_deref())?.unwrap_or_default();
    let (records, next) = page(api, "/emails", &[("LastSyncTime", from.as_str())], pass)?;
    match next {
        Next::More(pass) => Page::more(records, &pass),
        // What slipped past is asked for again: the next pass begins where this one did.
        Next::Over(pass) if pass.slipped => Page::end(records, &Done { since: pass.from }),
        Next::Over(pass) => Page::end(records, &Done { since: pass.began }),
    }
}

enum Next {
    More(Pass),
    Over(Pass),
}

/// One page, and where the pass stands behind it.
fn page(api: &Api, path: &str, query: &[(&str, &str)], pass: Pass) -> Result<(Records, Next)> {
    let listing = api.list(path, query, pass.page, pass.size)?;
    let rows = listing.rows()?;
    let first = rows.rows.first().map(|row| id_of(&listing, row)).transpose()?;
    if first.is_some() && first == pass.first {
        // A list that takes no notice of the page was whole in the first one.
        return match rows.pages {
            None => Ok((Records::empty(), Next::Over(pass))),
            Some(_) => Err(listing.unreadable("the same page again")),
        };
    }
    let tail = match (pass.page, rows.pages) {
        (0, Some(pages)) if pages > 1 => Some(tail_of(&api.list(path, query, pages - 1, pass.size)?)?),
        _ => pass.tail,
    };
    let early = rows.rows.is_empty() && rows.pages.is_some_and(|pages| pass.page < pages);
    let otherwise = rows.is_last && tail.as_ref().is_some_and(|tail| Some(tail) != tail_of(&listing).ok().as_ref());
    let changed = otherwise || (pass.pages.is_some() && rows.pages != pass.pages);
    let records = Records::from_raw(rows.rows)?;
    let read = pass.read + u64::from(records.count());
    let slipped = pass.slipped || early || changed;
    run::progress(read, None);
    let page = if rows.is_last { pass.page } else { pass.page + 1 };
    let pass = Pass { page, pages: rows.pages.or(pass.pages), tail, first, read, slipped, ..pass };
    Ok((records, if rows.is_last { Next::Over(pass) } else { Next::More(pass) }))
}

fn tail_of(listing: &Listing) -> Result<Tail> {
    let rows = listing.rows()?.rows;
    let last = rows.last().map(|row| id_of(listing, row)).transpose()?;
    Ok((rows.len(), last.unwrap_or_default()))
}

/// The id's own text, text or number.
fn id_of(listing: &Listing, row: &RawValue) -> Result<String> {
    #[derive(Deserialize)]
    struct Row<'a> {
        #[serde(borrow)]
        id: &'a RawValue,
    }
    Ok(listing.row::<Row<'_>>(row)?.id.get().chars().take(100).collect())
}

/// A day of a cursor as a query writes it.
fn day(day: Option<&str>) -> Result<Option<String>> {
    let wrong = || Error::cursor_invalid("The place where reading stopped is no longer known. Reading starts afresh.");
    day.map(|day| text::of_query(day).ok_or_else(wrong)).transpose()
}

/// From which deadline on tasks are read: the person's day, else 1 January of last year.
fn first_deadline(chosen: &str) -> String {
    let last_year = || {
        let year = time::date(run::now_ms()).get(..4).and_then(|year| year.parse::<u32>().ok()).unwrap_or(2000);
        format!("{:04}-01-01", year.saturating_sub(1))
    };
    text::day_of(chosen).map_or_else(last_year, str::to_owned)
}
