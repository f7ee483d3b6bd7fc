//! The answer to a mass deletion that was held: a person approves it.

use patchbay_model::{ConnectionId, EventKind, SyncId, TenantId};

use super::{Place, SEQ_BITS, raise, rows::sweep};
use crate::{
    Store, StoreError,
    audit::{NewAudit, append},
    connections,
    row::{Reader, int},
};

impl Store {
    /// Deletes what a pass held back, because a person approved it; how many. With that the pass is what it would have been
    /// without the question: done, and a success, so that its stream is no trouble of its connection any more.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] when nothing is held.
    pub async fn approve_held(&self, tenant: &TenantId, sync: &SyncId, actor: &str) -> Result<u64, StoreError> {
        let (tenant, sync, clock) = (tenant.clone(), sync.clone(), self.clock.clone());
        let told = self.event_id();
        let line = self.audit_line(NewAudit::of(Some(&tenant), actor, "sync.deletion_approved", &sync));
        self.write(move |tx| {
            Box::pin(async move {
                let row = sqlx::query(
                    "SELECT s.no, s.connection, s.held_pass, t.no, t.seq, s.records \
                     FROM syncs s JOIN tenants t ON t.id = s.tenant WHERE s.id = $1 AND s.tenant = $2",
                )
                .bind(sync.as_str())
                .bind(tenant.as_str())
                .fetch_optional(&mut *tx)
                .await?
                .ok_or(StoreError::NotFound)?;
                let mut r = Reader::of(&row, "syncs");
                let (no, connection) = (r.next("no")?, r.next::<ConnectionId>("connection")?);
                let pass = r.next::<Option<i64>>("held_pass")?;
                let base = r.next::<i64>("no")? << SEQ_BITS;
                let pass = pass.ok_or(StoreError::Conflict("nothing is held"))?;
                let (seq, live) = (r.next("seq")?, r.next("records")?);
                let now = clock.now();
                let mut place = Place { sync: no, pass, base, seq, live, now: now.as_micros() };
                let gone = sweep(&mut *tx, &mut place).await?;
                sqlx::query("UPDATE syncs SET records = records - $2, held = NULL, held_pass = NULL WHERE no = $1")
                    .bind(no)
                    .bind(int(gone))
                    .execute(&mut *tx)
                    .await?;
                let well = sqlx::query(
                    "UPDATE syncs SET last_state = 'done', last_code = NULL, last_person = NULL, \
                     last_success_at = last_ended_at WHERE no = $1 AND last_state = 'held'",
                );
                if well.bind(no).execute(&mut *tx).await?.rows_affected() > 0 {
                    let connection = connections::load(&mut *tx, &connection).await?;
                    connections::tell(&mut *tx, told, EventKind::ConnectionChanged, &connection, now).await?;
                }
                append(&mut *tx, &line).await?;
                raise(tx, &place).await?;
                Ok(gone)
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use patchbay_model::{Code, EventKind, RunState};

    use crate::{
        EventFilter, RunEnd, Step, StoreError,
        testing::{World, page},
    };

    #[tokio::test]
    async fn a_stream_whose_held_deletions_were_approved_is_no_trouble_any_more() {
        let world = World::open().await;
        let (settled, run) = world.running("b1").await;
        let id = [settled.connection.id];
        world.store.commit_page(page(&run, Step::Complete, &[("a", 1), ("b", 1)])).await.expect("all");
        world.store.commit_page(page(&run, Step::Complete, &[])).await.expect("none");
        let end = RunEnd { code: Some(Code::DeletionsHeld), due_at: Some(None), ..RunEnd::of(RunState::Held) };
        world.store.finish_run(&run.run, run.epoch, end).await.expect("ended");
        let troubles = world.store.troubles(&world.tenant, &id).await.expect("troubles");
        assert_eq!(troubles.first().and_then(|trouble| trouble.state), Some(RunState::Held));
        let changed = EventFilter { kind: Some(EventKind::ConnectionChanged), limit: 10, ..EventFilter::default() };
        let told = world.store.events(&world.tenant, &changed).await.expect("events").items.len();

        world.clock.advance(Duration::from_secs(60));
        assert_eq!(world.store.approve_held(&world.tenant, &run.sync, "person").await, Ok(2));
        assert_eq!(world.store.troubles(&world.tenant, &id).await, Ok(Vec::new()));
        let sync = world.store.sync(&world.tenant, &run.sync).await.expect("a sync");
        assert_eq!((sync.last_state, sync.last_code, sync.held), (Some(RunState::Done), None, None));
        assert_eq!(
            sync.last_success_at, sync.last_ended_at,
            "it read to the end when it did, not when it was approved"
        );
        assert!(sync.last_ended_at < Some(world.store.now()));
        let events = world.store.events(&world.tenant, &changed).await.expect("events").items;
        assert_eq!(events.len(), told + 1);
        let twice = world.store.approve_held(&world.tenant, &run.sync, "person").await;
        assert!(matches!(twice, Err(StoreError::Conflict(_))), "{twice:?}");
    }
}
