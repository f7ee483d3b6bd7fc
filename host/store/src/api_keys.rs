//! API keys: who may call. Only the hash is kept.

use patchbay_model::{KeyId, TenantId, Timestamp};
use sqlx::AnyConnection;

use crate::{
    Store, StoreError,
    audit::{NewAudit, append},
    browser_sessions::ending::end_connects,
    row::{Reader, Row, many, maybe, select},
};

/// Keys of operators that may work at once: so many that all of them are in a list, and nobody hides one behind others.
const OPERATORS: u64 = 100;
/// Who makes one as the host starts; no caller of the API is called so.
const HOST: &str = "host";
const TOO_MANY: &str = "as many keys of operators work as may";

/// An API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id (not the key).
    pub id: KeyId,
    /// Whose; none for an operator.
    pub tenant: Option<TenantId>,
    /// What people call it.
    pub name: String,
    /// Since when it exists.
    pub created_at: Timestamp,
    /// When it was used last, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// Since when it is void.
    pub revoked_at: Option<Timestamp>,
}

impl Row for ApiKey {
    const TABLE: &'static str = "api_keys";
    const FROM: &'static str = "api_keys k";
    const COLUMNS: &'static str = "k.id, k.tenant, k.name, k.created_at, k.last_used_at, k.revoked_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: r.next("id")?,
            tenant: r.next("tenant")?,
            name: r.next("name")?,
            created_at: r.next("created_at")?,
            last_used_at: r.next("last_used_at")?,
            revoked_at: r.next("revoked_at")?,
        })
    }
}

impl Store {
    /// Keeps a key by its SHA-256.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a tenant that does not exist, [`StoreError::Conflict`] for a hash that is there, and where
    /// there are as many keys of operators as there may be.
    pub async fn insert_api_key(
        &self,
        tenant: Option<&TenantId>,
        hash: [u8; 32],
        name: &str,
        actor: &str,
    ) -> Result<ApiKey, StoreError> {
        let key = ApiKey {
            id: KeyId::fresh(&*self.clock, &*self.random),
            tenant: tenant.cloned(),
            name: name.to_owned(),
            created_at: self.now(),
            last_used_at: None,
            revoked_at: None,
        };
        let line = self.audit_line(NewAudit::of(tenant, actor, "api_key.created", &key.id));
        self.write(move |tx| {
            Box::pin(async move {
                // Whoever starts the host is let in also where a thief made so many that nobody else could make one.
                if key.tenant.is_none() && line.actor() != HOST && working(tx).await? >= OPERATORS {
                    return Err(StoreError::Conflict(TOO_MANY));
                }
                sqlx::query("INSERT INTO api_keys (id, tenant, hash, name, created_at) VALUES ($1, $2, $3, $4, $5)")
                    .bind(key.id.as_str())
                    .bind(key.tenant.as_ref().map(TenantId::as_str))
                    .bind(hash.to_vec())
                    .bind(key.name.as_str())
                    .bind(key.created_at.as_micros())
                    .execute(&mut *tx)
                    .await?;
                append(tx, &line).await?;
                Ok(key)
            })
        })
        .await
    }

    /// The key of a hash, unless it is revoked.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn api_key_by_hash(&self, hash: [u8; 32]) -> Result<Option<ApiKey>, StoreError> {
        let statement = sqlx::query(select::<ApiKey>("WHERE k.hash = $1 AND k.revoked_at IS NULL"));
        maybe(self.read(), statement.bind(hash.to_vec())).await
    }

    /// Whether a key is there and not revoked.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn api_key_counts(&self, id: &KeyId) -> Result<bool, StoreError> {
        let statement = sqlx::query("SELECT 1 FROM api_keys k WHERE k.id = $1 AND k.revoked_at IS NULL");
        Ok(statement.bind(id.as_str()).fetch_optional(self.read()).await?.is_some())
    }

    /// Notes that a key was used. Cheap to call seldom: once a minute is enough. One row that nobody decides by, so beside others.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn touch_api_key(&self, id: &KeyId) -> Result<(), StoreError> {
        let (id, now) = (id.clone(), self.now());
        self.write_beside(move |tx| {
            Box::pin(async move {
                // Of many calls at once the first is enough.
                let statement = sqlx::query(
                    "UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)",
                );
                statement.bind(id.as_str()).bind(now.as_micros()).execute(tx).await?;
                Ok(())
            })
        })
        .await
    }

    /// Keys of a tenant, or where none is named, of the operators; those that work first, then newest first, a thousand at most.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn api_keys(&self, tenant: Option<&TenantId>) -> Result<Vec<ApiKey>, StoreError> {
        const OF_TENANT: &str = "WHERE k.tenant = $1 \
            ORDER BY CASE WHEN k.revoked_at IS NULL THEN 0 ELSE 1 END, k.id DESC LIMIT 1000";
        const OF_OPERATORS: &str = "WHERE k.tenant IS NULL \
            ORDER BY CASE WHEN k.revoked_at IS NULL THEN 0 ELSE 1 END, k.id DESC LIMIT 1000";
        let statement = match tenant {
            Some(tenant) => sqlx::query(select::<ApiKey>(OF_TENANT)).bind(tenant.as_str()),
            None => sqlx::query(select::<ApiKey>(OF_OPERATORS)),
        };
        many(self.read(), statement).await
    }

    /// Makes a key void: one of this tenant, or where none is named, one of an operator. With it end the browser sessions that it
    /// opened, and what was begun to be connected in them. Of a key that is void already nothing changes.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] for the last key of an operator that works, without which nobody
    /// could make another one.
    pub async fn revoke_api_key(&self, tenant: Option<&TenantId>, id: &KeyId, actor: &str) -> Result<(), StoreError> {
        let (tenant, id, now) = (tenant.cloned(), id.clone(), self.now());
        let line = self.audit_line(NewAudit::of(tenant.as_ref(), actor, "api_key.revoked", &id));
        self.write(move |tx| {
            Box::pin(async move {
                let whose = tenant.as_ref().map(TenantId::as_str);
                let found = sqlx::query(
                    "SELECT 1 FROM api_keys \
                     WHERE id = $1 AND (tenant = $2 OR ($2 IS NULL AND tenant IS NULL))",
                );
                let found = found.bind(id.as_str()).bind(whose).fetch_optional(&mut *tx).await?;
                if found.is_none() {
                    return Err(StoreError::NotFound);
                }
                let done = sqlx::query("UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL");
                let done = done.bind(id.as_str()).bind(now.as_micros()).execute(&mut *tx).await?;
                if done.rows_affected() == 0 {
                    return Ok(());
                }
                if tenant.is_none() && working(tx).await? == 0 {
                    return Err(StoreError::Conflict("it is the last key of an operator that works"));
                }
                let over =
                    sqlx::query("UPDATE browser_sessions SET ended_at = $2 WHERE api_key = $1 AND ended_at IS NULL");
                over.bind(id.as_str()).bind(now.as_micros()).execute(&mut *tx).await?;
                end_connects(tx, now).await?;
                append(tx, &line).await
            })
        })
        .await
    }
}

/// How many keys of operators work.
async fn working(tx: &mut AnyConnection) -> Result<u64, StoreError> {
    let statement = sqlx::query("SELECT count(*) FROM api_keys WHERE tenant IS NULL AND revoked_at IS NULL");
    let row = statement.fetch_one(tx).await?;
    Reader::of(&row, ApiKey::TABLE).next("count")
}

#[cfg(test)]
mod tests;
