//! What becomes of an item that is offered.
//!
//! | there is under its key | the item | it becomes |
//! |---|---|---|
//! | nothing | | new; ours at once where that was asked for and nothing is before it |
//! | the same content | ended before anything was sent, or waited for the target that came now | goes on |
//! | the same content | anything else | a duplicate |
//! | other content, and that is a change | nobody works on it, and it is known how it stands | the next revision of it |
//! | other content, and that is a change | being sent, or unknown | busy |
//! | other content, or another target | | refused |
//!
//! One transaction, and none beside it: of two that bring one key at the same time the second finds the first.

use std::collections::BTreeSet;

use patchbay_model::{BlobId, ConnectionId, PushId, PushState, Timestamp};
use sqlx::{AnyConnection, AssertSqlSafe};

use super::files;
use crate::{
    Accepted, ClaimedPush, NewPush, Push, Store, StoreError,
    audit::{NewAudit, append},
    push_moves, push_queue,
    row::{Row as _, maybe, one, select},
};

/// What stands for a target that nobody has chosen yet.
const NO_TARGET: &str = "null";

impl Store {
    /// Accepts a push, or finds the one that used its key first. With [`NewPush::claim`], one that is new, planned and
    /// has nothing before it in its lane is ours already: one durable transaction fewer.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a connection that is not the tenant's; [`StoreError::Conflict`] for a file that is gone.
    pub async fn accept_push(&self, new: NewPush) -> Result<Accepted, StoreError> {
        let store = self.clone();
        let accepted = self
            .write(move |tx| {
                Box::pin(async move {
                    let now = store.now();
                    let works = works(&mut *tx, &new).await?;
                    if new.state == PushState::Planned && new.connection.is_none() {
                        return Err(StoreError::Conflict("a push is planned for a connection"));
                    }
                    let free = works && new.state == PushState::Planned && new.claim.is_some();
                    let ours = free && !push_queue::is_taken(&mut *tx, &new).await?;
                    match insert(&mut *tx, &store, &new, ours, now).await? {
                        Some(push) => begin(tx, &store, &new, push, ours, now).await,
                        None => again(tx, &store, &new, now).await,
                    }
                })
            })
            .await?;
        if let Accepted::New(push) | Accepted::Revived(push) | Accepted::Updated(push) = &accepted
            && (push.next_at.is_some() || push.ended_at.is_some())
        {
            self.woke();
        }
        Ok(accepted)
    }
}

/// Whether the named connection can be worked for; not where none is named.
async fn works(tx: &mut AnyConnection, new: &NewPush) -> Result<bool, StoreError> {
    let Some(connection) = &new.connection else { return Ok(false) };
    let works: Option<i64> = sqlx::query_scalar(
        "SELECT CAST(CASE WHEN enabled AND state = 'active' THEN 1 ELSE 0 END AS BIGINT) FROM connections \
         WHERE id = $1 AND tenant = $2 AND state <> 'deleted'",
    )
    .bind(connection.as_str())
    .bind(new.tenant.as_str())
    .fetch_optional(tx)
    .await?;
    works.map(|works| works == 1).ok_or(StoreError::NotFound)
}

/// Writes a push; none where its key is taken.
async fn insert(
    tx: &mut AnyConnection,
    store: &Store,
    new: &NewPush,
    ours: bool,
    now: Timestamp,
) -> Result<Option<Push>, StoreError> {
    let id = PushId::fresh(&*store.clock, &*store.random);
    let state = if ours { PushState::Sending } else { new.state };
    let lease = new.claim.filter(|_| ours).map(|lease| now.plus(lease).as_micros());
    let statement = sqlx::query(AssertSqlSafe(format!(
        "INSERT INTO pushes (id, tenant, connection, connector, action, key, target, payload, attachments, content_hash, \
         source, lane, queued_at, on_demand, expires_at, state, code, person, fields, attempts, epoch, lease_until, \
         next_at, created_at, updated_at, ended_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, '[]', $19, $19, $20, \
         $21, $13, $13, $22) ON CONFLICT DO NOTHING RETURNING {}",
        Push::COLUMNS
    )))
    .bind(id.as_str())
    .bind(new.tenant.as_str())
    .bind(new.connection.as_ref().map(ConnectionId::as_str))
    .bind(new.connector.as_str())
    .bind(new.action.as_str())
    .bind(new.key.as_str())
    .bind(new.target.as_str())
    .bind(new.payload.as_str())
    .bind(new.attachments.as_str())
    .bind(new.content_hash.to_vec())
    .bind(new.source.as_deref())
    .bind(new.lane.as_deref())
    .bind(now.as_micros())
    .bind(new.on_demand)
    .bind(new.expires_at.map(Timestamp::as_micros))
    .bind(state.as_str())
    .bind(new.reason.as_ref().map(|(code, _)| code.id()))
    .bind(new.reason.as_ref().map(|(_, text)| text.as_str()))
    .bind(i64::from(ours))
    .bind(lease)
    .bind((state == PushState::Planned).then(|| now.as_micros()))
    .bind((state == PushState::Skipped).then(|| now.as_micros()));
    maybe(tx, statement).await
}

