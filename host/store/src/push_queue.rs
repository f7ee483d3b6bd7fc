//! The queue of pushes: like that of runs, owned by epoch. Which one of several comes first is told in [`lanes`], what a
//! person can say about one in [`decide`], who gets the next place in [`choice`], and what becomes of those whose
//! connection cannot be worked for in [`parted`].

mod choice;
mod decide;
mod due;
mod lanes;
pub(crate) mod parted;

use std::{collections::HashMap, time::Duration};

use patchbay_model::{Code, ConnectionId, EventKind, PushId, PushResult, PushState, TenantId, Timestamp};
use sqlx::{AnyConnection, AssertSqlSafe};

pub(crate) use choice::{has_room, room_asked};
pub use decide::SendPush;
pub(crate) use lanes::{is_taken, taken_asked};

use choice::Choice;

use crate::{
    Push, Store, StoreError, crashes,
    dialect::Dialect,
    events::{NewEvent, emit},
    push_moves,
    pushes::of_tenant,
    release_ends::{self, End, WentBy},
    row::{Reader, Row, json, many, select},
    writer::together,
};

/// What a claim may take.
#[derive(Debug, Clone)]
pub struct PushLimits {
    /// How long the pushes are ours without a heartbeat.
    pub lease: Duration,
    /// At most so many.
    pub limit: u32,
    /// So many of one tenant at work at once, in the whole cluster; 0 for any number.
    pub per_tenant: u32,
    /// So many of one connection; 0 for any number.
    pub per_connection: u32,
}

/// A push that is ours now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedPush {
    /// The push as it stands now, with the epoch to be named with every write.
    pub push: Push,
    /// How it stood before: `planned`, `sending` (a worker died on it) or `unknown` (to be looked up).
    pub was: PushState,
}

/// Where an attempt leaves a push.
#[derive(Debug, Clone)]
pub struct PushEnd {
    /// `done`, `rejected`, `failed`, `skipped`, `expired` end it; `planned` and `unknown` go on at `next_at`.
    pub state: PushState,
    /// How it ended well.
    pub result: Option<PushResult>,
    /// The object at the provider; without it, the one that is known stays.
    pub object_id: Option<String>,
    /// Where a person can see it.
    pub object_url: Option<String>,
    /// Why.
    pub code: Option<Code>,
    /// The same for the person.
    pub person: Option<String>,
    /// The same for the operator.
    pub operator: Option<String>,
    /// Fields that are wrong, a JSON list of pointer and message.
    pub fields: String,
    /// When to go on; none waits for a person.
    pub next_at: Option<Timestamp>,
    /// Whether it was looked for at the provider.
    pub looked: bool,
    /// The release that sent it; none where it did not get so far.
    pub went_by: Option<WentBy>,
}

impl PushEnd {
    /// An end without a reason.
    #[must_use]
    pub fn of(state: PushState) -> Self {
        Self {
            state,
            result: None,
            object_id: None,
            object_url: None,
            code: None,
            person: None,
            operator: None,
            fields: "[]".to_owned(),
            next_at: None,
            looked: false,
            went_by: None,
        }
    }
}

