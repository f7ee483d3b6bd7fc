//! Runs on the wire.

use patchbay_app::Caller;
use patchbay_model::RunId;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Reason, Time,
    words::{RunState, Trigger},
};

/// One execution of a sync.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Run {
    /// Its id, `run_…`.
    id: String,
    /// The sync.
    sync: String,
    /// The connection.
    connection: String,
    /// How it stands.
    state: RunState,
    /// Why it was made.
    trigger: Trigger,
    /// Why it ended as it did.
    reason: Option<Reason>,
    /// The same for the operator; only an operator's key sees it.
    operator: Option<String>,
    /// Attempts in a row, this one included once it has begun.
    attempts: u32,
    /// Workers that died on it; another took it over each time.
    deaths: u32,
    /// Pages stored.
    pages: u64,
    /// Records read.
    records: u64,
    /// Of those, new or changed.
    changed: u64,
    /// Records deleted.
    deleted: u64,
    /// What its requests used.
    usage: Usage,
    /// The release that ran.
    release: Option<String>,
    /// When it is due, or was.
    next_at: Time,
    /// When it was asked for.
    created_at: Time,
    /// When it began.
    started_at: Option<Time>,
    /// When it ended.
    ended_at: Option<Time>,
    /// When somebody asked to stop it.
    cancel_at: Option<Time>,
}

/// What the requests of a run used.
#[derive(Debug, Serialize, ToSchema)]
struct Usage {
    /// Requests that left.
    requests: u64,
    /// Of those, repetitions.
    retries: u64,
    /// Bytes that came in.
    bytes: u64,
    /// Time spent waiting for the provider's rates, milliseconds.
    waited_ms: u64,
}

impl Run {
    /// A run as this caller may see it.
    pub(crate) fn seen_by(row: patchbay_app::Run, caller: &Caller) -> Self {
        Self {
            id: row.id.to_string(),
            sync: row.sync.to_string(),
            connection: row.connection.to_string(),
            state: row.state.into(),
            trigger: row.trigger.into(),
            reason: Reason::of(row.code, row.person),
            operator: row.operator.filter(|_| matches!(caller, Caller::Operator { .. })),
            attempts: row.attempts,
            deaths: row.deaths,
            pages: row.pages,
            records: row.records,
            changed: row.changed,
            deleted: row.deleted,
            usage: Usage {
                requests: row.usage.requests,
                retries: row.usage.retries,
                bytes: row.usage.bytes,
                waited_ms: u64::try_from(row.usage.waited.as_millis()).unwrap_or(u64::MAX),
            },
            release: row.release.map(|id| id.to_string()),
            next_at: row.next_at.into(),
            created_at: row.created_at.into(),
            started_at: row.started_at.map(Into::into),
            ended_at: row.ended_at.map(Into::into),
            cancel_at: row.cancel_at.map(Into::into),
        }
    }
}

/// A run that was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueuedRun {
    /// Its id: follow it with `GET /v1/runs/{id}`. A run that was open already is the answer.
    run: String,
}

impl From<RunId> for QueuedRun {
    fn from(run: RunId) -> Self {
        Self { run: run.to_string() }
    }
}
