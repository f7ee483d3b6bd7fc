//! The one writer: a task that owns the only writing connection and takes one job at a time.
//!
//! A job lives in the queue, not in its caller's future. When the caller goes away (axum drops the
//! handler of a browser that left) the job still runs to its `COMMIT` or `ROLLBACK`; only the answer
//! is lost. A transaction can therefore not outlive its job, whoever is cancelled and when.

mod together;

use std::{
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    sync::Arc,
};

use futures_util::{FutureExt as _, future::BoxFuture};
use sqlx::{AnyConnection, Connection as _};
use tokio::sync::{Notify, mpsc, oneshot};

pub(crate) use together::{Answer, together};

use crate::{StoreError, database::Opening};

/// Jobs that may wait; a caller beyond that waits for its place.
const QUEUE: usize = 256;

/// The work of a job, inside its transaction.
pub(crate) trait Work<T>:
    for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static
{
}
impl<T, F> Work<T> for F where
    F: for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static
{
}

/// A job with the type of its answer forgotten, so that one queue holds all.
trait Job: Send {
    /// Does the work and keeps its answer; whether to commit.
    fn run<'c>(&'c mut self, on: &'c mut AnyConnection) -> BoxFuture<'c, bool>;
    /// Hands the answer over, or why it does not count.
    fn settle(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Task<T, F> {
    work: Option<F>,
    answer: Option<Result<T, StoreError>>,
    to: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send + 'static, F: Work<T>> Job for Task<T, F> {
    fn run<'c>(&'c mut self, on: &'c mut AnyConnection) -> BoxFuture<'c, bool> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return false };
            let answer = work(on).await;
            let commit = answer.is_ok();
            self.answer = Some(answer);
            commit
        })
    }

    fn settle(self: Box<Self>, committed: Result<(), StoreError>) {
        let answer = match (committed, self.answer) {
            (Ok(()), Some(answer)) | (Err(_), Some(answer @ Err(_))) => answer,
            (Err(error), _) => Err(error),
            (Ok(()), None) => Err(StoreError::Unavailable("the job broke down".to_owned())),
        };
        // Nobody waits when the caller went away; what was committed stays committed.
        drop(self.to.send(answer));
    }
}

/// The way to the writer.
#[derive(Clone)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Box<dyn Job>>,
    stop: Arc<Notify>,
}

impl Writer {
    /// Starts the task on a connection that is ready for use.
    pub(crate) fn start(
        connection: AnyConnection,
        opening: Opening,
        path: &Path,
        wal_limit: u64,
    ) -> (Self, tokio::task::JoinHandle<()>) {
        let (sender, queue) = mpsc::channel(QUEUE);
        let mut wal = path.as_os_str().to_owned();
        wal.push("-wal");
        let task = Loop { connection, opening, wal: wal.into(), wal_limit, checkpoint_at: wal_limit };
        let stop = Arc::new(Notify::new());
        let running = tokio::spawn(task.run(queue, Arc::clone(&stop)));
        (Self { queue: sender, stop }, running)
    }

    /// Takes no further job; what is queued is still done, then the task ends.
    pub(crate) fn stop(&self) {
        self.stop.notify_one();
    }

    /// Runs `work` in a transaction of its own: committed when it answers `Ok`, else rolled back.
    pub(crate) async fn write<T: Send + 'static>(&self, work: impl Work<T>) -> Result<T, StoreError> {
        let (to, answer) = oneshot::channel();
        let gone = || StoreError::Unavailable("the writer has stopped".to_owned());
        self.queue.send(Box::new(Task { work: Some(work), answer: None, to })).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

struct Loop {
    connection: AnyConnection,
    opening: Opening,
    wal: PathBuf,
    wal_limit: u64,
    checkpoint_at: u64,
}

impl Loop {
    async fn run(mut self, mut queue: mpsc::Receiver<Box<dyn Job>>, stop: Arc<Notify>) {
        loop {
            let next = tokio::select! {
                biased;
                next = queue.recv() => next,
                () = stop.notified() => {
                    queue.close();
                    continue;
                }
            };
            let Some(mut job) = next else { break };
            let committed = self.transact(job.as_mut()).await;
            job.settle(committed);
            self.checkpoint().await;
        }
        if let Err(error) = self.connection.close().await {
            tracing::warn!(%error, "the writer's connection did not close cleanly");
        }
    }

