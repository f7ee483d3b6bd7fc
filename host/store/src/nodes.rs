//! How the nodes of a deployment do, by their own word, and what their gates refused: for an operator who looks at all of
//! them at once.

use std::time::Duration;

use patchbay_model::{Code, Timestamp};

use crate::{
    Store, StoreError,
    row::{Reader, Row, int, many, micros, select},
};

/// A node that was silent for so long is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(60 * 60);
/// What refusals are counted by, and how long they are kept.
const HOUR: i64 = 60 * 60 * 1_000_000;
const DAY: i64 = 24 * HOUR;

/// How a node does, as it said last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRow {
    /// Its name, made anew at each start.
    pub node: String,
    /// Since when it works.
    pub started_at: Timestamp,
    /// When it said so.
    pub seen_at: Timestamp,
    /// Runs that it works on.
    pub running: u64,
    /// Runs that it has begun.
    pub claimed: u64,
    /// 99 of 100 of its last thousand runs began sooner after they were due, milliseconds.
    pub late_p99_ms: Option<u64>,
    /// Writes of work that another node had taken over.
    pub stale_writes: u64,
}

/// What gates refused within a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusalRow {
    /// What sort of refusal.
    pub code: Code,
    /// Whose request it was; none for one of the host itself.
    pub connector: Option<String>,
    /// How many.
    pub count: u64,
    /// When the last of them was.
    pub last_at: Timestamp,
}

impl Row for NodeRow {
    const TABLE: &'static str = "nodes";
    const FROM: &'static str = "nodes n";
    const COLUMNS: &'static str =
        "n.node, n.started_at, n.seen_at, n.running, n.claimed, n.late_p99_ms, n.stale_writes";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            node: r.next("node")?,
            started_at: r.next("started_at")?,
            seen_at: r.next("seen_at")?,
            running: r.next("running")?,
            claimed: r.next("claimed")?,
            late_p99_ms: r.next("late_p99_ms")?,
            stale_writes: r.next("stale_writes")?,
        })
    }
}

impl Row for RefusalRow {
    const TABLE: &'static str = "refusals";
    const FROM: &'static str = "refusals f";
    const COLUMNS: &'static str = "";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        let (code, connector): (Code, String) = (r.next("code")?, r.next("connector")?);
        let connector = Some(connector).filter(|connector| !connector.is_empty());
        Ok(Self { code, connector, count: r.next("count")?, last_at: r.next("last_at")? })
    }
}

