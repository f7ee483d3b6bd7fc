//! The journal of writes: which step of which push left, with which request, and what came back.
//!
//! | step is | same request | other request |
//! |---|---|---|
//! | not there, `open` | send, unless another step is in the way | the same |
//! | `answered` | replay the stored answer | mismatch |
//! | `sending`, `lost` | unknown: do not send | mismatch |
//! | `found` | it is there: go on behind it | the same |
//!
//! Another step is in the way where it may have been written and nobody knows, and in an action that writes once
//! where it did anything at all: a step under a new name is no way around its journal.
//!
//! `sending` is committed before the first byte leaves; one that an earlier attempt left behind has no
//! known outcome. A step is begun only under a lease that has not lapsed. What became of it is a fact that
//! is stored as long as nobody else has taken the push over: its epoch alone fences that, so an answer
//! that comes after the push was put aside (a deploy) is not lost.
//!
//! Steps belong to a revision of their push. Those of an earlier content are kept to be read, and nothing of them is
//! replayed. [`begin`] tells how a step begins and what came back, [`found`] what was found out about it later.

mod begin;
mod found;

use patchbay_model::{PushId, Timestamp};
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::{
    Push, Store, StoreError,
    dialect::Dialect,
    row::{Reader, Row, many, select, words},
};

pub use found::Absent;

/// Whether something of a push may have been written; of the row that is being changed.
pub(crate) const IN_DOUBT: &str = "EXISTS (SELECT 1 FROM push_steps t WHERE t.push = pushes.id \
    AND t.revision = pushes.revision AND t.state IN ('sending', 'lost', 'answered', 'found'))";

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// It may have left; no answer yet.
    Sending,
    /// The answer is stored.
    Answered,
    /// It surely did nothing and may be sent (again).
    Open,
    /// It may have left, and no answer came.
    Lost,
    /// Its answer was lost, and what it wrote was found at the provider.
    Found,
}

impl StepState {
    /// The word of the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Answered => "answered",
            Self::Open => "open",
            Self::Lost => "lost",
            Self::Found => "found",
        }
    }

    /// The case of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [Self::Sending, Self::Answered, Self::Open, Self::Lost, Self::Found];
        all.into_iter().find(|state| state.as_str() == word)
    }
}
words!(StepState);

/// An answer of a provider, as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepAnswer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body, at most 64 KiB.
    pub body: Vec<u8>,
    /// Whether that is all of it.
    pub whole: bool,
}

/// What to do with a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepBegin {
    /// Send it: the intent is on disk.
    Send,
    /// It was answered: hand this on and send nothing.
    Replay(StepAnswer),
    /// It may have been written: send nothing, look it up.
    Unknown,
    /// It was written, and its answer was lost: send nothing, go on behind it.
    Found {
        /// The object at the provider.
        id: String,
        /// Where a person can see it.
        url: Option<String>,
    },
    /// The step was used for another request: a defect of the connector.
    Mismatch,
    /// Another step of this content may have been written: send nothing until it is known whether it was.
    InDoubt {
        /// Which.
        step: String,
    },
    /// The action writes once, and another step of this content was its write: a defect of the connector.
    Single {
        /// Which.
        step: String,
    },
}

/// A step of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushStep {
    /// Its name.
    pub step: String,
    /// Of which revision of the push.
    pub revision: u32,
    /// SHA-256 of the request.
    pub request_hash: [u8; 32],
    /// How it stands.
    pub state: StepState,
    /// The answer.
    pub answer: Option<StepAnswer>,
    /// When the bytes that may be there first left, however often they were repeated since.
    pub first_sent_at: Timestamp,
    /// When it was begun last, or repeated.
    pub sent_at: Timestamp,
    /// When the answer came.
    pub answered_at: Option<Timestamp>,
    /// When it was noted as lost; none of one that is not.
    pub lost_at: Option<Timestamp>,
    /// When the provider said that it does not have it, once so far since the step was begun.
    pub absent_at: Option<Timestamp>,
    /// How often it was opened again because the provider said so twice.
    pub reopened: u32,
    /// The object that was found at the provider.
    pub object_id: Option<String>,
    /// Where a person can see that.
    pub object_url: Option<String>,
}

impl Row for PushStep {
    const TABLE: &'static str = "push_steps";
    const FROM: &'static str = "push_steps t";
    const COLUMNS: &'static str = "t.step, t.revision, t.request_hash, t.state, t.status, t.headers, t.body, t.whole, \
        t.first_sent_at, t.sent_at, t.answered_at, t.lost_at, t.absent_at, t.reopened, t.object_id, t.object_url";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        let (step, revision) = (r.next::<String>("step")?, r.next("revision")?);
        let (request_hash, state) = (r.next("request_hash")?, r.next("state")?);
        let (status, headers) = (r.next::<Option<u16>>("status")?, r.next::<Option<String>>("headers")?);
        let (body, whole) = (r.next::<Option<Vec<u8>>>("body")?, r.next("whole")?);
        let answer = match (status, headers) {
            (Some(status), Some(headers)) => {
                let bad = |_| StoreError::Inconsistent { table: Self::TABLE, column: "headers", row: step.clone() };
                let headers = serde_json::from_str(&headers).map_err(bad)?;
                Some(StepAnswer { status, headers, body: body.unwrap_or_default(), whole })
            }
            _ => None,
        };
        Ok(Self {
            step,
            revision,
            request_hash,
            state,
            answer,
            first_sent_at: r.next("first_sent_at")?,
            sent_at: r.next("sent_at")?,
            answered_at: r.next("answered_at")?,
            lost_at: r.next("lost_at")?,
            absent_at: r.next("absent_at")?,
            reopened: r.next("reopened")?,
            object_id: r.next("object_id")?,
            object_url: r.next("object_url")?,
        })
    }
}

