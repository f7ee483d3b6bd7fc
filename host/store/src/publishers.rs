//! Whose signatures are believed: the keys of each publisher that an operator trusts, and those that were seen.
//!
//! A row is made when a key is trusted, or when a release of a known publisher came with a key that was not known: that
//! one is only *seen*, and approving the release trusts it. A key that was revoked stays, so that it does not come back
//! as one that nobody has heard of.

use patchbay_model::{Timestamp, package::signature, policy};
use serde_json::json;
use sqlx::AnyConnection;

use crate::{
    Release, Store, StoreError,
    audit::{NewAudit, append},
    row::{Reader, Row, many, maybe, one, select},
};

/// A key of a publisher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublisherKey {
    /// Whose: what stands before the dot of a connector's id.
    pub publisher: String,
    /// What names it, `SHA256:…`.
    pub fingerprint: String,
    /// The key, Base64 of 32 bytes.
    pub public_key: String,
    /// When it came here.
    pub seen_at: Timestamp,
    /// Since when it is trusted; none for one that was only seen.
    pub trusted_at: Option<Timestamp>,
    /// Who trusted it.
    pub trusted_by: Option<String>,
    /// Since when nothing signed with it is taken any more.
    pub revoked_at: Option<Timestamp>,
    /// Who revoked it.
    pub revoked_by: Option<String>,
}

impl PublisherKey {
    /// Whether what it signs is taken.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        self.trusted_at.is_some() && self.revoked_at.is_none()
    }
}

impl Row for PublisherKey {
    const TABLE: &'static str = "publisher_keys";
    const FROM: &'static str = "publisher_keys p";
    const COLUMNS: &'static str = "p.publisher, p.fingerprint, p.public_key, p.seen_at, p.trusted_at, p.trusted_by, \
        p.revoked_at, p.revoked_by";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            publisher: r.next("publisher")?,
            fingerprint: r.next("fingerprint")?,
            public_key: r.next("public_key")?,
            seen_at: r.next("seen_at")?,
            trusted_at: r.next("trusted_at")?,
            trusted_by: r.next("trusted_by")?,
            revoked_at: r.next("revoked_at")?,
            revoked_by: r.next("revoked_by")?,
        })
    }
}

impl Store {
    /// The keys of a publisher, or of all; in the order in which they came.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn publisher_keys(&self, publisher: Option<&str>) -> Result<Vec<PublisherKey>, StoreError> {
        let rest = "WHERE $1 IS NULL OR p.publisher = $1 ORDER BY p.publisher, p.seen_at, p.fingerprint LIMIT 1000";
        many(self.read(), sqlx::query(select::<PublisherKey>(rest)).bind(publisher)).await
    }

    /// Notes a key that signed something and is not trusted; what is known of it stays.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn see_publisher_key(
        &self,
        publisher: &str,
        fingerprint: &str,
        public_key: &str,
    ) -> Result<(), StoreError> {
        let (publisher, fingerprint, now) = (publisher.to_owned(), fingerprint.to_owned(), self.now());
        let public_key = public_key.to_owned();
        self.write(move |tx| Box::pin(async move { see(tx, &publisher, &fingerprint, &public_key, now).await })).await
    }

    /// Trusts a key of a publisher from now on. `again` says that a key that was revoked is meant too.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] for a revoked key that is not trusted `again`.
    pub async fn trust_publisher_key(
        &self,
        publisher: &str,
        fingerprint: &str,
        public_key: &str,
        again: bool,
        actor: &str,
    ) -> Result<PublisherKey, StoreError> {
        let (publisher, fingerprint, now) = (publisher.to_owned(), fingerprint.to_owned(), self.now());
        let (public_key, actor) = (public_key.to_owned(), actor.to_owned());
        let line = NewAudit::of(None, &actor, "publisher_key.trusted", &publisher);
        let line = self.audit_line(line.detail(&json!({ "fingerprint": fingerprint, "key": public_key })));
        self.write(move |tx| {
            Box::pin(async move {
                see(&mut *tx, &publisher, &fingerprint, &public_key, now).await?;
                let there = load(&mut *tx, &publisher, &fingerprint).await?;
                if there.is_trusted() {
                    return Ok(there);
                }
                if there.revoked_at.is_some() && !again {
                    return Err(StoreError::Conflict("the key was revoked"));
                }
                let statement = sqlx::query(
                    "UPDATE publisher_keys SET trusted_at = $3, trusted_by = $4, revoked_at = NULL, revoked_by = NULL \
                     WHERE publisher = $1 AND fingerprint = $2",
                );
                let statement = statement.bind(publisher.as_str()).bind(fingerprint.as_str());
                statement.bind(now.as_micros()).bind(actor).execute(&mut *tx).await?;
                append(&mut *tx, &line).await?;
                load(tx, &publisher, &fingerprint).await
            })
        })
        .await
    }

    /// Takes nothing any more that this key signed. What was installed before stays as it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a key that is not known.
    pub async fn revoke_publisher_key(
        &self,
        publisher: &str,
        fingerprint: &str,
        actor: &str,
    ) -> Result<PublisherKey, StoreError> {
        let (publisher, fingerprint, now) = (publisher.to_owned(), fingerprint.to_owned(), self.now());
        let actor = actor.to_owned();
        let line = NewAudit::of(None, &actor, "publisher_key.revoked", &publisher);
        let line = self.audit_line(line.detail(&json!({ "fingerprint": fingerprint })));
        self.write(move |tx| {
            Box::pin(async move {
                let there = load(&mut *tx, &publisher, &fingerprint).await?;
                if there.revoked_at.is_some() {
                    return Ok(there);
                }
                let statement = sqlx::query(
                    "UPDATE publisher_keys SET revoked_at = $3, revoked_by = $4 \
                     WHERE publisher = $1 AND fingerprint = $2",
                );
                let statement = statement.bind(publisher.as_str()).bind(fingerprint.as_str());
                statement.bind(now.as_micros()).bind(actor).execute(&mut *tx).await?;
                append(&mut *tx, &line).await?;
                load(tx, &publisher, &fingerprint).await
            })
        })
        .await
    }
}

