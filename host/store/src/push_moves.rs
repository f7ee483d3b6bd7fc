//! How a push came to stand as it does: each state it came to, when and why, and whose word it was.

use patchbay_model::{Code, PushId, PushState, Timestamp};
use sqlx::AnyConnection;

use crate::{
    Store, StoreError,
    row::{Reader, Row, Statement, json, many, select},
};

/// A state that a push came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushMove {
    /// When.
    pub at: Timestamp,
    /// Which.
    pub state: PushState,
    /// Why.
    pub code: Option<Code>,
    /// Whose word it was; the host's own moves have none.
    pub actor: Option<String>,
}

impl Row for PushMove {
    const TABLE: &'static str = "push_moves";
    const FROM: &'static str = "push_moves m";
    const COLUMNS: &'static str = "m.at, m.state, m.code, m.actor";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self { at: r.next("at")?, state: r.next("state")?, code: r.next("code")?, actor: r.next("actor")? })
    }
}

impl Store {
    /// The newest 200 moves of a push that the caller already found for its tenant, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn push_moves(&self, push: &PushId) -> Result<Vec<PushMove>, StoreError> {
        let statement = sqlx::query(select::<PushMove>("WHERE m.push = $1 ORDER BY m.no DESC LIMIT 200"));
        let mut moves: Vec<PushMove> = many(self.read(), statement.bind(push.as_str())).await?;
        moves.reverse();
        Ok(moves)
    }
}

/// Notes how these pushes stand now, in the transaction that brought them there.
pub(crate) async fn note(
    tx: &mut AnyConnection,
    pushes: &[&str],
    actor: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    if pushes.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO push_moves (push, at, state, code, actor) SELECT p.id, $2, p.state, p.code, $3 FROM pushes p \
         WHERE p.id IN (SELECT value FROM json_each($1)) ORDER BY p.id",
    )
    .bind(json(&pushes)?)
    .bind(now.as_micros())
    .bind(actor)
    .execute(tx)
    .await?;
    Ok(())
}

/// Notes where a push is about to be brought, where that is another state or another reason, or somebody's word.
pub(crate) fn noted_before<'a>(
    push: &'a PushId,
    to: (PushState, Option<Code>),
    actor: Option<&'a str>,
    now: Timestamp,
) -> Statement<'a> {
    sqlx::query(
        "INSERT INTO push_moves (push, at, state, code, actor) SELECT p.id, $2, $3, $4, $5 FROM pushes p \
         WHERE p.id = $1 AND (p.state <> $3 OR p.code IS DISTINCT FROM $4 OR $5 IS NOT NULL)",
    )
    .bind(push.as_str())
    .bind(now.as_micros())
    .bind(to.0.as_str())
    .bind(to.1.map(Code::id))
    .bind(actor)
}

/// Notes that a push was accepted, and, where it was, taken in one go.
pub(crate) fn noted_first(push: &PushId, state: PushState, code: Option<Code>, now: Timestamp) -> Statement<'_> {
    let statement = if state == PushState::Sending {
        "INSERT INTO push_moves (push, at, state, code) VALUES ($1, $2, 'planned', NULL), ($1, $2, $3, $4)"
    } else {
        "INSERT INTO push_moves (push, at, state, code) VALUES ($1, $2, $3, $4)"
    };
    sqlx::query(statement).bind(push.as_str()).bind(now.as_micros()).bind(state.as_str()).bind(code.map(Code::id))
}
