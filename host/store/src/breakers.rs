//! Hosts of providers that are left alone for a while after they failed again and again, as the nodes tell each other.
//! Each node judges by what it saw itself and what it hears here; nothing depends on hearing it at once.

use std::time::Duration;

use patchbay_model::{TenantId, Timestamp};

use crate::{
    Store, StoreError,
    audit::{NewAudit, append},
    row::{Reader, Row, many},
};

/// A closed one is forgotten after so long.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// How a host of a provider does for a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerRow {
    /// Whose requests.
    pub tenant: String,
    /// The host, e.g. `https://api.example.com`.
    pub origin: String,
    /// Failures in a row.
    pub failures: u32,
    /// How often in a row it was left alone.
    pub opened: u32,
    /// Until when it is left alone.
    pub open_until: Option<Timestamp>,
    /// What failed last, for the operator.
    pub last_error: String,
    /// When this was said.
    pub updated_at: Timestamp,
}

impl Row for BreakerRow {
    const TABLE: &'static str = "breakers";
    const FROM: &'static str = "breakers b";
    const COLUMNS: &'static str = "b.tenant, b.origin, b.failures, b.opened, b.open_until, b.last_error, b.updated_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            tenant: r.next("tenant")?,
            origin: r.next("origin")?,
            failures: r.next("failures")?,
            opened: r.next("opened")?,
            open_until: r.next("open_until")?,
            last_error: r.next("last_error")?,
            updated_at: r.next("updated_at")?,
        })
    }
}

impl Store {
    /// Tells the other nodes; what somebody said later than this stays. `updated_at` is set here, so that all nodes
    /// go by one clock. Forgets what has long been closed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn put_breakers(&self, mut rows: Vec<BreakerRow>) -> Result<(), StoreError> {
        // In one order everywhere, so that two nodes never wait for each other.
        rows.sort_by(|a, b| (&a.tenant, &a.origin).cmp(&(&b.tenant, &b.origin)));
        let clock = self.clock.clone();
        self.write(move |tx| {
            Box::pin(async move {
                let now = clock.now();
                for row in rows {
                    sqlx::query(
                        "INSERT INTO breakers (tenant, origin, failures, opened, open_until, last_error, updated_at) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant, origin) DO UPDATE SET \
                         failures = excluded.failures, opened = excluded.opened, open_until = excluded.open_until, \
                         last_error = excluded.last_error, updated_at = excluded.updated_at \
                         WHERE breakers.updated_at <= excluded.updated_at",
                    )
                    .bind(row.tenant)
                    .bind(row.origin)
                    .bind(i64::from(row.failures))
                    .bind(i64::from(row.opened))
                    .bind(row.open_until.map(Timestamp::as_micros))
                    .bind(row.last_error)
                    .bind(now.as_micros())
                    .execute(&mut *tx)
                    .await?;
                }
                let old = "DELETE FROM breakers WHERE updated_at < $1 AND (open_until IS NULL OR open_until < $2)";
                let before = now.as_micros().saturating_sub(crate::row::micros(KEPT));
                sqlx::query(old).bind(before).bind(now.as_micros()).execute(tx).await?;
                Ok(())
            })
        })
        .await
    }

    /// Somebody says that a host is back.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when nothing is known of it.
    pub async fn close_breaker(&self, tenant: &TenantId, origin: &str, actor: &str) -> Result<(), StoreError> {
        let line = self.audit_line(NewAudit::of(Some(tenant), actor, "circuit_breaker.closed", &origin));
        let (tenant, origin, clock) = (tenant.clone(), origin.to_owned(), self.clock.clone());
        self.write(move |tx| {
            Box::pin(async move {
                let closed = sqlx::query(
                    "UPDATE breakers SET failures = 0, opened = 0, open_until = NULL, updated_at = $3 \
                     WHERE tenant = $1 AND origin = $2",
                );
                let closed = closed.bind(tenant.as_str()).bind(origin).bind(clock.now().as_micros());
                if closed.execute(&mut *tx).await?.rows_affected() == 0 {
                    return Err(StoreError::NotFound);
                }
                append(tx, &line).await
            })
        })
        .await
    }

    /// What was said after a moment, in the order in which it was said.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn breakers_since(&self, after: Timestamp, limit: u32) -> Result<Vec<BreakerRow>, StoreError> {
        let rest = "WHERE b.updated_at > $1 ORDER BY b.updated_at, b.tenant, b.origin LIMIT $2";
        let statement = sqlx::query(crate::row::select::<BreakerRow>(rest));
        many(self.read(), statement.bind(after.as_micros()).bind(i64::from(limit))).await
    }

    /// The hosts of a tenant's providers, or of everybody's for an operator: the ones that are left alone first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn breakers(&self, tenant: Option<&TenantId>, limit: u32) -> Result<Vec<BreakerRow>, StoreError> {
        let rest = "WHERE b.opened > 0 AND ($1 IS NULL OR b.tenant = $1) ORDER BY b.open_until IS NULL, b.open_until DESC, b.tenant, \
            b.origin LIMIT $2";
        let statement = sqlx::query(crate::row::select::<BreakerRow>(rest));
        many(self.read(), statement.bind(tenant.map(TenantId::as_str)).bind(i64::from(limit))).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    fn row(world: &World, origin: &str, open: Option<u64>) -> BreakerRow {
        BreakerRow {
            tenant: world.tenant.to_string(),
            origin: origin.to_owned(),
            failures: 5,
            opened: 1,
            open_until: open.map(|open| world.store.now().plus(Duration::from_secs(open))),
            last_error: "503".to_owned(),
            updated_at: Timestamp::from_micros(0),
        }
    }

    #[tokio::test]
    async fn what_one_node_says_the_others_hear_once_and_what_is_long_over_is_forgotten() {
        let world = World::open().await;
        let store = &world.store;
        let start = store.now();
        world.clock.advance(Duration::from_secs(1));
        store
            .put_breakers(vec![row(&world, "https://b", None), row(&world, "https://a", Some(60))])
            .await
            .expect("said");
        let heard = store.breakers_since(start, 10).await.expect("heard");
        assert_eq!(heard.iter().map(|row| row.origin.as_str()).collect::<Vec<_>>(), ["https://a", "https://b"]);
        assert!(heard.iter().all(|row| row.updated_at == store.now()));
        assert_eq!(store.breakers_since(store.now(), 10).await, Ok(Vec::new()));
        world.clock.advance(Duration::from_secs(1));
        let failed = BreakerRow { failures: 9, ..row(&world, "https://b", Some(90)) };
        store.put_breakers(vec![failed]).await.expect("said");
        let ours = store.breakers(Some(&world.tenant), 10).await.expect("list");
        assert_eq!(
            ours.iter().map(|row| (row.origin.as_str(), row.failures)).collect::<Vec<_>>(),
            [("https://b", 9), ("https://a", 5)]
        );
        let other = store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
        assert_eq!(store.breakers(Some(&other), 10).await, Ok(Vec::new()));
        assert_eq!(store.breakers(None, 10).await.map(|all| all.len()), Ok(2));

        world.clock.advance(KEPT + Duration::from_secs(1));
        store.put_breakers(vec![row(&world, "https://c", None)]).await.expect("said");
        assert_eq!(store.breakers(None, 10).await.map(|all| all.len()), Ok(1));
    }
}