/// Refuses to take a release into use for the first time once the key that signed it is not trusted, its publisher signs
/// and it is unsigned, or a newer version was in use, in the transaction that would: whoever revokes a key or installs a
/// newer version is not overtaken. One that was in use before may come back: what was approved then are its bytes, and
/// those are the same.
pub(crate) async fn still_stands(tx: &mut AnyConnection, release: &Release) -> Result<(), StoreError> {
    if release.activated_at.is_some() {
        return Ok(());
    }
    let used = sqlx::query_scalar("SELECT version FROM releases WHERE connector = $1 AND activated_at IS NOT NULL");
    let used: Vec<String> = used.bind(release.connector.as_str()).fetch_all(&mut *tx).await?;
    if policy::newest(used.iter().map(String::as_str)).is_some_and(|newest| policy::is_lower(&release.version, newest))
    {
        return Err(StoreError::Conflict("a newer version of the connector was in use meanwhile"));
    }
    let publisher = signature::publisher(&release.connector);
    let Some(fingerprint) = &release.signed_by else {
        // Also after its last key was revoked: that does not make a publisher one that never signed.
        let statement =
            sqlx::query_scalar("SELECT count(*) FROM publisher_keys WHERE publisher = $1 AND trusted_at IS NOT NULL");
        let signs: i64 = statement.bind(publisher).fetch_one(tx).await?;
        return match signs {
            0 => Ok(()),
            _ => Err(StoreError::Conflict("the publisher signs, and this release is not signed")),
        };
    };
    match find(tx, publisher, fingerprint).await? {
        Some(key) if key.revoked_at.is_some() => {
            Err(StoreError::Conflict("the key that signed this release was revoked"))
        }
        Some(key) if !key.is_trusted() => Err(StoreError::Conflict("the key that signed this release is not trusted")),
        _ => Ok(()),
    }
}

/// Whether a connector's publisher has this key, and it is trusted; false for none.
pub(crate) async fn is_trusted(
    tx: &mut AnyConnection,
    connector: &str,
    fingerprint: Option<&str>,
) -> Result<bool, StoreError> {
    let Some(fingerprint) = fingerprint else { return Ok(false) };
    Ok(find(tx, signature::publisher(connector), fingerprint).await?.is_some_and(|key| key.is_trusted()))
}

async fn find(tx: &mut AnyConnection, publisher: &str, fingerprint: &str) -> Result<Option<PublisherKey>, StoreError> {
    let statement = sqlx::query(select::<PublisherKey>("WHERE p.publisher = $1 AND p.fingerprint = $2"));
    maybe(tx, statement.bind(publisher).bind(fingerprint)).await
}

async fn see(
    tx: &mut AnyConnection,
    publisher: &str,
    fingerprint: &str,
    public_key: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let statement = sqlx::query(
        "INSERT INTO publisher_keys (publisher, fingerprint, public_key, seen_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (publisher, fingerprint) DO NOTHING",
    );
    let statement = statement.bind(publisher).bind(fingerprint).bind(public_key).bind(now.as_micros());
    statement.execute(tx).await?;
    Ok(())
}

async fn load(tx: &mut AnyConnection, publisher: &str, fingerprint: &str) -> Result<PublisherKey, StoreError> {
    let statement = sqlx::query(select::<PublisherKey>("WHERE p.publisher = $1 AND p.fingerprint = $2"));
    one(tx, statement.bind(publisher).bind(fingerprint)).await
}

#[cfg(test)]
mod tests {
    use patchbay_model::ReleaseState;

    use super::*;
    use crate::testing::World;

    const ONE: (&str, &str) = ("SHA256:one", "b25l");