/// What else there is to write about a push that is new.
async fn begin(
    tx: &mut AnyConnection,
    store: &Store,
    new: &NewPush,
    push: Push,
    ours: bool,
    now: Timestamp,
) -> Result<Accepted, StoreError> {
    files::keep_first(&mut *tx, &new.tenant, &push.id, &named(&new.blobs)).await?;
    if ours {
        push_moves::note_claimed_at_once(&mut *tx, &push.id, now).await?;
    } else {
        push_moves::note(&mut *tx, &[push.id.as_str()], None, now).await?;
    }
    if push.ended_at.is_some() {
        push_queue::tell(&mut *tx, store, &push, now).await?;
    }
    append(tx, &store.audit_line(NewAudit::of(Some(&push.tenant), "host", "push.accepted", &push.id))).await?;
    Ok(if ours { Accepted::Claimed(ClaimedPush { push, was: PushState::Planned }) } else { Accepted::New(push) })
}

fn named(blobs: &[BlobId]) -> BTreeSet<&str> {
    blobs.iter().map(BlobId::as_str).collect()
}

/// What becomes of an item whose key is taken.
async fn again(tx: &mut AnyConnection, store: &Store, new: &NewPush, now: Timestamp) -> Result<Accepted, StoreError> {
    use PushState as S;
    let rest = "WHERE p.tenant = $1 AND p.connector = $2 AND p.action = $3 AND p.key = $4";
    let statement = sqlx::query(select::<Push>(rest)).bind(new.tenant.as_str()).bind(new.connector.as_str());
    let there: Push = one(&mut *tx, statement.bind(new.action.as_str()).bind(new.key.as_str())).await?;
    let none = |target: &str| target == NO_TARGET;
    let same_target = there.target == new.target || none(&there.target) || none(&new.target);
    if !same_target {
        return Ok(Accepted::OtherContent(there));
    }
    if there.content_hash == new.content_hash {
        let unsent = matches!(there.state, S::Skipped | S::Expired) && new.state != S::Skipped;
        let target_came = there.state == S::Waiting && none(&there.target) && !none(&new.target);
        if !unsent && !target_came {
            return Ok(Accepted::Duplicate(there));
        }
        return put(tx, store, new, &there, false, now).await.map(Accepted::Revived);
    }
    // Where nobody knows which object it is, a change would be a second one.
    let nameless = there.state == S::Done && there.object_id.is_none();
    if !new.update || nameless {
        return Ok(Accepted::OtherContent(there));
    }
    if there.lease_until.is_some() || matches!(there.state, S::Sending | S::Unknown) {
        return Ok(Accepted::Busy(there));
    }
    put(tx, store, new, &there, true, now).await.map(Accepted::Updated)
}

/// Begins the push that is there once more, as `new` says. What the provider gave it stays: the connector is told.
async fn put(
    tx: &mut AnyConnection,
    store: &Store,
    new: &NewPush,
    there: &Push,
    changed: bool,
    now: Timestamp,
) -> Result<Push, StoreError> {
    // A target that was chosen before stands, with its lane. An object is changed where it is.
    let keeps_target = new.target == NO_TARGET && there.target != NO_TARGET;
    let (target, lane) = if keeps_target { (&there.target, &there.lane) } else { (&new.target, &new.lane) };
    let keeps_connection = new.connection.is_none() && there.object_id.is_some();
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
