//! What is still to be revoked at its provider: copied here in the transaction that ended its use, tried by a
//! worker, destroyed when that is done or given up.

use std::time::Duration;

use patchbay_model::{ClientId, ConnectionId, ReleaseId, TenantId, Timestamp};
use sqlx::AnyConnection;

use crate::{
    Pending, Store, StoreError,
    audit::{NewAudit, append},
    row::{Reader, Row},
};

/// A credential that is to be revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// Its number.
    pub no: i64,
    /// Whose it was.
    pub tenant: TenantId,
    /// The connection it was of, which may be gone.
    pub connection: ConnectionId,
    /// The connector.
    pub connector: String,
    /// The release whose manifest says how.
    pub release: ReleaseId,
    /// The OAuth registration it was made with.
    pub client: Option<ClientId>,
    /// The manifest's auth method.
    pub auth: String,
    /// Facts, JSON, as the connection or the pending authorisation had them.
    pub facts: String,
    /// The subject of the place it is sealed to.
    pub subject: String,
    /// The field of that place.
    pub field: String,
    /// The row version of that place.
    pub row_version: i64,
    /// The credential, sealed to that place.
    pub sealed: Vec<u8>,
    /// How often it was claimed, with this time.
    pub attempts: u32,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Whether a connection that is there, of any tenant and connector, has the same client and business
    /// account, or perhaps the same person: ending the grant would end it too.
    pub shared: bool,
    /// Whether an authorisation that waits may become such a connection.
    pub awaited: bool,
}

impl Row for Revocation {
    const TABLE: &'static str = "revocations";
    const FROM: &'static str = "revocations";
    // The provider knows the client by its own id, whatever registration or connector it is entered for, and a
    // person by a login that we may not know: what cannot be told apart is taken for the same. Whatever was
    // deleted is not there; so no id is left out.
    const COLUMNS: &'static str = "no, tenant, connection, connector, release, client, auth, facts, subject, field, \
        row_version, sealed, attempts, created_at, \
        EXISTS (SELECT 1 FROM oauth_clients m JOIN oauth_clients o ON o.client_id = m.client_id \
            JOIN connections c ON c.client = o.id AND c.state NOT IN ('deleted', 'pending') \
            WHERE m.id = revocations.client AND (c.business_id = revocations.business_id \
            OR c.login IS NULL OR revocations.login IS NULL OR c.login = revocations.login)), \
        EXISTS (SELECT 1 FROM oauth_clients m JOIN oauth_clients o ON o.client_id = m.client_id \
            JOIN pending_authorisations n ON n.client = o.id \
            WHERE m.id = revocations.client AND (n.business_id = revocations.business_id \
            OR n.login IS NULL OR revocations.login IS NULL OR n.login = revocations.login))";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            no: r.next("no")?,
            tenant: r.next("tenant")?,
            connection: r.next("connection")?,
            connector: r.next("connector")?,
            release: r.next("release")?,
            client: r.next("client")?,
            auth: r.next("auth")?,
            facts: r.next("facts")?,
            subject: r.next("subject")?,
            field: r.next("field")?,
            row_version: r.next("row_version")?,
            sealed: r.next("sealed")?,
            attempts: r.next("attempts")?,
            created_at: r.next("created_at")?,
            shared: r.next("shared")?,
            awaited: r.next("awaited")?,
        })
    }
}

