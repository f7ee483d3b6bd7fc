//! Authorisations that wait until the tenant's backend says for whom they are: at most one for each session,
//! for a few minutes, sealed, and used for nothing until then.

use patchbay_model::{ClientId, Code, ConnectionId, EventKind, ReleaseId, SessionId, TenantId, Timestamp};
use sqlx::AnyConnection;

use crate::{
    Store, StoreError,
    audit::{NewAudit, append},
    connections, deletion, revocations,
    row::{Reader, Row, maybe, select},
};

/// What a login brought.
#[derive(Debug, Clone)]
pub struct NewPending {
    /// The session it came of.
    pub session: SessionId,
    /// Whose.
    pub tenant: TenantId,
    /// The connection that is to be made or renewed.
    pub connection: ConnectionId,
    /// Whether the business account has none yet: it is shown as pending from now on.
    pub new_connection: bool,
    /// The connector.
    pub connector: String,
    /// Its release: the one the person saw.
    pub release: ReleaseId,
    /// The OAuth registration it went through.
    pub client: Option<ClientId>,
    /// The manifest's auth method.
    pub auth: String,
    /// Facts of the login, a JSON object of texts.
    pub facts: String,
    /// What `identify` answered, JSON.
    pub identity: String,
    /// The provider's id of the business account.
    pub business_id: String,
    /// What people call it.
    pub business_name: String,
    /// E-mail or login behind the credential.
    pub login: Option<String>,
    /// The name that the person gave.
    pub name: Option<String>,
    /// The connection that was to be repaired.
    pub reconnect: Option<ConnectionId>,
    /// The credential, sealed to the session and `row_version`.
    pub sealed: Vec<u8>,
    /// What it is sealed to.
    pub row_version: i64,
    /// Whether the provider can be told to end it without ending anything else.
    pub revocable: bool,
    /// Until when it may be completed.
    pub expires_at: Timestamp,
    /// Who logged in.
    pub actor: String,
}

/// An authorisation that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The session it came of.
    pub session: SessionId,
    /// Whose.
    pub tenant: TenantId,
    /// The connection that is to be made or renewed.
    pub connection: ConnectionId,
    /// Whether the business account had none.
    pub new_connection: bool,
    /// The connector.
    pub connector: String,
    /// Its release.
    pub release: ReleaseId,
    /// The OAuth registration it went through.
    pub client: Option<ClientId>,
    /// The manifest's auth method.
    pub auth: String,
    /// Facts of the login, a JSON object of texts.
    pub facts: String,
    /// What `identify` answered, JSON.
    pub identity: String,
    /// The provider's id of the business account.
    pub business_id: String,
    /// What people call it.
    pub business_name: String,
    /// E-mail or login behind the credential.
    pub login: Option<String>,
    /// The name that the person gave.
    pub name: Option<String>,
    /// The connection that was to be repaired.
    pub reconnect: Option<ConnectionId>,
    /// The credential, sealed to the session and `row_version`.
    pub sealed: Vec<u8>,
    /// What it is sealed to.
    pub row_version: i64,
    /// Whether the provider can be told to end it without ending anything else.
    pub revocable: bool,
    /// SHA-256 of the newest completion code.
    pub code_hash: Option<[u8; 32]>,
    /// Who logged in.
    pub actor: String,
    /// When.
    pub created_at: Timestamp,
    /// Until when it may be completed.
    pub expires_at: Timestamp,
}

impl Row for Pending {
    const TABLE: &'static str = "pending_authorisations";
    const FROM: &'static str = "pending_authorisations n";
    const COLUMNS: &'static str = "n.session, n.tenant, n.connection, n.new_connection, n.connector, n.release, \
        n.client, n.auth, n.facts, n.identity, n.business_id, n.business_name, n.login, n.name, n.reconnect, n.sealed, \
        n.row_version, n.revocable, n.code_hash, n.actor, n.created_at, n.expires_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            session: r.next("session")?,
            tenant: r.next("tenant")?,
            connection: r.next("connection")?,
            new_connection: r.next("new_connection")?,
            connector: r.next("connector")?,
            release: r.next("release")?,
            client: r.next("client")?,
            auth: r.next("auth")?,
            facts: r.next("facts")?,
            identity: r.next("identity")?,
            business_id: r.next("business_id")?,
            business_name: r.next("business_name")?,
            login: r.next("login")?,
            name: r.next("name")?,
            reconnect: r.next("reconnect")?,
            sealed: r.next("sealed")?,
            row_version: r.next("row_version")?,
            revocable: r.next("revocable")?,
            code_hash: r.next("code_hash")?,
            actor: r.next("actor")?,
            created_at: r.next("created_at")?,
            expires_at: r.next("expires_at")?,
        })
    }
}

