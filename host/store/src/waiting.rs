//! Pushes that wait for a connection: which one, or for it to work again.

use sqlx::AssertSqlSafe;

use crate::{Store, StoreError, dialect::Dialect};

/// Waiting pushes, each with its connection that works. `state <> 'deleted'` is said for the index, which is
/// over those only.
const NAMED: &str = "SELECT p.id AS push, c.id AS connection FROM pushes p JOIN connections c \
    ON c.id = p.connection AND c.state = 'active' AND c.enabled WHERE p.state = 'waiting'";

/// The same, of those that name none. On SQLite with `INDEXED BY` and `CROSS JOIN` (an order that it keeps),
/// because it would rather begin with all pushes that never had a connection, or with all connections.
fn only_one(dialect: Dialect) -> String {
    format!(
        "SELECT p.id, min(c.id) FROM pushes p {} CROSS JOIN connections c WHERE c.tenant = p.tenant \
         AND c.connector = p.connector AND c.state <> 'deleted' AND c.state = 'active' AND c.enabled \
         AND p.state = 'waiting' AND p.connection IS NULL GROUP BY p.id HAVING count(*) = 1",
        dialect.pick("INDEXED BY pushes_waiting", "")
    )
}

impl Store {
    /// Wakes, for all tenants, the waiting pushes whose connection works; one that names none gets the
    /// only working one of its connector (among several a person chooses). How many.
    ///
    /// It depends on nothing but what is stored, so whoever asks later finds what an earlier one missed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn wake_waiting_pushes(&self) -> Result<u64, StoreError> {
        let (now, ready) = (self.now(), format!("{NAMED} UNION ALL {}", only_one(self.dialect())));
        let woken = self
            .write(move |tx| {
                Box::pin(async move {
                    let done = sqlx::query(AssertSqlSafe(format!(
                        "UPDATE pushes SET connection = ready.connection, state = 'planned', code = NULL, person = NULL, \
                         operator = NULL, next_at = $1, updated_at = $1 FROM ({ready}) ready WHERE pushes.id = ready.push"
                    )));
                    Ok(done.bind(now.as_micros()).execute(tx).await?.rows_affected())
                })
            })
            .await?;
        if woken > 0 {
            self.woke();
        }
        Ok(woken)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use patchbay_model::{Code, ConnectionState, PushState};

    use super::*;
    use crate::{
        Accepted, ConnectionUpdate, NewPush, Push,
        testing::{LEASE, World},
    };

    async fn accepted(world: &World, new: NewPush) -> Push {
        let state = PushState::Waiting;
        let reason = Some((Code::Conflict, "There is no connection yet.".to_owned()));
        match world.store.accept_push(NewPush { state, reason, ..new }).await {
            Ok(Accepted::New(push)) => push,
            other => panic!("not new: {other:?}"),
        }
    }

    #[tokio::test]
    async fn a_push_that_waits_gets_the_only_working_connection_of_its_connector_and_tenant() {
        let world = World::open().await;
        let push = accepted(&world, world.push("k1", None)).await;
        let elsewhere = NewPush { connector: "acme.tax".into(), ..world.push("k1", None) };
        let elsewhere = accepted(&world, elsewhere).await;
        let other = world.store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
        let theirs = accepted(&world, NewPush { tenant: other.clone(), ..world.push("k1", None) }).await;
        assert_eq!(world.store.wake_waiting_pushes().await, Ok(0), "nothing is connected");
        let id = world.connect("b1").await.connection.id;
        world.clock.advance(Duration::from_secs(1));
        assert_eq!(world.store.wake_waiting_pushes().await, Ok(1));
        let (now, woken) = (world.store.now(), world.store.push(&world.tenant, &push.id).await.expect("read"));
        assert_eq!((woken.state, woken.connection.as_ref()), (PushState::Planned, Some(&id)));
        assert_eq!((woken.code, woken.person, woken.operator), (None, None, None));
        assert_eq!((woken.next_at, woken.updated_at), (Some(now), now));
        assert_eq!(world.store.wake_waiting_pushes().await, Ok(0), "once");
        for (tenant, there) in [(&world.tenant, &elsewhere), (&other, &theirs)] {
            assert_eq!(world.store.push(tenant, &there.id).await.as_ref(), Ok(there), "untouched");
        }
        let mut consent = world.consent("b1");
        consent.tenant = other.clone();
        world.store.settle(consent).await.expect("theirs");
        assert_eq!(world.store.wake_waiting_pushes().await, Ok(1), "each tenant has its own");
        assert_eq!(world.store.claim_pushes(LEASE, 10).await.expect("claimed").len(), 2);
    }

