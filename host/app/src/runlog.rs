//! What a connector logs, on its way into the host's log and into the history of its run.
//!
//! The engine has already bounded the lines and neutralised control characters, and the gate has masked secrets in
//! what providers answer; here each line gets the names under which it is found again. A run's lines are stored with
//! its pages and its end, so many at most.

use std::sync::Arc;

use patchbay_engine::LogSink;
use patchbay_model::{Clock, ConnectionId, PushId, RunId};
use patchbay_store::LogLine;

use crate::live::LiveRun;

/// The log of one run or push.
pub(crate) struct RunLog {
    work: String,
    connection: String,
    part: String,
    kept: Option<Kept>,
}

/// What the history of a run needs.
struct Kept {
    clock: Arc<dyn Clock>,
    live: Arc<LiveRun>,
}

impl RunLog {
    pub(crate) fn of_run(
        run: &RunId,
        connection: &ConnectionId,
        stream: &str,
        clock: Arc<dyn Clock>,
        live: Arc<LiveRun>,
    ) -> Self {
        let kept = Some(Kept { clock, live });
        Self { work: run.to_string(), connection: connection.to_string(), part: stream.to_owned(), kept }
    }

    pub(crate) fn of_push(push: &PushId, connection: &ConnectionId, action: &str) -> Self {
        Self { work: push.to_string(), connection: connection.to_string(), part: action.to_owned(), kept: None }
    }

    /// A connect that has no connection yet.
    pub(crate) fn of_connect(connector: &str) -> Self {
        Self { work: "connect".to_owned(), connection: String::new(), part: connector.to_owned(), kept: None }
    }

    fn keep(&self, level: u8, message: &str, fields: &[(String, String)]) {
        let Some(kept) = &self.kept else { return };
        let fields: serde_json::Map<String, serde_json::Value> =
            fields.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        let fields = serde_json::Value::Object(fields).to_string();
        kept.live.said(LogLine { at: kept.clock.now(), level, message: message.to_owned(), fields });
    }
}

impl LogSink for RunLog {
    fn line(&self, level: u8, message: &str, fields: &[(String, String)]) {
        self.keep(level, message, fields);
        let fields = fields.iter().map(|(name, value)| format!(" {name}={value}")).collect::<String>();
        let (work, connection, part) = (&self.work, &self.connection, &self.part);
        match level {
            0 | 1 => tracing::error!(target: "connector", work, connection.id = connection, part, "{message}{fields}"),
            2 => tracing::warn!(target: "connector", work, connection.id = connection, part, "{message}{fields}"),
            3 => tracing::info!(target: "connector", work, connection.id = connection, part, "{message}{fields}"),
            _ => tracing::debug!(target: "connector", work, connection.id = connection, part, "{message}{fields}"),
        }
    }

    fn progress(&self, done: u64, total: Option<u64>) {
        if let Some(kept) = &self.kept {
            kept.live.progress(done, total);
        }
        tracing::debug!(target: "connector", work = self.work, done, total, "progress of {}", self.work);
    }
}