impl Store {
    /// Keeps what a login brought, in place of an earlier one of the same session, which goes to be revoked
    /// where it can be. A business account without a connection is shown as pending from now on.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the session is over, or the business account's connection came or went
    /// meanwhile: look again which one it will be.
    pub async fn put_pending(&self, new: NewPending) -> Result<(), StoreError> {
        let now = self.now();
        let detail = serde_json::json!({
            "session": new.session.as_str(), "connector": new.connector, "new": new.new_connection,
        });
        let line = NewAudit::of(Some(&new.tenant), &new.actor, "connection.pending", &new.connection);
        let line = self.audit_line(line.detail(&detail));
        let asked = self.audit_line(NewAudit::of(Some(&new.tenant), &new.actor, "revocation.asked", &new.session));
        let store = self.clone();
        self.write(move |tx| {
            Box::pin(async move {
                let done = sqlx::query(
                    "UPDATE connect_sessions SET authorised_at = $3, code = NULL \
                     WHERE id = $1 AND tenant = $2 AND ended_at IS NULL",
                )
                .bind(new.session.as_str())
                .bind(new.tenant.as_str())
                .bind(now.as_micros())
                .execute(&mut *tx)
                .await?;
                if done.rows_affected() == 0 {
                    return Err(StoreError::Conflict("the session is over"));
                }
                let older = take_out(&mut *tx, &new.session, now).await?;
                if older.as_ref().is_some_and(|older| older.revocable) {
                    append(&mut *tx, &asked).await?;
                }
                show_connection(&mut *tx, &new, now).await?;
                if new.new_connection {
                    let shown = connections::load(&mut *tx, &new.connection).await?;
                    connections::tell(&mut *tx, store.event_id(), EventKind::ConnectionCreated, &shown, now).await?;
                }
                insert(&mut *tx, &new, now).await?;
                if let Some(older) = older {
                    drop_connection(&mut *tx, &store, &older.connection, now).await?;
                }
                append(tx, &line).await
            })
        })
        .await
    }

    /// What waits for the completion of a session, in time or not.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn pending(&self, session: &SessionId) -> Result<Option<Pending>, StoreError> {
        let statement = sqlx::query(select::<Pending>("WHERE n.session = $1"));
        maybe(self.read(), statement.bind(session.as_str())).await
    }

    /// Sets the completion code; the newest one counts.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when nothing waits that may still be completed.
    pub async fn set_completion_code(&self, session: &SessionId, code_hash: [u8; 32]) -> Result<(), StoreError> {
        let (session, now) = (session.clone(), self.now());
        self.write(move |tx| {
            Box::pin(async move {
                let statement =
                    "UPDATE pending_authorisations SET code_hash = $2 WHERE session = $1 AND expires_at > $3";
                let statement = sqlx::query(statement).bind(session.as_str()).bind(code_hash.to_vec());
                let done = statement.bind(now.as_micros()).execute(tx).await?;
                if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
            })
        })
        .await
    }

    /// Drops what waits, for good: the session is over with this code, the authorisation goes to be revoked
    /// where it can be, and a connection that was only shown for it goes too.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when nothing waits.
    pub async fn drop_pending(&self, session: &SessionId, code: Code, actor: &str) -> Result<(), StoreError> {
        self.drop_waiting(session, code, actor, false).await
    }

    /// The same, if what waits is too old by now: another login may have come in between.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when nothing waits that is too old.
    pub async fn drop_expired_pending(&self, session: &SessionId, actor: &str) -> Result<(), StoreError> {
        self.drop_waiting(session, Code::SessionUnusable, actor, true).await
    }

    async fn drop_waiting(
        &self,
        session: &SessionId,
        code: Code,
        actor: &str,
        only_expired: bool,
    ) -> Result<(), StoreError> {
        let (session, now) = (session.clone(), self.now());
        let mut line = self.audit_line(NewAudit::of(None, actor, "session.dropped", &session));
        let mut asked = self.audit_line(NewAudit::of(None, actor, "revocation.asked", &session));
        let store = self.clone();
        self.write(move |tx| {
            Box::pin(async move {
                let pending = take_out(&mut *tx, &session, now).await?.ok_or(StoreError::NotFound)?;
                if only_expired && pending.expires_at > now {
                    return Err(StoreError::NotFound);
                }
                end_session(&mut *tx, &session, code, now).await?;
                drop_connection(&mut *tx, &store, &pending.connection, now).await?;
                if pending.revocable {
                    asked.line.tenant = Some(pending.tenant.clone());
                    append(&mut *tx, &asked).await?;
                }
                line.line.detail =
                    serde_json::json!({ "connection": pending.connection.as_str(), "code": code.id() }).to_string();
                line.line.tenant = Some(pending.tenant);
                append(tx, &line).await
            })
        })
        .await
    }

    /// Sessions whose authorisation was not completed in time.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn expired_pendings(&self, limit: u32) -> Result<Vec<SessionId>, StoreError> {
        let rows = sqlx::query(
            "SELECT session FROM pending_authorisations WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2",
        );
        let rows = rows.bind(self.now().as_micros()).bind(i64::from(limit)).fetch_all(self.read()).await?;
        rows.iter().map(|row| Reader::of(row, Pending::TABLE).next("session")).collect()
    }
}

