//! Work that kills its worker again and again is given up, so that it cannot take the host down with it
//! for ever.

use patchbay_model::{Code, EventKind, ReleaseId, RunId, RunState, SyncId, TenantId, Timestamp};
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::{
    Push, Store, StoreError, SyncRow,
    audit::{NewAudit, append},
    canaries,
    dialect::Dialect,
    events::{NewEvent, emit},
    push_moves, push_queue, push_steps,
    row::{Reader, Row as _, json, many, one, select},
    run_end::{EndedRun, note, tell_failure, tell_trouble},
};

/// Workers that may die on one piece of work.
pub(crate) const DEATHS: i64 = 3;

/// What the operator reads.
fn operator() -> String {
    format!("its worker died {DEATHS} times")
}

/// Ends the runs whose last allowed worker has died, inside a transaction, and sets aside the releases that ran; whether
/// there was one.
pub(crate) async fn end_runs(tx: &mut AnyConnection, store: &Store, now: Timestamp) -> Result<bool, StoreError> {
    // A worker that just stores its page is not dead: what it holds is looked at next time.
    let locked = Dialect::of(tx).pick("", "FOR UPDATE OF x SKIP LOCKED");
    let rows = sqlx::query(AssertSqlSafe(format!(
        "UPDATE runs SET state = 'failed', epoch = epoch + 1, deaths = deaths + 1, lease_until = NULL, ended_at = $1, \
         code = $3, person = $4, operator = $5 WHERE id IN (SELECT x.id FROM runs x JOIN connections c \
         ON c.id = x.connection AND c.enabled AND c.state = 'active' \
         WHERE x.state = 'running' AND x.lease_until <= $1 AND x.deaths + 1 >= $2 {locked}) \
         RETURNING id, sync, attempts, node",
    )))
    .bind(now.as_micros())
    .bind(DEATHS)
    .bind(Code::ConnectorCrashed.id())
    .bind(Code::ConnectorCrashed.title())
    .bind(operator())
    .fetch_all(&mut *tx)
    .await?;
    let mut dead: Vec<(RunId, SyncId, u32, Option<String>)> = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut r = Reader::of(row, "runs");
        dead.push((r.next("id")?, r.next("sync")?, r.next("attempts")?, r.next("node")?));
    }
    dead.sort();
    let nodes: Vec<Option<String>> = dead.iter().map(|(.., node)| node.clone()).collect();
    for (run, sync, attempts, node) in dead {
        let sync: SyncRow =
            one(&mut *tx, sqlx::query(select::<SyncRow>("WHERE s.id = $1")).bind(sync.as_str())).await?;
        let (state, code) = (RunState::Failed, Some(Code::ConnectorCrashed));
        let ended = EndedRun { run: &run, state, code, attempts };
        note(&mut *tx, &sync, &ended, Some(Code::ConnectorCrashed.title()), Some(None), now).await?;
        tell_failure(&mut *tx, store.event_id(), &sync, &ended, false, now).await?;
        tell_trouble(&mut *tx, store.event_id(), &sync, state, now).await?;
        let together = nodes.iter().filter(|other| **other == node).count() > 1;
        if !together && alone(&mut *tx, node.as_deref(), now).await? {
            quarantine(&mut *tx, store, &sync, &run, now).await?;
        }
    }
    Ok(!rows.is_empty())
}

/// Whether nothing else died with a node: else whoever ended it (an operator, the kernel, another connector) cannot be
/// told from the release that ran, and an innocent one must not be set aside for everybody.
async fn alone(tx: &mut AnyConnection, node: Option<&str>, now: Timestamp) -> Result<bool, StoreError> {
    let others: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM runs WHERE state = 'running' AND lease_until <= $1 AND node IS NOT DISTINCT FROM $2",
    )
    .bind(now.as_micros())
    .bind(node)
    .fetch_one(tx)
    .await?;
    Ok(others == 0)
}

