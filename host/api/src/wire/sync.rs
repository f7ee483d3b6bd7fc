//! Syncs on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Reason, Schedule, Time, account, words::RunState};
use crate::Api;

/// Slots that are told ahead.
const AHEAD: usize = 5;

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
    /// Whether its stream was discovered in this connection; such a sync is off until you switch it on.
    discovered: bool,
    /// Since when the provider does not have its stream any more: it is not read while that is so, and its records stay.
    /// Else null.
    gone_at: Option<Time>,
    /// Whether it is extracted: its records are in lists, exports and feeds.
    enabled: bool,
    /// Whether a picker searches its stream. It is read then even while it is not `enabled`, and its records are the
    /// picker's only; when it is enabled, all of them are told as new.
    picked: bool,
    /// When it is due.
    schedule: Schedule,
    /// Whether you set the schedule; else it is the connector's.
    custom_schedule: bool,
    /// When it is due next; null while it is not read.
    next_due_at: Option<Time>,
    /// The next slots of its schedule, at most 5; empty while it is not read. A run that is asked for, repeated
    /// or goes on comes besides.
    next_runs: Vec<Time>,
    /// Slots that were missed, because a run took longer or the host was down, and made up for by one run each time;
    /// since the sync exists.
    coalesced: u64,
    /// From when on the present pass reads, where a backfill was asked for; such a pass deletes nothing. Else null.
    backfill_since: Option<Time>,
    /// Records of the present pass that could not be read: see its connection's dead letters. Such a pass deletes
    /// nothing.
    refused: u64,
    /// Records that are there.
    records: u64,
    /// Deletions that wait for a person's approval: `POST /v1/syncs/{id}/approve-deletions`. Else null.
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

impl Sync {
    /// A sync, with the slots that it has next.
    pub(crate) fn of(api: &Api, row: patchbay_app::SyncRow) -> Self {
        let next_runs = api.app.upcoming(&row, AHEAD);
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
            discovered: row.discovered,
            gone_at: row.gone_at.map(Into::into),
            enabled: row.enabled,
            picked: row.picked,
            schedule: (&row.schedule).into(),
            custom_schedule: row.custom,
            next_due_at: row.next_due_at.filter(|_| row.read).map(Into::into),
            next_runs: next_runs.into_iter().map(Into::into).collect(),
            coalesced: row.coalesced,
            backfill_since: row.since.map(Into::into),
            refused: row.refused,
            records: row.records,
            held_deletions: row.held,
            last_run,
            last_success_at: row.last_success_at.map(Into::into),
            created_at: row.created_at.into(),
        }
    }
}

/// How many deletions were approved.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApprovedDeletions {
    /// Records that are deleted now, and stand in the feed as deletions; 0 where none waited.
    deleted: u64,
}

impl From<u64> for ApprovedDeletions {
    fn from(deleted: u64) -> Self {
        Self { deleted }
    }
}
