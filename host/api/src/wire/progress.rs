//! How far a run is, on the wire: the data of the events that `GET /v1/progress` sends.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Reason, Time, account, words::RunState};

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct RunProgress {
    /// The run, `run_…`.
    pub(crate) run: String,
    /// The sync that it executes, `syn_…`.
    sync: String,
    /// The connection, `con_…`.
    connection: String,
    /// The account's id at the provider; null for a stream that is read once for the connection.
    account: Option<String>,
    /// The stream.
    #[schema(example = "invoices")]
    stream: String,
    /// How it stands.
    state: RunState,
    /// Why it ended as it did.
    reason: Option<Reason>,
    /// Pages stored.
    pages: u64,
    /// Records read.
    pub(crate) records: u64,
    /// Of those, new or changed.
    changed: u64,
    /// Records deleted.
    deleted: u64,
    /// How many records there will be, about; null where nobody knows.
    pub(crate) total: Option<u64>,
    /// Records read per second over the last 10 seconds; null until it was looked at twice.
    pub(crate) records_per_second: Option<f64>,
    /// How long it goes on at that rate, seconds, about; null where the total is not known or nothing moves.
    pub(crate) estimate_seconds: Option<u64>,
    /// When it began.
    started_at: Option<Time>,
    /// When it ended.
    ended_at: Option<Time>,
}

impl RunProgress {
    /// Whether the run has ended.
    pub(crate) fn ended(&self) -> bool {
        self.ended_at.is_some()
    }
}

impl From<patchbay_app::Progress> for RunProgress {
    fn from(progress: patchbay_app::Progress) -> Self {
        Self {
            run: progress.run.to_string(),
            sync: progress.sync.to_string(),
            connection: progress.connection.to_string(),
            account: account(progress.account),
            stream: progress.stream,
            state: progress.state.into(),
            reason: Reason::of(progress.code, None),
            pages: progress.pages,
            records: progress.records,
            changed: progress.changed,
            deleted: progress.deleted,
            total: progress.total,
            records_per_second: None,
            estimate_seconds: None,
            started_at: progress.started_at.map(Into::into),
            ended_at: progress.ended_at.map(Into::into),
        }
    }
}
