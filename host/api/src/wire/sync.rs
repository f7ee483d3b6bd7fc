//! Syncs on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Reason, Time, account, words::RunState};

/// The standing arrangement to read one stream of one account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sync {
    /// Its id, `syn_…`.
    id: String,
    /// The connection.
    connection: String,
    /// The account's id at the provider; null for a stream that is read once for the connection.
    account: Option<String>,
    /// The stream.
    #[schema(example = "issues")]
    stream: String,
    /// Whether it is read.
    enabled: bool,
    /// From one scheduled run to the next, seconds.
    schedule_seconds: u64,
    /// When it is due next; null while it is switched off.
    next_due_at: Option<Time>,
    /// Records that are there.
    records: u64,
    /// Deletions that wait for a person's approval.
    held_deletions: Option<u64>,
    /// The last run that ended.
    last_run: Option<LastRun>,
    /// When a run last read to the end: how fresh the records are.
    last_success_at: Option<Time>,
    /// Since when it exists.
    created_at: Time,
}

/// How the last run of a sync ended.
#[derive(Debug, Serialize, ToSchema)]
struct LastRun {
    /// The run.
    id: String,
    /// How it ended.
    state: RunState,
    /// Why, unless it is done.
    reason: Option<Reason>,
    /// When.
    ended_at: Option<Time>,
}

impl From<patchbay_app::SyncRow> for Sync {
    fn from(row: patchbay_app::SyncRow) -> Self {
        let last_run = row.last_run.zip(row.last_state).map(|(id, state)| LastRun {
            id: id.to_string(),
            state: state.into(),
            reason: Reason::of(row.last_code, row.last_person),
            ended_at: row.last_ended_at.map(Into::into),
        });
        Self {
            id: row.id.to_string(),
            connection: row.connection.to_string(),
            account: account(row.account),
            stream: row.stream,
            enabled: row.enabled,
            schedule_seconds: row.schedule.as_secs(),
            next_due_at: row.next_due_at.map(Into::into),
            records: row.records,
            held_deletions: row.held,
            last_run,
            last_success_at: row.last_success_at.map(Into::into),
            created_at: row.created_at.into(),
        }
    }
}