    #[tokio::test]
    async fn a_key_is_seen_then_trusted_then_revoked_and_each_word_about_it_is_written_down() {
        let world = World::open().await;
        let store = &world.store;
        store.see_publisher_key("acme", ONE.0, ONE.1).await.expect("seen");
        let state = async || {
            let keys = store.publisher_keys(Some("acme")).await.expect("keys");
            (keys.len(), keys[0].is_trusted(), keys[0].revoked_at.is_some())
        };
        assert_eq!(state().await, (1, false, false));
        let trusted = store.trust_publisher_key("acme", ONE.0, ONE.1, false, "operator").await.expect("trusted");
        assert_eq!(trusted.trusted_by.as_deref(), Some("operator"));
        // What is said twice is written down once.
        store.trust_publisher_key("acme", ONE.0, ONE.1, false, "another").await.expect("trusted");
        store.see_publisher_key("acme", ONE.0, ONE.1).await.expect("seen");
        assert_eq!(state().await, (1, true, false));
        store.revoke_publisher_key("acme", ONE.0, "operator").await.expect("revoked");
        store.revoke_publisher_key("acme", ONE.0, "operator").await.expect("revoked");
        assert_eq!(state().await, (1, false, true));
        assert_eq!(world.number("SELECT count(*) FROM audit WHERE action LIKE 'publisher_key.%'").await, 2);
        assert_eq!(store.revoke_publisher_key("acme", "SHA256:none", "x").await, Err(StoreError::NotFound));
        assert_eq!(store.publisher_keys(Some("other")).await, Ok(Vec::new()));
        assert_eq!(store.publisher_keys(None).await.expect("keys").len(), 1);
    }

    #[tokio::test]
    async fn a_revoked_key_is_trusted_again_only_when_that_is_said() {
        let world = World::open().await;
        let store = &world.store;
        store.trust_publisher_key("acme", ONE.0, ONE.1, false, "operator").await.expect("trusted");
        store.revoke_publisher_key("acme", ONE.0, "operator").await.expect("revoked");
        let refused = store.trust_publisher_key("acme", ONE.0, ONE.1, false, "operator").await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
        let again = store.trust_publisher_key("acme", ONE.0, ONE.1, true, "operator").await.expect("trusted");
        assert!(again.is_trusted());
    }

    #[tokio::test]
    async fn a_key_that_is_revoked_keeps_its_releases_from_a_first_use_and_not_from_coming_back() {
        let world = World::open().await;
        let store = &world.store;
        let (first, second) = (world.release("1.0.0").await, world.release("1.1.0").await);
        world.ddl("UPDATE releases SET signed_by = 'SHA256:one'").await;
        store.trust_publisher_key("acme", ONE.0, ONE.1, false, "operator").await.expect("trusted");
        store.activate_release(&first, "operator").await.expect("active");
        store.set_release_state(&first, ReleaseState::Retained, None).await.expect("retained");
        store.revoke_publisher_key("acme", ONE.0, "operator").await.expect("revoked");
        assert!(matches!(store.activate_release(&second, "operator").await, Err(StoreError::Conflict(_))));
        store.activate_release(&first, "operator").await.expect("back");
    }

    #[tokio::test]
    async fn an_older_version_that_waited_is_overtaken_by_a_newer_one() {
        let world = World::open().await;
        let (older, newer) = (world.release("1.9.0").await, world.release("1.10.0").await);
        world.store.activate_release(&newer, "operator").await.expect("active");
        assert!(matches!(world.store.activate_release(&older, "operator").await, Err(StoreError::Conflict(_))));
    }

    #[tokio::test]
    async fn one_that_was_only_tried_and_one_that_is_pinned_to_stand_under_the_same_rules() {
        let world = World::open().await;
        let store = &world.store;
        let connection = world.connect("b1").await.connection.id;
        let (unsigned, tried) = (world.release("1.0.0").await, world.release("99.0.0").await);
        world.ddl("UPDATE releases SET signed_by = 'SHA256:one' WHERE version = '99.0.0'").await;
        store.set_release_state(&tried, ReleaseState::Quarantined, Some("harm")).await.expect("set aside");
        store.trust_publisher_key("acme", ONE.0, ONE.1, false, "operator").await.expect("trusted");
        let pinned = store.pin_connection(&world.tenant, &connection, Some(&unsigned), "operator").await;
        assert!(matches!(pinned, Err(StoreError::Conflict(_))), "unsigned after signed: {pinned:?}");
        assert!(matches!(store.activate_release(&unsigned, "operator").await, Err(StoreError::Conflict(_))));

        store.revoke_publisher_key("acme", ONE.0, "operator").await.expect("revoked");
        store.set_release_state(&tried, ReleaseState::Ready, Some("harm")).await.expect("it waits");
        assert!(matches!(store.activate_release(&tried, "operator").await, Err(StoreError::Conflict(_))));
        let pinned = store.pin_connection(&world.tenant, &connection, Some(&tried), "operator").await;
        assert!(matches!(pinned, Err(StoreError::Conflict(_))), "{pinned:?}");
    }
}
