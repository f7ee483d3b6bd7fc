//! The end of browser sessions: signing out, signing out everywhere, and a backend that ends those of a user of its own.
//!
//! With a session of the portal ends every connect session that it made and that has come to nothing yet: such a session
//! is completed by that browser and by nobody else. What was authorised in it a moment before is settled in a transaction
//! that asks whether the connect session is over (`settle`), so once an end is told, nothing comes of it any more.

use std::time::Duration;

use patchbay_model::{Code, TenantId, Timestamp};
use sqlx::AnyConnection;

use super::{BrowserSession, COUNTS, SessionKind, counting};
use crate::{
    Store, StoreError,
    audit::{NewAudit, append},
    row::{Reader, Row, Statement},
};

/// Whose sessions end together: those of all operators, who have no names here, or of one user of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whose {
    /// Of which kind they are.
    pub kind: SessionKind,
    /// Of the portal: the tenant.
    pub tenant: Option<TenantId>,
    /// Of the portal: the tenant's own id of the user.
    pub user: Option<String>,
}

impl Whose {
    /// Those of whoever has this session.
    #[must_use]
    pub fn has(session: &BrowserSession) -> Self {
        Self { kind: session.kind, tenant: session.tenant.clone(), user: session.user.clone() }
    }

    /// Binds kind, tenant and user, in this order.
    fn bind<'q>(&'q self, statement: Statement<'q>) -> Statement<'q> {
        let tenant = self.tenant.as_ref().map(TenantId::as_str);
        statement.bind(self.kind.as_str()).bind(tenant).bind(self.user.as_deref())
    }
}

impl Store {
    /// Ends a session at once; ending it again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn end_browser_session(&self, session: &BrowserSession) -> Result<(), StoreError> {
        let (id, now) = (session.id.clone(), self.now());
        let line = NewAudit::of(session.tenant.as_ref(), &session.actor(), ended(session.kind), &session.id);
        let line = self.audit_line(line);
        self.write(move |tx| {
            Box::pin(async move {
                let statement =
                    sqlx::query("UPDATE browser_sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL");
                let done = statement.bind(id.as_str()).bind(now.as_micros()).execute(&mut *tx).await?;
                if done.rows_affected() == 0 {
                    return Ok(());
                }
                end_connects(&mut *tx, now).await?;
                append(tx, &line).await
            })
        })
        .await
    }

    /// Ends all of somebody's sessions at once; how many of them counted, where one that was not used within `idle` does
    /// not. Addresses that were given out for them open nothing any more. The line in the audit log says that `actor` did
    /// it, to `subject`; where there was nothing to end, there is none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn end_browser_sessions(
        &self,
        whose: Whose,
        idle: Duration,
        actor: &str,
        subject: &str,
    ) -> Result<u64, StoreError> {
        let (now, store) = (self.now(), self.clone());
        let line = NewAudit::of(whose.tenant.as_ref(), actor, ended(whose.kind), &subject);
        self.write(move |tx| {
            Box::pin(async move {
                let statement = sqlx::query(
                    "DELETE FROM sign_in_tokens \
                     WHERE kind = $1 AND tenant IS NOT DISTINCT FROM $2 AND end_user IS NOT DISTINCT FROM $3",
                );
                let addresses = whose.bind(statement).execute(&mut *tx).await?.rows_affected();
                let counted = counted(tx, &whose, now, idle).await?;
                let statement = sqlx::query(
                    "UPDATE browser_sessions SET ended_at = $4 \
                     WHERE kind = $1 AND tenant IS NOT DISTINCT FROM $2 AND end_user IS NOT DISTINCT FROM $3 \
                     AND ended_at IS NULL AND expires_at > $4",
                );
                whose.bind(statement).bind(now.as_micros()).execute(&mut *tx).await?;
                end_connects(&mut *tx, now).await?;
                if counted > 0 || addresses > 0 {
                    let detail = serde_json::json!({ "user": whose.user, "sessions": counted, "addresses": addresses });
                    append(tx, &store.audit_line(line.detail(&detail))).await?;
                }
                Ok(counted)
            })
        })
        .await
    }
}

/// How many of somebody's sessions count.
async fn counted(tx: &mut AnyConnection, whose: &Whose, now: Timestamp, idle: Duration) -> Result<u64, StoreError> {
    let statement = format!(
        "SELECT count(*) FROM {} WHERE {COUNTS} AND b.kind = $3 AND b.tenant IS NOT DISTINCT FROM $4 \
         AND b.end_user IS NOT DISTINCT FROM $5",
        BrowserSession::FROM
    );
    let row = whose.bind(counting(statement, now, idle)).fetch_one(tx).await?;
    Reader::of(&row, BrowserSession::TABLE).next("count")
}

/// Ends the connect sessions whose browser session of the portal is over.
pub(crate) async fn end_connects(tx: &mut AnyConnection, now: Timestamp) -> Result<(), StoreError> {
    let statement = sqlx::query(
        "UPDATE connect_sessions SET ended_at = $1, code = $2 WHERE ended_at IS NULL AND expires_at > $1 \
         AND portal IN (SELECT b.id FROM browser_sessions b WHERE b.ended_at IS NOT NULL)",
    );
    statement.bind(now.as_micros()).bind(Code::SessionUnusable.id()).execute(tx).await?;
    Ok(())
}

/// What the audit log calls it.
const fn ended(kind: SessionKind) -> &'static str {
    match kind {
        SessionKind::Operator => "operator_session.ended",
        SessionKind::Portal => "portal_session.ended",
    }
}

#[cfg(test)]
mod tests;
