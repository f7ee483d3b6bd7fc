//! How much waits and works in the whole deployment, for an operator: the queue of runs, pushes, and deliveries.

use std::time::Duration;

use patchbay_model::Timestamp;

use crate::{
    Store, StoreError,
    row::{Reader, micros},
};

/// How much waits and works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Workload {
    /// Runs whose time has come, and that no node works on.
    pub runs_due: u64,
    /// Runs that are to begin later.
    pub runs_scheduled: u64,
    /// Runs that a node works on.
    pub runs_running: u64,
    /// Since when the one waits that was due first.
    pub oldest_due_at: Option<Timestamp>,
    /// Pushes that wait for a connection, a target or somebody's word.
    pub pushes_waiting: u64,
    /// Pushes that are planned or under way.
    pub pushes_sending: u64,
    /// Pushes of which nobody knows whether they were written.
    pub pushes_unknown: u64,
    /// Pushes that failed or were rejected within a day.
    pub pushes_failed: u64,
    /// Deliveries of events that are due or under way.
    pub deliveries_waiting: u64,
    /// Deliveries that were given up within a day.
    pub deliveries_failed: u64,
    /// Hosts of providers that are left alone just now.
    pub breakers: u64,
}

/// How far back what failed is counted.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Store {
    /// How much waits and works now. Every count goes by an index of what is open, or of what ended of late.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn workload(&self) -> Result<Workload, StoreError> {
        let now = self.now();
        let statement = sqlx::query(
            "SELECT (SELECT count(*) FROM runs WHERE state = 'due' AND next_at <= $1), \
             (SELECT count(*) FROM runs WHERE state = 'due' AND next_at > $1), \
             (SELECT count(*) FROM runs WHERE state = 'running'), \
             (SELECT min(next_at) FROM runs WHERE state = 'due' AND next_at <= $1), \
             (SELECT count(*) FROM pushes WHERE state = 'waiting'), \
             (SELECT count(*) FROM pushes WHERE next_at IS NOT NULL AND state <> 'unknown') \
             + (SELECT count(*) FROM pushes WHERE lease_until IS NOT NULL AND next_at IS NULL AND state <> 'unknown'), \
             (SELECT count(*) FROM pushes WHERE state = 'unknown'), \
             (SELECT count(*) FROM tenants t CROSS JOIN pushes p WHERE p.tenant = t.id AND p.ended_at >= $2 \
             AND p.state IN ('failed', 'rejected')), \
             (SELECT count(*) FROM deliveries WHERE next_at IS NOT NULL OR lease_until IS NOT NULL), \
             (SELECT count(*) FROM deliveries WHERE ended_at >= $2 AND state = 'failed'), \
             (SELECT count(*) FROM breakers WHERE opened > 0 AND open_until > $1)",
        );
        let statement = statement.bind(now.as_micros()).bind(now.as_micros() - micros(DAY));
        let row = statement.fetch_one(self.read()).await?;
        let mut r = Reader::of(&row, "runs");
        Ok(Workload {
            runs_due: r.next("due")?,
            runs_scheduled: r.next("scheduled")?,
            runs_running: r.next("running")?,
            oldest_due_at: r.next("next_at")?,
            pushes_waiting: r.next("waiting")?,
            pushes_sending: r.next("sending")?,
            pushes_unknown: r.next("unknown")?,
            pushes_failed: r.next("failed")?,
            deliveries_waiting: r.next("waiting")?,
            deliveries_failed: r.next("failed")?,
            breakers: r.next("breakers")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use patchbay_model::{PushState, RunState};

    use super::*;
    use crate::{
        Accepted, PushEnd, RunEnd,
        testing::{World, places},
    };

    #[tokio::test]
    async fn what_waits_works_and_failed_is_counted_once_each() {
        let world = World::open().await;
        let store = &world.store;
        assert_eq!(store.workload().await, Ok(Workload::default()));
        let (settled, run) = world.running("b1").await;
        let begun = store.now();
        world.connect("b2").await;
        world.clock.advance(Duration::from_secs(5));
        let now = store.workload().await.expect("counts");
        assert_eq!((now.runs_due, now.runs_running, now.oldest_due_at), (1, 1, Some(begun)));
        store.finish_run(&run.run, run.epoch, RunEnd::of(RunState::Done)).await.expect("ended");

        let id = &settled.connection.id;
        for key in ["k1", "k2", "k3"] {
            let Ok(Accepted::New(_)) = store.accept_push(world.push(key, Some(id))).await else { panic!("new") };
        }
        let Ok(Accepted::New(_)) = store.accept_push(world.push("k4", None)).await else { panic!("new") };
        let taken = store.claim_pushes(&places(3)).await.expect("a claim");
        assert_eq!(taken.len(), 3);
        for (push, state) in taken.iter().zip([PushState::Rejected, PushState::Unknown]) {
            store.finish_push(&push.push.id, push.push.epoch, PushEnd::of(state)).await.expect("ended");
        }
        let now = store.workload().await.expect("counts");
        let pushes = (now.pushes_waiting, now.pushes_sending, now.pushes_unknown, now.pushes_failed);
        assert_eq!(pushes, (1, 1, 1, 1));
        assert_eq!((now.runs_running, now.breakers, now.deliveries_waiting), (0, 0, 0));
        world.clock.advance(DAY + Duration::from_secs(1));
        assert_eq!(store.workload().await.expect("counts").pushes_failed, 0, "that was yesterday");
    }
}
