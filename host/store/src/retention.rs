//! Forgetting: what has grown old goes, in batches that keep nobody waiting.
//!
//! What is never forgotten for its age: a sync's last run and its newest 20, records that are there, the audit log.
//! Where a deletion goes from the feed, the tenant's floor is raised over it: whoever follows the feed from below it
//! may have missed it, and is told so instead of being told nothing ([`crate::StoreError::Gone`]).

use std::{collections::BTreeMap, time::Duration};

use patchbay_model::Timestamp;

use crate::{Store, StoreError, commit::SEQ_BITS, row::json};

/// Runs of a sync that are kept however old they are.
const NEWEST: i64 = 20;
/// Syncs that are looked at in one statement.
const SYNCS: i64 = 256;

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Runs that ended, with what was said in them.
    pub runs: Duration,
    /// Deletions in the feed.
    pub tombstones: Duration,
    /// Records that could not be read, since they came last.
    pub dead_letters: Duration,
    /// Events, with what became of telling them.
    pub events: Duration,
    /// Changes of what records look like.
    pub drifts: Duration,
    /// Files, since the last push that names them ended.
    pub blobs: Duration,
    /// Files that no push names.
    pub unused_blobs: Duration,
    /// Runs of one sync, however young; never fewer than 20.
    pub runs_per_sync: u32,
}

/// What was forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forgotten {
    /// Runs.
    pub runs: u64,
    /// Deletions in the feed.
    pub tombstones: u64,
    /// Records that could not be read.
    pub dead_letters: u64,
    /// Events.
    pub events: u64,
    /// Deliveries of those.
    pub deliveries: u64,
    /// Changes of what records look like.
    pub drifts: u64,
    /// Files, and uploads that did not end.
    pub blobs: u64,
}

impl Forgotten {
    /// Whether something was forgotten: then there may be more.
    #[must_use]
    pub fn any(&self) -> bool {
        *self != Self::default()
    }
}

impl Store {
    /// Forgets what is older than said, at most `batch` of each kind: ask again while something was forgotten.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget(&self, keep: &Retention, batch: u32) -> Result<Forgotten, StoreError> {
        let (now, batch) = (self.now(), i64::from(batch.clamp(1, 10_000)));
        let runs = self.forget_runs(now.minus(keep.runs), keep.runs_per_sync, batch).await?;
        let tombstones = self.forget_tombstones(now.minus(keep.tombstones), batch).await?;
        let (events, deliveries) = self.forget_events(now.minus(keep.events), batch).await?;
        let letters = "DELETE FROM dead_letters WHERE no IN (SELECT no FROM dead_letters WHERE last_at < $1 LIMIT $2)";
        let drifts = "DELETE FROM drifts WHERE no IN (SELECT no FROM drifts WHERE at < $1 LIMIT $2)";
        Ok(Forgotten {
            runs,
            tombstones,
            dead_letters: self.forget_with(letters, now.minus(keep.dead_letters), batch).await?,
            events,
            deliveries,
            drifts: self.forget_with(drifts, now.minus(keep.drifts), batch).await?,
            blobs: self.forget_blobs(keep).await?,
        })
    }

    async fn forget_with(&self, statement: &'static str, before: Timestamp, batch: i64) -> Result<u64, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let done = sqlx::query(statement).bind(before.as_micros()).bind(batch).execute(tx).await?;
                Ok(done.rows_affected())
            })
        })
        .await
    }

    /// Which runs may go is found outside of any transaction, some syncs at a time: a run that ended stays ended, and
    /// what was not among the newest never is again.
    async fn forget_runs(&self, before: Timestamp, most: u32, batch: i64) -> Result<u64, StoreError> {
        let (mut from, mut old) = (0_i64, Vec::<String>::new());
        let full = usize::try_from(batch).unwrap_or(usize::MAX);
        while old.len() < full {
            let statement = "SELECT max(no) FROM (SELECT no FROM syncs WHERE no > $1 ORDER BY no LIMIT $2) few";
            let to: Option<i64> = sqlx::query_scalar(statement).bind(from).bind(SYNCS).fetch_one(self.read()).await?;
            let Some(to) = to else { break };
            let found = sqlx::query_scalar::<_, String>(
                "SELECT r.id FROM syncs s JOIN runs r ON r.sync = s.id AND r.id < \
                 (SELECT x.id FROM runs x WHERE x.sync = s.id ORDER BY x.id DESC LIMIT 1 OFFSET $3) \
                 WHERE s.no > $1 AND s.no <= $2 AND r.ended_at IS NOT NULL AND r.id IS DISTINCT FROM s.last_run \
                 AND (r.ended_at < $5 OR r.id <= \
                 (SELECT x.id FROM runs x WHERE x.sync = s.id ORDER BY x.id DESC LIMIT 1 OFFSET $4)) LIMIT $6",
            );
            let found = found.bind(from).bind(to).bind(NEWEST - 1).bind(i64::from(most).max(NEWEST));
            old.extend(found.bind(before.as_micros()).bind(batch).fetch_all(self.read()).await?);
            from = to;
        }
        old.truncate(full);
        if old.is_empty() {
            return Ok(0);
        }
        let old = json(&old)?;
        self.write(move |tx| {
            Box::pin(async move {
                let statement = "DELETE FROM run_logs WHERE run IN (SELECT value FROM json_each($1))";
                sqlx::query(statement).bind(old.as_str()).execute(&mut *tx).await?;
                let statement =
                    "DELETE FROM runs WHERE ended_at IS NOT NULL AND id IN (SELECT value FROM json_each($1))";
                Ok(sqlx::query(statement).bind(old).execute(tx).await?.rows_affected())
            })
        })
        .await
    }

    async fn forget_tombstones(&self, before: Timestamp, batch: i64) -> Result<u64, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let gone = sqlx::query_scalar::<_, i64>(
                    "DELETE FROM records WHERE seq IN (SELECT seq FROM records WHERE content IS NULL AND updated_at < $1 \
                     ORDER BY updated_at LIMIT $2) RETURNING seq",
                );
                let gone = gone.bind(before.as_micros()).bind(batch).fetch_all(&mut *tx).await?;
                let mut floors: BTreeMap<i64, i64> = BTreeMap::new();
                for place in &gone {
                    let floor = floors.entry(place >> SEQ_BITS).or_default();
                    *floor = (*floor).max(place & ((1 << SEQ_BITS) - 1));
                }
                for (tenant, floor) in floors {
                    let statement = "UPDATE tenants SET seq_floor = $2 WHERE no = $1 AND seq_floor < $2";
                    sqlx::query(statement).bind(tenant).bind(floor).execute(&mut *tx).await?;
                }
                Ok(gone.len() as u64)
            })
        })
        .await
    }

    async fn forget_events(&self, before: Timestamp, batch: i64) -> Result<(u64, u64), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let old = sqlx::query_scalar::<_, String>("SELECT id FROM events WHERE at < $1 ORDER BY at LIMIT $2");
                let old = old.bind(before.as_micros()).bind(batch).fetch_all(&mut *tx).await?;
                if old.is_empty() {
                    return Ok((0, 0));
                }
                let old = json(&old)?;
                let statement = "DELETE FROM deliveries WHERE event IN (SELECT value FROM json_each($1))";
                let deliveries = sqlx::query(statement).bind(old.as_str()).execute(&mut *tx).await?.rows_affected();
                let statement = "DELETE FROM events WHERE id IN (SELECT value FROM json_each($1))";
                Ok((sqlx::query(statement).bind(old).execute(tx).await?.rows_affected(), deliveries))
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests;
