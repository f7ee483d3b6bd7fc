//! One page of a run: records, deletions, cursor and counters in one transaction, fenced by the epoch.
//!
//! - A record stands in `records` at the place of its last change, so storing a change and telling it
//!   to the feed is one row ([`crate::Store::feed`]).
//! - An upsert whose content is what is there moves nothing; only the pass that saw it is noted.
//! - Sequences are handed out from the tenant's counter, which is raised last, in the same transaction:
//!   who reads the feed up to a sequence has everything below it.
//! - At `complete` what this pass did not see is deleted, unless it is suspiciously much: more than
//!   20 % and at least 10, or all. Then nothing is deleted and a person decides.

use std::collections::HashSet;

use patchbay_model::{ReleaseId, RunId, SyncId, TenantId, Timestamp};
use sqlx::{AssertSqlSafe, SqliteConnection};

use crate::{
    Store, StoreError, Usage,
    audit::{NewAudit, append},
    row::{Reader, int, json, micros},
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
}

/// Rows of one statement; smaller ones take the rest of a page. Each is prepared once.
const CHUNKS: [usize; 4] = [250, 50, 10, 1];
/// A record's place is the tenant's number and, in these bits, its sequence.
pub(crate) const SEQ_BITS: u32 = 40;

/// Where a page goes, as the fence finds it.
struct Place {
    sync: i64,
    pass: i64,
    /// The tenant's number, shifted.
    base: i64,
    /// The last sequence given.
    seq: i64,
    live: i64,
    now: i64,
}

impl Store {
    /// Stores a page with its cursor: all of it or nothing.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the lease lapsed or another has taken over.
    pub async fn commit_page(&self, page: PageCommit) -> Result<PageStored, StoreError> {
        let clock = self.clock.clone();
        self.write(move |tx| Box::pin(async move { store_page(tx, page, clock.now()).await })).await
    }

    /// Deletes what a pass held back, because a person approved it; how many.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] when nothing is held.
    pub async fn approve_held(&self, tenant: &TenantId, sync: &SyncId, actor: &str) -> Result<u64, StoreError> {
        let (tenant, sync, clock) = (tenant.clone(), sync.clone(), self.clock.clone());
        let line = self.audit_line(NewAudit::of(Some(&tenant), actor, "sync.deletion_approved", &sync));
        self.write(move |tx| {
            Box::pin(async move {
                let row = sqlx::query(
                    "SELECT s.no, s.held_pass, t.no, t.seq, s.records FROM syncs s JOIN tenants t ON t.id = s.tenant \
                     WHERE s.id = $1 AND s.tenant = $2",
                )
                .bind(sync.as_str())
                .bind(tenant.as_str())
                .fetch_optional(&mut *tx)
                .await?
                .ok_or(StoreError::NotFound)?;
                let mut r = Reader::of(&row, "syncs");
                let (no, pass) = (r.next("no")?, r.next::<Option<i64>>("held_pass")?);
                let base = r.next::<i64>("no")? << SEQ_BITS;
                let pass = pass.ok_or(StoreError::Conflict("nothing is held"))?;
                let (seq, live) = (r.next("seq")?, r.next("records")?);
                let mut place = Place { sync: no, pass, base, seq, live, now: clock.now().as_micros() };
                let gone = sweep(&mut *tx, &mut place).await?;
                sqlx::query("UPDATE syncs SET records = records - $2, held = NULL, held_pass = NULL WHERE no = $1")
                    .bind(no)
                    .bind(int(gone))
                    .execute(&mut *tx)
                    .await?;
                append(&mut *tx, &line).await?;
                raise(tx, &place).await?;
                Ok(gone)
            })
        })
        .await
    }
}

