//! Wrapped data keys: those of each tenant, and those of the deployment for what belongs to nobody else. One of
//! an owner is current and seals; the others only open what has not been sealed again yet.

use std::collections::BTreeSet;

use patchbay_model::{TenantId, Timestamp};
use sqlx::AnyConnection;

use crate::{
    Store, StoreError,
    audit::{NewAudit, append},
    row::{Reader, Row, int, many, maybe, one, select},
    sealed,
};

/// A wrapped data key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataKeyRow {
    /// Whose; none for the deployment's.
    pub owner: Option<TenantId>,
    /// Its number: 8 bytes that everything carries that was sealed with it.
    pub number: Vec<u8>,
    /// The key, wrapped.
    pub wrapped: Vec<u8>,
    /// Whether it seals.
    pub current: bool,
    /// Since when it does not.
    pub retired_at: Option<Timestamp>,
}

impl Row for DataKeyRow {
    const TABLE: &'static str = "data_keys";
    const FROM: &'static str = "data_keys d";
    const COLUMNS: &'static str = "nullif(d.owner, ''), d.number, d.wrapped, d.retired_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        let (owner, number, wrapped) = (r.next("owner")?, r.next("number")?, r.next("wrapped")?);
        let retired_at: Option<Timestamp> = r.next("retired_at")?;
        Ok(Self { owner, number, wrapped, current: retired_at.is_none(), retired_at })
    }
}

/// The owner as the table has it.
fn name(owner: Option<&TenantId>) -> &str {
    owner.map_or("", TenantId::as_str)
}

