//! Opening and closing, and the two ways in: [`Store::write`] and [`Store::read`].

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use patchbay_model::{Clock, Random, Timestamp};
use sqlx::{
    ConnectOptions as _, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::{sync::Notify, task::JoinHandle};

use crate::{
    OpenError, StoreError,
    audit::AuditKey,
    writer::{Work, Writer},
};

/// The first SQLite that cannot corrupt a WAL database written and checkpointed at once.
const OLDEST: (u32, u32, u32) = (3, 51, 3);
/// How long a reader may take to get a connection.
const READER_WAIT: Duration = Duration::from_secs(5);

/// Where the database is and what it may use.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// The database file; made when it is missing. Its folder must exist.
    pub path: PathBuf,
    /// Reading connections.
    pub readers: u32,
    /// Bytes of the write-ahead log from which it is emptied.
    pub wal_limit: u64,
}

impl StoreConfig {
    /// This file, with four readers and a log of 64 MiB.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), readers: 4, wal_limit: 64 * 1024 * 1024 }
    }
}

/// The database. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Store {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) audit_key: AuditKey,
    writer: Writer,
    readers: SqlitePool,
    wake: Arc<Notify>,
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Store {
    /// Opens the database, makes it where it is missing and brings its tables up to date.
    ///
    /// # Errors
    /// The SQLite library is too old, a migration failed, or the file cannot be opened.
    pub async fn open(config: StoreConfig, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Self, OpenError> {
        let shared = SqliteConnectOptions::new()
            .filename(&config.path)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .statement_cache_capacity(512)
            .disable_statement_logging();
        let writing = shared
            .clone()
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            // The writer's task empties the log itself, between two jobs.
            .pragma("wal_autocheckpoint", "0")
            .pragma("journal_size_limit", config.wal_limit.to_string())
            .pragma("cache_size", "-65536")
            .pragma("temp_store", "memory");
        let mut connection = writing.connect().await?;
        check_version(&sqlite_version(&mut connection).await?)?;
        sqlx::migrate!("migrations/sqlite")
            .run(&mut connection)
            .await
            .map_err(|error| OpenError::Migrate(error.to_string()))?;
        let reading = shared.read_only(true).pragma("query_only", "on");
        let readers = SqlitePoolOptions::new()
            .max_connections(config.readers.max(1))
            .acquire_timeout(READER_WAIT)
            .connect_with(reading)
            .await?;
        let (writer, task) = Writer::start(connection, writing, config.wal_limit);
        let task = Arc::new(Mutex::new(Some(task)));
        let audit_key = AuditKey::default();
        Ok(Self { clock, random, audit_key, writer, readers, wake: Arc::new(Notify::new()), task })
    }

    /// Woken whenever a run or a push may have become due; for the worker that claims them. Not a
    /// promise: a worker also looks by itself from time to time.
    #[must_use]
    pub fn wake(&self) -> Arc<Notify> {
        Arc::clone(&self.wake)
    }

    /// Whether a transaction can be committed just now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ready(&self) -> Result<(), StoreError> {
        let now = self.now();
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO meta (key, value) VALUES ('ready_at', $1) \
                     ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                )
                .bind(now.to_string().into_bytes())
                .execute(tx)
                .await?;
                Ok(())
            })
        })
        .await
    }

    /// Lets the writer finish what is queued, ends the readers and closes the file. Every clone is
    /// closed with it.
    pub async fn close(&self) {
        self.writer.stop();
        self.readers.close().await;
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the writer did not end well");
        }
    }

    /// Runs `work` in a transaction of the one writer.
    pub(crate) async fn write<T: Send + 'static>(&self, work: impl Work<T>) -> Result<T, StoreError> {
        self.writer.write(work).await
    }

    /// The read-only pool. One statement at a time: a reader holds no transaction.
    pub(crate) fn read(&self) -> &SqlitePool {
        &self.readers
    }

    /// The moment it is.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Something may have become due.
    pub(crate) fn woke(&self) {
        self.wake.notify_one();
    }
}

async fn sqlite_version(connection: &mut SqliteConnection) -> Result<String, OpenError> {
    Ok(sqlx::query_scalar("SELECT sqlite_version()").fetch_one(connection).await?)
}

fn check_version(found: &str) -> Result<(), OpenError> {
    let mut parts = found.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut part = || parts.next().unwrap_or(0);
    if (part(), part(), part()) < OLDEST {
        return Err(OpenError::TooOld { found: found.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sqlite_that_can_corrupt_the_log_is_refused() {
        for bad in ["3.40.1", "3.51.2", "2.9.9", "", "x"] {
            assert!(matches!(check_version(bad), Err(OpenError::TooOld { .. })), "{bad}");
        }
        for good in ["3.51.3", "3.53.0", "4.0.0"] {
            assert!(check_version(good).is_ok(), "{good}");
        }
    }

    use patchbay_model::{Code, Fault, SeededRandom, SystemClock};

    use crate::{
        Step,
        testing::{World, page},
    };

    #[tokio::test]
    async fn what_was_committed_is_there_after_a_crash() {
        let world = World::open().await;
        let (settled, run) = world.running("b1").await;
        world.store.commit_page(page(&run, Step::End, &[("a", 1), ("b", 2)])).await.expect("stored");
        // What a killed process leaves: the file and its log, without the index of the log.
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["patchbay.db", "patchbay.db-wal"] {
            std::fs::copy(world.folder.path().join(name), folder.path().join(name)).expect("a copy");
        }
        assert!(std::fs::metadata(folder.path().join("patchbay.db-wal")).expect("a log").len() > 0);
        let config = StoreConfig::at(folder.path().join("patchbay.db"));
        let store = Store::open(config, Arc::new(SystemClock), Arc::new(SeededRandom::new(1))).await.expect("it opens");
        let check: String =
            sqlx::query_scalar("PRAGMA integrity_check").fetch_one(store.read()).await.expect("a check");
        assert_eq!(check, "ok");
        let count = store.count_records(&world.tenant, &settled.connection.id).await.expect("count");
        assert_eq!(count.first().map(|count| count.records), Some(2));
        store.ready().await.expect("it takes writes");
        store.close().await;
        assert!(matches!(store.ready().await, Err(StoreError::Unavailable(_))));
    }

    #[tokio::test]
    async fn the_bundled_sqlite_is_new_enough_and_an_old_one_has_a_page() {
        let world = World::open().await;
        let found: String =
            sqlx::query_scalar("SELECT sqlite_version()").fetch_one(world.store.read()).await.expect("a version");
        check_version(&found).expect("new enough");
        let fault = Fault::from(OpenError::TooOld { found: "3.40.1".to_owned() });
        assert_eq!(fault.code, Code::DatabaseTooOld);
    }

    #[tokio::test]
    async fn a_reader_cannot_write() {
        let world = World::open().await;
        let done = sqlx::query("DELETE FROM tenants").execute(world.store.read()).await;
        assert!(done.is_err());
    }

    #[tokio::test]
    async fn a_bad_row_names_its_table_column_and_row() {
        let world = World::open().await;
        let settled = world.connect("b1").await;
        let id = settled.connection.id.clone();
        let spoil = world.store.write(move |tx| {
            Box::pin(async move {
                sqlx::query("UPDATE connections SET state = 'odd'").execute(tx).await?;
                Ok(())
            })
        });
        spoil.await.expect("spoilt");
        let read = world.store.connection(&world.tenant, &id).await;
        let named = StoreError::Inconsistent { table: "connections", column: "state", row: id.to_string() };
        assert_eq!(read, Err(named));
    }
}
