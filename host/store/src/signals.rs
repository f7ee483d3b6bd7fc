//! How nodes wake each other: `NOTIFY` when something may have become due, so that the next free node takes it at
//! once. Nothing depends on it: who hears nothing looks by itself from time to time.

use std::{sync::Arc, time::Duration};

use sqlx::{
    PgPool,
    postgres::{PgListener, PgPoolOptions},
};
use tokio::{sync::Notify, task::JoinHandle};

/// The channel.
const CHANNEL: &str = "patchbay_due";
/// At most one signal in this time: each one is a commit, and commits with a signal stand in line on the server.
const QUIET: Duration = Duration::from_millis(50);
/// Pause before a lost connection is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Sending and hearing.
pub(crate) struct Signals {
    outgoing: Arc<Notify>,
    tasks: Vec<JoinHandle<()>>,
}

impl Signals {
    /// Hears others and wakes `wake`; sends once somebody calls [`Signals::send`].
    pub(crate) fn start(url: &str, wake: Arc<Notify>) -> Result<Self, sqlx::Error> {
        let pool = PgPoolOptions::new().max_connections(2).connect_lazy(url)?;
        let outgoing = Arc::new(Notify::new());
        let tasks = vec![tokio::spawn(hear(pool.clone(), wake)), tokio::spawn(say(pool, Arc::clone(&outgoing)))];
        Ok(Self { outgoing, tasks })
    }

    /// Wakes the other nodes, soon.
    pub(crate) fn send(&self) {
        self.outgoing.notify_one();
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a pause in real time before a lost line is tried again; nothing waits for it"
)]
async fn hear(pool: PgPool, wake: Arc<Notify>) {
    loop {
        if let Err(error) = hear_until_lost(&pool, &wake).await {
            tracing::debug!(%error, "signals of other nodes are not heard for a moment");
        }
        // What was said meanwhile may have been for us.
        wake.notify_one();
        tokio::time::sleep(AGAIN).await;
    }
}

async fn hear_until_lost(pool: &PgPool, wake: &Notify) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    // None: the connection was lost and made again; something may have been missed.
    while listener.try_recv().await?.is_some() {
        wake.notify_one();
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "real time between two signals, however the clock of the leases stands")]
async fn say(pool: PgPool, outgoing: Arc<Notify>) {
    loop {
        outgoing.notified().await;
        if let Err(error) = sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(&pool).await {
            tracing::debug!(%error, "other nodes could not be woken");
        }
        tokio::time::sleep(QUIET).await;
    }
}

#[cfg(test)]
mod tests {
    use sqlx::AnyPool;

    use crate::{Store, testing::World};

    use super::*;

    /// Whether a node hears that another one has something, said again and again for some seconds at most.
    async fn hears(says: &Store, hears: &Store) -> bool {
        for _ in 0..100 {
            says.woke();
            if tokio::time::timeout(Duration::from_millis(100), hears.wake().notified()).await.is_ok() {
                return true;
            }
        }
        false
    }

    async fn listeners(on: &AnyPool) -> i64 {
        let listening =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
        sqlx::query_scalar(listening).fetch_one(on).await.expect("a count")
    }

    async fn both_listen(on: &AnyPool) {
        for _ in 0..100 {
            if listeners(on).await == 2 {
                return;
            }
            tokio::time::timeout(Duration::from_millis(100), std::future::pending::<()>()).await.unwrap_err();
        }
        panic!("nobody listens");
    }

    #[tokio::test]
    async fn a_node_wakes_another_also_after_the_server_dropped_the_line() {
        let world = World::open().await;
        let Some(other) = world.node().await else { return };
        both_listen(world.store.read()).await;
        assert!(hears(&world.store, &other).await);
        assert!(hears(&other, &world.store).await);
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
            WHERE datname = current_database() AND query LIKE 'LISTEN%'";
        let ended: i64 = sqlx::query_scalar(end).fetch_one(world.store.read()).await.expect("ended");
        assert_eq!(ended, 2);
        both_listen(world.store.read()).await;
        // What was said meanwhile is made up for; from then on it is heard again.
        while tokio::time::timeout(Duration::from_millis(300), other.wake().notified()).await.is_ok() {}
        assert!(hears(&world.store, &other).await);
        other.close().await;
    }
}
