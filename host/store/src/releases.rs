//! Releases: immutable versions of connectors. Their bytes are files; this is what is known of them.

use patchbay_model::{ReleaseId, ReleaseState, Timestamp};
use sqlx::AnyConnection;

use crate::{
    Store, StoreError,
    audit::{NewAudit, append},
    corrections,
    row::{Reader, Row, int, many, maybe, one, select},
};

/// One version of a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its id.
    pub id: ReleaseId,
    /// The connector, `publisher.name`.
    pub connector: String,
    /// Its version, semver.
    pub version: String,
    /// SHA-256 of the component, hex.
    pub digest: String,
    /// Bytes of the component.
    pub size: u64,
    /// The contract version it speaks.
    pub contract: String,
    /// The manifest, JSON.
    pub manifest: String,
    /// What it asks for, JSON; compared with what was approved.
    pub asks: String,
    /// How far it is.
    pub state: ReleaseState,
    /// Why it is refused or set aside.
    pub reason: Option<String>,
    /// Since when it is here.
    pub created_at: Timestamp,
    /// Since when it is in this state.
    pub state_at: Timestamp,
}

/// A release to keep.
#[derive(Debug, Clone)]
pub struct NewRelease {
    /// The connector, `publisher.name`.
    pub connector: String,
    /// Its version, semver.
    pub version: String,
    /// SHA-256 of the component, hex.
    pub digest: String,
    /// Bytes of the component.
    pub size: u64,
    /// The contract version it speaks.
    pub contract: String,
    /// The manifest, JSON.
    pub manifest: String,
    /// What it asks for, JSON.
    pub asks: String,
    /// How far it is.
    pub state: ReleaseState,
}

impl Row for Release {
    const TABLE: &'static str = "releases";
    const FROM: &'static str = "releases rel";
    const COLUMNS: &'static str = "rel.id, rel.connector, rel.version, rel.digest, rel.size, rel.contract, \
        rel.manifest, rel.asks, rel.state, rel.reason, rel.created_at, rel.state_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: r.next("id")?,
            connector: r.next("connector")?,
            version: r.next("version")?,
            digest: r.next("digest")?,
            size: r.next("size")?,
            contract: r.next("contract")?,
            manifest: r.next("manifest")?,
            asks: r.next("asks")?,
            state: r.next("state")?,
            reason: r.next("reason")?,
            created_at: r.next("created_at")?,
            state_at: r.next("state_at")?,
        })
    }
}

impl Store {
    /// Keeps a release. The same version with the same bytes is the one that is there.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when this version is there with other bytes, or these bytes under another version.
    pub async fn insert_release(&self, new: NewRelease, actor: &str) -> Result<Release, StoreError> {
        let (id, now) = (ReleaseId::fresh(&*self.clock, &*self.random), self.now());
        let line = self.audit_line(NewAudit::of(None, actor, "release.fetched", &id));
        self.write(move |tx| {
            Box::pin(async move {
                let statement = sqlx::query(select::<Release>("WHERE rel.connector = $1 AND rel.version = $2"));
                let there: Option<Release> =
                    maybe(&mut *tx, statement.bind(new.connector.as_str()).bind(new.version.as_str())).await?;
                if let Some(there) = there {
                    if there.digest == new.digest {
                        return Ok(there);
                    }
                    // Bytes that were refused never ran: a damaged copy must not keep the version from the whole one.
                    if there.state != ReleaseState::Refused {
                        return Err(StoreError::Conflict("version with other bytes"));
                    }
                    let refused = sqlx::query("DELETE FROM releases WHERE id = $1");
                    refused.bind(there.id.as_str()).execute(&mut *tx).await?;
                }
                sqlx::query(
                    "INSERT INTO releases (id, connector, version, digest, size, contract, manifest, asks, state, \
                     created_at, state_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
                )
                .bind(id.as_str())
                .bind(new.connector)
                .bind(new.version)
                .bind(new.digest)
                .bind(int(new.size))
                .bind(new.contract)
                .bind(new.manifest)
                .bind(new.asks)
                .bind(new.state.as_str())
                .bind(now.as_micros())
                .execute(&mut *tx)
                .await?;
                append(tx, &line).await?;
                load(tx, &id).await
            })
        })
        .await
    }

