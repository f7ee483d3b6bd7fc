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

use patchbay_model::{ConnectionId, PushId, PushState};
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::{
    NewPush, Push, Store, StoreError,
    dialect::Dialect,
    row::{Reader, Row as _},
};

/// The push at the head of each lane. One look at all that stand in lanes: asking of each push whether another one stands
/// before it costs PostgreSQL half a minute for ten thousand of one lane that it has not counted yet.
pub(super) fn heads(dialect: Dialect) -> String {
    format!(
        "SELECT h.id FROM (SELECT id, row_number() OVER (PARTITION BY connection, lane \
         ORDER BY CASE state WHEN 'planned' THEN 1 ELSE 0 END, queued_at, id) AS place FROM pushes {} \
         WHERE lane IS NOT NULL AND ended_at IS NULL AND state IN ('planned', 'sending', 'unknown')) h WHERE h.place = 1",
        dialect.pick("INDEXED BY pushes_in_lane", "")
    )
}

/// Whether somebody stands in the lane of a push that is to be accepted, inside a transaction that is alone.
pub(crate) async fn is_taken(tx: &mut AnyConnection, new: &NewPush) -> Result<bool, StoreError> {
    let (Some(lane), Some(connection)) = (&new.lane, &new.connection) else { return Ok(false) };
    let found: Option<i64> = sqlx::query_scalar(
        "SELECT CAST(1 AS BIGINT) FROM pushes WHERE connection = $1 AND lane = $2 AND lane IS NOT NULL \
         AND ended_at IS NULL AND state IN ('planned', 'sending', 'unknown') LIMIT 1",
    )
    .bind(connection.as_str())
    .bind(lane.as_str())
    .fetch_optional(tx)
    .await?;
    Ok(found.is_some())
}

/// Those of these, which are locked, that nothing stands before as they are now.
pub(super) async fn still_first(tx: &mut AnyConnection, due: Vec<Push>) -> Result<Vec<Push>, StoreError> {
    if Dialect::of(tx) == Dialect::Sqlite || due.iter().all(|push| push.lane.is_none()) {
        return Ok(due);
    }
    let heads: HashSet<String> =
        sqlx::query_scalar(AssertSqlSafe(heads(Dialect::Postgres))).fetch_all(tx).await?.into_iter().collect();
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
        let row = sqlx::query(
            "SELECT id FROM pushes WHERE connection = $1 AND lane = $2 AND lane IS NOT NULL AND ended_at IS NULL \
             AND state IN ('planned', 'sending', 'unknown') \
             ORDER BY CASE state WHEN 'planned' THEN 1 ELSE 0 END, queued_at, id LIMIT 1",
        );
        let row = row.bind(ConnectionId::as_str(connection)).bind(lane.as_str()).fetch_optional(self.read()).await?;
        let head: Option<PushId> = row.map(|row| Reader::of(&row, Push::TABLE).next("id")).transpose()?;
        Ok(head.filter(|head| *head != push.id))
    }
}