    #[tokio::test]
    async fn among_several_connections_a_person_chooses_unless_all_but_one_are_out_of_work() {
        let world = World::open().await;
        accepted(&world, world.push("k1", None)).await;
        let first = world.connect("b1").await.connection.id;
        let second = world.connect("b2").await.connection.id;
        assert_eq!(world.store.wake_waiting_pushes().await, Ok(0), "two work");
        let off = ConnectionUpdate { enabled: Some(false), ..ConnectionUpdate::default() };
        world.store.update_connection(&world.tenant, &first, off, "test").await.expect("off");
        let broken = ConnectionState::Broken;
        world.store.set_connection_state(&world.tenant, &second, broken, None, "test").await.expect("broken");
        assert_eq!(world.store.wake_waiting_pushes().await, Ok(0), "none works");
        let active = ConnectionState::Active;
        world.store.set_connection_state(&world.tenant, &second, active, None, "test").await.expect("active");
        assert_eq!(world.store.wake_waiting_pushes().await, Ok(1));
        let ours = world.store.claim_pushes(LEASE, 10).await.expect("claimed").remove(0);
        assert_eq!(ours.push.connection, Some(second));
    }

    #[tokio::test]
    async fn a_push_of_a_named_connection_waits_until_that_one_works() {
        let world = World::open().await;
        let id = world.connect("b1").await.connection.id;
        world.connect("b2").await;
        let broken = ConnectionState::Broken;
        world.store.set_connection_state(&world.tenant, &id, broken, None, "test").await.expect("broken");
        accepted(&world, world.push("k1", Some(&id))).await;
        assert_eq!(world.store.wake_waiting_pushes().await, Ok(0), "another one is not meant");
        let active = ConnectionState::Active;
        world.store.set_connection_state(&world.tenant, &id, active, None, "test").await.expect("active");
        let off = |enabled| ConnectionUpdate { enabled: Some(enabled), ..ConnectionUpdate::default() };
        world.store.update_connection(&world.tenant, &id, off(false), "test").await.expect("off");
        assert_eq!(world.store.wake_waiting_pushes().await, Ok(0), "switched off");
        world.store.update_connection(&world.tenant, &id, off(true), "test").await.expect("on");
        assert_eq!(world.store.wake_waiting_pushes().await, Ok(1));
    }

    #[tokio::test]
    async fn the_worker_is_woken_only_when_a_push_was() {
        let world = World::open().await;
        accepted(&world, world.push("k1", None)).await;
        world.connect("b1").await;
        world.store.wake().notified().await;
        let woke = || async { tokio::time::timeout(Duration::ZERO, world.store.wake().notified()).await.is_ok() };
        assert_eq!((world.store.wake_waiting_pushes().await, woke().await), (Ok(1), true));
        if world.store.is_shared() {
            return; // There our own signal comes back from the server, when it likes.
        }
        assert_eq!((world.store.wake_waiting_pushes().await, woke().await), (Ok(0), false));
    }

    #[tokio::test]
    async fn looking_for_what_waits_reads_no_table_from_end_to_end() {
        let world = World::open().await;
        if world.store.is_shared() {
            return; // Its planner needs no such help.
        }
        let ready = format!("{NAMED} UNION ALL {}", only_one(Dialect::Sqlite));
        let plan = sqlx::query_as(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {ready}")));
        let plan: Vec<(i64, i64, i64, String)> = plan.fetch_all(world.store.read()).await.expect("a plan");
        assert_eq!(plan.iter().filter(|line| line.3.contains("pushes_waiting")).count(), 2, "{plan:?}");
        for (.., line) in &plan {
            assert!(!line.starts_with("SCAN") || line.contains("pushes_waiting"), "{plan:?}");
        }
    }
}
