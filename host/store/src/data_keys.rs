//! Wrapped data keys: one per tenant, and one of the deployment for what belongs to nobody else.

use patchbay_model::TenantId;

use crate::{Store, StoreError};

impl Store {
    /// The wrapped data key of a tenant, or of the deployment.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn data_key(&self, tenant: Option<&TenantId>) -> Result<Option<Vec<u8>>, StoreError> {
        let statement = sqlx::query_scalar("SELECT wrapped FROM data_keys WHERE owner = $1");
        Ok(statement.bind(tenant.map_or("", TenantId::as_str)).fetch_optional(self.read()).await?)
    }

    /// Keeps a wrapped data key where there is none; answers the one that stands, which another may
    /// have stored meanwhile.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a tenant that does not exist.
    pub async fn keep_data_key(&self, tenant: Option<&TenantId>, wrapped: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let owner = tenant.map_or(String::new(), ToString::to_string);
        let now = self.now();
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO data_keys (owner, wrapped, created_at) \
                     SELECT $1, $2, $3 WHERE $1 = '' OR EXISTS (SELECT 1 FROM tenants WHERE id = $1) \
                     ON CONFLICT (owner) DO NOTHING",
                )
                .bind(owner.as_str())
                .bind(wrapped)
                .bind(now.as_micros())
                .execute(&mut *tx)
                .await?;
                let statement = sqlx::query_scalar("SELECT wrapped FROM data_keys WHERE owner = $1");
                Ok(statement.bind(owner.as_str()).fetch_one(tx).await?)
            })
        })
        .await
    }
}
