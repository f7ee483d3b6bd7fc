//! Connect sessions: a short-lived right to make or repair one connection.

use patchbay_model::{BrowserSessionId, Code, ConnectionId, ReturnId, SessionId, TenantId, Timestamp};

use crate::{
    Store, StoreError,
    audit::{NewAudit, append},
    row::{Reader, Row, json, maybe, one, select},
};

/// A connect session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectSession {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub tenant: TenantId,
    /// The tenant's own id of the end user.
    pub end_user: String,
    /// The connectors that may be connected; empty for all.
    pub connectors: Vec<String>,
    /// Which way to log in; none where the person may choose.
    pub auth: Option<String>,
    /// The tenant's own name for the connection.
    pub name: Option<String>,
    /// The connection to repair.
    pub connection: Option<ConnectionId>,
    /// Where to go afterwards, by id.
    pub return_to: Option<ReturnId>,
    /// The language of the page.
    pub language: Option<String>,
    /// Whether the tenant's backend has to say for whom it is.
    pub verification: bool,
    /// The browser session of the portal that made it, and that completes it instead.
    pub portal: Option<BrowserSessionId>,
    /// Since when it exists.
    pub created_at: Timestamp,
    /// Until when it can be used.
    pub expires_at: Timestamp,
    /// When the first browser opened it.
    pub used_at: Option<Timestamp>,
    /// SHA-256 of the cookie of the browser it belongs to.
    pub browser_hash: Option<[u8; 32]>,
    /// When a login came back whose completion the tenant's backend was asked for.
    pub authorised_at: Option<Timestamp>,
    /// The connection that came of it.
    pub made: Option<ConnectionId>,
    /// Why none came of it.
    pub code: Option<Code>,
    /// Since when it cannot be used any more, well or not.
    pub ended_at: Option<Timestamp>,
    /// How many logins in it did not work.
    pub failures: u32,
}

/// A session to make.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Whose.
    pub tenant: TenantId,
    /// SHA-256 of its token.
    pub token_hash: [u8; 32],
    /// The tenant's own id of the end user.
    pub end_user: String,
    /// The connectors that may be connected; empty for all.
    pub connectors: Vec<String>,
    /// Which way to log in; none where the person may choose.
    pub auth: Option<String>,
    /// The tenant's own name for the connection.
    pub name: Option<String>,
    /// The connection to repair.
    pub connection: Option<ConnectionId>,
    /// Where to go afterwards, by id.
    pub return_to: Option<ReturnId>,
    /// The language of the page.
    pub language: Option<String>,
    /// Whether the tenant's backend has to say for whom it is.
    pub verification: bool,
    /// The browser session of the portal that makes it.
    pub portal: Option<BrowserSessionId>,
    /// Until when it can be used.
    pub expires_at: Timestamp,
    /// Who made it.
    pub actor: String,
}

impl Row for ConnectSession {
    const TABLE: &'static str = "connect_sessions";
    const FROM: &'static str = "connect_sessions s";
    const COLUMNS: &'static str = "s.id, s.tenant, s.end_user, s.connectors, s.connection, s.return_to, s.created_at, \
        s.expires_at, s.used_at, s.browser_hash, s.auth, s.name, s.made, s.code, s.ended_at, \
        s.language, s.verification, s.authorised_at, s.failures, s.portal";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        let id: SessionId = r.next("id")?;
        let bad = StoreError::Inconsistent { table: Self::TABLE, column: "connectors", row: id.to_string() };
        Ok(Self {
            id,
            tenant: r.next("tenant")?,
            end_user: r.next("end_user")?,
            connectors: serde_json::from_str(&r.next::<String>("connectors")?).map_err(|_| bad)?,
            connection: r.next("connection")?,
            return_to: r.next("return_to")?,
            created_at: r.next("created_at")?,
            expires_at: r.next("expires_at")?,
            used_at: r.next("used_at")?,
            browser_hash: r.next("browser_hash")?,
            auth: r.next("auth")?,
            name: r.next("name")?,
            made: r.next("made")?,
            code: r.next("code")?,
            ended_at: r.next("ended_at")?,
            language: r.next("language")?,
            verification: r.next("verification")?,
            authorised_at: r.next("authorised_at")?,
            failures: r.next("failures")?,
            portal: r.next("portal")?,
        })
    }
}

