//! How far runs are, for somebody who looks on.
//!
//! The numbers come from the database, where every page of every node leaves them; what a connector says about the
//! whole is known only to the node that runs it.

use std::{sync::Arc, time::Duration};

use patchbay_model::{Code, ConnectionId, Fault, RunId, RunState, SyncId, TenantId, Timestamp};
use patchbay_store::{Run, RunFilter, SyncRow};
use tokio::sync::Notify;

use crate::App;

/// How long a run is told after its end, so that whoever looks now and then sees how it ended.
const TOLD: Duration = Duration::from_secs(30);
/// Runs that are told at once.
const RUNS: u32 = 50;

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The run.
    pub run: RunId,
    /// What it executes.
    pub sync: SyncId,
    /// For which connection.
    pub connection: ConnectionId,
    /// For which account (provider id); empty for a stream per connection.
    pub account: String,
    /// Which stream.
    pub stream: String,
    /// How it stands.
    pub state: RunState,
    /// Pages stored.
    pub pages: u64,
    /// Records read.
    pub records: u64,
    /// Records that were new or changed.
    pub changed: u64,
    /// Records deleted.
    pub deleted: u64,
    /// How many records there will be, as the connector says, or as there were last time where it reads everything.
    pub total: Option<u64>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it ended as it did.
    pub code: Option<Code>,
}

impl App {
    /// Open runs of a tenant, and those that ended a moment ago; of one connection, or one run.
    pub async fn progress(
        &self,
        tenant: &TenantId,
        connection: Option<&ConnectionId>,
        run: Option<&RunId>,
    ) -> Result<Vec<Progress>, Fault> {
        let runs = match run {
            Some(run) => vec![self.store.run(tenant, run).await?],
            None => {
                let filter = RunFilter { connection: connection.cloned(), limit: RUNS, ..RunFilter::default() };
                let since = self.clock.now().minus(TOLD);
                let recent = self.store.runs(tenant, &filter).await?.items.into_iter();
                recent.filter(|run| run.ended_at.is_none_or(|ended| ended > since)).collect()
            }
        };
        let mut told = Vec::with_capacity(runs.len());
        for run in runs {
            let sync = self.store.sync(tenant, &run.sync).await?;
            told.push(self.progress_of(run, sync));
        }
        Ok(told)
    }

    /// Woken when a run of this node stored a page, said how far it is, or ended.
    #[must_use]
    pub fn progress_changed(&self) -> Arc<Notify> {
        Arc::clone(&self.live.changed)
    }

    fn progress_of(&self, run: Run, sync: SyncRow) -> Progress {
        let said = self.live.get(&run.id).and_then(|live| live.total());
        // A pass that began without a cursor reads what there was, and perhaps more.
        let before = (!sync.has_cursor && sync.records > 0).then_some(sync.records);
        Progress {
            run: run.id,
            sync: run.sync,
            connection: run.connection,
            account: sync.account,
            stream: sync.stream,
            state: run.state,
            pages: run.pages,
            records: run.records,
            changed: run.changed,
            deleted: run.deleted,
            total: said.or(before),
            started_at: run.started_at,
            ended_at: run.ended_at,
            code: run.code,
        }
    }
}
