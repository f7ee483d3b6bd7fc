//! The end of a run, with all that follows from it: the sync's state, the connection's, the run that comes next, the
//! connector's last lines, and the events that tell of it; one transaction, fenced by the epoch.
//!
//! It may run beside others on PostgreSQL: its first statement takes the run's row by its epoch, everything else is of
//! this run, its sync and its connection, in this order, and the audit log and the events come last.

use patchbay_model::{Budget, Code, ConnectionId, EventId, EventKind, RunId, RunState, SyncId, TenantId, Timestamp};
use sqlx::AnyConnection;

use crate::{
    BreakConnection, LogLine, Store, StoreError, SyncRow, Trigger, Usage,
    audit::{NewAudit, append},
    broken, connections,
    events::{NewEvent, emit},
    release_ends::{self, End, WentBy},
    row::{Reader, int, micros, one, select},
    run_logs, run_queue,
    runs::enqueue,
};

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
    /// Which limit ended it.
    pub budget: Option<Budget>,
    /// Until when the provider asked to be left alone, for all runs of the connection.
    pub paused_until: Option<Timestamp>,
    /// What was said since the last page.
    pub log: Vec<LogLine>,
    /// The release that ran; none where it did not get so far.
    pub went_by: Option<WentBy>,
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
            budget: None,
            paused_until: None,
            log: Vec::new(),
            went_by: None,
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
    /// Ends a run, with all that follows from it; the run that follows, if one is wanted.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when another has taken over; [`StoreError::Conflict`] for a state that is no end.
    pub async fn finish_run(&self, run: &RunId, epoch: i64, end: RunEnd) -> Result<Option<RunId>, StoreError> {
        if matches!(end.state, RunState::Due | RunState::Running) {
            return Err(StoreError::Conflict("not an end of a run"));
        }
        let (store, run) = (self.clone(), run.clone());
        let next_id = RunId::fresh(&*self.clock, &*self.random);
        let next = self
            .write_beside(move |tx| {
                Box::pin(async move {
                    let now = store.now();
                    let ended = end_run(&mut *tx, &run, epoch, &end, now).await?;
                    let sync: SyncRow = load_sync(&mut *tx, &ended.sync).await?;
                    let (due_at, broke) = aftermath(&mut *tx, &store, &ended, &sync, &end, now).await?;
                    let of = EndedRun { run: &run, state: end.state, code: end.code, attempts: ended.attempts };
                    note(&mut *tx, &sync, &of, end.person.as_deref(), due_at, now).await?;
                    if let Some(went_by) = &end.went_by {
                        let well = matches!(end.state, RunState::Done | RunState::Held);
                        let (connection, work, part) = (&sync.connection, run.as_str(), sync.id.as_str());
                        release_ends::note(&mut *tx, went_by, &End { connection, work, part, well }, now).await?;
                    }
                    if end.cursor == CursorFate::Drop {
                        sqlx::query(
                            "UPDATE syncs SET cursor = NULL, cursor_release = NULL, pass = pass + 1, \
                             pass_started_at = NULL, waits = 0, refused = 0 WHERE id = $1",
                        )
                        .bind(sync.id.as_str())
                        .execute(&mut *tx)
                        .await?;
                    }
                    if let Some(until) = end.paused_until {
                        run_queue::pause(&mut *tx, &sync.connection, until).await?;
                    }
                    let next = match end.next {
                        Some(next) => {
                            Some(enqueue(&mut *tx, &sync, next_id, next.at, next.attempts, next.trigger, now).await?)
                        }
                        None => None,
                    };
                    run_logs::write(&mut *tx, &run, &end.log).await?;
                    if sync.enabled && ended.changed + ended.deleted > 0 {
                        tell_changes(&mut *tx, &store, &ended, &sync, &run, now).await?;
                    }
                    tell_failure(&mut *tx, store.event_id(), &sync, &of, next.is_some(), now).await?;
                    tell_trouble(&mut *tx, store.event_id(), &sync, end.state, now).await?;
                    if broke {
                        let state = end.breaks.as_ref().map_or(RunState::Failed.as_str(), |found| found.state.as_str());
                        let detail = serde_json::json!({ "state": state, "run": run });
                        let line = NewAudit::of(Some(&sync.tenant), "host", "connection.state", &sync.connection)
                            .detail(&detail);
                        append(&mut *tx, &store.audit_line(line)).await?;
                    }
                    Ok(next)
                })
            })
            .await?;
        self.woke();
        Ok(next)
    }
}

