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
use tokio::sync::OwnedSemaphorePermit;

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
        let app = Arc::clone(self);
        self.tasks.spawn(async move { app.keep_beating().await });
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

    /// Claims no more than there are places in hand: what is claimed and not begun would stand under a lease with nobody
    /// on it, and count as a death.
    async fn claim(self: &Arc<Self>) -> Result<usize, Fault> {
        let mut places = Vec::new();
        while let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            places.push(place);
        }
        let count = |places: &Vec<OwnedSemaphorePermit>| u32::try_from(places.len()).unwrap_or(u32::MAX);
        if places.is_empty() {
            return Ok(0);
        }
        let (lease, before) = (self.settings.lease, places.len());
        let fair = patchbay_store::PushLimits {
            lease,
            limit: count(&places),
            per_tenant: self.settings.per_tenant,
            per_connection: self.settings.per_connection,
        };
        for push in self.store.claim_pushes(&fair).await? {
            self.deliver_at(push, places.pop(), None);
        }
        if places.is_empty() {
            return Ok(before);
        }
        let settings = &self.settings;
        let limits = ClaimLimits {
            lease,
            limit: count(&places),
            per_tenant: settings.per_tenant,
            per_connector: settings.per_connector,
            per_connection: settings.per_connection,
            node: settings.node.clone(),
        };
        for run in self.store.claim_runs(&limits).await? {
            let (app, place) = (Arc::clone(self), places.pop());
            self.tasks.spawn(async move {
                app.run(run).await;
                drop(place);
                app.due.notify_one();
            });
        }
        Ok(before - places.len())
    }
}
