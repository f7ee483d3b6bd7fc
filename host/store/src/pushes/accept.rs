//! What becomes of an item that is offered.
//!
//! | there is under its key | the item | it becomes |
//! |---|---|---|
//! | nothing | | new; ours at once where that was asked for and nothing is before it |
//! | the same content | ended before anything was sent, or waited for the target that came now | goes on |
//! | the same content, files uploaded once more | came to nothing | a duplicate that has the new files |
//! | the same content | anything else | a duplicate |
//! | other content, and that is a change | nobody works on it, and it is known how it stands | the next revision of it |
//! | other content, and that is a change | being sent, or unknown, or there without a name | busy |
//! | what would go on or change, but by another connection | there, or perhaps | elsewhere |
//! | other content, or another target | | refused |
//!
//! One transaction, and none beside it: of two that bring one key at the same time the second finds the first.

use patchbay_model::{ConnectionId, PushId, PushState, Timestamp};
use sqlx::{AnyConnection, AssertSqlSafe};

use super::{
    again::{again, named},
    files,
};
use crate::{
    Accepted, ClaimedPush, NewPush, Push, Store, StoreError,
    audit::{NewAudit, Standing, stand_in_line},
    push_moves, push_queue,
    row::{Row as _, maybe},
    writer::together,
};

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
                    let (free, standing) = look(&mut *tx, &store, &new).await?;
                    if new.state == PushState::Planned && new.connection.is_none() {
                        return Err(StoreError::Conflict("a push is planned for a connection"));
                    }
                    let ours = free && new.state == PushState::Planned && new.claim.is_some();
                    match insert(&mut *tx, &store, &new, ours, now).await? {
                        Some(push) => begin(tx, &store, &new, push, standing, now).await,
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

/// Whether a worker may have the push at once: its connection works, nobody stands before it in its lane, and the tenant
/// and the connection may have one more at work. And what the line about it is chained to.
async fn look(tx: &mut AnyConnection, store: &Store, new: &NewPush) -> Result<(bool, Standing), StoreError> {
    stand_in_line(&mut *tx).await?;
    let works = sqlx::query(
        "SELECT CAST(CASE WHEN enabled AND state = 'active' THEN 1 ELSE 0 END AS BIGINT) FROM connections \
         WHERE id = $1 AND tenant = $2 AND state <> 'deleted'",
    );
    let works = works.bind(new.connection.as_ref().map(ConnectionId::as_str)).bind(new.tenant.as_str());
    let asked = [works, push_queue::taken_asked(new), push_queue::room_asked(new), Standing::asked()];
    let [works, taken, room, standing] = together(tx, asked).await?;
    let works = match works.first("connections") {
        Some(mut row) => row.next::<i64>("state")? == 1,
        None if new.connection.is_some() => return Err(StoreError::NotFound),
        None => false,
    };
    let free = works && !push_queue::is_taken(&taken) && push_queue::has_room(&room, new.room)?;
    Ok((free, Standing::read(standing.first("audit"), store)?))
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
    standing: Standing,
    now: Timestamp,
) -> Result<Accepted, StoreError> {
    files::keep_first(&mut *tx, &new.tenant, &push.id, &named(&new.blobs)).await?;
    if push.ended_at.is_some() {
        push_queue::tell(&mut *tx, store, &push, now).await?;
    }
    let noted = push_moves::noted_first(&push.id, push.state, push.code, now);
    let line = store.audit_line(NewAudit::of(Some(&push.tenant), "host", "push.accepted", &push.id));
    let [written, head] = standing.written(&line)?;
    together(tx, [noted, written, head]).await?;
    let ours = push.state == PushState::Sending;
    Ok(if ours { Accepted::Claimed(ClaimedPush { push, was: PushState::Planned }) } else { Accepted::New(push) })
}
