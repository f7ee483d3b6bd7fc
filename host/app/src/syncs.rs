//! Syncs and their runs, as a tenant sees and steers them.

use std::sync::Arc;

use patchbay_model::{Code, ConnectionId, Fault, RunId, Schedule, SyncId, TenantId, Timestamp, phase_of};
use patchbay_store::{DeadLetter, Drift, LogLine, Page, Run, RunFilter, SyncRow, Trigger};

use crate::{App, connect::schedule_of, work::listed};

/// What the records of a sync look like, JSON.
pub struct RecordSchema {
    /// The fields that they have had; none before the first page.
    pub shape: Option<String>,
    /// JSON Schema, as the connector said it; none where it said none.
    pub declared: Option<String>,
}

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
        // Many records that were a picker's only are told in bites.
        self.upkeep_due.notify_one();
        Ok(row)
    }

    /// Gives a sync a schedule of its own, or the connector's again.
    pub async fn set_schedule(
        self: &Arc<Self>,
        tenant: &TenantId,
        sync: &SyncId,
        schedule: Option<Schedule>,
        actor: &str,
    ) -> Result<SyncRow, Fault> {
        let (schedule, custom) = match schedule {
            Some(schedule) => (schedule, true),
            None => {
                let row = self.store.sync(tenant, sync).await?;
                let connection = self.store.connection(tenant, &row.connection).await?;
                let release = self.release_of(&connection).await?;
                let known = self.stream_of(&connection.id, &release.manifest, &row.stream).await?;
                let known = known.ok_or_else(|| Fault::new(Code::StreamUnknown))?;
                (schedule_of(&known.stream), false)
            }
        };
        let row = self.store.set_schedule(tenant, sync, schedule, custom, actor).await?;
        self.due.notify_one();
        Ok(row)
    }

    /// When a sync is due next, and after that.
    #[must_use]
    pub fn upcoming(&self, row: &SyncRow, count: usize) -> Vec<Timestamp> {
        let Some(next) = row.next_due_at.filter(|_| row.read) else { return Vec::new() };
        let phase = phase_of(&row.connection, &row.account, &row.stream);
        let later = row.schedule.upcoming(next.max(self.clock.now()), phase, count.saturating_sub(1));
        std::iter::once(next).chain(later).take(count).collect()
    }

    /// Reads a stream again from a date on: from there to now, in a pass of its own that deletes nothing.
    pub async fn backfill(
        self: &Arc<Self>,
        tenant: &TenantId,
        sync: &SyncId,
        since: Timestamp,
        actor: &str,
    ) -> Result<SyncRow, Fault> {
        if since > self.clock.now() {
            return Err(Fault::because(Code::ParameterInvalid, "`since` is in the future."));
        }
        let row = self.store.backfill_sync(tenant, sync, since, actor).await?;
        self.due.notify_one();
        Ok(row)
    }

    /// Forgets where a sync stands: the next run reads the stream from its beginning.
    pub async fn reset_sync(self: &Arc<Self>, tenant: &TenantId, sync: &SyncId, actor: &str) -> Result<SyncRow, Fault> {
        let row = self.store.reset_sync(tenant, sync, actor).await?;
        self.due.notify_one();
        Ok(row)
    }

    /// Deletes what a pass held back; how many records.
    pub async fn approve_deletions(&self, tenant: &TenantId, sync: &SyncId, actor: &str) -> Result<u64, Fault> {
        Ok(self.store.approve_held(tenant, sync, actor).await?)
    }

    /// Records of a connection that could not be read, the latest first.
    pub async fn dead_letters(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        stream: Option<&str>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page<DeadLetter>, Fault> {
        self.store.dead_letters(tenant, connection, stream, after, limit).await.map_err(listed)
    }

    /// How the records of a sync have changed in shape, the latest first.
    pub async fn drifts(
        &self,
        tenant: &TenantId,
        sync: &SyncId,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page<Drift>, Fault> {
        self.store.drifts(tenant, sync, after, limit).await.map_err(listed)
    }

    /// What the records of a sync look like.
    pub async fn shape(&self, tenant: &TenantId, sync: &SyncId) -> Result<RecordSchema, Fault> {
        let shape = self.store.shape(tenant, sync).await?;
        let row = self.store.sync(tenant, sync).await?;
        let said = self.store.discovered_stream(&row.connection, &row.stream).await?;
        Ok(RecordSchema { shape, declared: said.and_then(|said| said.schema) })
    }

    /// What a connector said during a run.
    pub async fn run_log(&self, tenant: &TenantId, run: &RunId) -> Result<Vec<LogLine>, Fault> {
        Ok(self.store.run_log(tenant, run).await?)
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

    /// Asks a run to stop: at once when it waits, within a second wherever it works.
    pub async fn cancel_run(&self, tenant: &TenantId, run: &RunId) -> Result<Run, Fault> {
        let row = self.store.cancel_run(tenant, run).await?;
        self.live.cancel(run);
        Ok(row)
    }
}
