//! Files of tenants, in pieces: an upload writes some pieces a transaction, a reader asks for one at a time, so that
//! nobody ever holds a whole file.
//!
//! - An upload that did not end is no file: it is in no list, none of its pieces can be read and no push can name it. Each
//!   of its transactions gives it some minutes more; what a broken upload or a dead node left goes after that ([`age`]).
//! - The room of a tenant is counted in the transaction that takes it, one after the other for each tenant. A small file
//!   counts for more than it has, because its rows cost something, too.
//! - How long a file is kept is in [`age`]; nothing is deleted while a push that has not ended names it.

mod age;

use std::time::Duration;

use patchbay_model::{BlobId, TenantId, Timestamp};
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::{
    Page, Store, StoreError,
    audit::{NewAudit, append},
    dialect::Dialect,
    row::{Reader, Row, int, many, one, one_more, select},
};

/// Bytes of each piece but the last.
pub const PIECE_BYTES: usize = 256 * 1024;
/// What a file counts for at least.
const LEAST: i64 = 16 * 1024;
/// How long an upload that says nothing more is left alone.
const UNFINISHED: Duration = Duration::from_secs(600);
/// Uploads of one tenant take room one after the other.
const IN_LINE: &str = "SELECT pg_advisory_xact_lock(7878005, hashtext($1))";
/// Whether a push that has not ended names the blob.
const NAMED: &str = "EXISTS (SELECT 1 FROM push_blobs n JOIN pushes p ON p.id = n.push \
    WHERE n.blob = b.id AND p.ended_at IS NULL)";
const IN_USE: StoreError = StoreError::Conflict("an item that has not ended names this file");

/// A file of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its id.
    pub id: BlobId,
    /// Whose.
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Bytes; of an upload that has not ended, so far.
    pub size: u64,
    /// SHA-256 of its bytes; none of an upload that has not ended.
    pub sha256: Option<[u8; 32]>,
    /// When it goes; none while a push that has not ended names it.
    pub expires_at: Option<Timestamp>,
    /// When its upload began.
    pub created_at: Timestamp,
}

/// A file that begins to be uploaded.
#[derive(Debug, Clone)]
pub struct NewBlob {
    /// Whose.
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// How long it will be, as far as somebody says so: what has no room is refused before it is sent.
    pub length: u64,
}

impl Row for Blob {
    const TABLE: &'static str = "blobs";
    const FROM: &'static str = "blobs b";
    const COLUMNS: &'static str = "b.id, b.tenant, b.name, b.media_type, b.size, b.sha256, b.expires_at, b.created_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: r.next("id")?,
            tenant: r.next("tenant")?,
            name: r.next("name")?,
            media_type: r.next("media_type")?,
            size: r.next("size")?,
            sha256: r.next("sha256")?,
            expires_at: r.next("expires_at")?,
            created_at: r.next("created_at")?,
        })
    }
}

impl Store {
    /// Begins an upload.
    ///
    /// # Errors
    /// [`StoreError::Full`] where the tenant has no room for so much; [`StoreError::NotFound`] for a tenant that does
    /// not exist.
    pub async fn begin_blob(&self, new: NewBlob, quota: u64) -> Result<Blob, StoreError> {
        let (id, now) = (BlobId::fresh(&*self.clock, &*self.random), self.now());
        self.write_beside(move |tx| {
            Box::pin(async move {
                stand_in_line(tx, &new.tenant).await?;
                let more = int(new.length).max(LEAST);
                if room_taken(tx, &new.tenant).await?.saturating_add(more) > int(quota) {
                    return Err(StoreError::Full);
                }
                sqlx::query(
                    "INSERT INTO blobs (id, tenant, name, media_type, expires_at, created_at) \
                     VALUES ($1, $2, $3, $4, $5, $6)",
                )
                .bind(id.as_str())
                .bind(new.tenant.as_str())
                .bind(new.name)
                .bind(new.media_type)
                .bind(now.plus(UNFINISHED).as_micros())
                .bind(now.as_micros())
                .execute(&mut *tx)
                .await?;
                load(tx, &id).await
            })
        })
        .await
    }

