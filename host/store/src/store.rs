//! Opening and closing, and the ways in: [`Store::write`], [`Store::write_beside`] and [`Store::read`].

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use patchbay_model::{Clock, Random, Timestamp};
use sqlx::AnyPool;
use tokio::{sync::Notify, task::JoinHandle};

use crate::{
    Location, OpenError, StoreConfig, StoreError,
    audit::AuditKey,
    clock::DatabaseClock,
    database,
    dialect::Dialect,
    search::Searches,
    server::{Company, Server},
    signals::Signals,
    writer::{Work, Writer},
};

/// The database. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Store {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) audit_key: AuditKey,
    writer: Way,
    readers: AnyPool,
    wake: Arc<Notify>,
    changed: Arc<Notify>,
    signals: Option<Arc<Signals>>,
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
    stale: Arc<AtomicU64>,
    pub(crate) searches: Arc<Searches>,
}

/// How changes are made.
#[derive(Clone)]
enum Way {
    File(Writer),
    Server(Server),
}

impl Store {
    /// Opens the database, makes it where it is missing and brings its tables up to date.
    ///
    /// # Errors
    /// The SQLite library or the server is too old, a migration failed, or it cannot be opened.
    pub async fn open(config: StoreConfig, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Self, OpenError> {
        sqlx::any::install_default_drivers();
        let (audit_key, wake) = (AuditKey::default(), Arc::new(Notify::new()));
        let (stale, searches, changed) = (Arc::default(), Arc::default(), Arc::default());
        match &config.location {
            Location::File(path) => {
                let file = database::open_file(path, &config).await?;
                let (writer, task) = Writer::start(file.connection, file.opening, path, config.wal_limit);
                let task = Arc::new(Mutex::new(Some(task)));
                let writer = Way::File(writer);
                let readers = file.readers;
                let signals = None;
                Ok(Self { clock, random, audit_key, writer, readers, wake, changed, signals, task, stale, searches })
            }
            Location::Server(url) => {
                let (writers, readers) = database::open_server(url, &config).await?;
                let server_clock = config.server_clock.then(|| Arc::new(DatabaseClock::over(Arc::clone(&clock))));
                let clock = match &server_clock {
                    Some(clock) => Arc::clone(clock) as Arc<dyn Clock>,
                    None => clock,
                };
                let writer = Way::Server(Server::over(writers, server_clock));
                let signals = Some(Arc::new(Signals::start(url.expose(), Arc::clone(&wake))?));
                let task = Arc::default();
                let store =
                    Self { clock, random, audit_key, writer, readers, wake, changed, signals, task, stale, searches };
                // The first transaction tells the time.
                store.ready().await.map_err(|error| OpenError::Unavailable(error.to_string()))?;
                Ok(store)
            }
        }
    }

    /// Woken whenever a run or a push may have become due; for the worker that claims them. Not a
    /// promise: a worker also looks by itself from time to time.
    #[must_use]
    pub fn wake(&self) -> Arc<Notify> {
        Arc::clone(&self.wake)
    }

    /// All who wait are woken whenever something was written here that others may want to see: a connection or a run that
    /// changed, a push that ended. Not a promise either, and what other nodes write wakes nobody here.
    #[must_use]
    pub fn changed(&self) -> Arc<Notify> {
        Arc::clone(&self.changed)
    }

    /// Whether a transaction can be committed just now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ready(&self) -> Result<(), StoreError> {
        let now = self.now();
        // One row, and nothing depends on it.
        self.write_beside(move |tx| {
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

    /// Lets what was begun finish, ends the readers and closes the database. Every clone is closed with it.
    pub async fn close(&self) {
        match &self.writer {
            Way::File(writer) => writer.stop(),
            Way::Server(server) => server.close().await,
        }
        self.readers.close().await;
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the writer did not end well");
        }
    }

    /// The time by which this database is led: the server's on PostgreSQL, for whoever decides when something is due.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// Whether several nodes can share this database.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.writer, Way::Server(_))
    }

    /// Runs `work` in a transaction that has no other one beside it.
    pub(crate) async fn write<T: Send + 'static>(&self, work: impl Work<T>) -> Result<T, StoreError> {
        self.counted(match &self.writer {
            Way::File(writer) => writer.write(work).await,
            Way::Server(server) => server.write(Company::Alone, work).await,
        })
    }

    /// Runs `work` in a transaction that others may run beside, on PostgreSQL: it locks the rows that it reads in
    /// order to write them.
    pub(crate) async fn write_beside<T: Send + 'static>(&self, work: impl Work<T>) -> Result<T, StoreError> {
        self.counted(match &self.writer {
            Way::File(writer) => writer.write(work).await,
            Way::Server(server) => server.write(Company::Beside, work).await,
        })
    }

    /// Writes that were refused because somebody else has taken over, or the lease was over; since this store was opened.
    #[must_use]
    pub fn stale_writes(&self) -> u64 {
        self.stale.load(Ordering::Relaxed)
    }

    fn counted<T>(&self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        if matches!(done, Err(StoreError::Stale)) {
            self.stale.fetch_add(1, Ordering::Relaxed);
        }
        done
    }

    /// Those that only read. One statement at a time: a reader holds no transaction.
    pub(crate) fn read(&self) -> &AnyPool {
        &self.readers
    }

    /// Which database this is.
    pub(crate) fn dialect(&self) -> Dialect {
        match &self.writer {
            Way::File(_) => Dialect::Sqlite,
            Way::Server(_) => Dialect::Postgres,
        }
    }

    /// The moment it is.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Something may have become due, here or at another node.
    pub(crate) fn woke(&self) {
        self.wake.notify_one();
        self.changed.notify_waiters();
        if let Some(signals) = &self.signals {
            signals.send();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use patchbay_model::{SeededRandom, SystemClock};

    use crate::{
        Step,
        testing::{World, page},
    };

    #[tokio::test]
    async fn what_was_committed_is_there_after_a_crash() {
        let world = World::open().await;
        if world.store.is_shared() {
            return; // A copy of a file is what this is about; a server's crash is tested with the whole host.
        }
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
