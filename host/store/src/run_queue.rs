//! The queue of runs: who works on which, under which epoch, until when.
//!
//! A worker owns a run by its epoch and nothing else. Each claim raises it, so what an earlier owner
//! still wants to write is stale; a lease that lapsed cannot be renewed, only claimed again.

use std::time::Duration;

use patchbay_model::{Code, ConnectionId, RunId, RunState, SyncId, TenantId, Timestamp};

use crate::{
    BreakConnection, Store, StoreError, SyncRow, Trigger, Usage,
    audit::{NewAudit, append},
    broken, crashes,
    row::{Reader, Row, int, many, micros, one, select},
    runs::{enqueue, scheduled},
};

/// A run that is ours now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedRun {
    /// The run.
    pub run: RunId,
    /// Its sync.
    pub sync: SyncId,
    /// Whose.
    pub tenant: TenantId,
    /// The connection.
    pub connection: ConnectionId,
    /// To be named with every write.
    pub epoch: i64,
    /// Attempts in a row, this one included.
    pub attempts: u32,
    /// Workers that died on it.
    pub deaths: u32,
}

impl Row for ClaimedRun {
    const TABLE: &'static str = "runs";
    const FROM: &'static str = "runs";
    const COLUMNS: &'static str = "id, sync, tenant, connection, epoch, attempts, deaths";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            run: r.next("id")?,
            sync: r.next("sync")?,
            tenant: r.next("tenant")?,
            connection: r.next("connection")?,
            epoch: r.next("epoch")?,
            attempts: r.next("attempts")?,
            deaths: r.next("deaths")?,
        })
    }
}

/// What a heartbeat brings back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// Somebody asked to stop.
    pub cancel_requested: bool,
}

/// How a run ends.
#[derive(Debug, Clone)]
pub struct RunEnd {
    /// One of the ends, not `due` or `running`.
    pub state: RunState,
    /// Why.
    pub code: Option<Code>,
    /// The same for the person.
    pub person: Option<String>,
    /// The same for the operator.
    pub operator: Option<String>,
    /// What was used since the last page.
    pub usage: Usage,
    /// The run that follows, made in the same transaction.
    pub next: Option<NextRun>,
    /// What becomes of the sync's next scheduled time: `Some(None)` takes it away until somebody acts.
    pub due_at: Option<Option<Timestamp>>,
    /// What becomes of the cursor.
    pub cursor: CursorFate,
    /// What becomes of the connection.
    pub breaks: Option<BreakConnection>,
}

impl RunEnd {
    /// An end without a reason, after which the schedule goes on.
    #[must_use]
    pub fn of(state: RunState) -> Self {
        Self {
            state,
            code: None,
            person: None,
            operator: None,
            usage: Usage::default(),
            next: None,
            due_at: None,
            cursor: CursorFate::Keep,
            breaks: None,
        }
    }
}

/// The run that follows another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextRun {
    /// When it is due.
    pub at: Timestamp,
    /// Why it is made.
    pub trigger: Trigger,
    /// Attempts in a row before it; 0 starts afresh.
    pub attempts: u32,
}

/// What becomes of a cursor at the end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CursorFate {
    /// It stays as the last page left it.
    Keep,
    /// It is forgotten and a new pass begins.
    Drop,
}

