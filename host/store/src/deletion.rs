//! The end of a connection: it is gone at once, whatever the provider says to it later.

use patchbay_model::{Code, ConnectionId, EventKind, ReleaseId, SessionId, TenantId, Timestamp};
use sqlx::AnyConnection;

use crate::{
    Pending, Store, StoreError,
    audit::{NewAudit, append},
    commit::{self, Place, SEQ_BITS},
    connections, lost, pendings,
    push_queue::parted,
    revocations,
    row::{Reader, Row as _},
};

impl Store {
    /// Deletes a connection: its credential goes, its open runs end, its history stays. Running workers lose
    /// their epoch. Its records go too, unless they are kept: then they can still be read, and the feed still
    /// has them; else the feed tells of each that it is gone ([`Store::bury_records`] does what is left of many). With `revocable`, the release whose manifest says how, the credential is copied to where it
    /// waits to be revoked, and so is each that lost its race at the provider ([`Store::claim_revocation`]).
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn delete_connection(
        &self,
        tenant: &TenantId,
        id: &ConnectionId,
        keep_records: bool,
        revocable: Option<ReleaseId>,
        actor: &str,
    ) -> Result<(), StoreError> {
        let (tenant, id, now) = (tenant.clone(), id.clone(), self.now());
        let detail = serde_json::json!({ "keep_records": keep_records });
        let line = self.audit_line(NewAudit::of(Some(&tenant), actor, "connection.deleted", &id).detail(&detail));
        let (store, actor, of) = (self.clone(), actor.to_owned(), id.clone());
        self.write(move |tx| {
            Box::pin(async move {
                let done = sqlx::query(
                    "UPDATE connections SET state = 'deleted', enabled = FALSE, keeps_records = $4, updated_at = $3 \
                     WHERE id = $1 AND tenant = $2 AND state <> 'deleted'",
                )
                .bind(id.as_str())
                .bind(tenant.as_str())
                .bind(now.as_micros())
                .bind(keep_records)
                .execute(&mut *tx)
                .await?;
                if done.rows_affected() == 0 {
                    return Err(StoreError::NotFound);
                }
                if let Some(release) = &revocable {
                    let main = revocations::copy_credential(&mut *tx, &id, release, now).await?;
                    for _ in 0..u64::from(main) + lost::revoke_all(&mut *tx, &id, release, now).await? {
                        let asked = NewAudit::of(Some(&tenant), &actor, "revocation.asked", &id);
                        append(&mut *tx, &store.audit_line(asked)).await?;
                    }
                }
                drop_logins(&mut *tx, &store, &tenant, &id, &actor).await?;
                remove_credential(&mut *tx, &id).await?;
                remove_records(&mut *tx, &id, keep_records, now).await?;
                end_work(&mut *tx, &store, &id, now).await?;
                append(&mut *tx, &line).await?;
                let gone = connections::load(&mut *tx, &id).await?;
                connections::tell(tx, store.event_id(), EventKind::ConnectionDeleted, &gone, now).await
            })
        })
        .await?;
        self.put_aside_the_rest(&of).await?;
        self.woke();
        Ok(())
    }

    /// Turns records of deleted connections into deletions, so many at most; how many. They cannot be read any more
    /// since their connection is gone; this is how whoever follows the feed hears of it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn bury_records(&self, limit: u32) -> Result<u64, StoreError> {
        let (clock, limit) = (self.clock.clone(), i64::from(limit.min(BURIED)));
        self.write(move |tx| Box::pin(async move { bury(tx, None, limit, clock.now()).await })).await
    }
}

/// Records that become deletions in one transaction.
const BURIED: u32 = 2_000;

