//! How long a file is kept: an upload that did not end some minutes, a file that no push names a day, one that was named
//! some days more after the last push that names it ended; and none goes while a push that has not ended names it.
//!
//! Naming a file takes its date away (`accept_push`). Here it gets one again once nobody needs it, and here alone it goes:
//! a push that ended may go on all the same (a person sends it again), so what is named is looked for once more in the
//! transaction that deletes.

use patchbay_model::Timestamp;
use sqlx::AssertSqlSafe;

use super::NAMED;
use crate::{
    Retention, Store, StoreError,
    row::{json, micros},
};

/// Files that get a date in one transaction.
const DATED: i64 = 2_000;
/// Files that go in one transaction.
const BATCH: i64 = 100;
/// Bytes that go in one transaction, but for one file that has more.
const BYTES: i64 = 64 * 1024 * 1024;

impl Store {
    /// Forgets some of the files whose time is over; how many.
    pub(crate) async fn forget_blobs(&self, keep: &Retention) -> Result<u64, StoreError> {
        let now = self.now();
        self.date_blobs(keep, now).await?;
        let old = "SELECT id, size FROM blobs WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2";
        let old = sqlx::query_as::<_, (String, i64)>(old).bind(now.as_micros()).bind(BATCH);
        let (mut ids, mut bytes) = (Vec::new(), 0_i64);
        for (id, size) in old.fetch_all(self.read()).await? {
            bytes = bytes.saturating_add(size);
            if bytes > BYTES && !ids.is_empty() {
                break;
            }
            ids.push(id);
        }
        if ids.is_empty() {
            return Ok(0);
        }
        let ids = json(&ids)?;
        self.write(move |tx| {
            Box::pin(async move {
                let back = format!(
                    "UPDATE blobs AS b SET expires_at = NULL WHERE b.id IN (SELECT value FROM json_each($1)) AND {NAMED}"
                );
                sqlx::query(AssertSqlSafe(back)).bind(ids.as_str()).execute(&mut *tx).await?;
                let mut gone = 0;
                for table in ["blob_pieces WHERE blob_no IN (SELECT no", "push_blobs WHERE blob IN (SELECT id", "blobs WHERE id IN (SELECT id"]
                {
                    let statement = format!(
                        "DELETE FROM {table} FROM blobs WHERE id IN (SELECT value FROM json_each($1)) AND expires_at <= $2)"
                    );
                    let done = sqlx::query(AssertSqlSafe(statement)).bind(ids.as_str()).bind(now.as_micros());
                    gone = done.execute(&mut *tx).await?.rows_affected();
                }
                Ok(gone)
            })
        })
        .await
    }

    /// Gives those a date that nobody needs any more. Which ones is found outside of any transaction.
    async fn date_blobs(&self, keep: &Retention, now: Timestamp) -> Result<(), StoreError> {
        let free =
            format!("SELECT b.id FROM blobs b WHERE b.expires_at IS NULL AND NOT {NAMED} ORDER BY b.id LIMIT $1");
        let free = sqlx::query_scalar::<_, String>(AssertSqlSafe(free)).bind(DATED).fetch_all(self.read()).await?;
        if free.is_empty() {
            return Ok(());
        }
        let (free, named, unused) = (json(&free)?, micros(keep.blobs), now.plus(keep.unused_blobs));
        self.write(move |tx| {
            Box::pin(async move {
                let statement = format!(
                    "UPDATE blobs AS b SET expires_at = coalesce((SELECT max(p.ended_at) FROM push_blobs n \
                     JOIN pushes p ON p.id = n.push WHERE n.blob = b.id) + $2, $3) \
                     WHERE b.id IN (SELECT value FROM json_each($1)) AND b.expires_at IS NULL AND NOT {NAMED}"
                );
                let statement = sqlx::query(AssertSqlSafe(statement)).bind(free).bind(named);
                statement.bind(unused.as_micros()).execute(tx).await?;
                Ok(())
            })
        })
        .await
    }
}
