//! Work that kills its worker again and again is given up, so that it cannot take the host down with it
//! for ever.

use patchbay_model::{Code, RunId, SyncId, Timestamp};
use sqlx::SqliteConnection;

use crate::{StoreError, row::Reader};

/// Workers that may die on one piece of work.
const DEATHS: i64 = 3;

/// What the operator reads.
fn operator() -> String {
    format!("its worker died {DEATHS} times")
}

/// Ends the runs whose last allowed worker has died, inside a transaction.
pub(crate) async fn end_runs(tx: &mut SqliteConnection, now: Timestamp) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "UPDATE runs SET state = 'failed', epoch = epoch + 1, deaths = deaths + 1, lease_until = NULL, ended_at = $1, \
         code = $3, person = $4, operator = $5 \
         WHERE state = 'running' AND lease_until <= $1 AND deaths + 1 >= $2 RETURNING id, sync",
    )
    .bind(now.as_micros())
    .bind(DEATHS)
    .bind(Code::ConnectorCrashed.id())
    .bind(Code::ConnectorCrashed.title())
    .bind(operator())
    .fetch_all(&mut *tx)
    .await?;
    for row in &rows {
        let mut r = Reader::of(row, "runs");
        let (run, sync): (RunId, SyncId) = (r.next("id")?, r.next("sync")?);
        sqlx::query(
            "UPDATE syncs SET last_run = $2, last_state = 'failed', last_code = $3, last_person = $4, \
             last_ended_at = $5, next_due_at = NULL WHERE id = $1",
        )
        .bind(sync.as_str())
        .bind(run.as_str())
        .bind(Code::ConnectorCrashed.id())
        .bind(Code::ConnectorCrashed.title())
        .bind(now.as_micros())
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// Ends the pushes whose last allowed worker has died, inside a transaction. What may have been written
/// waits for a person.
pub(crate) async fn end_pushes(tx: &mut SqliteConnection, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE pushes SET state = CASE WHEN doubt THEN 'unknown' ELSE 'failed' END, \
         ended_at = CASE WHEN doubt THEN NULL ELSE $1 END, epoch = epoch + 1, deaths = deaths + 1, \
         lease_until = NULL, next_at = NULL, updated_at = $1, code = $3, person = $4, operator = $5 \
         FROM (SELECT p.id AS push, p.state = 'unknown' OR EXISTS (SELECT 1 FROM push_steps t WHERE t.push = p.id \
         AND t.state IN ('sending', 'lost', 'answered')) AS doubt FROM pushes p \
         WHERE p.lease_until <= $1 AND p.deaths + 1 >= $2) dead WHERE pushes.id = dead.push",
    )
    .bind(now.as_micros())
    .bind(DEATHS)
    .bind(Code::ConnectorCrashed.id())
    .bind(Code::ConnectorCrashed.title())
    .bind(operator())
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use patchbay_model::{PushState, RunState};

    use super::*;
    use crate::{
        ClaimedPush, PushEnd, RunEnd, StepBegin, Trigger,
        testing::{LEASE, World},
    };

    #[tokio::test]
    async fn a_run_on_which_three_workers_died_fails_and_its_sync_waits_for_somebody() {
        let world = World::open().await;
        let (_, run) = world.running("b1").await;
        let mut last = run.clone();
        for deaths in 1..=2 {
            world.clock.advance(LEASE);
            last = world.claim().await.remove(0);
            assert_eq!((&last.run, last.deaths), (&run.run, deaths));
        }
        world.clock.advance(LEASE);
        assert!(world.claim().await.is_empty(), "not a fourth time");
        let (dead, code) = (world.store.run(&world.tenant, &run.run).await.expect("read"), Code::ConnectorCrashed);
        assert_eq!((dead.state, dead.deaths, dead.ended_at), (RunState::Failed, 3, Some(world.store.now())));
        assert_eq!((dead.code, dead.person.as_deref()), (Some(code), Some(code.title())));
        assert_eq!(dead.operator.as_deref(), Some("its worker died 3 times"));
        let sync = world.store.sync(&world.tenant, &run.sync).await.expect("read");
        assert_eq!((sync.last_run, sync.last_state, sync.next_due_at), (Some(run.run), Some(RunState::Failed), None));
        let late = world.store.finish_run(&last.run, last.epoch, RunEnd::of(RunState::Done)).await;
        assert_eq!(late, Err(StoreError::Stale), "the last worker was not dead after all");
        world.clock.advance(LEASE * 1000);
        assert_eq!(world.store.schedule_due(10).await, Ok(0));

        let now = world.store.now();
        world.store.enqueue_run(&world.tenant, &run.sync, now, Trigger::Manual).await.expect("by hand");
        let again = world.claim().await.remove(0);
        assert_eq!(again.deaths, 0);
        world.store.finish_run(&again.run, again.epoch, RunEnd::of(RunState::Done)).await.expect("it went well");
        let sync = world.store.sync(&world.tenant, &run.sync).await.expect("read");
        assert_eq!(sync.next_due_at, Some(now.plus(sync.schedule)), "back on its schedule");
    }

    /// A push on which two workers have died, in the hands of the third.
    async fn dying(world: &World, step: Option<&str>) -> ClaimedPush {
        let id = world.connect("b1").await.connection.id;
        world.store.accept_push(world.push("k1", Some(&id))).await.expect("accepted");
        let mut ours = world.store.claim_pushes(LEASE, 10).await.expect("claimed").remove(0);
        if let Some(step) = step {
            let begin = world.store.step_begin(&ours.push.id, ours.push.epoch, step, [1; 32]).await;
            assert_eq!(begin, Ok(StepBegin::Send));
        }
        for _ in 0..2 {
            world.clock.advance(LEASE);
            ours = world.store.claim_pushes(LEASE, 10).await.expect("claimed").remove(0);
        }
        world.clock.advance(LEASE);
        ours
    }

    #[tokio::test]
    async fn a_push_on_which_three_workers_died_before_it_sent_anything_fails() {
        let world = World::open().await;
        let ours = dying(&world, None).await;
        assert!(world.store.claim_pushes(LEASE, 10).await.expect("claimed").is_empty(), "not a fourth time");
        let (dead, code) =
            (world.store.push(&world.tenant, &ours.push.id).await.expect("read"), Code::ConnectorCrashed);
        assert_eq!((dead.state, dead.next_at, dead.lease_until), (PushState::Failed, None, None));
        assert_eq!((dead.ended_at, dead.attempts), (Some(world.store.now()), 3));
        assert_eq!((dead.code, dead.person.as_deref()), (Some(code), Some(code.title())));
        assert_eq!(dead.operator.as_deref(), Some("its worker died 3 times"));
        let late = world.store.step_begin(&dead.id, ours.push.epoch, "create", [1; 32]).await;
        assert_eq!(late, Err(StoreError::Stale), "the last worker was not dead after all");
        assert_eq!(world.number("SELECT deaths FROM pushes").await, 3);
    }

    #[tokio::test]
    async fn a_push_on_which_three_workers_died_after_it_sent_something_waits_for_a_person() {
        let world = World::open().await;
        let ours = dying(&world, Some("create")).await;
        assert!(world.store.claim_pushes(LEASE, 10).await.expect("claimed").is_empty(), "not a fourth time");
        let dead = world.store.push(&world.tenant, &ours.push.id).await.expect("read");
        assert_eq!((dead.state, dead.next_at, dead.ended_at), (PushState::Unknown, None, None));
        assert_eq!(dead.code, Some(Code::ConnectorCrashed));

        let again = PushEnd { next_at: Some(world.store.now()), ..PushEnd::of(PushState::Planned) };
        world.store.decide_push(&world.tenant, &dead.id, again, "person").await.expect("decided");
        assert_eq!(world.store.claim_pushes(LEASE, 10).await.expect("claimed").len(), 1);
        world.clock.advance(LEASE);
        let claimed = world.store.claim_pushes(LEASE, 10).await.expect("claimed");
        assert_eq!(claimed.len(), 1, "a person's decision begins the count afresh");
    }

    #[tokio::test]
    async fn looks_that_kill_their_workers_leave_the_push_unknown_and_orderly_attempts_are_no_deaths() {
        let world = World::open().await;
        let id = world.connect("b1").await.connection.id;
        world.store.accept_push(world.push("k1", Some(&id))).await.expect("accepted");
        for _ in 0..5 {
            let ours = world.store.claim_pushes(LEASE, 10).await.expect("claimed").remove(0);
            let end = PushEnd { next_at: Some(world.store.now()), ..PushEnd::of(PushState::Unknown) };
            world.store.finish_push(&ours.push.id, ours.push.epoch, end).await.expect("left");
        }
        for _ in 0..3 {
            assert_eq!(world.store.claim_pushes(LEASE, 10).await.expect("claimed").len(), 1);
            world.clock.advance(LEASE);
        }
        assert!(world.store.claim_pushes(LEASE, 10).await.expect("claimed").is_empty());
        assert_eq!(world.number("SELECT count(*) FROM pushes WHERE state = 'unknown' AND next_at IS NULL").await, 1);
    }
}
