//! One page of a run: records, deletions, cursor and counters in one transaction, fenced by the epoch.
//!
//! - A record stands in `records` at the place of its last change, so storing a change and telling it
//!   to the feed is one row ([`crate::Store::feed`]).
//! - An upsert whose content is what is there moves nothing; only the pass that saw it is noted.
//! - Sequences are handed out from the tenant's counter, which is raised last, in the same transaction:
//!   who reads the feed up to a sequence has everything below it.
//! - At `complete` what this pass did not see is deleted, unless it is suspiciously much: more than
//!   20 % and at least 10, or all. Then nothing is deleted and a person decides.

mod approval;
mod rows;

pub(crate) use rows::bury;

use std::collections::HashSet;

use patchbay_model::{EventId, ReleaseId, RunId, Timestamp};
use sqlx::AnyConnection;

use crate::{
    LogLine, NewDeadLetter, NewDrift, Store, StoreError, Usage,
    commit::rows::{delete, sweep, upsert},
    dead_letters,
    dialect::Dialect,
    drifts,
    row::{Reader, int, micros},
    run_logs,
};

/// A record of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRecord {
    /// Its key, unique in the stream of the account.
    pub key: String,
    /// Its content, JSON. Equal text is unchanged content.
    pub content: String,
}

/// Where the stream stands after a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// There is more.
    More,
    /// A job at the provider is not ready.
    Wait,
    /// Up to date for now.
    End,
    /// Every record was returned since the pass began: the next page is of a new pass.
    Complete,
}

/// A page to store.
#[derive(Debug, Clone)]
pub struct PageCommit {
    /// The run.
    pub run: RunId,
    /// Its epoch.
    pub epoch: i64,
    /// The records; of two with one key the later counts.
    pub records: Vec<PageRecord>,
    /// Keys that the provider says are gone.
    pub deleted: Vec<String>,
    /// Where to go on.
    pub cursor: Vec<u8>,
    /// Where the stream stands.
    pub step: Step,
    /// The release that read it.
    pub release: Option<ReleaseId>,
    /// What was used since the page before.
    pub usage: Usage,
    /// Records that could not be read.
    pub refused: Vec<NewDeadLetter>,
    /// What fields the stream's records have had, JSON; none where that did not change.
    pub shape: Option<String>,
    /// How they came to look different.
    pub drifts: Vec<NewDrift>,
    /// What was said since the page before.
    pub log: Vec<LogLine>,
}

/// What became of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PageStored {
    /// Records that were not there.
    pub added: u64,
    /// Records with another content than before.
    pub changed: u64,
    /// Records that were there like this.
    pub unchanged: u64,
    /// Records deleted, by name or by absence.
    pub deleted: u64,
    /// The tenant's last sequence.
    pub last_seq: u64,
    /// `wait` answers of the pass so far, this page included; an end for now or of the pass sets it to 0.
    pub waits: u32,
    /// Somebody asked to stop.
    pub cancel_requested: bool,
    /// What the end of a pass did; none for other pages.
    pub sweep: Option<Sweep>,
}

/// What the end of a pass did with records that it did not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweep {
    /// Deleted so many.
    Deleted(u64),
    /// Deleted nothing, because it would have been too many.
    Held {
        /// How many would have gone.
        would: u64,
        /// Of how many.
        of: u64,
    },
    /// Deleted nothing, because the pass did not read everything: it began at a date, or could not read some records.
    Skipped,
}

/// A record's place is the tenant's number and, in these bits, its sequence.
pub(crate) const SEQ_BITS: u32 = 40;

/// Where a page goes, as the fence finds it.
pub(crate) struct Place {
    pub(crate) sync: i64,
    pub(crate) pass: i64,
    /// The tenant's number, shifted.
    pub(crate) base: i64,
    /// The last sequence given.
    pub(crate) seq: i64,
    pub(crate) live: i64,
    pub(crate) now: i64,
}

/// What the fence finds beside the place.
struct Fenced {
    place: Place,
    cancel_requested: bool,
    /// The pass does not read everything.
    partial: bool,
}

