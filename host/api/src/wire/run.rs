//! Runs on the wire.

use std::collections::HashMap;

use patchbay_app::{Caller, LogLine as AppLine};
use patchbay_model::{Code, ReleaseId, RunId};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Raw, Reason, Time,
    words::{Budget, RunState, Trigger},
};
use crate::{Api, problem::Problem};

/// One execution of a sync.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Run {
    /// Its id, `run_…`.
    id: String,
    /// The sync.
    sync: String,
    /// The connection.
    connection: String,
    /// The connector; null where none has run yet.
    #[schema(example = "acme.books")]
    connector: Option<String>,
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
    /// Workers that died on it since its last page; another took it over each time.
    deaths: u32,
    /// How often a worker took it; above 1, another one had died on it or was too late.
    epoch: i64,
    /// Pages stored.
    pages: u64,
    /// Records read.
    records: u64,
    /// Of those, new or changed.
    changed: u64,
    /// Records deleted.
    deleted: u64,
    /// Records that could not be read: see the connection's dead letters.
    refused: u64,
    /// The limit that ended it, where one did: the run that follows goes on from there.
    budget: Option<Budget>,
    /// What its requests used.
    usage: Usage,
    /// The release that ran.
    release: Option<String>,
    /// The version of that release.
    #[schema(example = "1.4.2")]
    version: Option<String>,
    /// The node that ran it last; only an operator's key sees it.
    node: Option<String>,
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
    /// Requests that the connector asked for.
    requests: u64,
    /// Repetitions of the gate, on top.
    retries: u64,
    /// Bytes that came in.
    bytes: u64,
    /// Time spent waiting for the provider's rates, milliseconds.
    waited_ms: u64,
}

impl Run {
    /// A run as this caller may see it, with the version of its release.
    fn seen_by(row: patchbay_app::Run, caller: &Caller, version: Option<String>) -> Self {
        let operator = caller.is_operator();
        Self {
            id: row.id.to_string(),
            sync: row.sync.to_string(),
            connection: row.connection.to_string(),
            connector: Some(row.connector).filter(|connector| !connector.is_empty()),
            state: row.state.into(),
            trigger: row.trigger.into(),
            reason: Reason::of(row.code, row.person),
            operator: row.operator.filter(|_| operator),
            attempts: row.attempts,
            deaths: row.deaths,
            epoch: row.epoch,
            pages: row.pages,
            records: row.records,
            changed: row.changed,
            deleted: row.deleted,
            refused: row.refused,
            budget: row.budget.map(Into::into),
            usage: Usage {
                requests: row.usage.requests,
                retries: row.usage.retries,
                bytes: row.usage.bytes,
                waited_ms: u64::try_from(row.usage.waited.as_millis()).unwrap_or(u64::MAX),
            },
            release: row.release.map(|id| id.to_string()),
            version,
            node: row.node.filter(|_| operator),
            next_at: row.next_at.into(),
            created_at: row.created_at.into(),
            started_at: row.started_at.map(Into::into),
            ended_at: row.ended_at.map(Into::into),
            cancel_at: row.cancel_at.map(Into::into),
        }
    }

    /// One run as this caller may see it.
    pub(crate) async fn one(api: &Api, row: patchbay_app::Run, caller: &Caller) -> Result<Self, Problem> {
        let version = match &row.release {
            Some(release) => version(api, release).await?,
            None => None,
        };
        Ok(Self::seen_by(row, caller, version))
    }

    /// Runs as this caller may see them; each release is looked up once.
    pub(crate) async fn all(api: &Api, rows: Vec<patchbay_app::Run>, caller: &Caller) -> Result<Vec<Self>, Problem> {
        let mut versions = HashMap::<ReleaseId, Option<String>>::new();
        for release in rows.iter().filter_map(|row| row.release.as_ref()) {
            if !versions.contains_key(release) {
                versions.insert(release.clone(), version(api, release).await?);
            }
        }
        let of = |row: &patchbay_app::Run| row.release.as_ref().and_then(|release| versions.get(release).cloned());
        Ok(rows
            .into_iter()
            .map(|row| (of(&row).flatten(), row))
            .map(|(v, row)| Self::seen_by(row, caller, v))
            .collect())
    }
}

/// The version of a release; none of one that cannot be read any more: a list of runs is told without it.
async fn version(api: &Api, release: &ReleaseId) -> Result<Option<String>, Problem> {
    match api.app.release_detail(release).await {
        Ok(detail) => Ok(Some(detail.release.version)),
        Err(fault) if matches!(fault.code, Code::NotFound | Code::ReleaseUnusable) => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

/// A line that the connector, or the host about it, wrote during a run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogLine {
    /// When.
    at: Time,
    /// How grave it is.
    level: LogLevel,
    /// What it says; bounded, without control characters and without secrets.
    message: String,
    /// Named values that go with it.
    fields: Raw,
}

/// How grave a line of a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum LogLevel {
    Error,
    Warning,
    Info,
    Debug,
}

impl TryFrom<AppLine> for LogLine {
    type Error = Problem;

    fn try_from(line: AppLine) -> Result<Self, Problem> {
        let level = match line.level {
            0 | 1 => LogLevel::Error,
            2 => LogLevel::Warning,
            3 => LogLevel::Info,
            _ => LogLevel::Debug,
        };
        Ok(Self { at: line.at.into(), level, message: line.message, fields: line.fields.try_into()? })
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
