//! Lists of connectors that this host follows, as they were read last.
//!
//! One node asks at a time: whoever moves the next time forward is the one. The serial never goes back for one key, and
//! every version remembers when it was seen first, whatever an index says of its age: for as long as it is listed, at one
//! place and not withdrawn. What comes back begins anew, or it could grow old where nobody can look at it.

use std::{collections::HashSet, time::Duration};

use patchbay_model::Timestamp;
use sqlx::AnyConnection;

use crate::{
    Release, Store, StoreError,
    audit::{NewAudit, append},
    row::{Reader, Row, many, maybe, one, select},
};

/// What is known of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexRow {
    /// As the configuration calls it.
    pub name: String,
    /// The key that it is believed from; another one begins anew.
    pub key: String,
    /// The highest serial that was believed.
    pub serial: u64,
    /// What its server calls that state.
    pub etag: Option<String>,
    /// What it said then, JSON; none before the first time.
    pub body: Option<String>,
    /// Until when that can be believed.
    pub expires_at: Option<Timestamp>,
    /// When it was asked last.
    pub checked_at: Option<Timestamp>,
    /// When it is asked next.
    pub next_at: Timestamp,
    /// What was wrong when it was asked last.
    pub problem: Option<String>,
}

/// What an index says now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexRead {
    /// Grows with every signing.
    pub serial: u64,
    /// What its server calls this state.
    pub etag: Option<String>,
    /// All of it, JSON.
    pub body: String,
    /// Until when it can be believed.
    pub expires_at: Timestamp,
    /// All that it lists and has not withdrawn.
    pub versions: Vec<ReadVersion>,
}

/// A version that an index lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadVersion {
    /// Of which connector.
    pub connector: String,
    /// Which.
    pub version: String,
    /// Of which bytes, SHA-256.
    pub sha256: String,
    /// It is at another place than before, so its age begins anew.
    pub moved: bool,
}

/// Since when a version is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstSeen {
    /// Which.
    pub version: String,
    /// Of which bytes, SHA-256.
    pub sha256: String,
    /// Since when.
    pub at: Timestamp,
}

impl Row for IndexRow {
    const TABLE: &'static str = "indexes";
    const FROM: &'static str = "indexes i";
    const COLUMNS: &'static str =
        "i.name, i.key, i.serial, i.etag, i.body, i.expires_at, i.checked_at, i.next_at, i.problem";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            name: r.next("name")?,
            key: r.next("key")?,
            serial: r.next("serial")?,
            etag: r.next("etag")?,
            body: r.next("body")?,
            expires_at: r.next("expires_at")?,
            checked_at: r.next("checked_at")?,
            next_at: r.next("next_at")?,
            problem: r.next("problem")?,
        })
    }
}

impl Row for FirstSeen {
    const TABLE: &'static str = "index_versions";
    const FROM: &'static str = "index_versions v";
    const COLUMNS: &'static str = "v.version, v.sha256, v.first_seen_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self { version: r.next("version")?, sha256: r.next("sha256")?, at: r.next("first_seen_at")? })
    }
}

/// Connector, version and SHA-256 of what was listed.
#[derive(PartialEq, Eq, Hash)]
struct Known(String, String, String);

impl Row for Known {
    const TABLE: &'static str = "index_versions";
    const FROM: &'static str = "index_versions v";
    const COLUMNS: &'static str = "v.connector, v.version, v.sha256";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self(r.next("connector")?, r.next("version")?, r.next("sha256")?))
    }
}