impl Store {
    /// The key of an owner that seals; none where it has none yet.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn current_data_key(&self, owner: Option<&TenantId>) -> Result<Option<DataKeyRow>, StoreError> {
        let statement = sqlx::query(select::<DataKeyRow>("WHERE d.owner = $1 AND d.retired_at IS NULL"));
        maybe(self.read(), statement.bind(name(owner))).await
    }

    /// The key of an owner that has this number.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn data_key(&self, owner: Option<&TenantId>, number: &[u8]) -> Result<Option<DataKeyRow>, StoreError> {
        let statement = sqlx::query(select::<DataKeyRow>("WHERE d.owner = $1 AND d.number = $2"));
        maybe(self.read(), statement.bind(name(owner)).bind(number)).await
    }

    /// All keys of all owners.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn data_keys(&self) -> Result<Vec<DataKeyRow>, StoreError> {
        many(self.read(), sqlx::query(select::<DataKeyRow>("ORDER BY d.owner, d.created_at, d.number"))).await
    }

    /// Keeps the first key of an owner; answers the current one, which another may have kept before.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a tenant that does not exist.
    pub async fn keep_data_key(
        &self,
        owner: Option<&TenantId>,
        number: &[u8],
        wrapped: Vec<u8>,
    ) -> Result<DataKeyRow, StoreError> {
        let (owner, number, now) = (name(owner).to_owned(), number.to_vec(), self.now());
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO data_keys (owner, number, wrapped, created_at) \
                     SELECT $1, $2, $3, $4 WHERE ($1 = '' OR EXISTS (SELECT 1 FROM tenants WHERE id = $1)) \
                     AND NOT EXISTS (SELECT 1 FROM data_keys WHERE owner = $1 AND retired_at IS NULL)",
                )
                .bind(owner.as_str())
                .bind(number)
                .bind(wrapped)
                .bind(now.as_micros())
                .execute(&mut *tx)
                .await?;
                let statement = sqlx::query(select::<DataKeyRow>("WHERE d.owner = $1 AND d.retired_at IS NULL"));
                one(tx, statement.bind(owner.as_str())).await
            })
        })
        .await
    }

    /// Makes a new key the current one in place of `old_number`, which is kept to open with; false when that
    /// is not the current one any more.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] for a number that is there.
    pub async fn replace_data_key(
        &self,
        owner: Option<&TenantId>,
        number: &[u8],
        wrapped: Vec<u8>,
        old_number: &[u8],
    ) -> Result<bool, StoreError> {
        let (owner, number, old, now) = (name(owner).to_owned(), number.to_vec(), old_number.to_vec(), self.now());
        self.write(move |tx| {
            Box::pin(async move {
                let retired = sqlx::query(
                    "UPDATE data_keys SET retired_at = $3 WHERE owner = $1 AND number = $2 AND retired_at IS NULL",
                );
                let retired = retired.bind(owner.as_str()).bind(old).bind(now.as_micros());
                if retired.execute(&mut *tx).await?.rows_affected() == 0 {
                    return Ok(false);
                }
                let made =
                    sqlx::query("INSERT INTO data_keys (owner, number, wrapped, created_at) VALUES ($1, $2, $3, $4)");
                made.bind(owner).bind(number).bind(wrapped).bind(now.as_micros()).execute(tx).await?;
                Ok(true)
            })
        })
        .await
    }

    /// Replaces every wrapping and the key check at once: from then on the database belongs to another
    /// key-encryption key. A rotation starts with it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the keys are not the ones that are there; nothing is written.
    pub async fn rewrap(&self, rows: Vec<DataKeyRow>, check: Vec<u8>, actor: &str) -> Result<(), StoreError> {
        const OTHERS: StoreError = StoreError::Conflict("data keys came or went meanwhile");
        let detail = serde_json::json!({ "data_keys": rows.len() });
        let line = self.audit_line(NewAudit::of(None, actor, "keys.rotation_started", &"keys").detail(&detail));
        self.write(move |tx| {
            Box::pin(async move {
                let named: BTreeSet<_> = rows.iter().map(|row| (row.owner.as_ref(), &row.number)).collect();
                let there: i64 = sqlx::query_scalar("SELECT count(*) FROM data_keys").fetch_one(&mut *tx).await?;
                if there != int(u64::try_from(named.len()).unwrap_or(u64::MAX)) || named.len() != rows.len() {
                    return Err(OTHERS);
                }
                for row in &rows {
                    let done = sqlx::query("UPDATE data_keys SET wrapped = $3 WHERE owner = $1 AND number = $2")
                        .bind(name(row.owner.as_ref()))
                        .bind(row.number.as_slice())
                        .bind(row.wrapped.as_slice())
                        .execute(&mut *tx)
                        .await?;
                    if done.rows_affected() == 0 {
                        return Err(OTHERS);
                    }
                }
                sqlx::query(
                    "INSERT INTO meta (key, value) VALUES ('key_check', $1) \
                     ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                )
                .bind(check)
                .execute(&mut *tx)
                .await?;
                append(tx, &line).await
            })
        })
        .await
    }

    /// Drops a key that is not current, has been out of use since before `retired_before` (what was being
    /// sealed with it is stored by then) and is carried by nothing; whether it was dropped. With the last one
    /// of all owners a rotation is finished.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn drop_data_key(
        &self,
        owner: Option<&TenantId>,
        number: &[u8],
        retired_before: Timestamp,
    ) -> Result<bool, StoreError> {
        let (owner, number) = (owner.cloned(), number.to_vec());
        let finished = self.audit_line(NewAudit::of(None, "host", "keys.rotation_finished", &"keys"));
        self.write(move |tx| {
            Box::pin(async move {
                if sealed::count(&mut *tx, owner.as_ref(), &number).await? > 0 {
                    return Ok(false);
                }
                let statement = "DELETE FROM data_keys WHERE owner = $1 AND number = $2 AND retired_at < $3";
                let statement = sqlx::query(statement).bind(name(owner.as_ref())).bind(number);
                let done = statement.bind(retired_before.as_micros()).execute(&mut *tx).await?;
                if done.rows_affected() == 0 {
                    return Ok(false);
                }
                if retired_keys(&mut *tx).await? == 0 {
                    append(tx, &finished).await?;
                }
                Ok(true)
            })
        })
        .await
    }
}

async fn retired_keys(tx: &mut AnyConnection) -> Result<i64, StoreError> {
    let statement = sqlx::query_scalar("SELECT count(*) FROM data_keys WHERE retired_at IS NOT NULL");
    Ok(statement.fetch_one(tx).await?)
}

#[cfg(test)]
pub(crate) mod tests;
