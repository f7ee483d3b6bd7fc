//! Transactions on PostgreSQL.
//!
//! - Each one runs in a task of its own, from `BEGIN` to `COMMIT` or `ROLLBACK`. A caller that goes away (axum drops
//!   the handler of a browser that left) cannot cut it in two: with sqlx 0.9.0 a `begin` that is dropped half-way
//!   hands its connection on inside an open transaction, and what others commit there vanishes
//!   (transact-rs/sqlx#4393). For the same reason every connection is rolled back when it is taken.
//! - A transaction is alone in the whole cluster (as on SQLite, where there is one writer), unless it was written to
//!   run beside others ([`Company::Beside`]): then it waits only for those that are alone, and its own statements
//!   lock the rows that matter. So whatever was thought out for one writer is right here, too, and what is frequent
//!   (claims, pages, heartbeats, ends of runs) does not stand in line.
//! - A node that is stopped in the middle of a transaction loses its session after [`IDLE`] and its locks with it.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use sqlx::{
    AnyConnection, AnyPool, Executor as _, Row as _,
    any::{AnyConnectOptions, AnyPoolOptions},
    pool::PoolConnection,
};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use crate::{OpenError, StoreError, clock::DatabaseClock, writer::Work};

/// How long a caller waits for a connection.
const WAIT: Duration = Duration::from_secs(10);
/// Longest wait for any answer of the server; longer than its own limit for a statement.
const LONGEST: Duration = Duration::from_secs(75);
/// A connection is replaced when it is this old, so that none outlives a fail-over for long.
const OLDEST: Duration = Duration::from_secs(30 * 60);
/// What every session begins with. No statement and no lock is waited for without end, and a transaction whose
/// node says nothing for so long is over.
const SESSION: &str = "SET client_min_messages = error; SET idle_in_transaction_session_timeout = '5s'; \
    SET lock_timeout = '15s'; SET statement_timeout = '60s'; SET synchronous_commit = on; \
    SET default_transaction_isolation = 'read committed'; SET bytea_output = 'hex'";
const READS: &str = "SET default_transaction_read_only = on";
const WRITES: &str = "SET default_transaction_read_only = off";
/// What a session begins with when it is taken from the pool.
const FRESH: &str = "ROLLBACK; SELECT current_setting('transaction_read_only')";
/// The lock of those that are alone, and (shared) of those beside others.
const ALONE: &str = "BEGIN; SELECT pg_advisory_xact_lock(7878001); \
    SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";
const BESIDE: &str = "BEGIN; SELECT pg_advisory_xact_lock_shared(7878001); \
    SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";

/// Who else may write meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Company {
    /// Nobody.
    Alone,
    /// Others of this kind: the transaction locks what it reads in order to write.
    Beside,
}

/// A pool of sessions to the server.
pub(crate) async fn pool(url: &str, sessions: u32, only_reads: bool) -> Result<AnyPool, OpenError> {
    let options: AnyConnectOptions =
        url.parse().map_err(|_| OpenError::Unavailable("not an address of PostgreSQL".to_owned()))?;
    let options = sqlx::ConnectOptions::disable_statement_logging(options);
    let pool = AnyPoolOptions::new()
        .max_connections(sessions.max(1))
        .acquire_timeout(WAIT)
        .max_lifetime(OLDEST)
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                connection.execute(SESSION).await?;
                connection.execute(if only_reads { READS } else { WRITES }).await.map(drop)
            })
        })
        .before_acquire(move |connection, _| {
            Box::pin(async move {
                let rows = connection.fetch_all(FRESH).await?;
                let read_only: String = rows.last().ok_or(sqlx::Error::RowNotFound)?.try_get(0)?;
                // A server that was demoted takes no writes; another session may find the new one.
                Ok(only_reads || read_only == "off")
            })
        });
    Ok(pool.connect_with(options).await?)
}

/// The way to write.
#[derive(Clone)]
pub(crate) struct Server {
    pool: AnyPool,
    clock: Option<Arc<DatabaseClock>>,
    running: TaskTracker,
}

impl Server {
    /// Writes through this pool; tells `clock` the time of each transaction.
    pub(crate) fn over(pool: AnyPool, clock: Option<Arc<DatabaseClock>>) -> Self {
        Self { pool, clock, running: TaskTracker::new() }
    }

    /// Runs `work` in a transaction: committed when it answers `Ok`, else rolled back.
    pub(crate) async fn write<T: Send + 'static>(&self, company: Company, work: impl Work<T>) -> Result<T, StoreError> {
        if self.running.is_closed() {
            return Err(StoreError::Unavailable("the database is being closed".to_owned()));
        }
        let (pool, clock) = (self.pool.clone(), self.clock.clone());
        let task = self.running.spawn(async move { transact(&pool, clock.as_deref(), company, work).await });
        task.await.unwrap_or_else(|error| Err(StoreError::Unavailable(error.to_string())))
    }

    /// Waits for what is running and ends the sessions.
    pub(crate) async fn close(&self) {
        self.running.close();
        self.running.wait().await;
        self.pool.close().await;
    }
}

async fn transact<T: Send + 'static>(
    pool: &AnyPool,
    clock: Option<&DatabaseClock>,
    company: Company,
    work: impl Work<T>,
) -> Result<T, StoreError> {
    let mut connection = pool.acquire().await?;
    // A server that is gone without a word answers nothing, its own limits neither: ours end the wait.
    match timeout(LONGEST, begin(&mut connection, clock, company)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            part_with(connection);
            return Err(error.into());
        }
        Err(_) => {
            part_with(connection);
            return Err(silent());
        }
    }
    let Ok(answer) = timeout(LONGEST, AssertUnwindSafe(work(&mut connection)).catch_unwind()).await else {
        part_with(connection);
        return Err(silent());
    };
    let answer =
        answer.unwrap_or_else(|_| Err(StoreError::Unavailable("the work of a transaction panicked".to_owned())));
    let end = if answer.is_ok() { "COMMIT" } else { "ROLLBACK" };
    match timeout(LONGEST, connection.execute(end)).await {
        Ok(Ok(_)) => answer,
        Err(_) => {
            part_with(connection);
            answer.and(Err(silent()))
        }
        Ok(Err(error)) => {
            // Whether it was committed is not known; the session certainly is of no more use.
            part_with(connection);
            answer.and(Err(error.into()))
        }
    }
}

async fn begin(connection: &mut AnyConnection, clock: Option<&DatabaseClock>, company: Company) -> sqlx::Result<()> {
    let statement = match company {
        Company::Alone => ALONE,
        Company::Beside => BESIDE,
    };
    let rows = connection.fetch_all(statement).await?;
    if let (Some(clock), Some(row)) = (clock, rows.last()) {
        clock.told(row.try_get(0)?);
    }
    Ok(())
}

fn silent() -> StoreError {
    StoreError::Unavailable(format!("the server said nothing for {} s", LONGEST.as_secs()))
}

/// Ends a session instead of giving it back.
fn part_with(connection: PoolConnection<sqlx::Any>) {
    drop(connection.detach());
}

#[cfg(test)]
mod tests;