impl Store {
    /// Stores a page with its cursor: all of it or nothing.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the lease lapsed or another has taken over.
    pub async fn commit_page(&self, page: PageCommit) -> Result<PageStored, StoreError> {
        let (clock, drifted) = (self.clock.clone(), self.event_id());
        let news = !page.drifts.is_empty();
        // Beside others: the fence locks the run, then the tenant (sequences are taken from it, so the pages of one
        // tenant follow each other), then the sync.
        let stored = self
            .write_beside(move |tx| Box::pin(async move { store_page(tx, page, drifted, clock.now()).await }))
            .await?;
        if news {
            self.woke();
        }
        Ok(stored)
    }
}

async fn store_page(
    tx: &mut AnyConnection,
    page: PageCommit,
    drifted: EventId,
    now: Timestamp,
) -> Result<PageStored, StoreError> {
    let Fenced { mut place, cancel_requested, partial } = fence(&mut *tx, &page, now).await?;
    let mut stored = PageStored { cancel_requested, ..PageStored::default() };
    let records = last_of_each_key(page.records);
    let (read, refused) = (int(records.len() as u64), int(page.refused.len() as u64));
    let before = place.seq;

    upsert(&mut *tx, &mut place, &mut stored, records).await?;
    if !page.deleted.is_empty() {
        stored.deleted = delete(&mut *tx, &mut place, &page.deleted).await?;
    }
    place.live += int(stored.added) - int(stored.deleted);
    if page.step == Step::Complete {
        let done = if partial { Sweep::Skipped } else { complete(&mut *tx, &mut place).await? };
        if let Sweep::Deleted(gone) = done {
            stored.deleted += gone;
            place.live -= int(gone);
        }
        stored.sweep = Some(done);
    }

    let row = sqlx::query(
        "UPDATE syncs SET cursor = $2, cursor_release = $3, records = $4, \
         pass = pass + CASE WHEN $5 THEN 1 ELSE 0 END, \
         pass_started_at = CASE WHEN $5 THEN NULL ELSE coalesce(pass_started_at, $6) END, \
         at_end = $5 OR $9, since = CASE WHEN $5 OR $9 THEN NULL ELSE since END, refused = CASE WHEN $5 THEN 0 ELSE refused + $10 END, \
         shape = coalesce($11, shape), waits = CASE WHEN $5 OR $9 THEN 0 WHEN $7 THEN waits + 1 ELSE waits END, \
         held = CASE WHEN $12 THEN $8 ELSE held END, held_pass = CASE WHEN NOT $12 THEN held_pass WHEN $8 IS NULL THEN NULL \
         ELSE pass END WHERE no = $1 RETURNING waits",
    )
    .bind(place.sync)
    .bind(page.cursor)
    .bind(page.release.as_ref().map(ReleaseId::as_str))
    .bind(place.live)
    .bind(page.step == Step::Complete)
    .bind(place.now)
    .bind(page.step == Step::Wait)
    .bind(match stored.sweep {
        Some(Sweep::Held { would, .. }) => Some(int(would)),
        _ => None,
    })
    .bind(page.step == Step::End)
    .bind(refused)
    .bind(page.shape)
    // What an earlier pass held back stays to be approved when this one could not tell.
    .bind(matches!(stored.sweep, Some(Sweep::Deleted(_) | Sweep::Held { .. })))
    .fetch_one(&mut *tx)
    .await?;
    stored.waits = Reader::of(&row, "syncs").next("waits")?;
    sqlx::query(
        "UPDATE runs SET pages = pages + 1, deaths = 0, records = records + $2, changed = changed + $3, \
         deleted = deleted + $4, bytes = bytes + $5, requests = requests + $6, retries = retries + $7, \
         waited = waited + $8, release = $9, refused = refused + $10 WHERE id = $1",
    )
    .bind(page.run.as_str())
    .bind(read)
    .bind(int(stored.added + stored.changed))
    .bind(int(stored.deleted))
    .bind(int(page.usage.bytes))
    .bind(int(page.usage.requests))
    .bind(int(page.usage.retries))
    .bind(micros(page.usage.waited))
    .bind(page.release.as_ref().map(ReleaseId::as_str))
    .bind(refused)
    .execute(&mut *tx)
    .await?;
    dead_letters::keep(&mut *tx, place.sync, &page.run, page.refused, now).await?;
    run_logs::write(&mut *tx, &page.run, &page.log).await?;
    drifts::keep(&mut *tx, place.sync, &page.run, &page.drifts, drifted, now).await?;
    if place.seq != before {
        raise(tx, &place).await?;
    }
    stored.last_seq = u64::try_from(place.seq).unwrap_or(0);
    Ok(stored)
}

