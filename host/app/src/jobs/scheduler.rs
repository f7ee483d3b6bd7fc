//! Turns syncs whose time has come into due runs, and sweeps what has ended.

use std::sync::Arc;

use patchbay_model::Fault;

use crate::App;

/// Syncs that are made due in one look; the next look takes the rest.
const BATCH: u32 = 200;

impl App {
    pub(crate) async fn schedule(self: Arc<Self>) {
        let mut stop = self.stop.clone();
        let mut poll = tokio::time::interval(self.settings.poll);
        poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !*stop.borrow() {
            tokio::select! {
                _ = poll.tick() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            if let Err(fault) = self.schedule_once().await {
                tracing::error!("schedules could not be looked at: {fault:?}");
            }
        }
    }

    async fn schedule_once(self: &Arc<Self>) -> Result<(), Fault> {
        if self.store.schedule_due(BATCH).await? > 0 {
            self.due.notify_one();
        }
        // What settled between two looks, or before a crash, does not stay stranded.
        if self.store.wake_waiting_pushes().await? > 0 {
            self.due.notify_one();
        }
        self.store.purge_attempts().await?;
        Ok(())
    }
}