impl Store {
    /// Says how a node does, and what its gate refused since it said so last. Of a database that nodes do not share, those
    /// of earlier starts are forgotten.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn beat(&self, node: NodeRow, mut refused: Vec<RefusalRow>) -> Result<(), StoreError> {
        // In one order everywhere, so that two nodes never wait for each other.
        refused.sort_by(|a, b| (a.code.id(), &a.connector).cmp(&(b.code.id(), &b.connector)));
        let (now, shared) = (self.now().as_micros(), self.is_shared());
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO nodes (node, started_at, seen_at, running, claimed, late_p99_ms, stale_writes) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (node) DO UPDATE SET seen_at = excluded.seen_at, \
                     running = excluded.running, claimed = excluded.claimed, late_p99_ms = excluded.late_p99_ms, \
                     stale_writes = excluded.stale_writes",
                )
                .bind(node.node.as_str())
                .bind(node.started_at.as_micros())
                .bind(now)
                .bind(int(node.running))
                .bind(int(node.claimed))
                .bind(node.late_p99_ms.map(int))
                .bind(int(node.stale_writes))
                .execute(&mut *tx)
                .await?;
                sqlx::query("DELETE FROM nodes WHERE seen_at < $1 OR (node <> $2 AND NOT $3)")
                    .bind(now - micros(FORGOTTEN))
                    .bind(node.node)
                    .bind(shared)
                    .execute(&mut *tx)
                    .await?;
                for row in refused {
                    sqlx::query(
                        "INSERT INTO refusals (code, connector, hour, count, last_at) VALUES ($1, $2, $3, $4, $5) \
                         ON CONFLICT (code, connector, hour) DO UPDATE SET count = refusals.count + excluded.count, \
                         last_at = CASE WHEN excluded.last_at > refusals.last_at THEN excluded.last_at \
                         ELSE refusals.last_at END",
                    )
                    .bind(row.code.id())
                    .bind(row.connector.unwrap_or_default())
                    .bind(row.last_at.as_micros().div_euclid(HOUR))
                    .bind(int(row.count))
                    .bind(row.last_at.as_micros())
                    .execute(&mut *tx)
                    .await?;
                }
                let old = sqlx::query("DELETE FROM refusals WHERE last_at < $1");
                old.bind(now - DAY).execute(tx).await?;
                Ok(())
            })
        })
        .await
    }

    /// A node that ends, and says so.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn leave(&self, node: &str) -> Result<(), StoreError> {
        let node = node.to_owned();
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query("DELETE FROM nodes WHERE node = $1").bind(node).execute(tx).await?;
                Ok(())
            })
        })
        .await
    }

    /// The nodes that said something within an hour, the one that works longest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn nodes(&self) -> Result<Vec<NodeRow>, StoreError> {
        many(self.read(), sqlx::query(select::<NodeRow>("ORDER BY n.started_at, n.node LIMIT 1000"))).await
    }

    /// What all gates refused within a day, what was refused last first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn refusals(&self) -> Result<Vec<RefusalRow>, StoreError> {
        let statement = sqlx::query(
            "SELECT f.code, f.connector, CAST(sum(f.count) AS BIGINT), max(f.last_at) FROM refusals f \
             WHERE f.last_at >= $1 GROUP BY f.code, f.connector \
             ORDER BY max(f.last_at) DESC, f.code, f.connector LIMIT 200",
        );
        many(self.read(), statement.bind(self.now().as_micros() - DAY)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    fn node(world: &World, name: &str) -> NodeRow {
        let now = world.store.now();
        NodeRow {
            node: name.to_owned(),
            started_at: now,
            seen_at: now,
            running: 1,
            claimed: 2,
            late_p99_ms: Some(3),
            stale_writes: 0,
        }
    }

    async fn names(world: &World) -> Vec<String> {
        world.store.nodes().await.expect("nodes").into_iter().map(|row| row.node).collect()
    }

    #[tokio::test]
    async fn a_node_is_listed_by_its_own_word_until_it_leaves_or_was_silent_for_long() {
        let world = World::open().await;
        let store = &world.store;
        let first = node(&world, "first");
        store.beat(first.clone(), Vec::new()).await.expect("said");
        world.clock.advance(Duration::from_secs(10));
        store.beat(NodeRow { running: 4, ..first.clone() }, Vec::new()).await.expect("said");
        let seen = store.nodes().await.expect("nodes");
        assert_eq!(seen, [NodeRow { running: 4, seen_at: store.now(), ..first }]);
        world.clock.advance(Duration::from_secs(1));
        store.beat(node(&world, "second"), Vec::new()).await.expect("said");
        match store.is_shared() {
            true => assert_eq!(names(&world).await, ["first", "second"]),
            false => assert_eq!(names(&world).await, ["second"], "the file has one node"),
        }
        world.clock.advance(FORGOTTEN + Duration::from_secs(1));
        store.beat(node(&world, "third"), Vec::new()).await.expect("said");
        assert_eq!(names(&world).await, ["third"]);
        store.leave("third").await.expect("left");
        assert_eq!(names(&world).await, Vec::<String>::new());
    }

    #[tokio::test]
    async fn refusals_of_a_day_add_up_and_older_ones_do_not_count() {
        let world = World::open().await;
        let store = &world.store;
        let refusal = |connector: Option<&str>, count: u64| RefusalRow {
            code: Code::EgressDenied,
            connector: connector.map(str::to_owned),
            count,
            last_at: store.now(),
        };
        store.beat(node(&world, "n"), vec![refusal(Some("acme.books"), 2)]).await.expect("said");
        world.clock.advance(Duration::from_secs(2 * 60 * 60));
        let both = vec![refusal(Some("acme.books"), 3), refusal(None, 1)];
        store.beat(node(&world, "n"), both).await.expect("said");
        let told = store.refusals().await.expect("refusals");
        assert_eq!(told, [refusal(None, 1), refusal(Some("acme.books"), 5)]);
        world.clock.advance(Duration::from_secs(23 * 60 * 60));
        assert_eq!(store.refusals().await.expect("refusals").iter().map(|row| row.count).sum::<u64>(), 4);
    }
}
