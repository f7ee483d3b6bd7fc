//! Making runs of what is due. A slot is worked out and never remembered ([`patchbay_model::Schedule`]): how long a
//! run took, or that nobody was there for a day, moves no later slot, and whatever passed meanwhile is one run.

use std::time::Duration;

use patchbay_model::{RunId, Schedule, SyncId, TenantId, Timestamp, phase_of};
use sqlx::AnyConnection;

use crate::{
    Store, StoreError, SyncRow, Trigger,
    audit::{NewAudit, append},
    row::{int, many, micros, one, select},
    runs::enqueue,
    syncs::is_read,
};

/// Slots of a cron expression that are looked at in order to count what was missed: first few, then more, and after a
/// long absence no more than the last, because each one costs time.
const COUNTED: [usize; 3] = [4, 60, 1_000];

impl Store {
    /// Gives a sync another schedule, from its next slot on: it is not due at once. A `custom` one is kept when the
    /// manifest says otherwise.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn set_schedule(
        &self,
        tenant: &TenantId,
        id: &SyncId,
        schedule: Schedule,
        custom: bool,
        actor: &str,
    ) -> Result<SyncRow, StoreError> {
        let (tenant, id, now) = (tenant.clone(), id.clone(), self.now());
        let detail = serde_json::json!({ "schedule": schedule, "custom": custom });
        let line = self.audit_line(NewAudit::of(Some(&tenant), actor, "sync.schedule", &id).detail(&detail));
        let set = self
            .write(move |tx| {
                Box::pin(async move {
                    let rest = "JOIN connections c ON c.id = s.connection AND c.state <> 'deleted' \
                        WHERE s.id = $1 AND s.tenant = $2";
                    let statement = sqlx::query(select::<SyncRow>(rest)).bind(id.as_str()).bind(tenant.as_str());
                    let there: SyncRow = one(&mut *tx, statement).await?;
                    let after = SyncRow { every: schedule.typical_gap(now), schedule, custom, ..there };
                    sqlx::query(
                        "UPDATE syncs SET schedule = $2, custom = $3, every = $4, \
                         next_due_at = CASE WHEN gone_at IS NULL AND (enabled OR picked) THEN $5 END WHERE id = $1",
                    )
                    .bind(id.as_str())
                    .bind(after.schedule.text())
                    .bind(after.custom)
                    .bind(micros(after.every))
                    .bind(after.next_slot(now).as_micros())
                    .execute(&mut *tx)
                    .await?;
                    append(&mut *tx, &line).await?;
                    one(tx, sqlx::query(select::<SyncRow>("WHERE s.id = $1")).bind(id.as_str())).await
                })
            })
            .await?;
        self.woke();
        Ok(set)
    }

    /// Makes runs of the syncs that are due; how many. Slots that passed meanwhile are one run. A slot on which the
    /// run before is still open is made up for by that one: it does not begin earlier than it was told to (a pause
    /// after a failure), and no second one waits behind it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn schedule_due(&self, limit: u32) -> Result<u64, StoreError> {
        let (clock, random) = (self.clock.clone(), self.random.clone());
        let made = self
            .write(move |tx| {
                Box::pin(async move {
                    let now = clock.now();
                    let rest = concat!(
                        "JOIN connections c ON c.id = s.connection AND c.enabled AND c.state = 'active' WHERE ",
                        is_read!(),
                        " AND s.next_due_at <= $1 ORDER BY s.next_due_at LIMIT $2"
                    );
                    let statement = sqlx::query(select::<SyncRow>(rest)).bind(now.as_micros()).bind(i64::from(limit));
                    let due: Vec<SyncRow> = many(&mut *tx, statement).await?;
                    let mut made = 0;
                    for sync in &due {
                        let fresh = RunId::fresh(&*clock, &*random);
                        let run = enqueue(&mut *tx, sync, fresh.clone(), now, 0, Trigger::Schedule, now).await?;
                        scheduled(&mut *tx, sync, run == fresh, now).await?;
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
}

/// Moves a sync's next time to its next slot, and counts those that get no run of their own, inside a transaction.
/// `made`: whether its time led to a fresh run.
pub(crate) async fn scheduled(
    tx: &mut AnyConnection,
    sync: &SyncRow,
    made: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let coalesced = missed(sync, now).saturating_add(u64::from(!made));
    let statement = sqlx::query("UPDATE syncs SET next_due_at = $2, coalesced = coalesced + $3 WHERE id = $1");
    let statement = statement.bind(sync.id.as_str()).bind(sync.next_slot(now).as_micros());
    statement.bind(int(coalesced)).execute(tx).await?;
    Ok(())
}

/// How many slots passed since the one that is due.
fn missed(sync: &SyncRow, now: Timestamp) -> u64 {
    let Some(due) = sync.next_due_at.filter(|due| *due < now) else { return 0 };
    let (first, phase) = (sync.next_slot(due), phase_of(&sync.connection, &sync.account, &sync.stream));
    if first > now {
        return 0;
    }
    match &sync.schedule {
        Schedule::Every(interval) => {
            let interval = (*interval).max(Duration::from_secs(1));
            u64::try_from(sync.next_slot(now).since(first).as_micros() / interval.as_micros()).unwrap_or(u64::MAX)
        }
        cron @ Schedule::Cron { .. } => {
            let passed = |of: usize| cron.upcoming(due, phase, of).iter().take_while(|slot| **slot <= now).count();
            let counts = COUNTED.into_iter().map(|of| (of, passed(of)));
            let mut count = 0;
            for (of, passed) in counts {
                count = passed;
                if passed < of {
                    break;
                }
            }
            count as u64
        }
    }
}

#[cfg(test)]
mod tests;