impl Store {
    /// The next credential that is to be revoked, for so long; none when there is none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn claim_revocation(&self, lease: Duration) -> Result<Option<Revocation>, StoreError> {
        let clock = self.clock.clone();
        self.write(move |tx| {
            Box::pin(async move {
                let now = clock.now();
                let no: Option<i64> = sqlx::query_scalar(
                    "UPDATE revocations SET attempts = attempts + 1, next_at = $2 WHERE no = \
                     (SELECT no FROM revocations WHERE next_at <= $1 ORDER BY next_at, no LIMIT 1) RETURNING no",
                )
                .bind(now.as_micros())
                .bind(now.plus(lease).as_micros())
                .fetch_optional(&mut *tx)
                .await?;
                let Some(no) = no else { return Ok(None) };
                crate::row::maybe(tx, sqlx::query(crate::row::select::<Revocation>("WHERE no = $1")).bind(no)).await
            })
        })
        .await
    }

    /// The provider revoked it: our copy is destroyed.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is destroyed already.
    pub async fn end_revocation(&self, no: i64) -> Result<(), StoreError> {
        self.destroy_revocation(no, "revocation.done", None).await
    }

    /// It is not revoked, and will not be: our copy is destroyed. `why` is for whoever reads the audit log.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is destroyed already.
    pub async fn give_up_revocation(&self, no: i64, why: &str) -> Result<(), StoreError> {
        self.destroy_revocation(no, "revocation.given_up", Some(why.to_owned())).await
    }

    async fn destroy_revocation(&self, no: i64, action: &'static str, why: Option<String>) -> Result<(), StoreError> {
        let mut line = self.audit_line(NewAudit::of(None, "host", action, &no));
        self.write(move |tx| {
            Box::pin(async move {
                let row = sqlx::query(
                    "DELETE FROM revocations WHERE no = $1 RETURNING tenant, subject, connection, attempts",
                );
                let row = row.bind(no).fetch_optional(&mut *tx).await?.ok_or(StoreError::NotFound)?;
                let mut r = Reader::of(&row, Revocation::TABLE);
                (line.line.tenant, line.line.subject) = (r.next("tenant")?, r.next("subject")?);
                let (connection, attempts): (String, u32) = (r.next("connection")?, r.next("attempts")?);
                line.line.detail =
                    serde_json::json!({ "connection": connection, "attempts": attempts, "why": why }).to_string();
                append(tx, &line).await
            })
        })
        .await
    }

    /// It is tried again at this time.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is destroyed already.
    pub async fn later_revocation(&self, no: i64, at: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let done = sqlx::query("UPDATE revocations SET next_at = $2 WHERE no = $1");
                let done = done.bind(no).bind(at.as_micros()).execute(tx).await?;
                if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
            })
        })
        .await
    }
}

/// Copies the credential of a connection, inside a transaction; whether it has one.
pub(crate) async fn copy_credential(
    tx: &mut AnyConnection,
    id: &ConnectionId,
    release: &ReleaseId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO revocations (tenant, connection, connector, release, client, auth, facts, business_id, login, \
         subject, field, row_version, sealed, next_at, created_at) \
         SELECT c.tenant, c.id, c.connector, $2, c.client, c.auth, c.facts, c.business_id, c.login, c.id, \
         'credential', k.row_version, k.sealed, $3, $3 FROM connections c JOIN credentials k ON k.connection = c.id WHERE c.id = $1",
    );
    let done = done.bind(id.as_str()).bind(release.as_str()).bind(now.as_micros()).execute(tx).await?;
    Ok(done.rows_affected() > 0)
}

/// Copies what waited for a session, inside a transaction.
pub(crate) async fn copy_pending(tx: &mut AnyConnection, pending: &Pending, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO revocations (tenant, connection, connector, release, client, auth, facts, business_id, subject, \
         field, row_version, sealed, next_at, created_at, login) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending', $10, $11, $12, $12, $13)",
    )
    .bind(pending.tenant.as_str())
    .bind(pending.connection.as_str())
    .bind(pending.connector.as_str())
    .bind(pending.release.as_str())
    .bind(pending.client.as_ref().map(ClientId::as_str))
    .bind(pending.auth.as_str())
    .bind(pending.facts.as_str())
    .bind(pending.business_id.as_str())
    .bind(pending.session.as_str())
    .bind(pending.row_version)
    .bind(pending.sealed.as_slice())
    .bind(now.as_micros())
    .bind(pending.login.as_deref())
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
