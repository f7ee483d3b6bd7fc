//! Runs of this node that somebody stopped at another one.
//!
//! A stop that is asked for here takes effect at once ([`crate::App::cancel_run`]); this is for the others, within a
//! second: one small read while there is anything to stop.

use std::{sync::Arc, time::Duration};

use tokio::time::MissedTickBehavior;

use crate::App;

/// How often.
const LOOK: Duration = Duration::from_millis(300);

impl App {
    pub(super) async fn watch_cancels(self: Arc<Self>) {
        let mut stop = self.stop.clone();
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = look.tick() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            let runs = self.live.all();
            if runs.is_empty() {
                continue;
            }
            match self.store.cancelled_runs(&runs).await {
                Ok(cancelled) => {
                    // The look may have taken a while, and a run that was lost meanwhile may be ours again.
                    for (run, epoch) in runs.iter().filter(|(run, _)| cancelled.contains(run)) {
                        self.live.cancel_claim(run, *epoch);
                    }
                }
                // The heartbeat finds it, too, and decides what a database that does not answer means.
                Err(error) => tracing::debug!("runs that are to stop could not be looked up: {error}"),
            }
        }
    }
}