macro_rules! fence {
    ($lock:literal) => {
        concat!(
            "SELECT s.no, s.pass, t.no, t.seq, s.records, r.cancel_at IS NOT NULL, \
             s.since IS NOT NULL OR s.refused > 0 FROM runs r \
             JOIN tenants t ON t.id = r.tenant JOIN syncs s ON s.id = r.sync \
             WHERE r.id = $1 AND r.epoch = $2 AND r.state = 'running' AND r.lease_until > $3",
            $lock
        )
    };
}
const FENCE: &str = fence!("");
/// Not the keys, so that rows that point to these (events, logs) can be written meanwhile.
const FENCE_LOCKED: &str = fence!(" FOR NO KEY UPDATE OF r, t, s");

async fn fence(tx: &mut AnyConnection, page: &PageCommit, now: Timestamp) -> Result<Fenced, StoreError> {
    let row = sqlx::query(Dialect::of(tx).pick(FENCE, FENCE_LOCKED))
        .bind(page.run.as_str())
        .bind(page.epoch)
        .bind(now.as_micros())
        .fetch_optional(tx)
        .await?
        .ok_or(StoreError::Stale)?;
    let mut r = Reader::of(&row, "syncs");
    let (sync, pass) = (r.next("no")?, r.next("pass")?);
    let base = r.next::<i64>("no")? << SEQ_BITS;
    let (seq, live) = (r.next("seq")?, r.next("records")?);
    let place = Place { sync, pass, base, seq, live, now: now.as_micros() };
    let (cancel_requested, partial): (bool, bool) = (r.next("cancel_at")?, r.next("since")?);
    Ok(Fenced { place, cancel_requested, partial: partial || !page.refused.is_empty() })
}

fn last_of_each_key(mut records: Vec<PageRecord>) -> Vec<PageRecord> {
    let mut seen = HashSet::with_capacity(records.len());
    let keep: Vec<bool> = records.iter().rev().map(|record| seen.insert(record.key.as_str())).collect();
    if keep.contains(&false) {
        let mut keep = keep.into_iter().rev();
        records.retain(|_| keep.next().unwrap_or(true));
    }
    records
}

async fn complete(tx: &mut AnyConnection, place: &mut Place) -> Result<Sweep, StoreError> {
    let statement = "SELECT count(*) FROM records WHERE sync_no = $1 AND content IS NOT NULL AND pass < $2";
    let would: i64 = sqlx::query_scalar(statement).bind(place.sync).bind(place.pass).fetch_one(&mut *tx).await?;
    if held(would, place.live) {
        let count = |count: i64| u64::try_from(count).unwrap_or(0);
        return Ok(Sweep::Held { would: count(would), of: count(place.live) });
    }
    if would == 0 {
        return Ok(Sweep::Deleted(0));
    }
    sweep(tx, place).await.map(Sweep::Deleted)
}

/// Whether so many deletions of so many records wait for a person.
fn held(would: i64, of: i64) -> bool {
    would > 0 && ((would.saturating_mul(5) > of && would >= 10) || would >= of)
}

/// The tenant's counter: the last statement of a page, so that commit order is sequence order.
/// Keeps the last sequence that was given.
pub(crate) async fn raise(tx: &mut AnyConnection, place: &Place) -> Result<(), StoreError> {
    sqlx::query("UPDATE tenants SET seq = $2 WHERE no = $1")
        .bind(place.base >> SEQ_BITS)
        .bind(place.seq)
        .execute(tx)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
