//! What a connector logs, on its way into the host's log.
//!
//! The engine has already bounded the lines and neutralised control characters; here each line gets the
//! names under which it is found again.

use patchbay_engine::LogSink;
use patchbay_model::{ConnectionId, PushId, RunId};

/// The log of one run or push.
pub(crate) struct RunLog {
    work: String,
    connection: String,
    part: String,
}

impl RunLog {
    pub(crate) fn of_run(run: &RunId, connection: &ConnectionId, stream: &str) -> Self {
        Self { work: run.to_string(), connection: connection.to_string(), part: stream.to_owned() }
    }

    pub(crate) fn of_push(push: &PushId, connection: &ConnectionId, action: &str) -> Self {
        Self { work: push.to_string(), connection: connection.to_string(), part: action.to_owned() }
    }

    /// A connect that has no connection yet.
    pub(crate) fn of_connect(connector: &str) -> Self {
        Self { work: "connect".to_owned(), connection: String::new(), part: connector.to_owned() }
    }
}

impl LogSink for RunLog {
    fn line(&self, level: u8, message: &str, fields: &[(String, String)]) {
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
        tracing::debug!(target: "connector", work = self.work, done, total, "progress of {}", self.work);
    }
}