    /// One release.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn release(&self, id: &ReleaseId) -> Result<Release, StoreError> {
        one(self.read(), sqlx::query(select::<Release>("WHERE rel.id = $1")).bind(id.as_str())).await
    }

    /// The release of these bytes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn release_by_digest(&self, connector: &str, digest: &str) -> Result<Option<Release>, StoreError> {
        let statement = sqlx::query(select::<Release>("WHERE rel.connector = $1 AND rel.digest = $2"));
        maybe(self.read(), statement.bind(connector).bind(digest)).await
    }

    /// Releases of a connector, or of all; newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn releases(&self, connector: Option<&str>) -> Result<Vec<Release>, StoreError> {
        let rest = "WHERE $1 IS NULL OR rel.connector = $1 ORDER BY rel.connector, rel.id DESC LIMIT 1000";
        many(self.read(), sqlx::query(select::<Release>(rest)).bind(connector)).await
    }

    /// Notes how far a release is. `active` is reached only by [`Store::activate_release`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] for `active`.
    pub async fn set_release_state(
        &self,
        id: &ReleaseId,
        state: ReleaseState,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        if state == ReleaseState::Active {
            return Err(StoreError::Conflict("a release becomes active by being activated"));
        }
        let (id, reason, now) = (id.clone(), reason.map(str::to_owned), self.now());
        self.write(move |tx| {
            Box::pin(async move {
                let statement = sqlx::query("UPDATE releases SET state = $2, reason = $3, state_at = $4 WHERE id = $1");
                let statement = statement.bind(id.as_str()).bind(state.as_str()).bind(reason).bind(now.as_micros());
                if statement.execute(tx).await?.rows_affected() == 0 {
                    return Err(StoreError::NotFound);
                }
                Ok(())
            })
        })
        .await
    }

    /// Makes a release the one that new runs use; the one before is retained. One atomic swap.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] unless it is `ready`, `retained` or `active`.
    pub async fn activate_release(&self, id: &ReleaseId, actor: &str) -> Result<Release, StoreError> {
        self.activate(id, None, actor).await
    }

    /// The same of one that was judged together with a revision of the operator's correction; 0 for none.
    ///
    /// # Errors
    /// As there; [`StoreError::Conflict`] too when the correction is another one by now.
    pub async fn activate_corrected(&self, id: &ReleaseId, revision: i64, actor: &str) -> Result<Release, StoreError> {
        self.activate(id, Some(revision), actor).await
    }

    async fn activate(&self, id: &ReleaseId, revision: Option<i64>, actor: &str) -> Result<Release, StoreError> {
        let (id, now) = (id.clone(), self.now());
        let line = self.audit_line(NewAudit::of(None, actor, "release.activated", &id));
        self.write(move |tx| {
            Box::pin(async move {
                let wanted = load(&mut *tx, &id).await?;
                match wanted.state {
                    ReleaseState::Active => return Ok(wanted),
                    ReleaseState::Ready | ReleaseState::Retained => {}
                    _ => return Err(StoreError::Conflict("the release is not ready")),
                }
                if let Some(revision) = revision
                    && corrections::revision(&mut *tx, &wanted.connector).await? != revision
                {
                    return Err(StoreError::Conflict("the correction of the connector was changed meanwhile"));
                }
                sqlx::query(
                    "UPDATE releases SET state = 'retained', state_at = $2 WHERE connector = $1 AND state = 'active'",
                )
                .bind(wanted.connector)
                .bind(now.as_micros())
                .execute(&mut *tx)
                .await?;
                sqlx::query("UPDATE releases SET state = 'active', reason = NULL, state_at = $2 WHERE id = $1")
                    .bind(id.as_str())
                    .bind(now.as_micros())
                    .execute(&mut *tx)
                    .await?;
                append(&mut *tx, &line).await?;
                load(tx, &id).await
            })
        })
        .await
    }

    /// The release that new runs of a connector use.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn active_release(&self, connector: &str) -> Result<Option<Release>, StoreError> {
        let statement = sqlx::query(select::<Release>("WHERE rel.connector = $1 AND rel.state = 'active'"));
        maybe(self.read(), statement.bind(connector)).await
    }

    /// The id of the same: whoever knows what stands in a release asks no more.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn active_release_id(&self, connector: &str) -> Result<Option<ReleaseId>, StoreError> {
        let statement = sqlx::query("SELECT id FROM releases WHERE connector = $1 AND state = 'active'");
        let row = statement.bind(connector).fetch_optional(self.read()).await?;
        row.map(|row| Reader::of(&row, "releases").next("id")).transpose()
    }

    /// One release of each connector, by connector: the active one, else the newest.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn connectors(&self) -> Result<Vec<Release>, StoreError> {
        let rest = "WHERE rel.id = (SELECT x.id FROM releases x WHERE x.connector = rel.connector \
            ORDER BY (x.state = 'active') DESC, x.id DESC LIMIT 1) ORDER BY rel.connector";
        many(self.read(), sqlx::query(select::<Release>(rest))).await
    }
}

async fn load(tx: &mut AnyConnection, id: &ReleaseId) -> Result<Release, StoreError> {
    one(tx, sqlx::query(select::<Release>("WHERE rel.id = $1")).bind(id.as_str())).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    #[tokio::test]
    async fn a_version_has_one_set_of_bytes_for_ever() {
        let world = World::open().await;
        let id = world.release("1.0.0").await;
        assert_eq!(world.release("1.0.0").await, id);
        let there = world.store.release(&id).await.expect("a release");
        let other = NewRelease {
            connector: there.connector,
            version: there.version,
            digest: "another".to_owned(),
            size: 1,
            contract: there.contract,
            manifest: there.manifest,
            asks: there.asks,
            state: ReleaseState::Fetched,
        };
        assert!(matches!(world.store.insert_release(other, "test").await, Err(StoreError::Conflict(_))));
    }

    #[tokio::test]
    async fn activating_swaps_and_keeps_the_one_before() {
        let world = World::open().await;
        let (first, second) = (world.release("1.0.0").await, world.release("1.1.0").await);
        world.store.activate_release(&first, "test").await.expect("active");
        world.store.activate_release(&second, "test").await.expect("active");
        let active = world.store.active_release("acme.books").await.expect("read").expect("one");
        assert_eq!(active.id, second);
        assert_eq!(world.store.release(&first).await.expect("kept").state, ReleaseState::Retained);
        assert_eq!(world.store.connectors().await.expect("list").len(), 1);
        world.store.activate_release(&first, "test").await.expect("rolled back");
        world.store.set_release_state(&second, ReleaseState::Quarantined, Some("harm")).await.expect("set aside");
        assert!(world.store.activate_release(&second, "test").await.is_err());
    }
}
