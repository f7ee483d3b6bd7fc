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
    row::{Reader, many, select},
};

/// For how long the bytes of a refused release are left.
const REFUSED: Duration = Duration::from_secs(3_600);

/// Whether a release `rel` is one that nobody needs any more: older than the `$1` last ones that were active before the
/// present one, pinned to nothing, and of no login that is under way.
macro_rules! is_old {
    () => {
        "rel.state = 'retained' AND (SELECT count(*) FROM releases n WHERE n.connector = rel.connector \
         AND n.state = 'retained' AND (coalesce(n.activated_at, n.created_at), n.id) > \
         (coalesce(rel.activated_at, rel.created_at), rel.id)) >= $1 \
         AND NOT EXISTS (SELECT 1 FROM connections c WHERE c.release = rel.id AND c.state <> 'deleted') \
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
        many(self.read(), statement.bind(i64::from(kept))).await
    }

    /// Drops one, with its bytes in the database; false where somebody needs it by now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn drop_release(&self, id: &ReleaseId, kept: u32) -> Result<bool, StoreError> {
        let (store, id) = (self.clone(), id.clone());
        self.write(move |tx| {
            Box::pin(async move {
                let done = sqlx::query(concat!(
                    "UPDATE releases SET state = 'dropped', state_at = $3 WHERE id IN (SELECT rel.id FROM releases rel \
                     WHERE rel.id = $2 AND ",
                    is_old!(),
                    ")"
                ));
                let done = done.bind(i64::from(kept)).bind(id.as_str()).bind(store.now().as_micros());
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

    /// Connectors and digests of the releases whose bytes nobody keeps.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn dropped(&self) -> Result<Vec<(String, String)>, StoreError> {
        let statement = sqlx::query("SELECT connector, digest FROM releases WHERE state = $1 ORDER BY digest");
        let rows = statement.bind(ReleaseState::Dropped.as_str()).fetch_all(self.read()).await?;
        let read = |row| {
            let mut r = Reader::of(row, "releases");
            Ok((r.next("connector")?, r.next("digest")?))
        };
        rows.iter().map(read).collect()
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
mod tests {
    use super::*;
    use crate::testing::World;

    async fn states(world: &World) -> Vec<(String, ReleaseState)> {
        let mut all = world.store.releases(None).await.expect("read");
        all.sort_by(|one, other| one.version.cmp(&other.version));
        all.into_iter().map(|release| (release.version, release.state)).collect()
    }

    #[tokio::test]
    async fn the_bytes_of_a_refused_release_go_after_an_hour() {
        let world = World::open().await;
        let (id, ready) = (world.release("1.0.0").await, world.release("1.1.0").await);
        world.store.set_release_state(&id, ReleaseState::Refused, Some("it does not start")).await.expect("refused");
        for digest in ["digest of 1.0.0", "digest of 1.1.0"] {
            world.store.keep_component(digest, vec![1]).await.expect("kept");
        }
        assert_eq!(world.store.refused().await, Ok(Vec::new()), "not at once");
        world.store.forget_refused("digest of 1.0.0").await.expect("judged");
        assert!(world.store.component("digest of 1.0.0").await.expect("read").is_some());
        world.clock.advance(REFUSED);
        let found = ("acme.books".to_owned(), "digest of 1.0.0".to_owned());
        assert_eq!(world.store.refused().await, Ok(vec![found]));
        for digest in ["digest of 1.0.0", "digest of 1.1.0"] {
            world.store.forget_refused(digest).await.expect("judged");
        }
        assert_eq!(world.store.component("digest of 1.0.0").await, Ok(None));
        assert!(world.store.component("digest of 1.1.0").await.expect("read").is_some(), "{ready} was not refused");
    }

    #[tokio::test]
    async fn the_last_ones_are_kept_and_one_that_a_connection_needs_however_old_it_is() {
        let world = World::open().await;
        let connection = world.connect("b1").await.connection.id;
        let mut all = Vec::new();
        for version in ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"] {
            let id = world.release(version).await;
            world.clock.advance(Duration::from_secs(1));
            world.store.activate_release(&id, "test").await.expect("active");
            world.store.keep_component(&format!("digest of {version}"), vec![1]).await.expect("kept");
            all.push(id);
        }
        world.store.pin_connection(&world.tenant, &connection, Some(&all[0]), "test").await.expect("pinned");
        let old = world.store.old_releases(2).await.expect("read");
        assert_eq!(old.iter().map(|old| old.version.as_str()).collect::<Vec<_>>(), ["1.1.0"], "the oldest is pinned");
        assert!(world.store.drop_release(&all[1], 2).await.expect("dropped"));
        for (kept, why) in [(&all[0], "pinned"), (&all[2], "one of the last"), (&all[4], "active")] {
            assert!(!world.store.drop_release(kept, 2).await.expect("judged"), "{why}");
        }
        let dropped = states(&world).await.into_iter().filter(|(_, state)| *state == ReleaseState::Dropped);
        assert_eq!(dropped.map(|(version, _)| version).collect::<Vec<_>>(), ["1.1.0"]);
        assert_eq!(world.store.component("digest of 1.1.0").await, Ok(None), "its bytes are gone");
        assert_eq!(world.store.dropped().await, Ok(vec![("acme.books".to_owned(), "digest of 1.1.0".to_owned())]));
        assert!(world.store.activate_release(&all[1], "test").await.is_err());

        world.store.pin_connection(&world.tenant, &connection, None, "test").await.expect("unpinned");
        assert!(world.store.drop_release(&all[0], 2).await.expect("dropped"), "nobody needs it any more");
        assert_eq!(world.told("release.dropped").await, 2);
    }
}