    /// Adds pieces to an upload, the first of them with this number. All but the last piece of a file have
    /// [`PIECE_BYTES`].
    ///
    /// # Errors
    /// [`StoreError::Full`] where the tenant has no room for them; [`StoreError::NotFound`] for an upload that ended or
    /// was dropped.
    pub async fn append_blob(
        &self,
        tenant: &TenantId,
        id: &BlobId,
        first: u32,
        pieces: Vec<Vec<u8>>,
        quota: u64,
    ) -> Result<(), StoreError> {
        let (tenant, id, until) = (tenant.clone(), id.clone(), self.now().plus(UNFINISHED));
        let more = pieces.iter().map(|piece| piece.len() as u64).sum();
        self.write_beside(move |tx| {
            Box::pin(async move {
                stand_in_line(tx, &tenant).await?;
                forget_pages(tx).await?;
                let no = sqlx::query_scalar::<_, i64>(
                    "UPDATE blobs SET size = size + $3, expires_at = $4 \
                     WHERE id = $1 AND tenant = $2 AND sha256 IS NULL RETURNING no",
                );
                let no = no.bind(id.as_str()).bind(tenant.as_str()).bind(int(more)).bind(until.as_micros());
                let no = no.fetch_optional(&mut *tx).await?.ok_or(StoreError::NotFound)?;
                if room_taken(tx, &tenant).await? > int(quota) {
                    return Err(StoreError::Full);
                }
                for (place, bytes) in (first..).zip(pieces) {
                    let statement = "INSERT INTO blob_pieces (blob_no, no, bytes) VALUES ($1, $2, $3)";
                    sqlx::query(statement).bind(no).bind(i64::from(place)).bind(bytes).execute(&mut *tx).await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Ends an upload: from now on it is a file.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an upload that ended or was dropped.
    pub async fn end_blob(&self, id: &BlobId, sha256: [u8; 32], expires_at: Timestamp) -> Result<Blob, StoreError> {
        let id = id.clone();
        self.write_beside(move |tx| {
            Box::pin(async move {
                forget_pages(tx).await?;
                let statement = "UPDATE blobs SET sha256 = $2, expires_at = $3 WHERE id = $1 AND sha256 IS NULL";
                let done = sqlx::query(statement).bind(id.as_str()).bind(sha256.to_vec());
                if done.bind(expires_at.as_micros()).execute(&mut *tx).await?.rows_affected() == 0 {
                    return Err(StoreError::NotFound);
                }
                load(tx, &id).await
            })
        })
        .await
    }

    /// Drops an upload that will not come to its end; one that did stays.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn drop_blob(&self, id: &BlobId) -> Result<(), StoreError> {
        let id = id.clone();
        self.write_beside(move |tx| {
            Box::pin(async move {
                // The row first: whoever still appends waits for it, and then finds nothing to append to.
                let gone =
                    sqlx::query_scalar::<_, i64>("DELETE FROM blobs WHERE id = $1 AND sha256 IS NULL RETURNING no");
                if let Some(no) = gone.bind(id.as_str()).fetch_optional(&mut *tx).await? {
                    sqlx::query("DELETE FROM blob_pieces WHERE blob_no = $1").bind(no).execute(tx).await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// One file of a tenant, or an upload that has not ended.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn blob(&self, tenant: &TenantId, id: &BlobId) -> Result<Blob, StoreError> {
        let statement = sqlx::query(select::<Blob>("WHERE b.id = $1 AND b.tenant = $2"));
        one(self.read(), statement.bind(id.as_str()).bind(tenant.as_str())).await
    }

    /// The files of a tenant, newest first; uploads that have not ended are none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn blobs(&self, tenant: &TenantId, after: Option<&str>, limit: u32) -> Result<Page<Blob>, StoreError> {
        let rest = "WHERE b.tenant = $1 AND ($2 IS NULL OR b.id < $2) AND b.sha256 IS NOT NULL \
            ORDER BY b.id DESC LIMIT $3";
        let statement = sqlx::query(select::<Blob>(rest)).bind(tenant.as_str()).bind(after).bind(one_more(limit));
        Ok(Page::cut(many(self.read(), statement).await?, limit, |blob: &Blob| blob.id.to_string()))
    }

    /// A piece of a file; none behind its last one, or where there is no such file. Whose it is was looked at by whoever
    /// named it ([`Store::blob`], `accept_push`).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn blob_piece(&self, id: &BlobId, no: u32) -> Result<Option<Vec<u8>>, StoreError> {
        let piece = sqlx::query_scalar::<_, Vec<u8>>(
            "SELECT c.bytes FROM blobs b JOIN blob_pieces c ON c.blob_no = b.no \
             WHERE b.id = $1 AND b.sha256 IS NOT NULL AND c.no = $2",
        );
        let mut reader = self.read().acquire().await?;
        let piece = piece.bind(id.as_str()).bind(i64::from(no)).fetch_optional(&mut *reader).await?;
        // Each of the readers would keep 2 MiB of what went through it.
        forget_pages(&mut reader).await?;
        Ok(piece)
    }

    /// Deletes a file.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] while a push that has not ended names it.
    pub async fn delete_blob(&self, tenant: &TenantId, id: &BlobId, actor: &str) -> Result<(), StoreError> {
        let (tenant, id) = (tenant.clone(), id.clone());
        let line = self.audit_line(NewAudit::of(Some(&tenant), actor, "blob.deleted", &id));
        self.write(move |tx| {
            Box::pin(async move {
                let there = sqlx::query(select::<Blob>("WHERE b.id = $1 AND b.tenant = $2 AND b.sha256 IS NOT NULL"));
                let there: Blob = one(&mut *tx, there.bind(id.as_str()).bind(tenant.as_str())).await?;
                let named = sqlx::query_scalar::<_, i64>(AssertSqlSafe(format!(
                    "SELECT count(*) FROM blobs b WHERE b.id = $1 AND {NAMED}"
                )));
                if named.bind(there.id.as_str()).fetch_one(&mut *tx).await? > 0 {
                    return Err(IN_USE);
                }
                for statement in [
                    "DELETE FROM blob_pieces WHERE blob_no IN (SELECT no FROM blobs WHERE id = $1)",
                    "DELETE FROM push_blobs WHERE blob = $1",
                    "DELETE FROM blobs WHERE id = $1",
                ] {
                    sqlx::query(statement).bind(there.id.as_str()).execute(&mut *tx).await?;
                }
                append(tx, &line).await
            })
        })
        .await
    }
}

/// Waits, on PostgreSQL, until nobody else takes room of this tenant.
async fn stand_in_line(tx: &mut AnyConnection, tenant: &TenantId) -> Result<(), StoreError> {
    if Dialect::of(tx) == Dialect::Postgres {
        sqlx::query(IN_LINE).bind(tenant.as_str()).execute(tx).await?;
    }
    Ok(())
}

/// Gives back, on SQLite, what the one writing connection holds of the database: else it would keep what went through it
/// of a file, tens of MiB. The pages that are needed again come from the system's cache.
async fn forget_pages(tx: &mut AnyConnection) -> Result<(), StoreError> {
    if Dialect::of(tx) == Dialect::Sqlite {
        sqlx::query("PRAGMA shrink_memory").execute(tx).await?;
    }
    Ok(())
}

/// Bytes that the files and uploads of a tenant count for.
async fn room_taken(tx: &mut AnyConnection, tenant: &TenantId) -> Result<i64, StoreError> {
    let sum = sqlx::query_scalar::<_, i64>(
        "SELECT CAST(coalesce(sum(CASE WHEN size < $2 THEN $2 ELSE size END), 0) AS BIGINT) \
         FROM blobs WHERE tenant = $1",
    );
    Ok(sum.bind(tenant.as_str()).bind(LEAST).fetch_one(tx).await?)
}

async fn load(tx: &mut AnyConnection, id: &BlobId) -> Result<Blob, StoreError> {
    one(tx, sqlx::query(select::<Blob>("WHERE b.id = $1")).bind(id.as_str())).await
}

#[cfg(test)]
mod tests;