impl Store {
    /// Takes on asking an index, for so long; none when it is not due, or another does it. `now` asks whether it is due or
    /// not. An index whose key is another than before begins anew.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn claim_index(
        &self,
        name: &str,
        key: &str,
        lease: Duration,
        now: bool,
    ) -> Result<Option<IndexRow>, StoreError> {
        let (name, key, clock) = (name.to_owned(), key.to_owned(), self.clock.clone());
        self.write(move |tx| {
            Box::pin(async move {
                let at = clock.now();
                sqlx::query(
                    "INSERT INTO indexes (name, key, serial, next_at) VALUES ($1, $2, 0, 0) \
                     ON CONFLICT (name) DO UPDATE SET key = excluded.key, serial = 0, etag = NULL, body = NULL, \
                     expires_at = NULL, checked_at = NULL, next_at = 0, problem = NULL \
                     WHERE indexes.key <> excluded.key",
                )
                .bind(name.as_str())
                .bind(key.as_str())
                .execute(&mut *tx)
                .await?;
                let due = if now { i64::MAX } else { at.as_micros() };
                let taken = sqlx::query("UPDATE indexes SET next_at = $2 WHERE name = $1 AND next_at <= $3")
                    .bind(name.as_str())
                    .bind(at.plus(lease).as_micros())
                    .bind(due)
                    .execute(&mut *tx)
                    .await?;
                if taken.rows_affected() == 0 {
                    return Ok(None);
                }
                load(tx, &name).await.map(Some)
            })
        })
        .await
    }

    /// Keeps what an index says now. What it listed before keeps the moment at which it was seen first; what it does not
    /// list any more is forgotten.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when a later one was kept meanwhile, or its key is another now.
    pub async fn keep_index(
        &self,
        name: &str,
        key: &str,
        read: IndexRead,
        next_at: Timestamp,
    ) -> Result<(), StoreError> {
        let (name, key, clock) = (name.to_owned(), key.to_owned(), self.clock.clone());
        let line = self.audit_line(NewAudit::of(None, "host", "index.read", &name));
        self.write(move |tx| {
            Box::pin(async move {
                let now = clock.now().as_micros();
                let serial = i64::try_from(read.serial).map_err(|_| StoreError::Conflict("serial"))?;
                let kept = sqlx::query(
                    "UPDATE indexes SET serial = $3, etag = $4, body = $5, expires_at = $6, checked_at = $7, \
                     next_at = $8, problem = NULL WHERE name = $1 AND key = $2 AND serial <= $3",
                )
                .bind(name.as_str())
                .bind(key.as_str())
                .bind(serial)
                .bind(read.etag)
                .bind(read.body)
                .bind(read.expires_at.as_micros())
                .bind(now)
                .bind(next_at.as_micros())
                .execute(&mut *tx)
                .await?;
                if kept.rows_affected() == 0 {
                    return Err(StoreError::Stale);
                }
                keep_versions(tx, &name, read.versions, now).await?;
                append(tx, &line).await
            })
        })
        .await
    }

    /// Notes that an index was asked and said nothing new, or what was wrong.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn index_asked(&self, name: &str, problem: Option<String>, next_at: Timestamp) -> Result<(), StoreError> {
        let (name, clock) = (name.to_owned(), self.clock.clone());
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query("UPDATE indexes SET checked_at = $2, next_at = $3, problem = $4 WHERE name = $1")
                    .bind(name)
                    .bind(clock.now().as_micros())
                    .bind(next_at.as_micros())
                    .bind(problem)
                    .execute(tx)
                    .await?;
                Ok(())
            })
        })
        .await
    }

    /// An index, if anything is known of it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn index(&self, name: &str) -> Result<Option<IndexRow>, StoreError> {
        maybe(self.read(), sqlx::query(select::<IndexRow>("WHERE i.name = $1")).bind(name)).await
    }

    /// Since when the versions of a connector are known from an index.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn first_seen(&self, index: &str, connector: &str) -> Result<Vec<FirstSeen>, StoreError> {
        let rest = "WHERE v.index_name = $1 AND v.connector = $2 ORDER BY v.first_seen_at, v.version";
        many(self.read(), sqlx::query(select::<FirstSeen>(rest)).bind(index).bind(connector)).await
    }

    /// The releases that are used, by connector; of one connector, or of all however many there are.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn active_releases(&self, connector: Option<&str>) -> Result<Vec<Release>, StoreError> {
        let rest = "WHERE rel.state = 'active' AND ($1 IS NULL OR rel.connector = $1) ORDER BY rel.connector";
        many(self.read(), sqlx::query(select::<Release>(rest)).bind(connector)).await
    }
}

