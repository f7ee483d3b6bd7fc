//! What happens without anybody asking: due runs and pushes are claimed and executed.
//!
//! A worker is a place, not a thread: `workers` places are filled with whatever is due. Claims go in
//! batches, because claiming one by one is the first thing that limits a busy host. Something that is
//! made due in this process wakes the loop at once; the poll is for what another process made due and
//! for leases that lapsed.

mod cancels;
mod scheduler;

use std::sync::Arc;

use patchbay_model::Fault;
use patchbay_store::ClaimLimits;

use crate::App;

impl App {
    /// Starts the loops; they end when the host stops.
    pub fn start_jobs(self: &Arc<Self>) {
        let app = Arc::clone(self);
        self.tasks.spawn(async move { app.work().await });
        let app = Arc::clone(self);
        self.tasks.spawn(async move { app.schedule().await });
        let app = Arc::clone(self);
        self.tasks.spawn(async move { Box::pin(app.keep_up()).await });
        let app = Arc::clone(self);
        self.tasks.spawn(async move { app.send_webhooks().await });
        let app = Arc::clone(self);
        self.tasks.spawn(async move { app.share_breakers().await });
        if self.store.is_shared() {
            let app = Arc::clone(self);
            self.tasks.spawn(async move { app.watch_cancels().await });
        }
    }

    /// Fills the free places with what is due, until the host stops.
    async fn work(self: Arc<Self>) {
        let mut stop = self.stop.clone();
        let mut poll = tokio::time::interval(self.settings.poll);
        poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !*stop.borrow() {
            match self.claim().await {
                // There may be more than was claimed.
                Ok(claimed) if claimed > 0 => continue,
                Ok(_) => {}
                Err(fault) => tracing::error!("nothing could be claimed: {fault:?}"),
            }
            tokio::select! {
                () = self.due.notified() => self.webhooks_due.notify_one(),
                _ = poll.tick() => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }

    async fn claim(self: &Arc<Self>) -> Result<usize, Fault> {
        let places = &self.places;
        let free = u32::try_from(places.available_permits()).unwrap_or(u32::MAX);
        if free == 0 {
            return Ok(0);
        }
        let lease = self.settings.lease;
        let mut count = 0;
        for push in self.store.claim_pushes(lease, free).await? {
            let Ok(place) = Arc::clone(places).try_acquire_owned() else { break };
            count += 1;
            self.deliver_at(push, Some(place), None);
        }
        let free = u32::try_from(places.available_permits()).unwrap_or(u32::MAX);
        if free == 0 {
            return Ok(count);
        }
        let settings = &self.settings;
        let limits = ClaimLimits {
            lease,
            limit: free,
            per_tenant: settings.per_tenant,
            per_connector: settings.per_connector,
            per_connection: settings.per_connection,
            node: settings.node.clone(),
        };
        for run in self.store.claim_runs(&limits).await? {
            let Ok(place) = Arc::clone(places).try_acquire_owned() else { break };
            count += 1;
            let app = Arc::clone(self);
            self.tasks.spawn(async move {
                app.run(run).await;
                drop(place);
                app.due.notify_one();
            });
        }
        Ok(count)
    }
}
