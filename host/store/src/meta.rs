//! Single values of the deployment.

use crate::{Store, StoreError};

impl Store {
    /// A value, e.g. `key_check`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(sqlx::query_scalar("SELECT value FROM meta WHERE key = $1").bind(key).fetch_optional(self.read()).await?)
    }

    /// Sets a value that was not set; answers the one that stands.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn set_meta_once(&self, key: &str, value: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let key = key.to_owned();
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query("INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING")
                    .bind(key.as_str())
                    .bind(value)
                    .execute(&mut *tx)
                    .await?;
                Ok(sqlx::query_scalar("SELECT value FROM meta WHERE key = $1").bind(key.as_str()).fetch_one(tx).await?)
            })
        })
        .await
    }
}
