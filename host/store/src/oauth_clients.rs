//! Registrations of an OAuth client with a provider: of the deployment, or of one tenant.
//!
//! The secret is sealed to the registration's id and row version, so the caller brings both.

use patchbay_model::{ClientId, TenantId, Timestamp};

use sqlx::AnyConnection;

use crate::{
    Store, StoreError,
    audit::{Entry, NewAudit, append},
    row::{Reader, Row, many, maybe, one, select},
};

/// A registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OauthClient {
    /// Its id; part of the redirect address.
    pub id: ClientId,
    /// The one connector it is for.
    pub connector: String,
    /// Whose; none for the deployment's.
    pub tenant: Option<TenantId>,
    /// The provider's client id.
    pub client_id: String,
    /// The client secret, sealed.
    pub secret: Option<Vec<u8>>,
    /// What the secret is sealed to.
    pub row_version: i64,
    /// Since when it exists.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// When another took its place: it is kept for the connections that were made with it.
    pub retired_at: Option<Timestamp>,
}

/// A registration to keep: a new one, or the next version of one that is there. Another client id at the
/// provider is another registration.
#[derive(Debug, Clone)]
pub struct PutClient {
    /// The id that is there, where the provider's client id stays; else a fresh one.
    pub id: ClientId,
    /// The one connector it is for.
    pub connector: String,
    /// Whose; none for the deployment's.
    pub tenant: Option<TenantId>,
    /// The provider's client id.
    pub client_id: String,
    /// The client secret, sealed to `id` and `row_version`.
    pub secret: Option<Vec<u8>>,
    /// 1 for a new one, else one more than the one that is there.
    pub row_version: i64,
    /// Who does it.
    pub actor: String,
}

impl Row for OauthClient {
    const TABLE: &'static str = "oauth_clients";
    const FROM: &'static str = "oauth_clients o";
    const COLUMNS: &'static str = "o.id, o.connector, o.tenant, o.client_id, o.secret, o.row_version, o.created_at, o.updated_at, \
        o.retired_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: r.next("id")?,
            connector: r.next("connector")?,
            tenant: r.next("tenant")?,
            client_id: r.next("client_id")?,
            secret: r.next("secret")?,
            row_version: r.next("row_version")?,
            created_at: r.next("created_at")?,
            updated_at: r.next("updated_at")?,
            retired_at: r.next("retired_at")?,
        })
    }
}

impl Store {
    /// Keeps a registration. One with another client id retires the one that is there.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another version of it is there, or the client id is not its own.
    pub async fn put_oauth_client(&self, put: PutClient) -> Result<OauthClient, StoreError> {
        let now = self.now();
        let line = self.audit_line(NewAudit::of(put.tenant.as_ref(), &put.actor, "oauth_client.put", &put.id));
        let retired = self.audit_line(NewAudit::of(put.tenant.as_ref(), &put.actor, "oauth_client.retired", &put.id));
        self.write(move |tx| {
            Box::pin(async move {
                retire_other(&mut *tx, &put, &retired, now).await?;
                // The index allows one registration in use for each connector and owner; the version says
                // that nobody else replaced it since the secret was sealed.
                let done = sqlx::query(
                    "INSERT INTO oauth_clients (id, connector, tenant, client_id, secret, row_version, created_at, updated_at) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $7) \
                     ON CONFLICT (id) DO UPDATE SET secret = excluded.secret, row_version = excluded.row_version, \
                     updated_at = excluded.updated_at \
                     WHERE oauth_clients.row_version = excluded.row_version - 1 \
                     AND oauth_clients.client_id = excluded.client_id AND oauth_clients.retired_at IS NULL \
                     AND oauth_clients.connector = excluded.connector AND oauth_clients.tenant IS NOT DISTINCT FROM excluded.tenant",
                )
                .bind(put.id.as_str())
                .bind(put.connector.as_str())
                .bind(put.tenant.as_ref().map(TenantId::as_str))
                .bind(put.client_id.as_str())
                .bind(put.secret)
                .bind(put.row_version)
                .bind(now.as_micros())
                .execute(&mut *tx)
                .await?;
                if done.rows_affected() == 0 {
                    return Err(StoreError::Conflict("another version of the registration"));
                }
                append(&mut *tx, &line).await?;
                one(tx, sqlx::query(select::<OauthClient>("WHERE o.id = $1")).bind(put.id.as_str())).await
            })
        })
        .await
    }