/// Sets aside the release that the run began with, whichever is active by now; where that is not known, the one that its
/// connection runs. No run of it begins until an operator activates it, or another.
async fn quarantine(
    tx: &mut AnyConnection,
    store: &Store,
    sync: &SyncRow,
    run: &RunId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let reason = format!("the worker of run {run} died {DEATHS} times in a row");
    let row = sqlx::query(
        "UPDATE releases SET state = 'quarantined', reason = $2, state_at = $3 WHERE state NOT IN ('quarantined', 'dropped') \
         AND id = coalesce((SELECT r.release FROM runs r WHERE r.id = $4), \
         (SELECT coalesce(c.release, a.id) FROM connections c LEFT JOIN releases a ON a.connector = c.connector \
         AND a.state = 'active' WHERE c.id = $1)) RETURNING id, connector, version",
    );
    let row = row.bind(sync.connection.as_str()).bind(reason.as_str()).bind(now.as_micros()).bind(run.as_str());
    let Some(row) = row.fetch_optional(&mut *tx).await? else { return Ok(()) };
    let mut r = Reader::of(&row, "releases");
    let release: ReleaseId = r.next("id")?;
    let (connector, version): (String, String) = (r.next("connector")?, r.next("version")?);
    canaries::end_of_release(&mut *tx, store, &release, &reason).await?;
    // Those whose connections run it. An unpinned one ran it if it was the active one, which is gone now.
    let tenants: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT c.tenant FROM connections c WHERE c.connector = $1 AND c.state <> 'deleted' \
         AND (c.release = $2 OR (c.release IS NULL AND NOT EXISTS (SELECT 1 FROM releases a \
         WHERE a.connector = $1 AND a.state = 'active'))) ORDER BY c.tenant",
    )
    .bind(connector.as_str())
    .bind(release.as_str())
    .fetch_all(&mut *tx)
    .await?;
    let data = serde_json::json!({
        "connector": connector, "release": release, "version": version, "deaths": DEATHS,
    });
    for tenant in tenants {
        let inconsistent = |_| StoreError::Inconsistent { table: "connections", column: "tenant", row: String::new() };
        let tenant = TenantId::try_from(tenant).map_err(inconsistent)?;
        let (id, kind, subject) = (store.event_id(), EventKind::ConnectorQuarantined, connector.clone());
        emit(&mut *tx, &NewEvent { id, tenant, kind, subject, data: data.clone() }, now).await?;
    }
    let detail = serde_json::json!({ "connector": connector, "version": version, "run": run });
    let line = NewAudit::of(None, "host", "release.quarantined", &release).detail(&detail);
    append(tx, &store.audit_line(line)).await
}