/// The row of a business account that has no connection yet, or a look at the one it has.
async fn show_connection(tx: &mut AnyConnection, new: &NewPending, now: Timestamp) -> Result<(), StoreError> {
    const RACED: StoreError = StoreError::Conflict("the business account's connection came or went meanwhile");
    if !new.new_connection {
        let statement = sqlx::query_scalar::<_, i64>(
            "SELECT 1 FROM connections WHERE id = $1 AND tenant = $2 AND connector = $3 AND business_id = $4 \
             AND state <> 'deleted'",
        );
        let statement = statement.bind(new.connection.as_str()).bind(new.tenant.as_str());
        let found = statement.bind(new.connector.as_str()).bind(new.business_id.as_str()).fetch_optional(tx).await?;
        return found.map(|_| ()).ok_or(RACED);
    }
    let done = sqlx::query(
        "INSERT INTO connections (id, tenant, connector, client, auth, business_id, business_name, login, facts, \
         settings, name, state, enabled, created_at, authorized_at, identified_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '{}', '{}', $9, 'pending', TRUE, $10, $10, $10, $10) \
         ON CONFLICT DO NOTHING",
    )
    .bind(new.connection.as_str())
    .bind(new.tenant.as_str())
    .bind(new.connector.as_str())
    .bind(new.client.as_ref().map(ClientId::as_str))
    .bind(new.auth.as_str())
    .bind(new.business_id.as_str())
    .bind(new.business_name.as_str())
    .bind(new.login.as_deref())
    .bind(new.name.as_deref().unwrap_or(&new.business_name))
    .bind(now.as_micros())
    .execute(tx)
    .await?;
    if done.rows_affected() == 0 { Err(RACED) } else { Ok(()) }
}

async fn insert(tx: &mut AnyConnection, new: &NewPending, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO pending_authorisations (session, tenant, connection, new_connection, connector, release, client, \
         auth, facts, identity, business_id, business_name, login, name, reconnect, sealed, row_version, revocable, \
         actor, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)",
    )
    .bind(new.session.as_str())
    .bind(new.tenant.as_str())
    .bind(new.connection.as_str())
    .bind(new.new_connection)
    .bind(new.connector.as_str())
    .bind(new.release.as_str())
    .bind(new.client.as_ref().map(ClientId::as_str))
    .bind(new.auth.as_str())
    .bind(new.facts.as_str())
    .bind(new.identity.as_str())
    .bind(new.business_id.as_str())
    .bind(new.business_name.as_str())
    .bind(new.login.as_deref())
    .bind(new.name.as_deref())
    .bind(new.reconnect.as_ref().map(ConnectionId::as_str))
    .bind(new.sealed.as_slice())
    .bind(new.row_version)
    .bind(new.revocable)
    .bind(new.actor.as_str())
    .bind(now.as_micros())
    .bind(new.expires_at.as_micros())
    .execute(tx)
    .await?;
    Ok(())
}

/// Takes out what waits for a session, inside a transaction; it goes to be revoked where it can be.
pub(crate) async fn take_out(
    tx: &mut AnyConnection,
    session: &SessionId,
    now: Timestamp,
) -> Result<Option<Pending>, StoreError> {
    let statement = sqlx::query(select::<Pending>("WHERE n.session = $1")).bind(session.as_str());
    let Some(pending) = maybe::<Pending>(&mut *tx, statement).await? else { return Ok(None) };
    let statement = sqlx::query("DELETE FROM pending_authorisations WHERE session = $1");
    statement.bind(session.as_str()).execute(&mut *tx).await?;
    if pending.revocable {
        revocations::copy_pending(tx, &pending, now).await?;
    }
    Ok(Some(pending))
}

/// Ends a session of which nothing came, for good, inside a transaction.
pub(crate) async fn end_session(
    tx: &mut AnyConnection,
    session: &SessionId,
    code: Code,
    now: Timestamp,
) -> Result<(), StoreError> {
    let statement = "UPDATE connect_sessions SET code = $2, ended_at = $3 WHERE id = $1 AND ended_at IS NULL";
    let statement = sqlx::query(statement).bind(session.as_str()).bind(code.id());
    statement.bind(now.as_micros()).execute(tx).await?;
    Ok(())
}

/// Ends a connection that is only shown because somebody waited, when nobody does any more, inside a
/// transaction. What was to go by it goes by another one later, and who has to know is told.
pub(crate) async fn drop_connection(
    tx: &mut AnyConnection,
    store: &Store,
    id: &ConnectionId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let done = sqlx::query(
        "UPDATE connections SET state = 'deleted', enabled = FALSE, updated_at = $2 WHERE id = $1 AND state = 'pending' \
         AND NOT EXISTS (SELECT 1 FROM pending_authorisations n WHERE n.connection = $1) \
         AND NOT EXISTS (SELECT 1 FROM credentials k WHERE k.connection = $1)",
    );
    if done.bind(id.as_str()).bind(now.as_micros()).execute(&mut *tx).await?.rows_affected() > 0 {
        deletion::end_work(&mut *tx, store, id, now).await?;
        let gone = connections::load(&mut *tx, id).await?;
        connections::tell(tx, store.event_id(), EventKind::ConnectionDeleted, &gone, now).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
