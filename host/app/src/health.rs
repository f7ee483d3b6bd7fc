//! How the whole deployment does, for an operator: its nodes by their own word, what waits and works, and what was refused.
//!
//! Each node says every ten seconds how it does. What another node shows is therefore so old at most, and one that died
//! stands there with the moment at which it was heard last.

use std::{sync::Arc, time::Duration};

use patchbay_model::Fault;
use patchbay_store::{NodeRow, RefusalRow, Workload};
use tokio::time::MissedTickBehavior;

use crate::App;

/// How often a node says how it does.
const BEAT: Duration = Duration::from_secs(10);

/// How the deployment does.
pub struct DeploymentHealth {
    /// Its nodes, the one that works longest first; each with whether it is the one that answers.
    pub nodes: Vec<(NodeRow, bool)>,
    /// What waits and works.
    pub workload: Workload,
    /// How long the run waits that was due first; none where none does.
    pub oldest_due: Option<Duration>,
    /// What gates refused within a day.
    pub refusals: Vec<RefusalRow>,
}

impl App {
    /// How the deployment does; of this node and its gate as they are now.
    pub async fn health(&self) -> Result<DeploymentHealth, Fault> {
        self.beat().await?;
        let (nodes, workload, refusals) =
            tokio::try_join!(self.store.nodes(), self.store.workload(), self.store.refusals())?;
        let own = |row: NodeRow| {
            let own = row.node == self.settings.node;
            (row, own)
        };
        let now = self.clock.now();
        Ok(DeploymentHealth {
            nodes: nodes.into_iter().map(own).collect(),
            oldest_due: workload.oldest_due_at.map(|at| now.since(at)),
            workload,
            refusals,
        })
    }

    /// Says how this node does until the host stops, and then that it leaves.
    pub(crate) async fn keep_beating(self: Arc<Self>) {
        let mut stop = self.stop.clone();
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = beat.tick() => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
            if let Err(fault) = self.beat().await {
                tracing::debug!("how this node does could not be written down: {fault:?}");
            }
        }
        if let Err(fault) = self.store.leave(&self.settings.node).await {
            tracing::debug!("that this node leaves could not be written down: {fault:?}");
        }
    }

    async fn beat(&self) -> Result<(), Fault> {
        let status = self.node();
        let row = NodeRow {
            node: status.node,
            started_at: status.started_at,
            seen_at: self.clock.now(),
            running: status.running,
            claimed: status.claimed,
            late_p99_ms: status.late_p99_ms,
            stale_writes: status.stale_writes,
        };
        // What cannot be written down is lost: it is for a look at the last day, and no account of anything.
        let refused = self.gate.take_refusals().into_iter().map(|of| RefusalRow {
            code: of.code,
            connector: of.connector,
            count: of.count,
            last_at: of.last_at,
        });
        Ok(self.store.beat(row, refused.collect()).await?)
    }
}
