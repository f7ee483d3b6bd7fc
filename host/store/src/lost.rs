//! Fresh tokens whose write lost: none that works at the provider is dropped, because a rotated refresh token
//! that is dropped ends the connection, and one of a connection that is gone would work on unseen.

use patchbay_model::{ClientId, ConnectionId, ConnectionState, ReleaseId, Timestamp};
use sqlx::AnyConnection;

use crate::{
    Connection, Store, StoreError,
    audit::{NewAudit, append},
    row::{Reader, Row, many, maybe, select},
};

/// A fresh token whose fenced write lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostToken {
    /// The credential, sealed to the connection, the field `lost` and `row_version`.
    pub sealed: Vec<u8>,
    /// What it is sealed to.
    pub row_version: i64,
    /// When it was put here.
    pub at: Timestamp,
}

/// A fresh token that is to be kept.
#[derive(Debug, Clone)]
pub struct NewLostToken {
    /// The connection as it was when the refresh began: whose consent it is of, and what it was made with.
    pub of: Connection,
    /// The credential, sealed to the connection, the field `lost` and `row_version`.
    pub sealed: Vec<u8>,
    /// What it is sealed to.
    pub row_version: i64,
    /// The release whose manifest says how it is revoked; none where there is no way.
    pub revocable: Option<ReleaseId>,
    /// Revoking it ends all that the business account granted, a newer consent as well.
    pub ends_grant: bool,
}

/// What became of a fresh token whose write lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LostFate {
    /// It is the connection's to fall back on.
    Kept,
    /// Its connection is gone, or was authorised anew: it waits to be revoked.
    Revoked,
    /// The same, and there is no way to revoke it, or that would end the newer consent.
    Dropped,
}

impl Row for LostToken {
    const TABLE: &'static str = "lost_tokens";
    const FROM: &'static str = "lost_tokens l";
    const COLUMNS: &'static str = "l.sealed, l.row_version, l.at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self { sealed: r.next("sealed")?, row_version: r.next("row_version")?, at: r.next("at")? })
    }
}

impl Store {
    /// Keeps a fresh token whose write lost, as long as the consent that it is of stands; else it waits to be
    /// revoked ([`Store::claim_revocation`]), where it can be.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn keep_lost_token(&self, lost: NewLostToken) -> Result<LostFate, StoreError> {
        let now = self.now();
        let asked = self.audit_line(NewAudit::of(Some(&lost.of.tenant), "host", "revocation.asked", &lost.of.id));
        self.write(move |tx| {
            Box::pin(async move {
                let statement = sqlx::query(select::<Connection>("WHERE c.id = $1")).bind(lost.of.id.as_str());
                let there: Option<Connection> = maybe(&mut *tx, statement).await?;
                let there = there.filter(|there| there.state != ConnectionState::Deleted);
                if there.as_ref().is_some_and(|there| there.authorized_at == lost.of.authorized_at) {
                    put(tx, &lost, now).await?;
                    return Ok(LostFate::Kept);
                }
                match &lost.revocable {
                    Some(release) if there.is_none() || !lost.ends_grant => {
                        revoke(&mut *tx, &lost, release, now).await?;
                        append(tx, &asked).await?;
                        Ok(LostFate::Revoked)
                    }
                    _ => Ok(LostFate::Dropped),
                }
            })
        })
        .await
    }

    /// Drops a lost token that turned out to be of no use: the newest one of this version, as two workers
    /// may have lost one each.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn drop_lost_token(&self, connection: &ConnectionId, row_version: i64) -> Result<(), StoreError> {
        let connection = connection.clone();
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query(
                    "DELETE FROM lost_tokens WHERE no = \
                     (SELECT max(no) FROM lost_tokens WHERE connection = $1 AND row_version = $2)",
                )
                .bind(connection.as_str())
                .bind(row_version)
                .execute(tx)
                .await?;
                Ok(())
            })
        })
        .await
    }

    /// Tokens whose write lost, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn lost_tokens(&self, connection: &ConnectionId) -> Result<Vec<LostToken>, StoreError> {
        let statement = sqlx::query(select::<LostToken>("WHERE l.connection = $1 ORDER BY l.no DESC LIMIT 100"));
        many(self.read(), statement.bind(connection.as_str())).await
    }
}

async fn put(tx: &mut AnyConnection, lost: &NewLostToken, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO lost_tokens (connection, sealed, row_version, at) VALUES ($1, $2, $3, $4)")
        .bind(lost.of.id.as_str())
        .bind(lost.sealed.as_slice())
        .bind(lost.row_version)
        .bind(now.as_micros())
        .execute(tx)
        .await?;
    Ok(())
}

/// Copies a token to where it waits to be revoked, with what it was made with: the connection may have another
/// client by now, or be gone.
async fn revoke(
    tx: &mut AnyConnection,
    lost: &NewLostToken,
    release: &ReleaseId,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO revocations (tenant, connection, connector, release, client, auth, facts, business_id, subject, \
         field, row_version, sealed, next_at, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $2, 'lost', $9, $10, $11, $11)",
    )
    .bind(lost.of.tenant.as_str())
    .bind(lost.of.id.as_str())
    .bind(lost.of.connector.as_str())
    .bind(release.as_str())
    .bind(lost.of.client.as_ref().map(ClientId::as_str))
    .bind(lost.of.auth.as_str())
    .bind(lost.of.facts.as_str())
    .bind(lost.of.business_id.as_str())
    .bind(lost.row_version)
    .bind(lost.sealed.as_slice())
    .bind(now.as_micros())
    .execute(tx)
    .await?;
    Ok(())
}

/// Copies all lost tokens of a connection to where they wait to be revoked, inside a transaction; how many.
pub(crate) async fn revoke_all(
    tx: &mut AnyConnection,
    id: &ConnectionId,
    release: &ReleaseId,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "INSERT INTO revocations (tenant, connection, connector, release, client, auth, facts, business_id, subject, \
         field, row_version, sealed, next_at, created_at) \
         SELECT c.tenant, c.id, c.connector, $2, c.client, c.auth, c.facts, c.business_id, c.id, 'lost', \
         l.row_version, l.sealed, $3, $3 FROM connections c JOIN lost_tokens l ON l.connection = c.id WHERE c.id = $1",
    );
    let done = done.bind(id.as_str()).bind(release.as_str()).bind(now.as_micros()).execute(tx).await?;
    Ok(done.rows_affected())
}

#[cfg(test)]
mod tests;