/// What a run was when it ended.
struct Ended {
    sync: SyncId,
    started: Option<Timestamp>,
    attempts: u32,
    changed: u64,
    deleted: u64,
}

async fn end_run(
    tx: &mut AnyConnection,
    run: &RunId,
    epoch: i64,
    end: &RunEnd,
    now: Timestamp,
) -> Result<Ended, StoreError> {
    let statement = sqlx::query(
        "UPDATE runs SET state = $3, code = $4, person = $5, operator = $6, ended_at = $7, \
         lease_until = NULL, bytes = bytes + $8, requests = requests + $9, retries = retries + $10, \
         waited = waited + $11, budget = $12, release = coalesce($13, release) WHERE id = $1 AND epoch = $2 AND state = 'running' \
         RETURNING sync, started_at, attempts, changed, deleted",
    )
    .bind(run.as_str())
    .bind(epoch)
    .bind(end.state.as_str())
    .bind(end.code.map(Code::id))
    .bind(end.person.as_deref())
    .bind(end.operator.as_deref())
    .bind(now.as_micros())
    .bind(int(end.usage.bytes))
    .bind(int(end.usage.requests))
    .bind(int(end.usage.retries))
    .bind(micros(end.usage.waited))
    .bind(end.budget.map(Budget::as_str))
    .bind(end.went_by.as_ref().map(|went_by| went_by.release.as_str()));
    let row = statement.fetch_optional(tx).await?.ok_or(StoreError::Stale)?;
    let mut r = Reader::of(&row, "runs");
    Ok(Ended {
        sync: r.next("sync")?,
        started: r.next("started_at")?,
        attempts: r.next("attempts")?,
        changed: r.next("changed")?,
        deleted: r.next("deleted")?,
    })
}

async fn load_sync(tx: &mut AnyConnection, id: &SyncId) -> Result<SyncRow, StoreError> {
    one(tx, sqlx::query(select::<SyncRow>("WHERE s.id = $1")).bind(id.as_str())).await
}

/// What becomes of the sync's next time, and whether the connection broke with this.
async fn aftermath(
    tx: &mut AnyConnection,
    store: &Store,
    ended: &Ended,
    sync: &SyncRow,
    end: &RunEnd,
    now: Timestamp,
) -> Result<(Option<Option<Timestamp>>, bool), StoreError> {
    let of: (&TenantId, &ConnectionId) = (&sync.tenant, &sync.connection);
    if let Some(found) = &end.breaks {
        if broken::set(&mut *tx, store, of.0, of.1, found, now).await? {
            return Ok((end.due_at, true));
        }
        if let Some(consent) = broken::works_since(tx, of.1).await? {
            // The credential that was refused is gone, so the schedule goes on; at once where the new consent
            // found this run open and made none of its own.
            let next = sync.next_due_at.unwrap_or_else(|| sync.next_slot(now));
            let next = if ended.started.is_some_and(|started| consent > started) { now } else { next };
            return Ok((Some(Some(next).filter(|_| sync.read)), false));
        }
    }
    // A sync that somebody ran by hand after its schedule was taken away is back on it.
    if end.state == RunState::Done && end.due_at.is_none() && sync.read && sync.next_due_at.is_none() {
        return Ok((Some(Some(sync.next_slot(now))), false));
    }
    Ok((end.due_at, false))
}

/// How a run ended, for its sync.
pub(crate) struct EndedRun<'a> {
    pub(crate) run: &'a RunId,
    pub(crate) state: RunState,
    pub(crate) code: Option<Code>,
    pub(crate) attempts: u32,
}