    async fn transact(&mut self, job: &mut dyn Job) -> Result<(), StoreError> {
        sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await?;
        let done = AssertUnwindSafe(job.run(&mut self.connection)).catch_unwind().await;
        let failed = match done {
            Ok(true) => match sqlx::query("COMMIT").execute(&mut self.connection).await {
                Ok(_) => return Ok(()),
                Err(error) => StoreError::from(error),
            },
            Ok(false) => StoreError::Unavailable("rolled back".to_owned()),
            Err(_) => StoreError::Unavailable("a job of the writer panicked".to_owned()),
        };
        self.roll_back().await;
        Err(failed)
    }

    /// SQLite rolls back by itself after some failures (full disk); a connection of which that is not
    /// certain is replaced, so that the next job never starts inside another's transaction.
    async fn roll_back(&mut self) {
        if sqlx::query("ROLLBACK").execute(&mut self.connection).await.is_ok() {
            return;
        }
        match self.opening.open().await {
            Ok(fresh) => drop(std::mem::replace(&mut self.connection, fresh)),
            Err(error) => tracing::error!(%error, "the database cannot be opened again"),
        }
    }

    /// Empties the log when it has grown. A reader in the way makes it wait for a quarter more.
    async fn checkpoint(&mut self) {
        let Ok(size) = std::fs::metadata(&self.wal).map(|file| file.len()) else { return };
        if size <= self.checkpoint_at {
            return;
        }
        let done =
            sqlx::query_scalar::<_, i64>("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut self.connection).await;
        match done {
            Ok(0) => self.checkpoint_at = self.wal_limit,
            Ok(_) => self.checkpoint_at = size.saturating_add(self.wal_limit / 4),
            Err(error) => {
                tracing::warn!(%error, "checkpoint failed");
                self.checkpoint_at = size.saturating_add(self.wal_limit / 4);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use futures_util::poll;

    use crate::{StoreError, testing::World};

    #[tokio::test]
    async fn the_work_of_a_caller_that_went_away_is_committed_and_leaves_no_transaction_open() {
        let world = World::open().await;
        for n in 0..300 {
            let key = format!("k{n}");
            let mut write = Box::pin(world.store.set_meta_once(&key, vec![1]));
            assert!(matches!(poll!(&mut write), Poll::Pending));
            drop(write);
            // A job is safe from the moment it is in the queue, so the queue must not be full here.
            if n % 100 == 99 {
                world.store.set_meta_once("between", vec![2]).await.expect("the writer goes on");
            }
            tokio::task::yield_now().await;
        }
        world.store.set_meta_once("last", vec![2]).await.expect("the writer goes on");
        assert_eq!(world.number("SELECT count(*) FROM meta WHERE key LIKE 'k%'").await, 300);
    }

    #[tokio::test]
    async fn a_job_that_fails_or_panics_leaves_nothing_and_the_next_one_is_done() {
        let world = World::open().await;
        let failed: Result<(), _> = world
            .store
            .write(|tx| {
                Box::pin(async move {
                    sqlx::query("INSERT INTO meta (key, value) VALUES ('half', $1)")
                        .bind(vec![0_u8])
                        .execute(tx)
                        .await?;
                    Err(StoreError::Conflict("on purpose"))
                })
            })
            .await;
        assert_eq!(failed, Err(StoreError::Conflict("on purpose")));
        let panicked: Result<(), _> = world
            .store
            .write(|tx| {
                Box::pin(async move {
                    sqlx::query("INSERT INTO meta (key, value) VALUES ('half', $1)")
                        .bind(vec![0_u8])
                        .execute(tx)
                        .await?;
                    panic!("on purpose")
                })
            })
            .await;
        assert!(matches!(panicked, Err(StoreError::Unavailable(_))), "{panicked:?}");
        world.store.set_meta_once("whole", vec![1]).await.expect("the writer goes on");
        assert_eq!(world.store.meta("half").await, Ok(None));
    }

    #[tokio::test]
    async fn a_log_that_has_grown_is_emptied() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("patchbay.db");
        let config = crate::StoreConfig { wal_limit: 512 * 1024, ..crate::StoreConfig::at(&path) };
        let clock = std::sync::Arc::new(patchbay_model::ManualClock::default());
        let random = std::sync::Arc::new(patchbay_model::SeededRandom::new(1));
        let store = crate::Store::open(config, clock, random).await.expect("a database");
        let mut largest = 0;
        for n in 0..40 {
            store.set_meta_once(&format!("k{n}"), vec![7; 64 * 1024]).await.expect("stored");
            let size = std::fs::metadata(folder.path().join("patchbay.db-wal")).expect("a log").len();
            largest = largest.max(size);
        }
        assert!(largest > 0 && largest < 1024 * 1024, "{largest}");
    }
}