impl Store {
    /// Takes pushes that are due and that nothing stands before, and ones whose lease has lapsed: the next place goes to
    /// the tenant that has the fewest at work, and to its oldest. One on which the third worker has died is not handed
    /// out again: it ends as failed, or waits for a person as unknown.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn claim_pushes(&self, limits: &PushLimits) -> Result<Vec<ClaimedPush>, StoreError> {
        let (store, limits) = (self.clone(), limits.clone());
        let (claimed, told) = self
            .write_beside(move |tx| {
                Box::pin(async move {
                    let now = store.now();
                    let told = crashes::end_pushes(&mut *tx, &store, now).await?;
                    let mut choice = Choice::new(&limits);
                    due::choose(&mut *tx, &mut choice, now).await?;
                    if choice.taken.is_empty() {
                        return Ok((Vec::new(), told));
                    }
                    let statement = sqlx::query(AssertSqlSafe(lock_statement(Dialect::of(tx))));
                    let statement = statement.bind(now.as_micros()).bind(json(&choice.taken)?);
                    let due: Vec<Push> = many(&mut *tx, statement).await?;
                    let due = lanes::still_first(&mut *tx, due).await?;
                    Ok((take(tx, due, limits.lease, now).await?, told))
                })
            })
            .await?;
        if told {
            self.woke();
        }
        Ok(claimed)
    }

    /// Renews a lease that has not lapsed.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it lapsed or another has taken over: stop at once.
    pub async fn heartbeat_push(&self, push: &PushId, epoch: i64, lease: Duration) -> Result<(), StoreError> {
        let (push, clock) = (push.clone(), self.clock.clone());
        self.write_beside(move |tx| {
            Box::pin(async move {
                let now = clock.now();
                let done =
                    sqlx::query("UPDATE pushes SET lease_until = $4 WHERE id = $1 AND epoch = $2 AND lease_until > $3")
                        .bind(push.as_str())
                        .bind(epoch)
                        .bind(now.as_micros())
                        .bind(now.plus(lease).as_micros())
                        .execute(tx)
                        .await?;
                if done.rows_affected() == 0 { Err(StoreError::Stale) } else { Ok(()) }
            })
        })
        .await
    }

    /// Leaves a push where an attempt brought it.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when another has taken over.
    pub async fn finish_push(&self, push: &PushId, epoch: i64, end: PushEnd) -> Result<Push, StoreError> {
        let (store, push, now) = (self.clone(), push.clone(), self.now());
        let left = self
            .write_beside(move |tx| {
                Box::pin(async move {
                    let went_by = end.went_by.clone().filter(WentBy::is_noted);
                    let left = leave(&mut *tx, &push, Some(epoch), end, None, now).await?;
                    if let (Some(went_by), Some(connection)) = (&went_by, &left.connection) {
                        let well = left.state == PushState::Done;
                        let end = End { connection, work: left.id.as_str(), part: &left.action, well };
                        release_ends::note(&mut *tx, went_by, &end, now).await?;
                    }
                    if is_told(&left) {
                        tell(&mut *tx, &store, &left, now).await?;
                    }
                    // Its connection may have stopped working meanwhile.
                    if let (Some(_), Some(connection)) = (left.next_at, &left.connection)
                        && parted::put_aside(&mut *tx, &store, connection, now).await? > 0
                    {
                        return of_tenant(tx, &left.tenant, &left.id).await;
                    }
                    Ok(left)
                })
            })
            .await?;
        // A place in a lane may be free, something may be due, and somebody may have to be told.
        self.woke();
        Ok(left)
    }
}

/// The pushes `$2` that still may be taken at `$1`, locked.
fn lock_statement(dialect: Dialect) -> String {
    // Judged again as they are once they are locked; what somebody else just takes is left to him.
    let locked = dialect.pick("", "FOR UPDATE OF p SKIP LOCKED");
    format!(
        "SELECT {} FROM {} WHERE p.id IN (SELECT value FROM json_each($2)) \
         AND ((p.next_at <= $1 AND p.lease_until IS NULL) OR p.lease_until <= $1) ORDER BY p.queued_at, p.id {locked}",
        Push::COLUMNS,
        Push::FROM,
    )
}

/// Takes pushes that are locked, in their order.
async fn take(
    tx: &mut AnyConnection,
    due: Vec<Push>,
    lease: Duration,
    now: Timestamp,
) -> Result<Vec<ClaimedPush>, StoreError> {
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<&str> = due.iter().map(|push| push.id.as_str()).collect();
    let statement = sqlx::query(AssertSqlSafe(format!(
        "UPDATE pushes SET state = CASE state WHEN 'planned' THEN 'sending' ELSE state END, epoch = epoch + 1, \
         attempts = attempts + CASE WHEN state = 'unknown' THEN 0 ELSE 1 END, deaths = deaths + CASE WHEN lease_until IS NOT NULL THEN 1 ELSE 0 END, \
         lease_until = $2, next_at = NULL, updated_at = $3 WHERE id IN (SELECT value FROM json_each($1)) RETURNING {}",
        Push::COLUMNS
    )));
    let statement = statement.bind(json(&ids)?).bind(now.plus(lease).as_micros()).bind(now.as_micros());
    let taken: Vec<Push> = many(&mut *tx, statement).await?;
    let begun: Vec<&str> =
        due.iter().filter(|push| push.state == PushState::Planned).map(|push| push.id.as_str()).collect();
    push_moves::note(tx, &begun, None, now).await?;
    let mut taken: HashMap<PushId, Push> = taken.into_iter().map(|push| (push.id.clone(), push)).collect();
    let claimed = due.into_iter().filter_map(|was| Some(ClaimedPush { push: taken.remove(&was.id)?, was: was.state }));
    Ok(claimed.collect())
}

