//! Where the data is, and opening it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use patchbay_model::Secret;
use sqlx::{
    AnyConnection, AnyPool, ConnectOptions as _, Connection as _, Executor as _,
    any::{AnyConnectOptions, AnyPoolOptions},
};

use crate::{OpenError, server};

/// The first SQLite that cannot corrupt a WAL database written and checkpointed at once.
const OLDEST: (u32, u32, u32) = (3, 51, 3);
/// The first PostgreSQL that the suite runs on.
const OLDEST_SERVER: i64 = 140_000;
/// How long a reader may take to get a connection.
const READER_WAIT: Duration = Duration::from_secs(5);

/// Which database.
#[derive(Debug, Clone)]
pub enum Location {
    /// A file of SQLite; made when it is missing. Its folder must exist.
    File(PathBuf),
    /// `postgres://…`: a database of a PostgreSQL server, which several nodes share.
    Server(Secret),
}

/// Where the database is and what it may use.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// Which one.
    pub location: Location,
    /// Reading connections.
    pub readers: u32,
    /// Writing connections of PostgreSQL; SQLite has one.
    pub writers: u32,
    /// KiB of pages that SQLite's writing connection remembers; each reading one has SQLite's own 2,000.
    pub cache_kib: u32,
    /// Bytes of SQLite's write-ahead log from which it is emptied.
    pub wal_limit: u64,
    /// Whether leases go by the server's clock. Always, but for tests that move the time.
    pub server_clock: bool,
}

impl StoreConfig {
    /// This file, with four readers and a log of 64 MiB.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self::of(Location::File(path.into()))
    }

    /// This database of a server.
    #[must_use]
    pub fn server(url: Secret) -> Self {
        Self { readers: 8, ..Self::of(Location::Server(url)) }
    }

    fn of(location: Location) -> Self {
        Self { location, readers: 4, writers: 8, cache_kib: 64 * 1024, wal_limit: 64 * 1024 * 1024, server_clock: true }
    }
}

/// The writing connection of a file, and how to open another one.
pub(crate) struct File {
    pub(crate) connection: AnyConnection,
    pub(crate) readers: AnyPool,
    pub(crate) opening: Opening,
}

/// How a writing connection is opened.
pub(crate) struct Opening {
    options: AnyConnectOptions,
    cache_kib: u32,
    wal_limit: u64,
}

impl Opening {
    /// One more; its log is emptied by the writer's task, between two jobs.
    pub(crate) async fn open(&self) -> Result<AnyConnection, sqlx::Error> {
        let mut connection = self.options.connect().await?;
        connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON").await?;
        connection.execute("PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY").await?;
        // A size below zero is of KiB (sqlite.org/pragma.html#pragma_cache_size).
        let bounds = format!("PRAGMA cache_size = -{}; PRAGMA journal_size_limit = {}", self.cache_kib, self.wal_limit);
        connection.execute(sqlx::AssertSqlSafe(bounds)).await?;
        Ok(connection)
    }
}

/// Opens a file, makes it where it is missing and brings its tables up to date.
pub(crate) async fn open_file(path: &Path, config: &StoreConfig) -> Result<File, OpenError> {
    let options = file_options(path, "rwc")?;
    let opening = Opening { options, cache_kib: config.cache_kib, wal_limit: config.wal_limit };
    let mut connection = opening.open().await?;
    check_version(&sqlx::query_scalar::<_, String>("SELECT sqlite_version()").fetch_one(&mut connection).await?)?;
    sqlx::migrate!("migrations/sqlite")
        .run(&mut connection)
        .await
        .map_err(|error| OpenError::Migrate(error.to_string()))?;
    let readers = AnyPoolOptions::new()
        .max_connections(config.readers.max(1))
        .acquire_timeout(READER_WAIT)
        // A connection to a file does not die in its sleep, and asking it first is one way to its thread more for each read.
        .test_before_acquire(false)
        .after_connect(|connection, _| {
            Box::pin(async move { connection.execute("PRAGMA query_only = ON").await.map(drop) })
        })
        .connect_with(file_options(path, "ro")?)
        .await?;
    Ok(File { connection, readers, opening })
}

