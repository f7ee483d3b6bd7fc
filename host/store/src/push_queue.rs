//! The queue of pushes: like that of runs, owned by epoch.

use std::time::Duration;

use patchbay_model::{Code, EventKind, PushId, PushResult, PushState, TenantId, Timestamp};
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::{
    Push, Store, StoreError,
    audit::{NewAudit, append},
    crashes,
    dialect::Dialect,
    events::{NewEvent, emit},
    row::{Row as _, many, one, select},
};

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
    /// The object at the provider.
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
        }
    }
}

impl Store {
    /// Takes pushes that are due, and ones whose lease has lapsed, oldest first. One on which the third
    /// worker has died is not handed out again: it ends as failed, or waits for a person as unknown.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn claim_pushes(&self, lease: Duration, limit: u32) -> Result<Vec<ClaimedPush>, StoreError> {
        let store = self.clone();
        self.write_beside(move |tx| {
            Box::pin(async move {
                let now = store.now();
                crashes::end_pushes(&mut *tx, &store, now).await?;
                // Judged again as they are once they are locked; what somebody else just takes is left to him.
                let dialect = Dialect::of(tx);
                let rest = "WHERE p.id IN (SELECT x.id FROM ( \
                        SELECT id, connection, created_at FROM pushes WHERE next_at <= $1 AND lease_until IS NULL \
                        UNION ALL \
                        SELECT id, connection, created_at FROM pushes WHERE lease_until <= $1 \
                    ) x JOIN connections c ON c.id = x.connection AND c.enabled AND c.state = 'active' \
                    ORDER BY x.created_at, x.id LIMIT $2) \
                    AND ((p.next_at <= $1 AND p.lease_until IS NULL) OR p.lease_until <= $1) ORDER BY p.id";
                let locked = dialect.pick("", "FOR UPDATE OF p SKIP LOCKED");
                let rest = format!("SELECT {} FROM {} {rest} {locked}", Push::COLUMNS, Push::FROM);
                let statement = sqlx::query(AssertSqlSafe(rest)).bind(now.as_micros()).bind(i64::from(limit));
                let due: Vec<Push> = many(&mut *tx, statement).await?;
                let mut claimed = Vec::with_capacity(due.len());
                for push in due {
                    sqlx::query(
                        "UPDATE pushes SET state = CASE state WHEN 'planned' THEN 'sending' ELSE state END, \
                         epoch = epoch + 1, attempts = attempts + 1, \
                         deaths = deaths + CASE WHEN lease_until IS NOT NULL THEN 1 ELSE 0 END, lease_until = $3, next_at = NULL, updated_at = $2 \
                         WHERE id = $1",
                    )
                    .bind(push.id.as_str())
                    .bind(now.as_micros())
                    .bind(now.plus(lease).as_micros())
                    .execute(&mut *tx)
                    .await?;
                    claimed.push(ClaimedPush { was: push.state, push: load(&mut *tx, &push.id).await? });
                }
                Ok(claimed)
            })
        })
        .await
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
                    let owned = sqlx::query(
                        "UPDATE pushes SET lease_until = NULL WHERE id = $1 AND epoch = $2 AND lease_until IS NOT NULL",
                    );
                    let owned = owned.bind(push.as_str()).bind(epoch).execute(&mut *tx).await?;
                    if owned.rows_affected() == 0 {
                        return Err(StoreError::Stale);
                    }
                    leave(tx, &store, &push, end, now).await
                })
            })
            .await?;
        if left.next_at.is_some() || left.ended_at.is_some() {
            self.woke();
        }
        Ok(left)
    }

    /// A person's decision about a push that nobody works on. `planned` sends it again: what was lost
    /// is open for that.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] while a worker has it, or when it has ended.
    pub async fn decide_push(
        &self,
        tenant: &TenantId,
        push: &PushId,
        end: PushEnd,
        actor: &str,
    ) -> Result<Push, StoreError> {
        let (store, tenant, push, now) = (self.clone(), tenant.clone(), push.clone(), self.now());
        let detail = serde_json::json!({ "state": end.state.as_str() });
        let line = self.audit_line(NewAudit::of(Some(&tenant), actor, "push.decided", &push).detail(&detail));
        let decided = self
            .write(move |tx| {
                Box::pin(async move {
                    let statement = sqlx::query(select::<Push>("WHERE p.id = $1 AND p.tenant = $2"));
                    let there: Push = one(&mut *tx, statement.bind(push.as_str()).bind(tenant.as_str())).await?;
                    let over = matches!(there.state, PushState::Done | PushState::Skipped);
                    if there.lease_until.is_some() || over {
                        return Err(StoreError::Conflict("the push cannot be decided now"));
                    }
                    if end.state == PushState::Planned {
                        sqlx::query(
                            "UPDATE push_steps SET state = 'open' WHERE push = $1 AND state IN ('lost', 'sending')",
                        )
                        .bind(push.as_str())
                        .execute(&mut *tx)
                        .await?;
                    }
                    sqlx::query("UPDATE pushes SET epoch = epoch + 1 WHERE id = $1")
                        .bind(push.as_str())
                        .execute(&mut *tx)
                        .await?;
                    let left = leave(&mut *tx, &store, &push, end, now).await?;
                    append(tx, &line).await?;
                    Ok(left)
                })
            })
            .await?;
        self.woke();
        Ok(decided)
    }
}