async fn store_page(tx: &mut SqliteConnection, page: PageCommit, now: Timestamp) -> Result<PageStored, StoreError> {
    let (mut place, cancel_requested) = fence(&mut *tx, &page, now).await?;
    let mut stored = PageStored { cancel_requested, ..PageStored::default() };
    let records = last_of_each_key(page.records);
    let read = int(records.len() as u64);
    let before = place.seq;

    upsert(&mut *tx, &mut place, &mut stored, records).await?;
    if !page.deleted.is_empty() {
        stored.deleted = delete(&mut *tx, &mut place, &page.deleted).await?;
    }
    place.live += int(stored.added) - int(stored.deleted);
    if page.step == Step::Complete {
        let done = complete(&mut *tx, &mut place).await?;
        if let Sweep::Deleted(gone) = done {
            stored.deleted += gone;
            place.live -= int(gone);
        }
        stored.sweep = Some(done);
    }

    let row = sqlx::query(
        "UPDATE syncs SET cursor = $2, cursor_release = $3, records = $4, \
         pass = pass + $5, pass_started_at = CASE WHEN $5 THEN NULL ELSE coalesce(pass_started_at, $6) END, \
         waits = CASE WHEN $5 OR $9 THEN 0 ELSE waits + $7 END, \
         held = CASE WHEN $5 THEN $8 ELSE held END, held_pass = CASE WHEN NOT $5 THEN held_pass WHEN $8 IS NULL THEN NULL \
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
    .fetch_one(&mut *tx)
    .await?;
    stored.waits = Reader::of(&row, "syncs").next("waits")?;
    sqlx::query(
        "UPDATE runs SET pages = pages + 1, records = records + $2, changed = changed + $3, deleted = deleted + $4, \
         bytes = bytes + $5, requests = requests + $6, retries = retries + $7, waited = waited + $8, release = $9 \
         WHERE id = $1",
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
    .execute(&mut *tx)
    .await?;
    if place.seq != before {
        raise(tx, &place).await?;
    }
    stored.last_seq = u64::try_from(place.seq).unwrap_or(0);
    Ok(stored)
}

async fn fence(tx: &mut SqliteConnection, page: &PageCommit, now: Timestamp) -> Result<(Place, bool), StoreError> {
    let row = sqlx::query(
        "SELECT s.no, s.pass, t.no, t.seq, s.records, r.cancel_at IS NOT NULL FROM runs r \
         JOIN syncs s ON s.id = r.sync JOIN tenants t ON t.id = r.tenant \
         WHERE r.id = $1 AND r.epoch = $2 AND r.state = 'running' AND r.lease_until > $3",
    )
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
    Ok((Place { sync, pass, base, seq, live, now: now.as_micros() }, r.next("cancel_at")?))
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

async fn upsert(
    tx: &mut SqliteConnection,
    place: &mut Place,
    stored: &mut PageStored,
    records: Vec<PageRecord>,
) -> Result<(), StoreError> {
    let count = records.len();
    if count == 0 {
        return Ok(());
    }
    let keys: Vec<String> = records.iter().map(|record| record.key.clone()).collect();
    let first = place.base + place.seq + 1;
    let mut written = 0;
    let mut records = records.into_iter();
    for size in CHUNKS {
        while records.len() >= size {
            let mut statement = sqlx::query(AssertSqlSafe(insert(size)))
                .bind(place.base + place.seq)
                .bind(place.sync)
                .bind(place.pass)
                .bind(place.now);
            for record in records.by_ref().take(size) {
                statement = statement.bind(record.key).bind(record.content);
            }
            written += statement.execute(&mut *tx).await?.rows_affected();
            place.seq += int(size as u64);
        }
    }
    let last = place.base + place.seq;
    if written < count as u64 {
        sqlx::query(
            "UPDATE records SET pass = $2 WHERE sync_no = $1 AND pass <> $2 \
             AND key IN (SELECT value FROM json_each($3))",
        )
        .bind(place.sync)
        .bind(place.pass)
        .bind(json(&keys)?)
        .execute(&mut *tx)
        .await?;
    }
    if written > 0 {
        let added: i64 =
            sqlx::query_scalar("SELECT count(*) FROM records WHERE seq BETWEEN $1 AND $2 AND revision = 1")
                .bind(first)
                .bind(last)
                .fetch_one(tx)
                .await?;
        stored.added = u64::try_from(added).unwrap_or(0);
    } else {
        place.seq -= int(count as u64);
    }
    stored.changed = written.saturating_sub(stored.added);
    stored.unchanged = (count as u64).saturating_sub(written);
    Ok(())
}

/// The statement for so many records: `$1` place before the first, `$2` sync, `$3` pass, `$4` now, then
/// key and content of each.
fn insert(size: usize) -> String {
    let mut text = String::with_capacity(64 * size + 512);
    text.push_str("INSERT INTO records (seq, sync_no, pass, revision, first_seen, updated_at, key, content) VALUES ");
    for i in 0..size {
        let comma = if i == 0 { "" } else { "," };
        let (row, key, content) = (i + 1, 5 + 2 * i, 6 + 2 * i);
        text.push_str(&format!("{comma}($1+{row},$2,$3,1,$4,$4,${key},${content})"));
    }
    text.push_str(
        " ON CONFLICT (sync_no, key) DO UPDATE SET seq = excluded.seq, pass = excluded.pass, \
         revision = CASE WHEN records.content IS NULL THEN 1 ELSE records.revision + 1 END, \
         first_seen = CASE WHEN records.content IS NULL THEN excluded.first_seen ELSE records.first_seen END, \
         updated_at = excluded.updated_at, content = excluded.content WHERE records.content IS NOT excluded.content",
    );
    text
}

async fn delete(tx: &mut SqliteConnection, place: &mut Place, keys: &[String]) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "UPDATE records SET seq = gone.place, content = NULL, pass = $3, revision = revision + 1, updated_at = $4 \
         FROM (SELECT r.seq AS was, $1 + row_number() OVER (ORDER BY r.seq) AS place FROM records r \
         WHERE r.sync_no = $2 AND r.content IS NOT NULL AND r.key IN (SELECT value FROM json_each($5))) AS gone \
         WHERE records.seq = gone.was",
    )
    .bind(place.base + place.seq)
    .bind(place.sync)
    .bind(place.pass)
    .bind(place.now)
    .bind(json(&keys)?)
    .execute(tx)
    .await?
    .rows_affected();
    place.seq += int(done);
    Ok(done)
}

/// Deletes what is of an earlier pass than `place.pass`.
async fn sweep(tx: &mut SqliteConnection, place: &mut Place) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "UPDATE records SET seq = gone.place, content = NULL, revision = revision + 1, updated_at = $4 \
         FROM (SELECT r.seq AS was, $1 + row_number() OVER (ORDER BY r.seq) AS place FROM records r \
         WHERE r.sync_no = $2 AND r.content IS NOT NULL AND r.pass < $3) AS gone WHERE records.seq = gone.was",
    )
    .bind(place.base + place.seq)
    .bind(place.sync)
    .bind(place.pass)
    .bind(place.now)
    .execute(tx)
    .await?
    .rows_affected();
    place.seq += int(done);
    Ok(done)
}

async fn complete(tx: &mut SqliteConnection, place: &mut Place) -> Result<Sweep, StoreError> {
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
async fn raise(tx: &mut SqliteConnection, place: &Place) -> Result<(), StoreError> {
    sqlx::query("UPDATE tenants SET seq = $2 WHERE no = $1")
        .bind(place.base >> SEQ_BITS)
        .bind(place.seq)
        .execute(tx)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
