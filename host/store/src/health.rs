//! What a card is derived from: how every connection of a tenant does, in one statement.

use std::time::Duration;

use patchbay_model::{ConnectionId, ConnectionState, TenantId, Timestamp};

use crate::{
    Store, StoreError,
    row::{Reader, Row, many},
};

/// How a connection does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The connection.
    pub connection: ConnectionId,
    /// Its connector.
    pub connector: String,
    /// How it stands.
    pub state: ConnectionState,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Syncs that are switched on.
    pub syncs: u64,
    /// Of those, the ones whose last run failed, stalled or is held.
    pub troubled: u64,
    /// Of those switched on, the first moment at which one is late: three of its intervals after its last success (or its making).
    pub overdue_at: Option<Timestamp>,
    /// When a run last read to the end.
    pub last_success_at: Option<Timestamp>,
    /// Runs that are due or running.
    pub open_runs: u64,
    /// Records that are there.
    pub records: u64,
    /// Pushes of which it is not known whether they were written.
    pub unknown_pushes: u64,
}

impl Row for Health {
    const TABLE: &'static str = "connections";
    const FROM: &'static str = "connections c";
    const COLUMNS: &'static str = "";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            connection: r.next("id")?,
            connector: r.next("connector")?,
            state: r.next("state")?,
            enabled: r.next("enabled")?,
            syncs: r.next("syncs")?,
            troubled: r.next("troubled")?,
            overdue_at: r.next("overdue_at")?,
            last_success_at: r.next("last_success_at")?,
            open_runs: r.next("open_runs")?,
            records: r.next("records")?,
            unknown_pushes: r.next("unknown_pushes")?,
        })
    }
}

impl Health {
    /// Whether a sync had no success for three of its intervals.
    #[must_use]
    pub fn overdue(&self, now: Timestamp) -> bool {
        self.overdue_at.is_some_and(|at| now.since(at) > Duration::ZERO)
    }
}

impl Store {
    /// How the connections of a tenant do: all of them, of one connector, or one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn health(
        &self,
        tenant: &TenantId,
        connector: Option<&str>,
        connection: Option<&ConnectionId>,
    ) -> Result<Vec<Health>, StoreError> {
        let statement = sqlx::query(
            "SELECT c.id, c.connector, c.state, c.enabled, \
             count(CASE WHEN s.enabled THEN 1 END), \
             count(CASE WHEN s.enabled AND s.last_state IN ('failed', 'stalled', 'held') THEN 1 END), \
             min(CASE WHEN s.enabled THEN coalesce(s.last_success_at, s.created_at) + 3 * s.every END), \
             max(CASE WHEN s.enabled OR s.unseen IS NULL THEN s.last_success_at END), \
             (SELECT count(*) FROM runs r WHERE r.connection = c.id AND r.state IN ('due', 'running')), \
             CAST(coalesce(sum(CASE WHEN s.enabled OR s.unseen IS NULL THEN s.records END), 0) AS BIGINT), \
             (SELECT count(*) FROM pushes p WHERE p.connection = c.id AND p.state = 'unknown') \
             FROM connections c LEFT JOIN syncs s ON s.connection = c.id \
             WHERE c.tenant = $1 AND c.state <> 'deleted' AND ($2 IS NULL OR c.connector = $2) \
             AND ($3 IS NULL OR c.id = $3) GROUP BY c.id ORDER BY c.id",
        );
        let statement = statement.bind(tenant.as_str()).bind(connector).bind(connection.map(ConnectionId::as_str));
        many(self.read(), statement).await
    }
}

#[cfg(test)]
mod tests {
    use patchbay_model::{Code, RunState};

    use super::*;
    use crate::{BreakConnection, RunEnd, testing::World};

    #[tokio::test]
    async fn trouble_and_silence_show_in_the_health_of_a_connection() {
        let world = World::open().await;
        let (settled, run) = world.running("b1").await;
        let health = || async { world.store.health(&world.tenant, None, None).await.expect("health").remove(0) };
        let fresh = health().await;
        assert_eq!((fresh.syncs, fresh.troubled, fresh.open_runs), (1, 0, 1));
        assert!(!fresh.overdue(world.store.now()));
        world.clock.advance(Duration::from_secs(3 * 900 + 1));
        assert!(health().await.overdue(world.store.now()), "no success for three intervals");

        let run = world.claim().await.into_iter().find(|ours| ours.run == run.run).expect("taken over");
        let found = BreakConnection {
            state: ConnectionState::Broken,
            row_version: Some(1),
            code: Code::CredentialRefused,
            person: "Connect again".to_owned(),
        };
        let end = RunEnd {
            code: Some(Code::CredentialRefused),
            due_at: Some(None),
            breaks: Some(found),
            ..RunEnd::of(RunState::Failed)
        };
        assert_eq!(world.store.finish_run(&run.run, run.epoch, end).await, Ok(None));
        let broken = health().await;
        assert_eq!((broken.state, broken.troubled, broken.open_runs), (ConnectionState::Broken, 1, 0));
        let there = world.store.connection(&world.tenant, &settled.connection.id).await.expect("a connection");
        assert_eq!(
            (there.reason_code, there.reason.as_deref()),
            (Some(Code::CredentialRefused), Some("Connect again"))
        );
        assert_eq!(world.store.next_due().await, Ok(None), "nothing happens until somebody reconnects");
    }
}
