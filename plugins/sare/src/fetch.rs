//! The streams. SARE tells no changes of groups, contacts and newsletters: each pass reads everything, and what it did not
//! meet is gone. Pages stand in the path, count from 0, and end with an empty one, because nobody says how long they are.

use patchbay_sdk::{Context, PAGE_RECORDS, Page, ReadRequest, Records, Result, run};
use serde::{Deserialize, Serialize};

use crate::{
    reports,
    walk::{Step, Walk},
    wire::Api,
};

/// Steps of one call of `read`, each of two requests or a few more, so that what was read is stored from time to time.
const STEPS: usize = 10;
/// Types of newsletters.
const TYPES: [&str; 2] = ["ready", "temporary"];

/// Where reading the newsletters stands.
#[derive(Default, Serialize, Deserialize)]
struct Newsletters {
    /// Which of [`TYPES`].
    kind: usize,
    page: u64,
    /// Rows of that page that are done.
    done: usize,
}

pub(crate) fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
    let api = Api::of(ctx)?;
    match request.stream.as_str() {
        "groups" => groups(&api, request),
        "contacts" => contacts(&api, request),
        "newsletters" => newsletters(&api, request),
        "sends" => reports::sends(&api, request),
        "events" => reports::events(&api, request),
        _ => Err(request.unsupported()),
    }
}

/// All groups come in one answer; a cursor counts how many were handed on.
fn groups(api: &Api, request: &ReadRequest) -> Result<Page> {
    let done = request.cursor::<usize>()?.unwrap_or_default();
    let said = api.get(&["group", "list"])?;
    let rows = said.rows()?;
    let end = done.saturating_add(room(request));
    let records = Records::from_raw(rows.iter().skip(done).take(room(request)).copied())?;
    if end < rows.len() { Page::more(records, &end) } else { Page::complete(records, &0) }
}

fn contacts(api: &Api, request: &ReadRequest) -> Result<Page> {
    let mut walk = request.cursor::<Walk>()?.unwrap_or_default();
    let room = room(request);
    let batch = room.min(usize::try_from(api.assumed.page.size_hint).unwrap_or(room)).max(1);
    let (mut records, mut gone) = (Records::empty(), Vec::new());
    for _ in 0..STEPS {
        let left = room.saturating_sub(usize::try_from(records.count()).unwrap_or(room));
        if left == 0 {
            break;
        }
        match walk.step(api, batch.min(left), &mut records, &mut gone)? {
            Step::On => {}
            Step::Full => break,
            Step::Done => return Ok(Page::complete(records, &Walk::default())?.deleted(gone)),
        }
        if run::should_stop() {
            break;
        }
    }
    run::progress(walk.walked, walk.total());
    Ok(Page::more(records, &walk)?.deleted(gone))
}

fn newsletters(api: &Api, request: &ReadRequest) -> Result<Page> {
    let at = request.cursor::<Newsletters>()?.unwrap_or_default();
    let Some(kind) = TYPES.get(at.kind).copied() else {
        return Page::complete(Records::empty(), &Newsletters::default());
    };
    let said = api.get(&["newsletter", "list", kind, &at.page.to_string()])?;
    let rows = said.rows()?;
    if rows.is_empty() {
        let next = Newsletters { kind: at.kind.saturating_add(1), page: 0, done: 0 };
        return match TYPES.get(next.kind) {
            Some(_) => Page::more(Records::empty(), &next),
            None => Page::complete(Records::empty(), &Newsletters::default()),
        };
    }
    let mut records = Records::empty();
    for row in rows.iter().skip(at.done).take(room(request)) {
        records.push_with(row, &[("type", kind)])?;
    }
    let (page, done) = next_place(at.page, at.done, room(request), rows.len());
    Page::more(records, &Newsletters { kind: at.kind, page, done })
}

/// The place behind so many rows: in the same page, or at the beginning of the next one.
pub(crate) fn next_place(page: u64, done: usize, room: usize, rows: usize) -> (u64, usize) {
    let done = done.saturating_add(room);
    if done < rows { (page, done) } else { (page.saturating_add(1), 0) }
}

/// How many records this call may hand on.
pub(crate) fn room(request: &ReadRequest) -> usize {
    usize::try_from(request.page_hint.clamp(1, PAGE_RECORDS)).unwrap_or(1)
}
