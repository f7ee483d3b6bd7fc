//! Syncs and their runs, as a tenant sees and steers them.

use std::sync::Arc;

use patchbay_model::{ConnectionId, Fault, RunId, SyncId, TenantId};
use patchbay_store::{Page, Run, RunFilter, SyncRow, Trigger};

use crate::App;

impl App {
    /// The syncs of a connection.
    pub async fn syncs(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<Vec<SyncRow>, Fault> {
        self.store.connection(tenant, connection).await?;
        Ok(self.store.syncs(tenant, connection).await?)
    }

    /// Switches one sync on or off.
    pub async fn enable_sync(
        &self,
        tenant: &TenantId,
        sync: &SyncId,
        enabled: bool,
        actor: &str,
    ) -> Result<SyncRow, Fault> {
        let row = self.store.set_sync_enabled(tenant, sync, enabled, actor).await?;
        self.due.notify_one();
        Ok(row)
    }

    /// Makes a sync's run due now; one that is open already is the answer.
    pub async fn run_now(self: &Arc<Self>, tenant: &TenantId, sync: &SyncId) -> Result<RunId, Fault> {
        let run = self.store.enqueue_run(tenant, sync, self.clock.now(), Trigger::Manual).await?;
        self.due.notify_one();
        Ok(run)
    }

    /// Runs of the tenant, newest first.
    pub async fn runs(&self, tenant: &TenantId, filter: &RunFilter) -> Result<Page<Run>, Fault> {
        Ok(self.store.runs(tenant, filter).await?)
    }

    /// One run.
    pub async fn run_row(&self, tenant: &TenantId, run: &RunId) -> Result<Run, Fault> {
        Ok(self.store.run(tenant, run).await?)
    }

    /// Asks a run to stop; it does within a third of its lease, or at once when it waits.
    pub async fn cancel_run(&self, tenant: &TenantId, run: &RunId) -> Result<Run, Fault> {
        Ok(self.store.cancel_run(tenant, run).await?)
    }
}
