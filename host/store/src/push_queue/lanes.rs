//! Lanes: pushes of one connection with the same lane are sent one after the other.
//!
//! At the head of a lane stands the one that may have left (`sending`, `unknown`), else the planned one with the earliest
//! (`queued_at`, `id`); no other one is claimed. One that waits holds up nobody, and keeps its place for when it goes on.
//!
//! Two nodes that claim beside each other cannot both pass. Nothing that runs beside a claim brings a push into a lane
//! (accepting, sending, waking and deciding do, and those run alone). So whatever moment a node looks at, the head that it
//! finds stands at or before the one that another finds, and of one head the row lock lets only one node have it. What an
//! end did to a push between the look and the lock (a look-up may find that it is to be sent again, behind one that was
//! woken meanwhile) is judged once more when nobody else can touch it ([`still_first`]).

use std::collections::HashSet;

use patchbay_model::{ConnectionId, PushId, PushState, Timestamp};
use sqlx::{AnyConnection, AssertSqlSafe};

use super::choice::Due;
use crate::{
    NewPush, Push, Store, StoreError,
    dialect::Dialect,
    row::{Reader, Row as _, Statement, json, many},
    writer::Answer,
};

/// The head of a lane, of which connection and name are given as they are spelled in the statement. Each of the three
/// is the first entry at its place in the index, however many stand behind it.
fn head_of(dialect: Dialect, connection: &str, lane: &str) -> String {
    let index = dialect.pick("INDEXED BY pushes_in_lane", "");
    let first = |state: PushState| {
        format!(
            "(SELECT h.id FROM pushes h {index} WHERE h.connection = {connection} AND h.lane = {lane} \
             AND h.lane IS NOT NULL AND h.ended_at IS NULL AND h.state = '{}' ORDER BY h.queued_at, h.id LIMIT 1)",
            state.as_str()
        )
    };
    let [sending, unknown, planned] = [PushState::Sending, PushState::Unknown, PushState::Planned].map(first);
    format!("coalesce({sending}, {unknown}, {planned})")
}

/// The heads of lanes that are given as a list `$1` of pairs.
pub(super) fn heads_statement(dialect: Dialect) -> String {
    let part = |n| dialect.pick(format!("t.value ->> {n}"), format!("(CAST(t.value AS JSON) ->> {n})"));
    format!("SELECT {} FROM json_each($1) t", head_of(dialect, &part(0), &part(1)))
}

/// The heads of all lanes of the connection `$1`, from one lane to the next in the index.
pub(super) fn heads_of_connection(dialect: Dialect) -> String {
    let index = dialect.pick("INDEXED BY pushes_in_lane", "");
    // PostgreSQL reads all of them for a `min`.
    let first = "ORDER BY p.connection, p.lane LIMIT 1";
    let open = "p.connection = $1 AND p.lane IS NOT NULL AND p.ended_at IS NULL";
    format!(
        "WITH RECURSIVE l (lane) AS (SELECT (SELECT p.lane FROM pushes p {index} WHERE {open} {first}) \
         UNION ALL SELECT (SELECT p.lane FROM pushes p {index} WHERE {open} AND p.lane > l.lane {first}) \
         FROM l WHERE l.lane IS NOT NULL) SELECT {} FROM l WHERE l.lane IS NOT NULL",
        head_of(dialect, "$1", "l.lane")
    )
}

/// Of these, those that nothing stands before: what stands in no lane, and the head of each lane. With a time also such
/// a head of theirs that is not among them and due by then.
pub(super) async fn firsts(
    tx: &mut AnyConnection,
    pushes: Vec<Due>,
    due: Option<Timestamp>,
) -> Result<Vec<Due>, StoreError> {
    let lanes: HashSet<(&str, &str)> =
        pushes.iter().filter_map(|push| Some((push.connection.as_str(), push.lane.as_deref()?))).collect();
    if lanes.is_empty() {
        return Ok(pushes);
    }
    let statement = heads_statement(Dialect::of(tx));
    let heads: Vec<Option<String>> =
        sqlx::query_scalar(AssertSqlSafe(statement)).bind(json(&lanes)?).fetch_all(&mut *tx).await?;
    let mut heads: HashSet<String> = heads.into_iter().flatten().collect();
    let mut firsts: Vec<Due> =
        pushes.into_iter().filter(|push| push.lane.is_none() || heads.remove(&push.id)).collect();
    if let Some(now) = due {
        firsts.extend(those_due(tx, &heads, now).await?);
    }
    Ok(firsts)
}