impl Store {
    /// Makes a session.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a tenant that does not exist.
    pub async fn create_session(&self, new: NewSession) -> Result<ConnectSession, StoreError> {
        let (id, now) = (SessionId::fresh(&*self.clock, &*self.random), self.now());
        let detail = serde_json::json!({
            "connectors": new.connectors, "connection": new.connection.as_ref(), "verification": new.verification,
        });
        let line = NewAudit::of(Some(&new.tenant), &new.actor, "session.created", &id).detail(&detail);
        let line = self.audit_line(line);
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO connect_sessions (id, tenant, token_hash, end_user, connectors, connection, \
                     return_to, created_at, expires_at, auth, name, language, verification, portal) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
                )
                .bind(id.as_str())
                .bind(new.tenant.as_str())
                .bind(new.token_hash.to_vec())
                .bind(new.end_user)
                .bind(json(&new.connectors)?)
                .bind(new.connection.as_ref().map(ConnectionId::as_str))
                .bind(new.return_to.as_ref().map(ReturnId::as_str))
                .bind(now.as_micros())
                .bind(new.expires_at.as_micros())
                .bind(new.auth)
                .bind(new.name)
                .bind(new.language)
                .bind(new.verification)
                .bind(new.portal.as_ref().map(BrowserSessionId::as_str))
                .execute(&mut *tx)
                .await?;
                append(&mut *tx, &line).await?;
                one(tx, sqlx::query(select::<ConnectSession>("WHERE s.id = $1")).bind(id.as_str())).await
            })
        })
        .await
    }

    /// One session of a tenant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn session(&self, tenant: &TenantId, id: &SessionId) -> Result<ConnectSession, StoreError> {
        let statement = sqlx::query(select::<ConnectSession>("WHERE s.id = $1 AND s.tenant = $2"));
        one(self.read(), statement.bind(id.as_str()).bind(tenant.as_str())).await
    }

    /// One session, for the browser it is bound to: whoever asks compares the cookie.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn session_by_id(&self, id: &SessionId) -> Result<ConnectSession, StoreError> {
        one(self.read(), sqlx::query(select::<ConnectSession>("WHERE s.id = $1")).bind(id.as_str())).await
    }

    /// The session of a token, whether or not it can still be used.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn session_by_token(&self, token_hash: [u8; 32]) -> Result<Option<ConnectSession>, StoreError> {
        let statement = sqlx::query(select::<ConnectSession>("WHERE s.token_hash = $1"));
        maybe(self.read(), statement.bind(token_hash.to_vec())).await
    }

    /// Binds a session to the first browser that opens it; the same one may come again.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it is another browser's, or over.
    pub async fn bind_session(&self, id: &SessionId, browser_hash: [u8; 32]) -> Result<(), StoreError> {
        let (id, now) = (id.clone(), self.now());
        self.write(move |tx| {
            Box::pin(async move {
                let statement = sqlx::query(
                    "UPDATE connect_sessions SET browser_hash = $2, used_at = coalesce(used_at, $3) WHERE id = $1 \
                     AND ended_at IS NULL AND expires_at > $3 AND (browser_hash IS NULL OR browser_hash = $2)",
                );
                let statement = statement.bind(id.as_str()).bind(browser_hash.to_vec());
                let done = statement.bind(now.as_micros()).execute(tx).await?;
                if done.rows_affected() == 0 {
                    return Err(StoreError::Conflict("the session cannot be used here"));
                }
                Ok(())
            })
        })
        .await
    }

    /// Writes down what came of a session: a connection, or why none did. The first end counts; after a
    /// failure the same session may be tried again until it expires.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn end_session(
        &self,
        id: &SessionId,
        made: Option<&ConnectionId>,
        code: Option<Code>,
    ) -> Result<(), StoreError> {
        let (id, made, now) = (id.clone(), made.cloned(), self.now());
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query(
                    "UPDATE connect_sessions SET made = $2, code = $3, \
                     failures = failures + CASE WHEN $3 IS NULL THEN 0 ELSE 1 END, \
                     ended_at = CASE WHEN $2 IS NULL THEN NULL ELSE $4 END WHERE id = $1 AND ended_at IS NULL",
                )
                .bind(id.as_str())
                .bind(made.as_ref().map(ConnectionId::as_str))
                .bind(code.map(Code::id))
                .bind(now.as_micros())
                .execute(tx)
                .await?;
                Ok(())
            })
        })
        .await
    }

    /// Forgets sessions that expired before this, and on which nothing waits; how many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_sessions(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let statement = sqlx::query(
                    "DELETE FROM connect_sessions WHERE id IN (SELECT s.id FROM connect_sessions s \
                     WHERE s.expires_at < $1 AND NOT EXISTS \
                     (SELECT 1 FROM pending_authorisations n WHERE n.session = s.id) LIMIT $2)",
                );
                Ok(statement.bind(before.as_micros()).bind(i64::from(limit)).execute(tx).await?.rows_affected())
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests;