/// Notes at the sync how its last run ended, inside a transaction.
pub(crate) async fn note(
    tx: &mut AnyConnection,
    sync: &SyncRow,
    ended: &EndedRun<'_>,
    person: Option<&str>,
    due_at: Option<Option<Timestamp>>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let success = matches!(ended.state, RunState::Done).then(|| now.as_micros());
    sqlx::query(
        "UPDATE syncs SET last_run = $2, last_state = $3, last_code = $4, last_person = $5, \
         last_ended_at = $6, last_success_at = coalesce($7, last_success_at), \
         next_due_at = CASE WHEN $8 THEN $9 ELSE next_due_at END WHERE id = $1",
    )
    .bind(sync.id.as_str())
    .bind(ended.run.as_str())
    .bind(ended.state.as_str())
    .bind(ended.code.map(Code::id))
    .bind(person)
    .bind(now.as_micros())
    .bind(success)
    .bind(due_at.is_some())
    .bind(due_at.flatten().map(Timestamp::as_micros))
    .execute(tx)
    .await?;
    Ok(())
}

/// Tells of a failure after which nothing more is tried before the next slot: once, until a run ends otherwise.
pub(crate) async fn tell_failure(
    tx: &mut AnyConnection,
    id: EventId,
    sync: &SyncRow,
    ended: &EndedRun<'_>,
    tried_again: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let failed = matches!(ended.state, RunState::Failed | RunState::Stalled);
    if (failed && tried_again) || matches!(ended.state, RunState::Cancelled | RunState::Lost) {
        return Ok(());
    }
    let told = sqlx::query("UPDATE syncs SET failing = $2 WHERE id = $1 AND failing <> $2");
    let told = told.bind(sync.id.as_str()).bind(failed).execute(&mut *tx).await?.rows_affected();
    if !failed || told == 0 {
        return Ok(());
    }
    let data = serde_json::json!({
        "connection": sync.connection, "account": sync.account, "stream": sync.stream, "run": ended.run,
        "state": ended.state.as_str(), "code": ended.code.map(Code::id), "attempts": ended.attempts,
    });
    let subject = sync.connection.to_string();
    emit(tx, &NewEvent { id, tenant: sync.tenant.clone(), kind: EventKind::RunFailed, subject, data }, now).await
}

/// Tells that a connection is shown otherwise, where this end of a run is the beginning or the end of trouble of its
/// stream ([`crate::Trouble`]). `sync` is what it was before.
pub(crate) async fn tell_trouble(
    tx: &mut AnyConnection,
    id: EventId,
    sync: &SyncRow,
    state: RunState,
    now: Timestamp,
) -> Result<(), StoreError> {
    let ended_badly = |state| matches!(state, RunState::Failed | RunState::Stalled | RunState::Held);
    let late = now.since(sync.last_success_at.unwrap_or(sync.created_at)) > 3 * sync.every;
    let before = late || sync.last_state.is_some_and(ended_badly);
    let after = ended_badly(state) || (late && state != RunState::Done);
    if before == after || !sync.enabled {
        return Ok(());
    }
    let connection = connections::load(&mut *tx, &sync.connection).await?;
    connections::tell(tx, id, EventKind::ConnectionChanged, &connection, now).await
}

async fn tell_changes(
    tx: &mut AnyConnection,
    store: &Store,
    ended: &Ended,
    sync: &SyncRow,
    run: &RunId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sequence = sqlx::query_scalar::<_, i64>("SELECT seq FROM tenants WHERE id = $1");
    let sequence = sequence.bind(sync.tenant.as_str()).fetch_one(&mut *tx).await?;
    let data = serde_json::json!({
        "connection": sync.connection, "account": sync.account, "stream": sync.stream, "run": run,
        "changed": ended.changed, "deleted": ended.deleted, "sequence": sequence,
    });
    let (tenant, subject) = (sync.tenant.clone(), sync.connection.to_string());
    emit(tx, &NewEvent { id: store.event_id(), tenant, kind: EventKind::RecordsChanged, subject, data }, now).await
}

#[cfg(test)]
mod tests;