/// Opens a database of a server and brings its tables up to date: writers and readers.
pub(crate) async fn open_server(url: &Secret, config: &StoreConfig) -> Result<(AnyPool, AnyPool), OpenError> {
    let writers = server::pool(url.expose(), config.writers, false).await?;
    let found: i64 =
        sqlx::query_scalar("SELECT CAST(current_setting('server_version_num') AS BIGINT)").fetch_one(&writers).await?;
    if found < OLDEST_SERVER {
        return Err(OpenError::ServerTooOld { found });
    }
    // A session of its own: it may take longer than a request, and nodes that start together wait for each other.
    let options: AnyConnectOptions =
        url.expose().parse().map_err(|_| OpenError::Unavailable("not an address of PostgreSQL".to_owned()))?;
    let mut connection = options.disable_statement_logging().connect().await?;
    connection.execute("SET client_min_messages = error").await?;
    sqlx::migrate!("migrations/postgres")
        .run(&mut connection)
        .await
        .map_err(|error| OpenError::Migrate(error.to_string()))?;
    connection.close().await?;
    let readers = server::pool(url.expose(), config.readers, true).await?;
    Ok((writers, readers))
}

fn file_options(path: &Path, mode: &str) -> Result<AnyConnectOptions, OpenError> {
    let unusable = || OpenError::Unavailable(format!("{} is not a path that can be opened", path.display()));
    let absolute = std::path::absolute(path).map_err(|_| unusable())?;
    let mut url = url::Url::from_file_path(absolute).map_err(|()| unusable())?;
    // `sqlite:///folder/file`; the path is percent-encoded by the URL type and decoded by the driver.
    url.set_query(Some(&format!("mode={mode}")));
    let text = format!("sqlite{}", url.as_str().strip_prefix("file").unwrap_or_default());
    Ok(text.parse::<AnyConnectOptions>().map_err(|_| unusable())?.disable_statement_logging())
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
    use patchbay_model::{Code, Fault};

    use super::*;

    #[test]
    fn a_sqlite_that_can_corrupt_the_log_is_refused() {
        for bad in ["3.40.1", "3.51.2", "2.9.9", "", "x"] {
            assert!(matches!(check_version(bad), Err(OpenError::TooOld { .. })), "{bad}");
        }
        for good in ["3.51.3", "3.53.0", "4.0.0"] {
            assert!(check_version(good).is_ok(), "{good}");
        }
        let fault = Fault::from(OpenError::TooOld { found: "3.40.1".to_owned() });
        assert_eq!(fault.code, Code::DatabaseTooOld);
    }

    #[tokio::test]
    async fn the_bundled_sqlite_is_new_enough_and_a_path_may_have_odd_characters() {
        sqlx::any::install_default_drivers();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ä b?c#d%20e.db");
        let file = open_file(&path, &StoreConfig::at(&path)).await.expect("it opens");
        file.connection.close().await.expect("closed");
        assert!(path.exists());
    }

    #[tokio::test]
    async fn the_writing_connection_remembers_as_many_pages_as_was_said() {
        sqlx::any::install_default_drivers();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.db");
        let config = StoreConfig { cache_kib: 2048, ..StoreConfig::at(&path) };
        let mut file = open_file(&path, &config).await.expect("it opens");
        let size: i64 = sqlx::query_scalar("PRAGMA cache_size").fetch_one(&mut file.connection).await.expect("a size");
        assert_eq!(size, -2048);
    }

    #[test]
    fn an_address_with_a_password_is_not_printed() {
        let config = StoreConfig::server(Secret::new("postgres://me:hunter2@db/patchbay"));
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