impl Store {
    /// Steps of the present revision of a push that the caller already found for its tenant, in the order in which they
    /// were begun.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn push_steps(&self, push: &PushId) -> Result<Vec<PushStep>, StoreError> {
        let rest = "WHERE t.push = $1 AND t.revision = (SELECT p.revision FROM pushes p WHERE p.id = $1) \
            ORDER BY t.sent_at, t.step LIMIT 1000";
        many(self.read(), sqlx::query(select::<PushStep>(rest)).bind(push.as_str())).await
    }

    /// The same of every revision, the newest two hundred, and without the bodies of their answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn all_push_steps(&self, push: &PushId) -> Result<Vec<PushStep>, StoreError> {
        let statement = format!(
            "SELECT {} FROM {} WHERE t.push = $1 ORDER BY t.revision DESC, t.sent_at DESC, t.step DESC LIMIT 200",
            PushStep::COLUMNS.replacen("t.body", "CASE WHEN FALSE THEN t.body END", 1),
            PushStep::FROM
        );
        let mut steps: Vec<PushStep> =
            many(self.read(), sqlx::query(AssertSqlSafe(statement)).bind(push.as_str())).await?;
        steps.reverse();
        Ok(steps)
    }
}

/// Nobody else has taken the push over: its present revision. On PostgreSQL the push stays ours until the end of the
/// transaction: whoever wants to take it over waits, and sees what was written.
async fn fence(tx: &mut AnyConnection, push: &PushId, epoch: i64) -> Result<i64, StoreError> {
    let statement = fence_statement(Dialect::of(tx));
    let ours = sqlx::query_scalar(AssertSqlSafe(statement)).bind(push.as_str()).bind(epoch);
    ours.fetch_optional(tx).await?.ok_or(StoreError::Stale)
}

fn fence_statement(dialect: Dialect) -> String {
    let locked = dialect.pick("", "FOR UPDATE");
    format!("SELECT revision FROM pushes WHERE id = $1 AND epoch = $2 {locked}")
}

/// Whether something of a push may have been written, inside a transaction that is alone.
pub(crate) async fn in_doubt(tx: &mut AnyConnection, push: &Push) -> Result<bool, StoreError> {
    let statement = format!("SELECT CAST(1 AS BIGINT) FROM pushes WHERE id = $1 AND {IN_DOUBT}");
    let found: Option<i64> =
        sqlx::query_scalar(AssertSqlSafe(statement)).bind(push.id.as_str()).fetch_optional(tx).await?;
    Ok(found.is_some())
}

/// Whether something of any content of a push is at the provider, or may be: what was answered with a refusal is not.
pub(crate) async fn may_be_there(tx: &mut AnyConnection, push: &PushId) -> Result<bool, StoreError> {
    let statement = "SELECT CAST(1 AS BIGINT) FROM push_steps WHERE push = $1 AND (state IN ('sending', 'lost', 'found') \
        OR (state = 'answered' AND status BETWEEN 200 AND 299)) LIMIT 1";
    let found: Option<i64> = sqlx::query_scalar(statement).bind(push.as_str()).fetch_optional(tx).await?;
    Ok(found.is_some())
}

/// Opens what was refused of a push, inside a transaction that is alone: somebody wants it sent again, and without this the
/// refusal would be replayed for ever. Not what says neither yes nor no.
pub(crate) async fn open_refused(tx: &mut AnyConnection, push: &Push) -> Result<(), StoreError> {
    let statement = "UPDATE push_steps SET state = 'open' WHERE push = $1 AND revision = $2 AND state = 'answered' \
        AND (status < 200 OR status BETWEEN 300 AND 499) AND status NOT IN (408, 425)";
    sqlx::query(statement).bind(push.id.as_str()).bind(i64::from(push.revision)).execute(tx).await?;
    Ok(())
}

/// Opens what was lost of a push, inside a transaction that is alone: somebody wants it sent again.
pub(crate) async fn open_lost(tx: &mut AnyConnection, push: &Push) -> Result<(), StoreError> {
    let statement = "UPDATE push_steps SET state = 'open', lost_at = NULL \
        WHERE push = $1 AND revision = $2 AND state IN ('lost', 'sending')";
    sqlx::query(statement).bind(push.id.as_str()).bind(i64::from(push.revision)).execute(tx).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
