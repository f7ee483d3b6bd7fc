//! Forgetting what has grown old, and turning the records of deleted connections into deletions: in small bites, so
//! that nobody waits for it, and as many as a round of the upkeep has time for.

use patchbay_model::Fault;
use patchbay_store::Forgotten;

use crate::App;

/// Rows of each kind in one transaction.
const BATCH: u32 = 500;
/// Transactions of each kind in one round; the next round takes the rest.
const ROUNDS: usize = 200;

impl App {
    /// One step of the upkeep.
    pub(crate) async fn forget_old(&self) -> Result<(), Fault> {
        let mut all = Forgotten::default();
        for _ in 0..ROUNDS {
            let some = self.store.forget(&self.settings.retention, BATCH).await?;
            all = sum(all, some);
            if !some.any() || *self.stop.borrow() {
                break;
            }
        }
        if all.any() {
            let Forgotten { runs, tombstones, dead_letters, events, deliveries, drifts, blobs } = all;
            tracing::info!(
                "forgotten: {runs} runs, {tombstones} deletions, {dead_letters} unreadable records, {events} events with \
                 {deliveries} deliveries, {drifts} drifts, {blobs} files"
            );
        }
        for _ in 0..ROUNDS {
            if *self.stop.borrow() || self.store.bury_records(BATCH).await? == 0 {
                break;
            }
        }
        Ok(())
    }
}

fn sum(one: Forgotten, other: Forgotten) -> Forgotten {
    Forgotten {
        runs: one.runs + other.runs,
        tombstones: one.tombstones + other.tombstones,
        dead_letters: one.dead_letters + other.dead_letters,
        events: one.events + other.events,
        deliveries: one.deliveries + other.deliveries,
        drifts: one.drifts + other.drifts,
        blobs: one.blobs + other.blobs,
    }
}