    /// One registration, whoever owns it and in use or not: a callback finds it by its address, and a
    /// connection by what it was made with.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn oauth_client(&self, id: &ClientId) -> Result<OauthClient, StoreError> {
        one(self.read(), sqlx::query(select::<OauthClient>("WHERE o.id = $1")).bind(id.as_str())).await
    }

    /// The registration of exactly this owner.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn oauth_client_of(
        &self,
        connector: &str,
        owner: Option<&TenantId>,
    ) -> Result<Option<OauthClient>, StoreError> {
        let statement = sqlx::query(select::<OauthClient>(
            "WHERE o.connector = $1 AND o.tenant IS NOT DISTINCT FROM $2 AND o.retired_at IS NULL",
        ));
        maybe(self.read(), statement.bind(connector).bind(owner.map(TenantId::as_str))).await
    }

    /// The registration that a tenant's connect uses: its own, else the deployment's.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn oauth_client_for(
        &self,
        connector: &str,
        tenant: &TenantId,
    ) -> Result<Option<OauthClient>, StoreError> {
        let rest = "WHERE o.connector = $1 AND (o.tenant = $2 OR o.tenant IS NULL) AND o.retired_at IS NULL \
            ORDER BY o.tenant IS NULL LIMIT 1";
        maybe(self.read(), sqlx::query(select::<OauthClient>(rest)).bind(connector).bind(tenant.as_str())).await
    }

    /// Registrations in use of a connector: the deployment's first, then the tenants'.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn oauth_clients(&self, connector: &str) -> Result<Vec<OauthClient>, StoreError> {
        let rest = "WHERE o.connector = $1 AND o.retired_at IS NULL ORDER BY coalesce(o.tenant, '') LIMIT 1000";
        many(self.read(), sqlx::query(select::<OauthClient>(rest)).bind(connector)).await
    }

    /// Takes a registration out of use: new connects do not go through it, the connections that were made
    /// with it still do.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not in use.
    pub async fn retire_oauth_client(&self, id: &ClientId, actor: &str) -> Result<(), StoreError> {
        let (id, now) = (id.clone(), self.now());
        let mut line = self.audit_line(NewAudit::of(None, actor, "oauth_client.retired", &id));
        self.write(move |tx| {
            Box::pin(async move {
                let row = sqlx::query(
                    "UPDATE oauth_clients SET retired_at = $2, updated_at = $2 WHERE id = $1 AND retired_at IS NULL \
                     RETURNING tenant",
                );
                let row = row.bind(id.as_str()).bind(now.as_micros()).fetch_optional(&mut *tx).await?;
                let row = row.ok_or(StoreError::NotFound)?;
                line.line.tenant = Reader::of(&row, OauthClient::TABLE).next("tenant")?;
                append(tx, &line).await
            })
        })
        .await
    }
}

/// Retires the registration in use whose place this one takes, inside a transaction.
async fn retire_other(tx: &mut AnyConnection, put: &PutClient, line: &Entry, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query(
        "UPDATE oauth_clients SET retired_at = $5, updated_at = $5 WHERE connector = $1 AND tenant IS NOT DISTINCT FROM $2 \
         AND retired_at IS NULL AND id <> $3 AND client_id <> $4 \
         AND NOT EXISTS (SELECT 1 FROM oauth_clients o WHERE o.id = $3) RETURNING id",
    )
    .bind(put.connector.as_str())
    .bind(put.tenant.as_ref().map(TenantId::as_str))
    .bind(put.id.as_str())
    .bind(put.client_id.as_str())
    .bind(now.as_micros())
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = done else { return Ok(()) };
    append(tx, &line.about(Reader::of(&row, OauthClient::TABLE).next("id")?)).await
}

#[cfg(test)]
mod tests;