/// Drops the logins that wait to renew it: completed later, they would bring it back.
async fn drop_logins(
    tx: &mut AnyConnection,
    store: &Store,
    tenant: &TenantId,
    id: &ConnectionId,
    actor: &str,
) -> Result<(), StoreError> {
    let rows = sqlx::query("SELECT session FROM pending_authorisations WHERE connection = $1 AND tenant = $2");
    let rows = rows.bind(id.as_str()).bind(tenant.as_str()).fetch_all(&mut *tx).await?;
    for row in &rows {
        let session: SessionId = Reader::of(row, Pending::TABLE).next("session")?;
        let (code, now) = (Code::SessionUnusable, store.now());
        let taken = pendings::take_out(&mut *tx, &session, now).await?;
        pendings::end_session(&mut *tx, &session, code, now).await?;
        let about = |action| NewAudit::of(Some(tenant), actor, action, &session);
        if taken.is_some_and(|pending| pending.revocable) {
            append(&mut *tx, &store.audit_line(about("revocation.asked"))).await?;
        }
        let detail = serde_json::json!({ "connection": id.as_str(), "code": code.id() });
        append(&mut *tx, &store.audit_line(about("session.dropped").detail(&detail))).await?;
    }
    Ok(())
}

async fn remove_credential(tx: &mut AnyConnection, id: &ConnectionId) -> Result<(), StoreError> {
    for statement in ["DELETE FROM credentials WHERE connection = $1", "DELETE FROM lost_tokens WHERE connection = $1"]
    {
        sqlx::query(statement).bind(id.as_str()).execute(&mut *tx).await?;
    }
    Ok(())
}

async fn remove_records(
    tx: &mut AnyConnection,
    id: &ConnectionId,
    keep: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let statement = "UPDATE syncs SET enabled = FALSE, next_due_at = NULL, cursor = NULL, held = NULL, held_pass = NULL, \
        bury = CASE WHEN $2 AND (enabled OR unseen IS NULL) THEN NULL ELSE '' END, picked = FALSE, unseen = NULL \
        WHERE connection = $1";
    sqlx::query(statement).bind(id.as_str()).bind(keep).execute(&mut *tx).await?;
    sqlx::query("DELETE FROM discovered WHERE connection = $1").bind(id.as_str()).execute(&mut *tx).await?;
    if !keep {
        // They hold parts of records.
        let statement = "DELETE FROM dead_letters WHERE sync_no IN (SELECT no FROM syncs WHERE connection = $1)";
        sqlx::query(statement).bind(id.as_str()).execute(&mut *tx).await?;
        bury(tx, Some(id), i64::from(BURIED), now).await?;
    }
    Ok(())
}

/// Turns records of syncs whose connection was deleted into deletions, in the order of their keys, inside a
/// transaction; how many.
async fn bury(
    tx: &mut AnyConnection,
    of: Option<&ConnectionId>,
    limit: i64,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut left = limit;
    while left > 0 {
        let statement = sqlx::query(
            "SELECT s.no, s.bury, s.records, t.no, t.seq FROM syncs s JOIN tenants t ON t.id = s.tenant \
             WHERE s.bury IS NOT NULL AND ($1 IS NULL OR s.connection = $1) ORDER BY s.no LIMIT 1",
        );
        let statement = statement.bind(of.map(ConnectionId::as_str));
        let Some(row) = statement.fetch_optional(&mut *tx).await? else { break };
        let mut r = Reader::of(&row, "syncs");
        let (sync, after, live) = (r.next("no")?, r.next::<String>("bury")?, r.next("records")?);
        let (base, seq) = (r.next::<i64>("no")? << SEQ_BITS, r.next("seq")?);
        let mut place = Place { sync, pass: 0, base, seq, live, now: now.as_micros() };
        let last = commit::bury(&mut *tx, &mut place, &after, left).await?;
        let buried = place.seq - seq;
        sqlx::query("UPDATE syncs SET records = $2, bury = $3 WHERE no = $1")
            .bind(sync)
            .bind(if last.is_some() { place.live } else { 0 })
            .bind(last)
            .execute(&mut *tx)
            .await?;
        if buried > 0 {
            commit::raise(&mut *tx, &place).await?;
        }
        left -= buried;
    }
    Ok(u64::try_from(limit - left).unwrap_or(0))
}

/// Ends the open runs of a connection that is deleted, and parts its pushes from it, inside a transaction.
pub(crate) async fn end_work(
    tx: &mut AnyConnection,
    store: &Store,
    id: &ConnectionId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let statement = "UPDATE runs SET state = 'cancelled', epoch = epoch + 1, lease_until = NULL, ended_at = $2 \
        WHERE connection = $1 AND state IN ('due', 'running')";
    sqlx::query(statement).bind(id.as_str()).bind(now.as_micros()).execute(&mut *tx).await?;
    parted::put_aside(tx, store, id, now).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