/// Writes the difference only: an index of thousands of versions is read again with one more.
async fn keep_versions(
    tx: &mut AnyConnection,
    index: &str,
    versions: Vec<ReadVersion>,
    now: i64,
) -> Result<(), StoreError> {
    let known: Vec<Known> = many(&mut *tx, sqlx::query(select::<Known>("WHERE v.index_name = $1")).bind(index)).await?;
    let listed: HashSet<Known> = versions
        .iter()
        .filter(|one| !one.moved)
        .map(|one| Known(one.connector.clone(), one.version.clone(), one.sha256.clone()))
        .collect();
    let mut kept = HashSet::new();
    for known in known {
        if listed.contains(&known) {
            kept.insert(known);
            continue;
        }
        sqlx::query(
            "DELETE FROM index_versions WHERE index_name = $1 AND connector = $2 AND version = $3 AND sha256 = $4",
        )
        .bind(index)
        .bind(known.0)
        .bind(known.1)
        .bind(known.2)
        .execute(&mut *tx)
        .await?;
    }
    for ReadVersion { connector, version, sha256, .. } in versions {
        let one = Known(connector, version, sha256);
        if kept.contains(&one) {
            continue;
        }
        sqlx::query(
            "INSERT INTO index_versions (index_name, connector, version, sha256, first_seen_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (index_name, connector, version, sha256) DO NOTHING",
        )
        .bind(index)
        .bind(one.0)
        .bind(one.1)
        .bind(one.2)
        .bind(now)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

async fn load(tx: &mut AnyConnection, name: &str) -> Result<IndexRow, StoreError> {
    one(tx, sqlx::query(select::<IndexRow>("WHERE i.name = $1")).bind(name)).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    const HOUR: Duration = Duration::from_secs(3_600);
    const LEASE: Duration = Duration::from_secs(120);

    fn says(serial: u64, versions: &[&str], until: Timestamp) -> IndexRead {
        let row = |version: &&str| ReadVersion {
            connector: "acme.books".to_owned(),
            version: version.trim_end_matches(" moved").to_owned(),
            sha256: "ab".to_owned(),
            moved: version.ends_with(" moved"),
        };
        IndexRead {
            serial,
            etag: Some(format!("\"{serial}\"")),
            body: "{}".to_owned(),
            expires_at: until,
            versions: versions.iter().map(row).collect(),
        }
    }

    #[tokio::test]
    async fn one_asks_at_a_time_and_who_dies_is_followed_by_another() {
        let world = World::open().await;
        let store = &world.store;
        let first = store.claim_index("acme", "k", LEASE, false).await.expect("asked").expect("due at once");
        assert_eq!((first.serial, first.body), (0, None));
        assert_eq!(store.claim_index("acme", "k", LEASE, false).await, Ok(None));
        assert!(store.claim_index("acme", "k", LEASE, true).await.expect("asked").is_some(), "a person does not wait");
        world.clock.advance(LEASE);
        assert!(store.claim_index("acme", "k", LEASE, false).await.expect("asked").is_some());
        store.index_asked("acme", Some("503".to_owned()), store.now().plus(HOUR)).await.expect("noted");
        world.clock.advance(LEASE);
        assert_eq!(store.claim_index("acme", "k", LEASE, false).await, Ok(None));
        assert_eq!(store.index("acme").await.expect("read").expect("known").problem.as_deref(), Some("503"));
        assert_eq!(store.index("other").await, Ok(None));
    }

    #[tokio::test]
    async fn a_serial_never_goes_back_unless_the_key_is_another() {
        let world = World::open().await;
        let store = &world.store;
        let until = store.now().plus(HOUR);
        store.claim_index("acme", "k", LEASE, true).await.expect("claimed");
        store.keep_index("acme", "k", says(7, &["1.0.0"], until), until).await.expect("kept");
        assert_eq!(store.keep_index("acme", "k", says(6, &["0.9.0"], until), until).await, Err(StoreError::Stale));
        assert_eq!(store.keep_index("acme", "x", says(9, &["0.9.0"], until), until).await, Err(StoreError::Stale));
        assert_eq!(store.index("acme").await.expect("read").expect("known").serial, 7);
        let anew = store.claim_index("acme", "other", LEASE, false).await.expect("asked").expect("due at once");
        assert_eq!((anew.serial, anew.body, anew.etag), (0, None, None));
    }

    #[tokio::test]
    async fn a_version_keeps_the_moment_at_which_it_was_seen_first() {
        let world = World::open().await;
        let store = &world.store;
        let (start, until) = (store.now(), store.now().plus(HOUR));
        store.claim_index("acme", "k", LEASE, true).await.expect("claimed");
        store.keep_index("acme", "k", says(1, &["1.0.0"], until), until).await.expect("kept");
        world.clock.advance(HOUR);
        store.keep_index("acme", "k", says(2, &["1.0.0", "1.1.0"], until), until).await.expect("kept");
        let seen = store.first_seen("acme", "acme.books").await.expect("read");
        let seen: Vec<_> = seen.iter().map(|seen| (seen.version.as_str(), seen.at)).collect();
        assert_eq!(seen, [("1.0.0", start), ("1.1.0", start.plus(HOUR))]);
    }

    #[tokio::test]
    async fn what_is_gone_is_forgotten_and_what_comes_back_or_moves_begins_anew() {
        let world = World::open().await;
        let store = &world.store;
        let (start, until) = (store.now(), store.now().plus(HOUR));
        store.claim_index("acme", "k", LEASE, true).await.expect("claimed");
        let mut all = Vec::new();
        for (serial, versions) in
            [&["1.0.0", "1.1.0", "1.2.0"][..], &["1.0.0", "1.2.0 moved"], &["1.0.0", "1.1.0", "1.2.0"]]
                .iter()
                .enumerate()
        {
            let serial = u64::try_from(serial).expect("small");
            store.keep_index("acme", "k", says(serial, versions, until), until).await.expect("kept");
            let seen = store.first_seen("acme", "acme.books").await.expect("read");
            all.push(seen.into_iter().map(|seen| (seen.version, seen.at)).collect::<Vec<_>>());
            world.clock.advance(HOUR);
        }
        let at = |version: &str, hours| (version.to_owned(), start.plus(HOUR * hours));
        assert_eq!(all[0], [at("1.0.0", 0), at("1.1.0", 0), at("1.2.0", 0)]);
        assert_eq!(all[1], [at("1.0.0", 0), at("1.2.0", 1)]);
        assert_eq!(all[2], [at("1.0.0", 0), at("1.2.0", 1), at("1.1.0", 2)]);
    }

    #[tokio::test]
    async fn the_releases_that_are_used_are_told_however_many_others_there_are() {
        let world = World::open().await;
        let first = world.release("1.0.0").await;
        world.store.activate_release(&first, "test").await.expect("active");
        for patch in 1..=1_000 {
            world.release(&format!("1.0.{patch}")).await;
        }
        for connector in [None, Some("acme.books")] {
            let active = world.store.active_releases(connector).await.expect("read");
            assert_eq!(active.into_iter().map(|release| release.id).collect::<Vec<_>>(), std::slice::from_ref(&first));
        }
        assert_eq!(world.store.active_releases(Some("acme.other")).await, Ok(Vec::new()));
    }
}
