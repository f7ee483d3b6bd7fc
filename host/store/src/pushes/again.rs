//! What becomes of an item whose key is taken: the table is in [`super::accept`].

use std::collections::BTreeSet;

use patchbay_model::{BlobId, ConnectionId, PushState, Timestamp};
use sqlx::{AnyConnection, AssertSqlSafe};

use super::{BY_KEY, files};
use crate::{
    Accepted, NewPush, Push, Store, StoreError,
    audit::{NewAudit, append},
    push_moves, push_queue, push_steps,
    row::{Row as _, one, select},
};

/// What stands for a target that nobody has chosen yet.
const NO_TARGET: &str = "null";

pub(super) fn named(blobs: &[BlobId]) -> BTreeSet<&str> {
    blobs.iter().map(BlobId::as_str).collect()
}

/// What becomes of an item whose key is taken.
pub(super) async fn again(
    tx: &mut AnyConnection,
    store: &Store,
    new: &NewPush,
    now: Timestamp,
) -> Result<Accepted, StoreError> {
    use PushState as S;
    let statement = sqlx::query(select::<Push>(BY_KEY)).bind(new.tenant.as_str()).bind(new.connector.as_str());
    let there: Push = one(&mut *tx, statement.bind(new.action.as_str()).bind(new.key.as_str())).await?;
    let none = |target: &str| target == NO_TARGET;
    let same_target = there.target == new.target || none(&there.target) || none(&new.target);
    if !same_target {
        return Ok(Accepted::OtherContent(there));
    }
    // What is there, or may be, stays with the connection that wrote it.
    let unsure = push_steps::may_be_there(&mut *tx, &there.id).await?;
    let tied = there.object_id.is_some() || unsure;
    if there.content_hash == new.content_hash {
        let unsent = matches!(there.state, S::Skipped | S::Expired) && new.state != S::Skipped;
        let target_came = there.state == S::Waiting && none(&there.target) && !none(&new.target);
        if !unsent && !target_came {
            return refiled(tx, new, there).await.map(Accepted::Duplicate);
        }
        if tied && moves(&mut *tx, new, &there).await? {
            return Ok(Accepted::Elsewhere(there));
        }
        return put(tx, store, new, &there, tied, now).await.map(Accepted::Revived);
    }
    // Where nobody knows which object it is, a change would be a second one.
    let nameless = there.state == S::Done && there.object_id.is_none();
    if !new.update || nameless {
        return Ok(Accepted::OtherContent(there));
    }
    if there.object_id.is_some() && moves(&mut *tx, new, &there).await? {
        return Ok(Accepted::Elsewhere(there));
    }
    let under_way = there.lease_until.is_some() || matches!(there.state, S::Sending | S::Unknown);
    if under_way || (there.object_id.is_none() && unsure) {
        return Ok(Accepted::Busy(there));
    }
    put(tx, store, new, &there, tied, now).await.map(Accepted::Updated)
}

/// Whether it would go on by another connection than the one that it had, or that one is gone.
async fn moves(tx: &mut AnyConnection, new: &NewPush, there: &Push) -> Result<bool, StoreError> {
    let Some(had) = &there.connection else { return Ok(true) };
    if new.connection.as_ref().is_some_and(|named| named != had) {
        return Ok(true);
    }
    let statement = "SELECT CAST(1 AS BIGINT) FROM connections WHERE id = $1 AND state <> 'deleted'";
    let stands: Option<i64> = sqlx::query_scalar(statement).bind(had.as_str()).fetch_optional(tx).await?;
    Ok(stands.is_none())
}

/// One that came to nothing takes the files that came now, which are the same under other names: those that it had may
/// have been forgotten since, and it could never be sent again.
async fn refiled(tx: &mut AnyConnection, new: &NewPush, there: Push) -> Result<Push, StoreError> {
    use PushState as S;
    let over = matches!(there.state, S::Failed | S::Rejected | S::Skipped | S::Expired);
    if !over || there.attachments == new.attachments {
        return Ok(there);
    }
    files::name(&mut *tx, &new.tenant, &there.id, &named(&new.blobs)).await?;
    let statement = format!("UPDATE pushes SET attachments = $2 WHERE id = $1 RETURNING {}", Push::COLUMNS);
    let statement = sqlx::query(AssertSqlSafe(statement)).bind(there.id.as_str()).bind(new.attachments.as_str());
    one(tx, statement).await
}

/// Begins the push that is there once more, as `new` says. What the provider gave it stays: the connector is told.
async fn put(
    tx: &mut AnyConnection,
    store: &Store,
    new: &NewPush,
    there: &Push,
    tied: bool,
    now: Timestamp,
) -> Result<Push, StoreError> {
    let changed = there.content_hash != new.content_hash;
    // A target that was chosen before stands, with its lane. An object is changed where it is.
    let keeps_target = new.target == NO_TARGET && there.target != NO_TARGET;
    let (target, lane) = if keeps_target { (&there.target, &there.lane) } else { (&new.target, &new.lane) };
    let keeps_connection = new.connection.is_none() && tied;
    let connection = if keeps_connection { &there.connection } else { &new.connection };
    files::keep(&mut *tx, &new.tenant, &there.id, &named(&new.blobs)).await?;
    let statement = sqlx::query(AssertSqlSafe(format!(
        "UPDATE pushes SET connection = $2, target = $3, payload = $4, attachments = $5, content_hash = $6, \
         revision = revision + $7, source = coalesce($8, source), lane = $9, queued_at = $10, on_demand = $11, \
         expires_at = $12, looks = 0, state = $13, result = NULL, code = $14, person = $15, operator = NULL, fields = '[]', \
         attempts = 0, deaths = 0, epoch = epoch + 1, next_at = $16, updated_at = $10, ended_at = $17 \
         WHERE id = $1 RETURNING {}",
        Push::COLUMNS
    )))
    .bind(there.id.as_str())
    .bind(connection.as_ref().map(ConnectionId::as_str))
    .bind(target.as_str())
    .bind(new.payload.as_str())
    .bind(new.attachments.as_str())
    .bind(new.content_hash.to_vec())
    .bind(i64::from(changed))
    .bind(new.source.as_deref())
    .bind(lane.as_deref())
    .bind(now.as_micros())
    .bind(new.on_demand)
    .bind(new.expires_at.map(Timestamp::as_micros))
    .bind(new.state.as_str())
    .bind(new.reason.as_ref().map(|(code, _)| code.id()))
    .bind(new.reason.as_ref().map(|(_, text)| text.as_str()))
    .bind((new.state == PushState::Planned).then(|| now.as_micros()))
    .bind((new.state == PushState::Skipped).then(|| now.as_micros()));
    let push: Push = one(&mut *tx, statement).await?;
    push_moves::note(&mut *tx, &[push.id.as_str()], None, now).await?;
    if push.ended_at.is_some() {
        push_queue::tell(&mut *tx, store, &push, now).await?;
    }
    let action = if changed { "push.updated" } else { "push.revived" };
    append(tx, &store.audit_line(NewAudit::of(Some(&push.tenant), "host", action, &push.id))).await?;
    Ok(push)
}
