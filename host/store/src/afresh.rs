//! A stream that is read from its beginning because the release that reads it cannot go on from its cursor.

use patchbay_model::RunId;

use crate::{Store, StoreError};

impl Store {
    /// Forgets the cursor of the sync that a run reads, and begins a new pass. What is stored stays; what the pass does not
    /// meet is decided at its end.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the lease lapsed or another has taken over.
    pub async fn start_afresh(&self, run: &RunId, epoch: i64) -> Result<(), StoreError> {
        let (store, run) = (self.clone(), run.clone());
        self.write(move |tx| {
            Box::pin(async move {
                let done = sqlx::query(
                    "UPDATE syncs SET cursor = NULL, cursor_release = NULL, pass = pass + 1, pass_started_at = NULL, \
                     waits = 0, refused = 0 WHERE id = (SELECT r.sync FROM runs r WHERE r.id = $1 AND r.epoch = $2 \
                     AND r.state = 'running' AND r.lease_until > $3)",
                );
                let done = done.bind(run.as_str()).bind(epoch).bind(store.now().as_micros()).execute(tx).await?;
                if done.rows_affected() == 0 { Err(StoreError::Stale) } else { Ok(()) }
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Step,
        testing::{LEASE, World, page},
    };

    #[tokio::test]
    async fn the_cursor_goes_the_records_stay_and_a_stale_worker_forgets_nothing() {
        let world = World::open().await;
        let (_, run) = world.running("b1").await;
        world.store.commit_page(page(&run, Step::More, &[("k1", 1)])).await.expect("stored");
        let before = world.store.sync(&world.tenant, &run.sync).await.expect("there");
        assert_eq!(world.store.start_afresh(&run.run, run.epoch + 1).await, Err(StoreError::Stale));
        world.store.start_afresh(&run.run, run.epoch).await.expect("afresh");
        let after = world.store.sync(&world.tenant, &run.sync).await.expect("there");
        assert_eq!((after.has_cursor, after.records, after.pass), (false, 1, before.pass + 1));
        world.clock.advance(LEASE);
        assert_eq!(world.store.start_afresh(&run.run, run.epoch).await, Err(StoreError::Stale));
    }
}
