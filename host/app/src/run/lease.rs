//! What ends a run from outside: its lease, somebody who cancels it, the host that stops.

use std::sync::Arc;

use patchbay_model::Failure;
use patchbay_store::{ClaimedRun, StoreError};
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, timeout_at},
};

use crate::{App, live::LiveRun};

impl App {
    /// Renews the lease until it is gone, somebody cancels, or the host stops; then says which.
    pub(super) async fn keep_lease(
        self: &Arc<Self>,
        claimed: ClaimedRun,
        live: Arc<LiveRun>,
        stop: watch::Sender<bool>,
    ) -> Failure {
        let ended = self.until_stopped(&claimed, &live).await;
        let _ = stop.send(true);
        ended
    }

    async fn until_stopped(self: &Arc<Self>, claimed: &ClaimedRun, live: &LiveRun) -> Failure {
        let mut host_stops = self.stop.clone();
        let mut renewed = Instant::now();
        // The claim has just set it.
        let mut every = tokio::time::interval_at(renewed + self.settings.lease / 3, self.settings.lease / 3);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let stopped = tokio::select! {
                () = live.cancelled() => true,
                _ = host_stops.wait_for(|stop| *stop) => return Failure::ShuttingDown,
                _ = every.tick() => false,
            };
            if stopped {
                match self.cancelled_or_lost(claimed).await {
                    Some(failure) => return failure,
                    // Whoever said so was wrong: a look that fell into the fall of the database.
                    None => live.goes_on(),
                }
            }
            // Counted from before it is asked, and waited for no longer than the lease lasts: a database that hangs keeps
            // nobody at work who may not be.
            let asked = Instant::now();
            let lease = self.settings.lease;
            let beat = self.store.heartbeat_run(&claimed.run, claimed.epoch, lease);
            let Ok(beat) = timeout_at(renewed + lease, beat).await else { return Failure::StaleEpoch };
            match beat {
                Ok(beat) if beat.cancel_requested => return Failure::Cancelled,
                Ok(_) => renewed = asked,
                // A database that does not answer for a moment has given the run to nobody else, as long as the lease
                // lasts. Whoever cannot renew it until shortly before its end has lost its authority.
                Err(StoreError::Unavailable(_)) if renewed.elapsed() < lease / 2 => {
                    every.reset_after(lease / 12);
                }
                Err(_) => return Failure::StaleEpoch,
            }
        }
    }

    /// A run is stopped in the same way when somebody cancels it and when another node has taken it over. None when neither
    /// is so: it is still ours, and nobody asked.
    async fn cancelled_or_lost(&self, claimed: &ClaimedRun) -> Option<Failure> {
        match self.store.heartbeat_run(&claimed.run, claimed.epoch, self.settings.lease).await {
            Ok(beat) => beat.cancel_requested.then_some(Failure::Cancelled),
            Err(_) => Some(Failure::StaleEpoch),
        }
    }
}