/// Leaves a push so, and tells it when that is its end; how it stands now.
async fn leave(
    tx: &mut AnyConnection,
    store: &Store,
    push: &PushId,
    end: PushEnd,
    now: Timestamp,
) -> Result<Push, StoreError> {
    use PushState as S;
    let over = matches!(end.state, S::Done | S::Rejected | S::Failed | S::Skipped | S::Expired);
    sqlx::query(
        "UPDATE pushes SET state = $2, deaths = 0, result = $3, object_id = $4, object_url = $5, code = $6, person = $7, \
         operator = $8, fields = $9, next_at = $10, updated_at = $11, ended_at = $12 WHERE id = $1",
    )
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
    .execute(&mut *tx)
    .await?;
    let left = load(&mut *tx, push).await?;
    if over {
        tell(tx, store, &left, now).await?;
    }
    Ok(left)
}

/// Tells that a push came to its end, inside the transaction in which it did.
pub(crate) async fn tell(tx: &mut AnyConnection, store: &Store, push: &Push, now: Timestamp) -> Result<(), StoreError> {
    let data = serde_json::json!({
        "push": push.id, "connection": push.connection, "action": push.action, "key": push.key,
        "state": push.state.as_str(), "code": push.code.map(Code::id),
    });
    let (tenant, kind, subject) = (push.tenant.clone(), EventKind::PushEnded, push.id.to_string());
    emit(tx, &NewEvent { id: store.event_id(), tenant, kind, subject, data }, now).await
}

async fn load(tx: &mut AnyConnection, push: &PushId) -> Result<Push, StoreError> {
    one(tx, sqlx::query(select::<Push>("WHERE p.id = $1")).bind(push.as_str())).await
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::testing::{LEASE, World};

    #[tokio::test]
    async fn two_nodes_never_have_one_push_and_its_end_is_told_once() {
        let world = World::open().await;
        let Some(other) = world.node().await else { return };
        let id = world.connect("b1").await.connection.id;
        for n in 0..90 {
            world.store.accept_push(world.push(&format!("k{n}"), Some(&id))).await.expect("accepted");
        }
        let mut owners: BTreeMap<PushId, u32> = BTreeMap::new();
        let mut ours = Vec::new();
        while owners.len() < 90 {
            let claims = [&world.store, &other, &world.store, &other].map(|node| node.claim_pushes(LEASE, 3));
            for claimed in futures_util::future::join_all(claims).await {
                for claimed in claimed.expect("claimed") {
                    *owners.entry(claimed.push.id.clone()).or_default() += 1;
                    ours.push(claimed.push);
                }
            }
            assert!(owners.values().all(|count| *count == 1), "{owners:?}");
        }
        let push = ours.first().expect("one");
        let ends =
            [&world.store, &other].map(|node| node.finish_push(&push.id, push.epoch, PushEnd::of(PushState::Done)));
        let ends = futures_util::future::join_all(ends).await;
        assert_eq!(ends.iter().filter(|end| end.is_ok()).count(), 1);
        assert_eq!(world.number("SELECT count(*) FROM events WHERE kind = 'push.ended'").await, 1);
        other.close().await;
    }
}
