//! What went on over time, for a plot: runs and pushes that ended, counted in steps.

use std::time::Duration;

use patchbay_model::{ConnectionId, TenantId, Timestamp};

use crate::{
    Store, StoreError,
    row::{Reader, Row, many, micros},
};

/// What ended in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ActivityCount {
    /// How many.
    pub count: u64,
    /// Of those, how many failed.
    pub failed: u64,
    /// Records that the runs read; none of pushes.
    pub records: u64,
}

/// A step of a plot in which something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivityStep {
    /// Its number from the beginning of the plot, from 0.
    pub at: u64,
    /// What ended in it.
    pub ended: ActivityCount,
}

/// Which plot.
#[derive(Debug, Clone)]
pub struct Plot {
    /// Of this tenant; of all where there is none.
    pub tenant: Option<TenantId>,
    /// Of this connection alone.
    pub connection: Option<ConnectionId>,
    /// Where it begins.
    pub from: Timestamp,
    /// How long a step is.
    pub step: Duration,
    /// How many steps.
    pub steps: u32,
}

impl Row for ActivityStep {
    const TABLE: &'static str = "runs";
    const FROM: &'static str = "runs r";
    const COLUMNS: &'static str = "";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        let at = r.next("at")?;
        let (count, failed, records) = (r.next("count")?, r.next("failed")?, r.next("records")?);
        Ok(Self { at, ended: ActivityCount { count, failed, records } })
    }
}

impl Store {
    /// Runs that ended, by step; steps in which none did are left out. One failed that failed, stalled, or was lost with
    /// its worker.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn runs_over_time(&self, plot: &Plot) -> Result<Vec<ActivityStep>, StoreError> {
        // Tenant by tenant, each in an index of its own ends.
        self.over_time(
            plot,
            "SELECT (r.ended_at - $3) / $4 AS place, count(*), \
             count(CASE WHEN r.state IN ('failed', 'stalled', 'lost') THEN 1 END), CAST(sum(r.records) AS BIGINT) \
             FROM tenants t CROSS JOIN runs r WHERE r.tenant = t.id AND ($1 IS NULL OR t.id = $1) \
             AND ($2 IS NULL OR r.connection = $2) AND r.ended_at >= $3 AND r.ended_at < $3 + $4 * $5 \
             GROUP BY (r.ended_at - $3) / $4 ORDER BY place",
        )
        .await
    }

    /// Pushes that ended, likewise. One failed that failed, or that the provider rejected.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn pushes_over_time(&self, plot: &Plot) -> Result<Vec<ActivityStep>, StoreError> {
        self.over_time(
            plot,
            "SELECT (p.ended_at - $3) / $4 AS place, count(*), \
             count(CASE WHEN p.state IN ('failed', 'rejected') THEN 1 END), CAST(0 AS BIGINT) \
             FROM tenants t CROSS JOIN pushes p WHERE p.tenant = t.id AND ($1 IS NULL OR t.id = $1) \
             AND ($2 IS NULL OR p.connection = $2) AND p.ended_at >= $3 AND p.ended_at < $3 + $4 * $5 \
             GROUP BY (p.ended_at - $3) / $4 ORDER BY place",
        )
        .await
    }

    async fn over_time(&self, plot: &Plot, statement: &'static str) -> Result<Vec<ActivityStep>, StoreError> {
        let statement = sqlx::query(statement)
            .bind(plot.tenant.as_ref().map(TenantId::as_str))
            .bind(plot.connection.as_ref().map(ConnectionId::as_str))
            .bind(plot.from.as_micros())
            .bind(micros(plot.step))
            .bind(i64::from(plot.steps));
        many(self.read(), statement).await
    }
}

#[cfg(test)]
mod tests {
    use patchbay_model::{PushState, RunState};

    use super::*;
    use crate::{
        Accepted, PageCommit, PushEnd, RunEnd,
        testing::{World, page, places},
    };

    const MINUTE: Duration = Duration::from_secs(60);

    fn ended(count: u64, failed: u64, records: u64) -> ActivityCount {
        ActivityCount { count, failed, records }
    }

    #[tokio::test]
    async fn what_ended_is_counted_in_the_minute_in_which_it_did() {
        let world = World::open().await;
        let (store, tenant) = (&world.store, &world.tenant);
        let begun = store.now();
        let (settled, run) = world.running("b1").await;
        let stored = PageCommit { ..page(&run, crate::Step::End, &[("a", 1), ("b", 2)]) };
        store.commit_page(stored).await.expect("stored");
        store.finish_run(&run.run, run.epoch, RunEnd::of(RunState::Done)).await.expect("ended");
        world.clock.advance(3 * MINUTE);
        let (_, run) = world.running("b2").await;
        store.finish_run(&run.run, run.epoch, RunEnd::of(RunState::Failed)).await.expect("ended");
        let id = &settled.connection.id;
        for (key, state) in [("k1", PushState::Done), ("k2", PushState::Rejected)] {
            let Ok(Accepted::New(_)) = store.accept_push(world.push(key, Some(id))).await else { panic!("new") };
            let taken = store.claim_pushes(&places(1)).await.expect("a claim").remove(0);
            store.finish_push(&taken.push.id, taken.push.epoch, PushEnd::of(state)).await.expect("ended");
        }
        let plot = |tenant: Option<&TenantId>, connection: Option<&ConnectionId>| Plot {
            tenant: tenant.cloned(),
            connection: connection.cloned(),
            from: begun,
            step: MINUTE,
            steps: 4,
        };
        let runs = async |plot: Plot| store.runs_over_time(&plot).await.expect("a plot");
        let both = [ActivityStep { at: 0, ended: ended(1, 0, 2) }, ActivityStep { at: 3, ended: ended(1, 1, 0) }];
        assert_eq!(runs(plot(Some(tenant), None)).await, both);
        assert_eq!(runs(plot(None, None)).await, both, "all tenants");
        assert_eq!(runs(plot(Some(tenant), Some(id))).await, both[..1]);
        assert_eq!(runs(Plot { steps: 3, ..plot(None, None) }).await, both[..1], "its end is no part of it");
        let other = store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
        assert_eq!(runs(plot(Some(&other), None)).await, []);
        assert_eq!(runs(plot(Some(&other), Some(id))).await, [], "nobody elses");
        let pushes = store.pushes_over_time(&plot(Some(tenant), Some(id))).await;
        assert_eq!(pushes, Ok(vec![ActivityStep { at: 3, ended: ended(2, 1, 0) }]));
    }
}
