//! Registrations of an OAuth client with a provider: of the deployment, or of one tenant.
//!
//! The secret is sealed to the registration's id and row version, so the caller brings both.

use patchbay_model::{ClientId, TenantId, Timestamp};

use crate::{
    Store, StoreError,
    audit::{NewAudit, append},
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
}

/// A registration to keep: a new one, or the next version of one that is there.
#[derive(Debug, Clone)]
pub struct PutClient {
    /// The id that is there, or a fresh one.
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
    const COLUMNS: &'static str =
        "o.id, o.connector, o.tenant, o.client_id, o.secret, o.row_version, o.created_at, o.updated_at";

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
        })
    }
}

impl Store {
    /// Keeps a registration.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the connector has another one there, or another version of it.
    pub async fn put_oauth_client(&self, put: PutClient) -> Result<OauthClient, StoreError> {
        let now = self.now();
        let line = self.audit_line(NewAudit::of(put.tenant.as_ref(), &put.actor, "oauth_client.put", &put.id));
        self.write(move |tx| {
            Box::pin(async move {
                // The index allows one registration for each connector and owner; the version says
                // that nobody else replaced it since the secret was sealed.
                let done = sqlx::query(
                    "INSERT INTO oauth_clients (id, connector, tenant, client_id, secret, row_version, created_at, updated_at) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $7) \
                     ON CONFLICT (id) DO UPDATE SET client_id = excluded.client_id, secret = excluded.secret, \
                     row_version = excluded.row_version, updated_at = excluded.updated_at \
                     WHERE oauth_clients.row_version = excluded.row_version - 1 \
                     AND oauth_clients.connector = excluded.connector AND oauth_clients.tenant IS excluded.tenant",
                )
                .bind(put.id.as_str())
                .bind(put.connector)
                .bind(put.tenant.as_ref().map(TenantId::as_str))
                .bind(put.client_id)
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

    /// One registration, whoever owns it: a callback finds it by its address.
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
        let statement = sqlx::query(select::<OauthClient>("WHERE o.connector = $1 AND o.tenant IS $2"));
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
        let rest = "WHERE o.connector = $1 AND (o.tenant = $2 OR o.tenant IS NULL) \
            ORDER BY o.tenant IS NULL LIMIT 1";
        maybe(self.read(), sqlx::query(select::<OauthClient>(rest)).bind(connector).bind(tenant.as_str())).await
    }

    /// Registrations of exactly this owner, by connector.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn oauth_clients(&self, owner: Option<&TenantId>) -> Result<Vec<OauthClient>, StoreError> {
        let statement = sqlx::query(select::<OauthClient>("WHERE o.tenant IS $1 ORDER BY o.connector LIMIT 1000"));
        many(self.read(), statement.bind(owner.map(TenantId::as_str))).await
    }
}