/// Ends the pushes whose last allowed worker has died, inside a transaction. What may have been written
/// waits for a person. Whether there was one.
pub(crate) async fn end_pushes(tx: &mut AnyConnection, store: &Store, now: Timestamp) -> Result<bool, StoreError> {
    // Taken first and judged afterwards: a step that is being begun decides whether something may have been written.
    let locked = Dialect::of(tx).pick("", "FOR UPDATE SKIP LOCKED");
    let dead: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!(
        "SELECT id FROM pushes WHERE lease_until <= $1 AND deaths + 1 >= $2 {locked}"
    )))
    .bind(now.as_micros())
    .bind(DEATHS)
    .fetch_all(&mut *tx)
    .await?;
    if dead.is_empty() {
        return Ok(false);
    }
    let in_doubt = push_steps::IN_DOUBT;
    let statement = sqlx::query(AssertSqlSafe(format!(
        "UPDATE pushes SET state = CASE WHEN state = 'unknown' OR {in_doubt} THEN 'unknown' ELSE 'failed' END, \
         ended_at = CASE WHEN state = 'unknown' OR {in_doubt} THEN NULL ELSE $1 END, epoch = epoch + 1, \
         deaths = deaths + 1, lease_until = NULL, next_at = NULL, updated_at = $1, code = $3, person = $4, operator = $5 \
         WHERE id IN (SELECT value FROM json_each($2)) RETURNING {}",
        Push::COLUMNS
    )))
    .bind(now.as_micros())
    .bind(json(&dead)?)
    .bind(Code::ConnectorCrashed.id())
    .bind(Code::ConnectorCrashed.title())
    .bind(operator());
    let mut ended: Vec<Push> = many(&mut *tx, statement).await?;
    ended.sort_by(|one, other| one.id.cmp(&other.id));
    let ids: Vec<&str> = ended.iter().map(|push| push.id.as_str()).collect();
    push_moves::note(&mut *tx, &ids, None, now).await?;
    for push in &ended {
        push_queue::tell(&mut *tx, store, push, now).await?;
    }
    Ok(true)
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
        assert_eq!(sync.next_due_at, Some(sync.next_slot(now)), "back on its schedule");
    }

    /// A connection whose run three workers die on, of this release or of the active one.
    async fn kill(world: &World, business: &str, release: Option<&ReleaseId>) {
        let settle = crate::Settle { release: release.cloned(), ..world.consent(business) };
        world.store.settle(settle).await.expect("settled");
        for _ in 0..3 {
            assert_eq!(world.claim().await.len(), 1);
            world.clock.advance(LEASE);
        }
        assert!(world.claim().await.is_empty(), "not a fourth time");
    }

    #[tokio::test]
    async fn a_release_that_killed_three_workers_is_set_aside_until_an_operator_activates_one() {
        let world = World::open().await;
        let (old, release) = (world.release("1.0.0").await, world.release("1.1.0").await);
        for each in [&old, &release] {
            world.store.activate_release(each, "test").await.expect("active");
        }
        let other = world.store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
        let theirs = crate::Settle { tenant: other.clone(), ..world.consent("b9") };
        world.store.settle(theirs).await.expect("settled");
        let run = world.claim().await.remove(0);
        world.store.finish_run(&run.run, run.epoch, RunEnd::of(RunState::Done)).await.expect("it went well");
        kill(&world, "b1", None).await;
        let there = world.store.release(&release).await.expect("read");
        assert_eq!(there.state, patchbay_model::ReleaseState::Quarantined);
        assert!(there.reason.is_some_and(|reason| reason.contains("died 3 times")));
        assert_eq!(world.told("release.quarantined").await, 1);
        let filter = |kind| crate::EventFilter { kind: Some(kind), limit: 10, ..crate::EventFilter::default() };
        for tenant in [&world.tenant, &other] {
            let events = world.store.events(tenant, &filter(EventKind::ConnectorQuarantined)).await.expect("events");
            let event = events.items.first().expect("told");
            assert_eq!((events.items.len(), event.subject.as_str()), (1, "acme.books"));
            assert!(event.data.contains(release.as_str()));
        }
        let failed = world.store.events(&world.tenant, &filter(EventKind::RunFailed)).await.expect("events");
        assert_eq!(failed.items.len(), 1);

        world.connect("b2").await;
        assert!(world.claim().await.is_empty(), "nothing of it is started");
        assert!(world.store.activate_release(&release, "test").await.is_err(), "not the same one");
        world.store.activate_release(&old, "test").await.expect("active");
        assert_eq!(world.claim().await.len(), 1);
    }

    #[tokio::test]
    async fn a_release_is_not_set_aside_for_deaths_that_other_runs_shared() {
        let world = World::open().await;
        let release = world.release("1.0.0").await;
        world.store.activate_release(&release, "test").await.expect("active");
        let (_, run) = world.running("b1").await;
        for _ in 0..2 {
            world.clock.advance(LEASE);
            assert_eq!(world.claim().await.len(), 1);
        }
        // Another one is at work when the node ends for the third time.
        world.connect("b2").await;
        assert_eq!(world.claim().await.len(), 1);
        world.clock.advance(LEASE);
        assert_eq!(world.claim().await.len(), 1, "the other one goes on");
        let dead = world.store.run(&world.tenant, &run.run).await.expect("read");
        assert_eq!((dead.state, dead.code), (RunState::Failed, Some(Code::ConnectorCrashed)), "it is given up");
        let there = world.store.release(&release).await.expect("read");
        assert_eq!(there.state, patchbay_model::ReleaseState::Active, "who ended the node is not known");
    }

    #[tokio::test]
    async fn the_release_that_the_workers_died_of_is_set_aside_and_not_the_one_that_was_gone_back_to() {
        let world = World::open().await;
        let (old, new) = (world.release("1.0.0").await, world.release("1.1.0").await);
        for each in [&old, &new] {
            world.store.activate_release(each, "test").await.expect("active");
        }
        let (_, run) = world.running("b1").await;
        for _ in 0..2 {
            world.clock.advance(LEASE);
            assert_eq!(world.claim().await.len(), 1);
        }
        let begun = world.store.run(&world.tenant, &run.run).await.expect("read");
        assert_eq!((begun.release, begun.deaths), (Some(new.clone()), 2));
        world.store.activate_release(&old, "test").await.expect("gone back");
        world.clock.advance(LEASE);
        assert!(world.claim().await.is_empty(), "not a fourth time");
        let state = async |id| world.store.release(id).await.expect("read").state;
        assert_eq!(state(&new).await, patchbay_model::ReleaseState::Quarantined);
        assert_eq!(state(&old).await, patchbay_model::ReleaseState::Active);
    }

    #[tokio::test]
    async fn deaths_of_the_release_before_do_not_count_against_the_one_that_a_run_goes_on_with() {
        let world = World::open().await;
        let (old, new) = (world.release("1.0.0").await, world.release("1.1.0").await);
        for each in [&old, &new] {
            world.store.activate_release(each, "test").await.expect("active");
        }
        let (_, run) = world.running("b1").await;
        world.clock.advance(LEASE);
        assert_eq!(world.claim().await[0].deaths, 1);
        world.store.activate_release(&old, "test").await.expect("gone back");
        world.clock.advance(LEASE);
        assert_eq!(world.claim().await[0].deaths, 0, "it begins anew");
        let begun = world.store.run(&world.tenant, &run.run).await.expect("read");
        assert_eq!(begun.release, Some(old));
    }

    #[tokio::test]
    async fn a_pinned_release_is_set_aside_and_the_active_one_goes_on() {
        let world = World::open().await;
        let (pinned, active) = (world.release("1.0.0").await, world.release("1.1.0").await);
        world.store.activate_release(&active, "test").await.expect("active");
        kill(&world, "b1", Some(&pinned)).await;
        assert_eq!(
            world.store.release(&pinned).await.map(|there| there.state),
            Ok(patchbay_model::ReleaseState::Quarantined)
        );
        assert_eq!(
            world.store.active_release("acme.books").await.map(|there| there.map(|there| there.id)),
            Ok(Some(active))
        );
        world.connect("b2").await;
        assert_eq!(world.claim().await.len(), 1);
    }

    /// A push on which two workers have died, in the hands of the third.
    async fn dying(world: &World, step: Option<&str>) -> ClaimedPush {
        let id = world.connect("b1").await.connection.id;
        world.store.accept_push(world.push("k1", Some(&id))).await.expect("accepted");
        let mut ours = world.store.claim_pushes(&crate::testing::places(10)).await.expect("claimed").remove(0);
        if let Some(step) = step {
            let begin = world.store.step_begin(&ours.push.id, ours.push.epoch, step, [1; 32], true).await;
            assert_eq!(begin, Ok(StepBegin::Send));
        }
        for _ in 0..2 {
            world.clock.advance(LEASE);
            ours = world.store.claim_pushes(&crate::testing::places(10)).await.expect("claimed").remove(0);
        }
        world.clock.advance(LEASE);
        ours
    }

    #[tokio::test]
    async fn a_push_on_which_three_workers_died_before_it_sent_anything_fails() {
        let world = World::open().await;
        let ours = dying(&world, None).await;
        assert!(
            world.store.claim_pushes(&crate::testing::places(10)).await.expect("claimed").is_empty(),
            "not a fourth time"
        );
        let (dead, code) =
            (world.store.push(&world.tenant, &ours.push.id).await.expect("read"), Code::ConnectorCrashed);
        assert_eq!((dead.state, dead.next_at, dead.lease_until), (PushState::Failed, None, None));
        assert_eq!((dead.ended_at, dead.attempts), (Some(world.store.now()), 3));
        assert_eq!((dead.code, dead.person.as_deref()), (Some(code), Some(code.title())));
        assert_eq!(dead.operator.as_deref(), Some("its worker died 3 times"));
        let late = world.store.step_begin(&dead.id, ours.push.epoch, "create", [1; 32], true).await;
        assert_eq!(late, Err(StoreError::Stale), "the last worker was not dead after all");
        assert_eq!(world.number("SELECT deaths FROM pushes").await, 3);
    }

    #[tokio::test]
    async fn a_push_on_which_three_workers_died_after_it_sent_something_waits_for_a_person() {
        let world = World::open().await;
        let ours = dying(&world, Some("create")).await;
        assert!(
            world.store.claim_pushes(&crate::testing::places(10)).await.expect("claimed").is_empty(),
            "not a fourth time"
        );
        let dead = world.store.push(&world.tenant, &ours.push.id).await.expect("read");
        assert_eq!((dead.state, dead.next_at, dead.ended_at), (PushState::Unknown, None, None));
        assert_eq!(dead.code, Some(Code::ConnectorCrashed));
        assert_eq!(world.number("SELECT count(*) FROM events WHERE kind = 'push.unknown'").await, 1);
        let moves = world.store.push_moves(&dead.id).await.expect("moves");
        let states: Vec<&str> = moves.iter().map(|one| one.state.as_str()).collect();
        assert_eq!(states, ["planned", "sending", "unknown"]);

        let again = PushEnd { next_at: Some(world.store.now()), ..PushEnd::of(PushState::Planned) };
        world.store.decide_push(&world.tenant, &dead.id, again, "person").await.expect("decided");
        assert_eq!(world.store.claim_pushes(&crate::testing::places(10)).await.expect("claimed").len(), 1);
        world.clock.advance(LEASE);
        let claimed = world.store.claim_pushes(&crate::testing::places(10)).await.expect("claimed");
        assert_eq!(claimed.len(), 1, "a person's decision begins the count afresh");
    }

    #[tokio::test]
    async fn looks_that_kill_their_workers_leave_the_push_unknown_and_orderly_attempts_are_no_deaths() {
        let world = World::open().await;
        let id = world.connect("b1").await.connection.id;
        world.store.accept_push(world.push("k1", Some(&id))).await.expect("accepted");
        for _ in 0..5 {
            let ours = world.store.claim_pushes(&crate::testing::places(10)).await.expect("claimed").remove(0);
            let end = PushEnd { next_at: Some(world.store.now()), ..PushEnd::of(PushState::Unknown) };
            world.store.finish_push(&ours.push.id, ours.push.epoch, end).await.expect("left");
        }
        for _ in 0..3 {
            assert_eq!(world.store.claim_pushes(&crate::testing::places(10)).await.expect("claimed").len(), 1);
            world.clock.advance(LEASE);
        }
        assert!(world.store.claim_pushes(&crate::testing::places(10)).await.expect("claimed").is_empty());
        assert_eq!(world.number("SELECT count(*) FROM pushes WHERE state = 'unknown' AND next_at IS NULL").await, 1);
    }
}
