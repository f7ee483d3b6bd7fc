//! The streams. SARE tells no changes of groups, contacts and newsletters: each pass reads everything, and what it did not
//! meet is gone. Pages stand in the path, count from 0, and end with an empty one, because nobody says how long they are. A
//! list that changed while it was read ends its pass without being complete: nothing is taken for gone then.

use patchbay_sdk::{Context, PAGE_RECORDS, Page, RawValue, ReadRequest, Records, Result, log, run};
use serde::{Deserialize, Serialize};

use crate::{
    edge::Edge,
    reports,
    walk::{Step, Walk},
    wire::Api,
};

/// Steps of one call of `read`, each of two requests or a few more, so that what was read is stored from time to time.
const STEPS: usize = 10;
/// Types of newsletters.
const TYPES: [&str; 2] = ["ready", "temporary"];

/// Where reading the groups stands.
#[derive(Default, Serialize, Deserialize)]
struct Groups {
    /// Rows that are done.
    done: usize,
    edge: Edge,
}

/// Where reading the newsletters stands.
#[derive(Default, Serialize, Deserialize)]
struct Newsletters {
    /// Which of [`TYPES`].
    kind: usize,
    page: u64,
    /// Rows of that page that are done.
    done: usize,
    edge: Edge,
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
    let Groups { done, mut edge } = request.cursor()?.unwrap_or_default();
    let said = api.get(&["group", "list"])?;
    let rows = said.rows()?;
    if done > 0 {
        edge.resumed(&texts(&rows), done);
    }
    let end = done.saturating_add(room(request));
    let records = Records::from_raw(rows.iter().skip(done).take(room(request)).copied())?;
    if end < rows.len() {
        edge.took(&texts(&rows), end);
        return Page::more(records, &Groups { done: end, edge });
    }
    finish(records, &Groups::default(), !edge.slipped)
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
            Step::Done => {
                return Ok(finish(records, &Walk::default(), walk.is_whole())?.deleted(gone));
            }
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
        return Page::end(Records::empty(), &Newsletters::default());
    };
    let mut edge = at.edge;
    let said = api.get(&["newsletter", "list", kind, &at.page.to_string()])?;
    let rows = said.rows()?;
    if at.done > 0 {
        edge.resumed(&texts(&rows), at.done);
    } else if let Some(before) = at.page.checked_sub(1) {
        let before = api.get(&["newsletter", "list", kind, &before.to_string()])?;
        edge.looked_back(&texts(&before.rows()?));
    }
    if rows.is_empty() {
        edge.next_list();
        let next = Newsletters { kind: at.kind.saturating_add(1), page: 0, done: 0, edge };
        return match TYPES.get(next.kind) {
            Some(_) => Page::more(Records::empty(), &next),
            None => finish(Records::empty(), &Newsletters::default(), !next.edge.slipped),
        };
    }
    let mut records = Records::empty();
    for row in rows.iter().skip(at.done).take(room(request)) {
        records.push_with(row, &[("type", kind)])?;
    }
    let (page, done) = next_place(at.page, at.done, room(request), rows.len());
    edge.took(&texts(&rows), at.done.saturating_add(room(request)));
    Page::more(records, &Newsletters { kind: at.kind, page, done, edge })
}

/// The end of a pass; only one that is whole says what is gone. Else the next one reads everything again.
fn finish(records: Records, start: &impl Serialize, is_whole: bool) -> Result<Page> {
    if is_whole {
        return Page::complete(records, start);
    }
    log::warn("a list changed while it was read; nothing of it is taken for gone", &[]);
    Page::end(records, start)
}

fn texts<'a>(rows: &[&'a RawValue]) -> Vec<&'a str> {
    rows.iter().map(|row| row.get()).collect()
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
