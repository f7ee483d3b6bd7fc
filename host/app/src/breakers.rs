//! Hosts of providers that are left alone for a while, told among the nodes and remembered over restarts; and how
//! this node does.
//!
//! Each process finds out for itself (`egress/breaker.rs`). What it finds it writes down, and what others wrote down
//! it takes over: a provider that is down is asked by one node, not by all of them in turn.

use std::{sync::Arc, time::Duration};

use patchbay_egress::BreakerState;
use patchbay_model::{Fault, TenantId, Timestamp};
use patchbay_store::{BreakerRow, StoreError};
use tokio::time::MissedTickBehavior;

use crate::App;

/// How often nodes tell each other.
const SHARE: Duration = Duration::from_secs(2);
/// Breakers taken over at once.
const BATCH: u32 = 1_000;
/// What another node wrote a moment before this one looked is looked at again.
const OVERLAP: Duration = Duration::from_secs(10);

/// How this node does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeStatus {
    /// Its name, made anew at each start.
    pub node: String,
    /// `sqlite` or `postgresql`.
    pub database: &'static str,
    /// Since when it works.
    pub started_at: Timestamp,
    /// Runs that it works on.
    pub running: u64,
    /// Runs that it has begun.
    pub claimed: u64,
    /// 99 of 100 of the last thousand runs began sooner after they were due, milliseconds.
    pub late_p99_ms: Option<u64>,
    /// Writes of work that another node had taken over: refused, each of them.
    pub stale_writes: u64,
}

impl App {
    /// Breakers that are not closed, of one tenant or of all.
    pub async fn breakers(&self, tenant: Option<&TenantId>) -> Result<Vec<BreakerRow>, Fault> {
        Ok(self.store.breakers(tenant, BATCH).await?)
    }

    /// Lets requests to a host through again at once, because somebody knows that it is back.
    pub async fn close_breaker(&self, tenant: &TenantId, origin: &str, actor: &str) -> Result<(), Fault> {
        match self.store.close_breaker(tenant, origin, actor).await {
            // One that opened a moment ago is not written down yet, and one that is closed stays so.
            Ok(()) | Err(StoreError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
        self.gate.close_breaker(tenant.as_str(), origin);
        Ok(())
    }

    /// How this node does.
    #[must_use]
    pub fn node(&self) -> NodeStatus {
        NodeStatus {
            node: self.settings.node.clone(),
            database: if self.store.is_shared() { "postgresql" } else { "sqlite" },
            started_at: self.live.started_at,
            running: u64::try_from(self.live.all().len()).unwrap_or(u64::MAX),
            claimed: self.live.claimed(),
            late_p99_ms: self.live.late_p99_ms(),
            stale_writes: self.store.stale_writes(),
        }
    }

    pub(crate) async fn share_breakers(self: Arc<Self>) {
        let mut stop = self.stop.clone();
        let mut share = tokio::time::interval(SHARE);
        share.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut since = Timestamp::default();
        // What could not be written down yet.
        let mut mine = Vec::new();
        loop {
            tokio::select! {
                _ = share.tick() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            match self.share_once(since, &mut mine).await {
                Ok(seen) => since = seen,
                Err(fault) => tracing::debug!("breakers could not be shared: {fault:?}"),
            }
        }
    }

    async fn share_once(&self, since: Timestamp, mine: &mut Vec<BreakerState>) -> Result<Timestamp, Fault> {
        let now = self.clock.now();
        mine.extend(self.gate.changed_breakers());
        if !mine.is_empty() {
            let rows = mine.iter().cloned().map(|state| BreakerRow {
                open_until: state.open_for.map(|open| now.plus(open)),
                tenant: state.tenant,
                origin: state.origin,
                failures: state.failures,
                opened: state.opened,
                last_error: state.last_error,
                updated_at: now,
            });
            self.store.put_breakers(rows.collect()).await?;
            mine.clear();
        }
        let theirs = self.store.breakers_since(since, BATCH).await?;
        if !theirs.is_empty() {
            self.gate.apply_breakers(
                theirs
                    .into_iter()
                    .map(|row| BreakerState {
                        open_for: row.open_until.map(|until| until.since(now)).filter(|left| !left.is_zero()),
                        tenant: row.tenant,
                        origin: row.origin,
                        failures: row.failures,
                        opened: row.opened,
                        last_error: row.last_error,
                    })
                    .collect(),
            );
        }
        Ok(now.minus(OVERLAP))
    }
}
