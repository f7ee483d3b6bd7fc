//! How many old releases are kept, and what goes with one that is not.
//!
//! What is known of a dropped release stays: which bytes its version stood for, what it asked, how its streams were
//! declared, because cursors and credentials outlive it. Only its bytes go, so that it would have to be installed again.

use std::time::Duration;

use patchbay_model::{ReleaseId, ReleaseState};

use crate::{
    Release, Store, StoreError,
    audit::{NewAudit, append},
    releases::load,
    row::{Reader, json, many, select},
};

/// For how long the bytes of a refused release are left.
const REFUSED: Duration = Duration::from_secs(3_600);

/// For how long a release is kept however many came after it: one that was left a moment ago, and one that somebody installed
/// again to go back to it.
const LATELY: Duration = Duration::from_secs(24 * 3_600);

/// Whether a release `rel` is one that nobody needs any more: kept since `$2` or longer, older than the `$1` last ones that
/// were active before the present one, pinned to nothing, nothing that a trial returns to, and of no login that is under way.
macro_rules! is_old {
    () => {
        "rel.state = 'retained' AND rel.state_at <= $2 \
         AND (SELECT count(*) FROM releases n WHERE n.connector = rel.connector \
         AND n.state = 'retained' AND (coalesce(n.activated_at, n.created_at), n.id) > \
         (coalesce(rel.activated_at, rel.created_at), rel.id)) >= $1 \
         AND NOT EXISTS (SELECT 1 FROM connections c WHERE c.release = rel.id AND c.state <> 'deleted') \
         AND NOT EXISTS (SELECT 1 FROM canaries y WHERE y.pinned = rel.id) \
         AND NOT EXISTS (SELECT 1 FROM attempts t WHERE t.release = rel.id) \
         AND NOT EXISTS (SELECT 1 FROM pending_authorisations n WHERE n.release = rel.id)"
    };
}

impl Store {
    /// Releases that are older than the `kept` last ones before the active one, and that nobody needs.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn old_releases(&self, kept: u32) -> Result<Vec<Release>, StoreError> {
        let statement = sqlx::query(select::<Release>(concat!("WHERE ", is_old!(), " ORDER BY rel.id LIMIT 100")));
        let until = self.now().minus(LATELY).as_micros();
        many(self.read(), statement.bind(i64::from(kept)).bind(until)).await
    }

    /// Drops one, with its bytes in the database; false where somebody needs it by now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn drop_release(&self, id: &ReleaseId, kept: u32) -> Result<bool, StoreError> {
        let (store, id, now) = (self.clone(), id.clone(), self.now());
        self.write(move |tx| {
            Box::pin(async move {
                let done = sqlx::query(concat!(
                    "UPDATE releases SET state = 'dropped', state_at = $4 WHERE id IN (SELECT rel.id FROM releases rel \
                     WHERE rel.id = $3 AND ",
                    is_old!(),
                    ")"
                ));
                let done = done.bind(i64::from(kept)).bind(now.minus(LATELY).as_micros());
                let done = done.bind(id.as_str()).bind(now.as_micros());
                if done.execute(&mut *tx).await?.rows_affected() == 0 {
                    return Ok(false);
                }
                let dropped = load(&mut *tx, &id).await?;
                sqlx::query("DELETE FROM component_pieces WHERE digest = $1")
                    .bind(dropped.digest.as_str())
                    .execute(&mut *tx)
                    .await?;
                let detail = serde_json::json!({ "connector": dropped.connector, "version": dropped.version });
                let line = NewAudit::of(None, "host", "release.dropped", &id).detail(&detail);
                append(tx, &store.audit_line(line)).await?;
                Ok(true)
            })
        })
        .await
    }

    /// The releases whose bytes nobody keeps, with their connectors and digests.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn dropped(&self) -> Result<Vec<(ReleaseId, String, String)>, StoreError> {
        let statement = sqlx::query("SELECT id, connector, digest FROM releases WHERE state = $1 ORDER BY digest");
        let rows = statement.bind(ReleaseState::Dropped.as_str()).fetch_all(self.read()).await?;
        let read = |row| {
            let mut r = Reader::of(row, "releases");
            Ok((r.next("id")?, r.next("connector")?, r.next("digest")?))
        };
        rows.iter().map(read).collect()
    }

    /// Those of some releases that work may begin with at any time: active, what a connection is pinned to (also the one that
    /// it tries), or what a trial returns to.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn needed_releases(&self, of: &[ReleaseId]) -> Result<Vec<ReleaseId>, StoreError> {
        let statement = sqlx::query(
            "SELECT rel.id FROM releases rel WHERE rel.id IN (SELECT value FROM json_each($1)) AND (rel.state = 'active' \
             OR EXISTS (SELECT 1 FROM connections c WHERE c.release = rel.id AND c.state <> 'deleted') \
             OR EXISTS (SELECT 1 FROM canaries y WHERE y.pinned = rel.id)) ORDER BY rel.id",
        );
        let rows = statement.bind(json(&of)?).fetch_all(self.read()).await?;
        rows.iter().map(|row| Reader::of(row, "releases").next("id")).collect()
    }

    /// Connectors and digests of the releases that were refused for good: an hour ago, so that none is one that is just being
    /// tried again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn refused(&self) -> Result<Vec<(String, String)>, StoreError> {
        let statement = sqlx::query(
            "SELECT connector, digest FROM releases WHERE state = 'refused' AND state_at <= $1 ORDER BY digest",
        );
        let rows = statement.bind(self.now().minus(REFUSED).as_micros()).fetch_all(self.read()).await?;
        let read = |row| {
            let mut r = Reader::of(row, "releases");
            Ok((r.next("connector")?, r.next("digest")?))
        };
        rows.iter().map(read).collect()
    }

    /// Removes the bytes of a refused release from the database.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_refused(&self, digest: &str) -> Result<(), StoreError> {
        let (digest, until) = (digest.to_owned(), self.now().minus(REFUSED).as_micros());
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query(
                    "DELETE FROM component_pieces WHERE digest = $1 AND NOT EXISTS (SELECT 1 FROM releases rel \
                     WHERE rel.digest = $1 AND (rel.state <> 'refused' OR rel.state_at > $2))",
                )
                .bind(digest)
                .bind(until)
                .execute(tx)
                .await?;
                Ok(())
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests;