/// What may be taken of a connection of which many stand in few lanes: the heads of all its lanes, and the first ones
/// that stand in none.
pub(super) async fn of_connection(
    tx: &mut AnyConnection,
    connection: &str,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<Due>, StoreError> {
    let statement = heads_of_connection(Dialect::of(tx));
    let heads: Vec<Option<String>> =
        sqlx::query_scalar(AssertSqlSafe(statement)).bind(connection).fetch_all(&mut *tx).await?;
    let mut found = those_due(&mut *tx, &heads.into_iter().flatten().collect(), now).await?;
    let statement = format!(
        "SELECT {} FROM pushes p {} WHERE p.connection = $1 AND p.next_at <= $2 \
         AND p.lane IS NULL ORDER BY p.next_at LIMIT $3",
        Due::COLUMNS,
        Dialect::of(tx).pick("INDEXED BY pushes_due_of_connection", "")
    );
    let statement = sqlx::query(AssertSqlSafe(statement)).bind(connection).bind(now.as_micros());
    found.extend(many::<Due>(tx, statement.bind(i64::try_from(limit).unwrap_or(i64::MAX))).await?);
    Ok(found)
}

/// Those of these that are due.
async fn those_due(tx: &mut AnyConnection, ids: &HashSet<String>, now: Timestamp) -> Result<Vec<Due>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let statement = format!(
        "SELECT {} FROM pushes p WHERE p.id IN (SELECT value FROM json_each($1)) AND p.next_at <= $2",
        Due::COLUMNS
    );
    many(tx, sqlx::query(AssertSqlSafe(statement)).bind(json(ids)?).bind(now.as_micros())).await
}

/// Asks whether somebody stands in the lane of a push that is to be accepted, inside a transaction that is alone.
pub(crate) fn taken_asked(new: &NewPush) -> Statement<'_> {
    sqlx::query(
        "SELECT CAST(1 AS BIGINT) FROM pushes WHERE connection = $1 AND lane = $2 AND lane IS NOT NULL \
         AND ended_at IS NULL AND state IN ('planned', 'sending', 'unknown') LIMIT 1",
    )
    .bind(new.connection.as_ref().map(ConnectionId::as_str))
    .bind(new.lane.as_deref())
}

/// The answer.
pub(crate) fn is_taken(answer: &Answer) -> bool {
    answer.first(Push::TABLE).is_some()
}

/// Those of these, which are locked, that nothing stands before as they are now.
pub(super) async fn still_first(tx: &mut AnyConnection, due: Vec<Push>) -> Result<Vec<Push>, StoreError> {
    let lanes: HashSet<(&str, &str)> = due
        .iter()
        .filter_map(|push| Some((push.connection.as_ref().map(ConnectionId::as_str)?, push.lane.as_deref()?)))
        .collect();
    if Dialect::of(tx) == Dialect::Sqlite || lanes.is_empty() {
        return Ok(due);
    }
    let statement = sqlx::query_scalar(AssertSqlSafe(heads_statement(Dialect::Postgres)));
    let heads: Vec<Option<String>> = statement.bind(json(&lanes)?).fetch_all(tx).await?;
    let heads: HashSet<String> = heads.into_iter().flatten().collect();
    Ok(due.into_iter().filter(|push| push.lane.is_none() || heads.contains(push.id.as_str())).collect())
}

impl Store {
    /// The push that stands at the head of the lane of this one; none for one that waits for nobody.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn waits_for(&self, push: &Push) -> Result<Option<PushId>, StoreError> {
        let open = matches!(push.state, PushState::Planned | PushState::Sending | PushState::Unknown);
        let (Some(lane), Some(connection)) = (&push.lane, push.connection.as_ref().filter(|_| open)) else {
            return Ok(None);
        };
        let statement = format!("SELECT {}", head_of(self.dialect(), "$1", "$2"));
        let row = sqlx::query(AssertSqlSafe(statement)).bind(ConnectionId::as_str(connection)).bind(lane.as_str());
        let row = row.fetch_one(self.read()).await?;
        let head: Option<PushId> = Reader::of(&row, Push::TABLE).next("id")?;
        Ok(head.filter(|head| *head != push.id))
    }
}