/// Leaves a push so, inside a transaction; how it stands now. With an epoch only where that is the one that has it.
async fn leave(
    tx: &mut AnyConnection,
    push: &PushId,
    epoch: Option<i64>,
    end: PushEnd,
    actor: Option<&str>,
    now: Timestamp,
) -> Result<Push, StoreError> {
    use PushState as S;
    let over = matches!(end.state, S::Done | S::Rejected | S::Failed | S::Skipped | S::Expired);
    let noted = push_moves::noted_before(push, (end.state, end.code), actor, now);
    let statement = sqlx::query(AssertSqlSafe(format!(
        "UPDATE pushes SET state = $2, lease_until = NULL, deaths = 0, result = $3, object_id = coalesce($4, object_id), \
         object_url = CASE WHEN $4 IS NULL THEN object_url ELSE $5 END, code = $6, person = $7, operator = $8, fields = $9, \
         next_at = $10, updated_at = $11, ended_at = $12, looks = CASE WHEN $13 THEN looks + 1 \
         WHEN $2 = 'unknown' AND state <> 'unknown' THEN 0 ELSE looks END \
         WHERE id = $1 AND ($14 IS NULL OR (epoch = $14 AND lease_until IS NOT NULL)) RETURNING {}",
        Push::COLUMNS
    )))
    .bind(push.as_str())
    .bind(end.state.as_str())
    .bind(end.result.map(PushResult::as_str))
    .bind(end.object_id)
    .bind(end.object_url)
    .bind(end.code.map(Code::id))
    .bind(end.person)
    .bind(end.operator)
    .bind(end.fields)
    .bind(end.next_at.filter(|_| !over).map(Timestamp::as_micros))
    .bind(now.as_micros())
    .bind(over.then(|| now.as_micros()))
    .bind(end.looked)
    .bind(epoch);
    let [_, left] = together(tx, [noted, statement]).await?;
    left.maybe()?.ok_or(StoreError::Stale)
}

/// Whether somebody is told how a push stands now: it has ended, or only a person can say how.
fn is_told(push: &Push) -> bool {
    push.ended_at.is_some() || (push.state == PushState::Unknown && push.next_at.is_none())
}

/// Tells that a push came to its end, or to where only a person can say how it ended; inside the transaction in which
/// it did.
pub(crate) async fn tell(tx: &mut AnyConnection, store: &Store, push: &Push, now: Timestamp) -> Result<(), StoreError> {
    let told = Told {
        push: push.id.clone(),
        tenant: push.tenant.clone(),
        connection: push.connection.clone(),
        action: push.action.clone(),
        key: push.key.clone(),
        state: push.state,
        code: push.code,
        ended: push.ended_at.is_some(),
    };
    emit(tx, &told.event(store), now).await
}

/// What is told of a push.
struct Told {
    push: PushId,
    tenant: TenantId,
    connection: Option<ConnectionId>,
    action: String,
    key: String,
    state: PushState,
    code: Option<Code>,
    ended: bool,
}

impl Row for Told {
    const TABLE: &'static str = Push::TABLE;
    const FROM: &'static str = Push::FROM;
    const COLUMNS: &'static str = "p.id, p.tenant, p.connection, p.action, p.key, p.state, p.code, p.ended_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            push: r.next("id")?,
            tenant: r.next("tenant")?,
            connection: r.next("connection")?,
            action: r.next("action")?,
            key: r.next("key")?,
            state: r.next("state")?,
            code: r.next("code")?,
            ended: r.next::<Option<Timestamp>>("ended_at")?.is_some(),
        })
    }
}

impl Told {
    fn event(self, store: &Store) -> NewEvent {
        let data = serde_json::json!({
            "push": self.push, "connection": self.connection, "action": self.action, "key": self.key,
            "state": self.state.as_str(), "code": self.code.map(Code::id),
        });
        let kind = if self.ended { EventKind::PushEnded } else { EventKind::PushUnknown };
        NewEvent { id: store.event_id(), tenant: self.tenant, kind, subject: self.push.to_string(), data }
    }
}

/// The same of several, without a look at what they carry.
pub(crate) async fn tell_some(
    tx: &mut AnyConnection,
    store: &Store,
    pushes: &[String],
    now: Timestamp,
) -> Result<(), StoreError> {
    if pushes.is_empty() {
        return Ok(());
    }
    let statement = sqlx::query(select::<Told>("WHERE p.id IN (SELECT value FROM json_each($1)) ORDER BY p.id"));
    let told: Vec<Told> = many(&mut *tx, statement.bind(json(&pushes)?)).await?;
    for push in told {
        emit(&mut *tx, &push.event(store), now).await?;
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;