impl Store {
    /// Makes runs of the syncs that are due; how many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn schedule_due(&self, limit: u32) -> Result<u64, StoreError> {
        let (clock, random) = (self.clock.clone(), self.random.clone());
        let made = self
            .write(move |tx| {
                Box::pin(async move {
                    let now = clock.now();
                    let rest = "JOIN connections c ON c.id = s.connection AND c.enabled = 1 AND c.state = 'active' \
                        WHERE s.enabled = 1 AND s.next_due_at <= $1 ORDER BY s.next_due_at LIMIT $2";
                    let statement = sqlx::query(select::<SyncRow>(rest)).bind(now.as_micros()).bind(limit);
                    let due: Vec<SyncRow> = many(&mut *tx, statement).await?;
                    let mut made = 0;
                    for sync in &due {
                        let fresh = RunId::fresh(&*clock, &*random);
                        let run = enqueue(&mut *tx, sync, fresh.clone(), now, 0, Trigger::Schedule, now).await?;
                        scheduled(&mut *tx, sync, now).await?;
                        made += u64::from(run == fresh);
                    }
                    Ok(made)
                })
            })
            .await?;
        if made > 0 {
            self.woke();
        }
        Ok(made)
    }

    /// Takes due runs, and running ones whose lease has lapsed, oldest first. One on which the third worker
    /// has died is not handed out again: it ends as failed, and its sync waits for somebody to act.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn claim_runs(&self, lease: Duration, limit: u32) -> Result<Vec<ClaimedRun>, StoreError> {
        let clock = self.clock.clone();
        self.write(move |tx| {
            Box::pin(async move {
                let now = clock.now();
                // A worker that died on a connection that nobody may work for left a run that nobody ends.
                sqlx::query(
                    "UPDATE runs SET state = 'lost', epoch = epoch + 1, lease_until = NULL, ended_at = $1 \
                     WHERE state = 'running' AND lease_until <= $1 AND NOT EXISTS (SELECT 1 FROM connections c \
                     WHERE c.id = runs.connection AND c.enabled = 1 AND c.state = 'active')",
                )
                .bind(now.as_micros())
                .execute(&mut *tx)
                .await?;
                crashes::end_runs(&mut *tx, now).await?;
                let rows = sqlx::query(
                    "UPDATE runs SET state = 'running', epoch = epoch + 1, attempts = attempts + (state = 'due'), \
                     deaths = deaths + (state = 'running'), lease_until = $2, started_at = coalesce(started_at, $1) \
                     WHERE id IN (SELECT r.id FROM ( \
                         SELECT id, connection, next_at FROM runs WHERE state = 'due' AND next_at <= $1 \
                         UNION ALL \
                         SELECT id, connection, next_at FROM runs WHERE state = 'running' AND lease_until <= $1 \
                     ) r JOIN connections c ON c.id = r.connection AND c.enabled = 1 AND c.state = 'active' \
                     ORDER BY r.next_at LIMIT $3) \
                     RETURNING id, sync, tenant, connection, epoch, attempts, deaths",
                )
                .bind(now.as_micros())
                .bind(now.plus(lease).as_micros())
                .bind(limit);
                many(tx, rows).await
            })
        })
        .await
    }

    /// Renews a lease that has not lapsed.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it lapsed or another has taken over: stop at once.
    pub async fn heartbeat_run(&self, run: &RunId, epoch: i64, lease: Duration) -> Result<Heartbeat, StoreError> {
        let (run, clock) = (run.clone(), self.clock.clone());
        self.write(move |tx| {
            Box::pin(async move {
                let now = clock.now();
                let cancel: Option<bool> = sqlx::query_scalar(
                    "UPDATE runs SET lease_until = $4 WHERE id = $1 AND epoch = $2 AND state = 'running' \
                     AND lease_until > $3 RETURNING cancel_at IS NOT NULL",
                )
                .bind(run.as_str())
                .bind(epoch)
                .bind(now.as_micros())
                .bind(now.plus(lease).as_micros())
                .fetch_optional(tx)
                .await?;
                cancel.map(|cancel_requested| Heartbeat { cancel_requested }).ok_or(StoreError::Stale)
            })
        })
        .await
    }

    /// Ends a run, with all that follows from it; the run that follows, if one is wanted.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when another has taken over; [`StoreError::Conflict`] for a state that is no end.
    pub async fn finish_run(&self, run: &RunId, epoch: i64, end: RunEnd) -> Result<Option<RunId>, StoreError> {
        if matches!(end.state, RunState::Due | RunState::Running) {
            return Err(StoreError::Conflict("not an end of a run"));
        }
        let (run, now) = (run.clone(), self.now());
        let next_id = RunId::fresh(&*self.clock, &*self.random);
        let line = self.audit_line(NewAudit::of(None, "host", "connection.state", &run));
        let next = self
            .write(move |tx| {
                Box::pin(async move {
                    let statement = sqlx::query(
                        "UPDATE runs SET state = $3, code = $4, person = $5, operator = $6, ended_at = $7, \
                         lease_until = NULL, bytes = bytes + $8, requests = requests + $9, retries = retries + $10, \
                         waited = waited + $11 WHERE id = $1 AND epoch = $2 AND state = 'running' RETURNING sync, started_at",
                    )
                    .bind(run.as_str())
                    .bind(epoch)
                    .bind(end.state.as_str())
                    .bind(end.code.map(Code::id))
                    .bind(end.person.as_deref())
                    .bind(end.operator)
                    .bind(now.as_micros())
                    .bind(int(end.usage.bytes))
                    .bind(int(end.usage.requests))
                    .bind(int(end.usage.retries))
                    .bind(micros(end.usage.waited));
                    let row = statement.fetch_optional(&mut *tx).await?.ok_or(StoreError::Stale)?;
                    let mut r = Reader::of(&row, "runs");
                    let (sync, started): (SyncId, Option<Timestamp>) = (r.next("sync")?, r.next("started_at")?);
                    let statement = sqlx::query(select::<SyncRow>("WHERE s.id = $1")).bind(sync.as_str());
                    let sync: SyncRow = one(&mut *tx, statement).await?;
                    let mut due_at = end.due_at;
                    if let Some(found) = &end.breaks {
                        let of = (&sync.tenant, &sync.connection);
                        if broken::set(&mut *tx, of.0, of.1, found, now).await? {
                            let mut line = line;
                            line.line.tenant = Some(sync.tenant.clone());
                            line.line.subject = sync.connection.to_string();
                            line.line.detail =
                                serde_json::json!({ "state": found.state.as_str(), "run": run.as_str() }).to_string();
                            append(&mut *tx, &line).await?;
                        } else if let Some(consent) = broken::works_since(&mut *tx, of.1).await? {
                            // The credential that was refused is gone, so the schedule goes on; at once where
                            // the new consent found this run open and made none of its own.
                            let next = sync.next_due_at.unwrap_or_else(|| now.plus(sync.schedule));
                            let next = if started.is_some_and(|started| consent > started) { now } else { next };
                            due_at = Some(Some(next).filter(|_| sync.enabled));
                        }
                    }
                    // A sync that somebody ran by hand after its schedule was taken away is back on it.
                    if end.state == RunState::Done && due_at.is_none() && sync.enabled && sync.next_due_at.is_none() {
                        due_at = Some(Some(now.plus(sync.schedule)));
                    }
                    let success = matches!(end.state, RunState::Done).then(|| now.as_micros());
                    sqlx::query(
                        "UPDATE syncs SET last_run = $2, last_state = $3, last_code = $4, last_person = $5, \
                         last_ended_at = $6, last_success_at = coalesce($7, last_success_at), \
                         next_due_at = CASE WHEN $8 THEN $9 ELSE next_due_at END WHERE id = $1",
                    )
                    .bind(sync.id.as_str())
                    .bind(run.as_str())
                    .bind(end.state.as_str())
                    .bind(end.code.map(Code::id))
                    .bind(end.person)
                    .bind(now.as_micros())
                    .bind(success)
                    .bind(due_at.is_some())
                    .bind(due_at.flatten().map(Timestamp::as_micros))
                    .execute(&mut *tx)
                    .await?;
                    if end.cursor == CursorFate::Drop {
                        sqlx::query(
                            "UPDATE syncs SET cursor = NULL, cursor_release = NULL, pass = pass + 1, \
                             pass_started_at = NULL, waits = 0 WHERE id = $1",
                        )
                        .bind(sync.id.as_str())
                        .execute(&mut *tx)
                        .await?;
                    }
                    match end.next {
                        Some(next) => {
                            enqueue(tx, &sync, next_id, next.at, next.attempts, next.trigger, now).await.map(Some)
                        }
                        None => Ok(None),
                    }
                })
            })
            .await?;
        if next.is_some() {
            self.woke();
        }
        Ok(next)
    }

    /// The earliest moment at which a run, a sync or a push becomes due or a lease lapses.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<i64> = sqlx::query_scalar(
            "SELECT min(at) FROM ( \
             SELECT min(s.next_due_at) AS at FROM syncs s JOIN connections c ON c.id = s.connection AND c.enabled = 1 \
             AND c.state = 'active' WHERE s.enabled = 1 AND s.next_due_at IS NOT NULL \
             UNION ALL SELECT min(r.next_at) FROM runs r JOIN connections c ON c.id = r.connection AND c.enabled = 1 \
             AND c.state = 'active' WHERE r.state = 'due' \
             UNION ALL SELECT min(lease_until) FROM runs WHERE state = 'running' \
             UNION ALL SELECT min(p.next_at) FROM pushes p JOIN connections c ON c.id = p.connection AND c.enabled = 1 \
             AND c.state = 'active' WHERE p.next_at IS NOT NULL \
             UNION ALL SELECT min(p.lease_until) FROM pushes p JOIN connections c ON c.id = p.connection \
             AND c.enabled = 1 AND c.state = 'active' WHERE p.lease_until IS NOT NULL)",
        )
        .fetch_one(self.read())
        .await?;
        Ok(at.map(Timestamp::from_micros))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    #[tokio::test]
    async fn ten_schedulers_make_one_run_of_a_sync_and_ten_workers_claim_it_once() {
        let world = World::open().await;
        let (_, run) = world.running("b1").await;
        world.store.finish_run(&run.run, run.epoch, RunEnd::of(RunState::Done)).await.expect("ended");
        world.clock.advance(Duration::from_secs(10 * 900));
        let made = futures_util::future::join_all((0..10).map(|_| world.store.schedule_due(10))).await;
        assert_eq!(made.into_iter().map(|made| made.expect("asked")).sum::<u64>(), 1, "missed slots are one run");
        let claims = (0..10).map(|_| world.store.claim_runs(crate::testing::LEASE, 10));
        let claims = futures_util::future::join_all(claims).await;
        assert_eq!(claims.into_iter().map(|claimed| claimed.expect("asked").len()).sum::<usize>(), 1);
    }

    #[tokio::test]
    async fn a_stop_that_was_asked_for_comes_back_with_the_heartbeat() {
        let world = World::open().await;
        let (_, run) = world.running("b1").await;
        let beat = world.store.heartbeat_run(&run.run, run.epoch, crate::testing::LEASE).await;
        assert_eq!(beat, Ok(Heartbeat { cancel_requested: false }));
        world.store.cancel_run(&world.tenant, &run.run).await.expect("asked");
        let beat = world.store.heartbeat_run(&run.run, run.epoch, crate::testing::LEASE).await;
        assert_eq!(beat, Ok(Heartbeat { cancel_requested: true }));
        world.store.finish_run(&run.run, run.epoch, RunEnd::of(RunState::Cancelled)).await.expect("ended");
        assert!(world.store.cancel_run(&world.tenant, &run.run).await.is_err(), "it has ended");
    }
}
