//! The end of a connection: it is gone at once, whatever the provider says to it later.

use patchbay_model::{Code, ConnectionId, ReleaseId, SessionId, TenantId, Timestamp};
use sqlx::SqliteConnection;

use crate::{
    Pending, Store, StoreError,
    audit::{NewAudit, append},
    lost, pendings, revocations,
    row::{Reader, Row as _},
};

impl Store {
    /// Deletes a connection: its credential goes, its open runs end, its history stays. Running workers lose
    /// their epoch. Its records go too, unless they are kept: then they can still be read, and the feed still
    /// has them. With `revocable`, the release whose manifest says how, the credential is copied to where it
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
        let (store, actor) = (self.clone(), actor.to_owned());
        self.write(move |tx| {
            Box::pin(async move {
                let done = sqlx::query(
                    "UPDATE connections SET state = 'deleted', enabled = 0, keeps_records = $4, updated_at = $3 \
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
                remove_records(&mut *tx, &id, keep_records).await?;
                end_work(&mut *tx, id.as_str(), now).await?;
                append(tx, &line).await
            })
        })
        .await
    }
}

/// Drops the logins that wait to renew it: completed later, they would bring it back.
async fn drop_logins(
    tx: &mut SqliteConnection,
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

async fn remove_credential(tx: &mut SqliteConnection, id: &ConnectionId) -> Result<(), StoreError> {
    for statement in ["DELETE FROM credentials WHERE connection = $1", "DELETE FROM lost_tokens WHERE connection = $1"]
    {
        sqlx::query(statement).bind(id.as_str()).execute(&mut *tx).await?;
    }
    Ok(())
}

async fn remove_records(tx: &mut SqliteConnection, id: &ConnectionId, keep: bool) -> Result<(), StoreError> {
    if !keep {
        let statement = "DELETE FROM records WHERE sync_no IN (SELECT no FROM syncs WHERE connection = $1)";
        sqlx::query(statement).bind(id.as_str()).execute(&mut *tx).await?;
    }
    let statement = "UPDATE syncs SET enabled = 0, next_due_at = NULL, cursor = NULL, held = NULL, \
        records = CASE WHEN $2 THEN records ELSE 0 END WHERE connection = $1";
    sqlx::query(statement).bind(id.as_str()).bind(keep).execute(tx).await?;
    Ok(())
}

/// Ends the open runs and pushes of a connection, inside a transaction.
pub(crate) async fn end_work(tx: &mut SqliteConnection, id: &str, now: Timestamp) -> Result<(), StoreError> {
    for statement in [
        "UPDATE runs SET state = 'cancelled', epoch = epoch + 1, lease_until = NULL, ended_at = $2 \
         WHERE connection = $1 AND state IN ('due', 'running')",
        // What may have left stays unknown for a person; what has not left never will.
        "UPDATE pushes SET state = CASE WHEN state IN ('sending', 'unknown') THEN 'unknown' ELSE 'failed' END, \
         epoch = epoch + 1, lease_until = NULL, next_at = NULL, updated_at = $2, ended_at = $2 \
         WHERE connection = $1 AND state IN ('waiting', 'planned', 'sending', 'unknown')",
    ] {
        sqlx::query(statement).bind(id).bind(now.as_micros()).execute(&mut *tx).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
