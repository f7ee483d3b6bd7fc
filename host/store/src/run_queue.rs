//! The queue of runs: who works on which, under which epoch, until when.
//!
//! A worker owns a run by its epoch and nothing else. Each claim raises it, so what an earlier owner
//! still wants to write is stale; a lease that lapsed cannot be renewed, only claimed again
//! ([`Store::claim_runs`]). What an owner writes at the end is in [`Store::finish_run`].

use std::{collections::HashMap, time::Duration};

use patchbay_model::{ConnectionId, RunId, TenantId, Timestamp};
use sqlx::AnyConnection;

use crate::{
    Store, StoreError,
    row::{Reader, json},
    syncs::is_read,
};

/// What a heartbeat brings back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// Somebody asked to stop.
    pub cancel_requested: bool,
}

impl Store {
    /// Renews a lease that has not lapsed.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it lapsed or another has taken over: stop at once.
    pub async fn heartbeat_run(&self, run: &RunId, epoch: i64, lease: Duration) -> Result<Heartbeat, StoreError> {
        let (run, clock) = (run.clone(), self.clock.clone());
        self.write_beside(move |tx| {
            Box::pin(async move {
                let now = clock.now();
                let row = sqlx::query(
                    "UPDATE runs SET lease_until = $4 WHERE id = $1 AND epoch = $2 AND state = 'running' \
                     AND lease_until > $3 RETURNING cancel_at IS NOT NULL",
                )
                .bind(run.as_str())
                .bind(epoch)
                .bind(now.as_micros())
                .bind(now.plus(lease).as_micros())
                .fetch_optional(tx)
                .await?;
                let row = row.ok_or(StoreError::Stale)?;
                Ok(Heartbeat { cancel_requested: Reader::of(&row, "runs").next("cancel_at")? })
            })
        })
        .await
    }

    /// Of these runs of ours the ones that are to stop: somebody asked, or they are not ours any more.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn cancelled_runs(&self, ours: &[(RunId, i64)]) -> Result<Vec<RunId>, StoreError> {
        if ours.is_empty() {
            return Ok(Vec::new());
        }
        let ids = json(&ours.iter().map(|(run, _)| run.as_str()).collect::<Vec<_>>())?;
        let rows = sqlx::query(
            "SELECT id, epoch FROM runs WHERE id IN (SELECT value FROM json_each($1)) AND state = 'running' \
             AND cancel_at IS NULL",
        );
        let rows = rows.bind(ids).fetch_all(self.read()).await?;
        let mut go_on = HashMap::with_capacity(rows.len());
        for row in &rows {
            let mut r = Reader::of(row, "runs");
            go_on.insert(r.next::<String>("id")?, r.next::<i64>("epoch")?);
        }
        let stop = ours.iter().filter(|(run, epoch)| go_on.get(run.as_str()) != Some(epoch));
        Ok(stop.map(|(run, _)| run.clone()).collect())
    }

    /// Leaves a connection alone until then, or longer where that was said before: no run of it begins.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn pause_connection(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let (tenant, id) = (tenant.clone(), connection.clone());
        self.write(move |tx| {
            Box::pin(async move {
                let there = sqlx::query_scalar::<_, i64>("SELECT 1 FROM connections WHERE id = $1 AND tenant = $2");
                let there = there.bind(id.as_str()).bind(tenant.as_str()).fetch_optional(&mut *tx).await?;
                there.ok_or(StoreError::NotFound)?;
                pause(tx, &id, until).await
            })
        })
        .await
    }

    /// The earliest moment at which a run, a sync or a push becomes due or a lease lapses.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<i64> = sqlx::query_scalar(concat!(
            "SELECT min(at) FROM ( \
             SELECT at FROM (SELECT s.next_due_at AS at FROM syncs s JOIN connections c ON c.id = s.connection \
             AND c.enabled AND c.state = 'active' WHERE ",
            is_read!(),
            " AND s.next_due_at IS NOT NULL \
             ORDER BY s.next_due_at LIMIT 1) syncs_due \
             UNION ALL SELECT at FROM (SELECT r.next_at AS at FROM runs r JOIN connections c ON c.id = r.connection \
             AND c.enabled AND c.state = 'active' WHERE r.state = 'due' ORDER BY r.next_at LIMIT 1) runs_due \
             UNION ALL SELECT min(lease_until) FROM runs WHERE state = 'running' \
             UNION ALL SELECT min(p.next_at) FROM pushes p JOIN connections c ON c.id = p.connection AND c.enabled \
             AND c.state = 'active' WHERE p.next_at IS NOT NULL \
             UNION ALL SELECT min(p.lease_until) FROM pushes p JOIN connections c ON c.id = p.connection \
             AND c.enabled AND c.state = 'active' WHERE p.lease_until IS NOT NULL) moments",
        ))
        .fetch_one(self.read())
        .await?;
        Ok(at.map(Timestamp::from_micros))
    }
}

/// Pauses a connection inside a transaction. Its due runs are moved behind the pause, so that the queue need not look
/// at what may not begin.
pub(crate) async fn pause(tx: &mut AnyConnection, id: &ConnectionId, until: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE connections SET paused_until = $2 WHERE id = $1 AND (paused_until IS NULL OR paused_until < $2)",
    )
    .bind(id.as_str())
    .bind(until.as_micros())
    .execute(&mut *tx)
    .await?;
    sqlx::query("UPDATE runs SET next_at = $2 WHERE connection = $1 AND state = 'due' AND next_at < $2")
        .bind(id.as_str())
        .bind(until.as_micros())
        .execute(tx)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use patchbay_model::RunState;

    use super::*;
    use crate::{RunEnd, testing::World};

    #[tokio::test]
    async fn ten_schedulers_make_one_run_of_a_sync_and_ten_workers_claim_it_once() {
        let world = World::open().await;
        let (_, run) = world.running("b1").await;
        world.store.finish_run(&run.run, run.epoch, RunEnd::of(RunState::Done)).await.expect("ended");
        world.clock.advance(Duration::from_secs(10 * 900));
        let made = futures_util::future::join_all((0..10).map(|_| world.store.schedule_due(10))).await;
        assert_eq!(made.into_iter().map(|made| made.expect("asked")).sum::<u64>(), 1, "missed slots are one run");
        let limits = crate::testing::limits();
        let claims = (0..10).map(|_| world.store.claim_runs(&limits));
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
