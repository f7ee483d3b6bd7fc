use patchbay_model::{ConnectionId, RunState};

use super::*;
use crate::{
    ClaimedRun, NewSync, NextRun, RunEnd, Step,
    testing::{World, page},
};

const QUARTER: Duration = Duration::from_secs(900);

async fn sync(world: &World, id: &SyncId) -> SyncRow {
    world.store.sync(&world.tenant, id).await.expect("a sync")
}

async fn done(world: &World, run: &ClaimedRun) {
    world.store.finish_run(&run.run, run.epoch, RunEnd::of(RunState::Done)).await.expect("ended");
}

fn cron(text: &str) -> Schedule {
    Schedule::Cron { cron: text.to_owned(), zone: "Europe/Brussels".to_owned(), jitter: Duration::ZERO }
}

#[tokio::test]
async fn a_new_sync_is_read_at_once_and_then_at_its_slots_however_long_a_run_takes() {
    let world = World::open().await;
    let (_, run) = world.running("b1").await;
    let slot = sync(&world, &run.sync).await.next_due_at.expect("a slot");
    assert!(slot > world.store.now() && slot <= world.store.now().plus(QUARTER));
    world.clock.advance(QUARTER / 3);
    done(&world, &run).await;
    assert_eq!(sync(&world, &run.sync).await.next_due_at, Some(slot), "its end moves nothing");
    world.clock.advance(slot.since(world.store.now()));
    assert_eq!(world.store.schedule_due(10).await, Ok(1));
    let after = sync(&world, &run.sync).await;
    assert_eq!((after.next_due_at, after.coalesced), (Some(slot.plus(QUARTER)), 0));
}

#[tokio::test]
async fn slots_that_were_missed_are_one_run_and_are_counted() {
    let world = World::open().await;
    let (_, run) = world.running("b1").await;
    done(&world, &run).await;
    let slot = sync(&world, &run.sync).await.next_due_at.expect("a slot");
    world.clock.advance(slot.since(world.store.now()) + QUARTER * 7 + Duration::from_secs(1));
    assert_eq!((world.store.schedule_due(10).await, world.store.schedule_due(10).await), (Ok(1), Ok(0)));
    let after = sync(&world, &run.sync).await;
    assert_eq!((after.coalesced, after.next_due_at), (7, Some(slot.plus(QUARTER * 8))));

    // The same by a cron expression, and one slot that came while the run was open.
    world.store.set_schedule(&world.tenant, &run.sync, cron("*/5 * * * *"), true, "test").await.expect("set");
    let slot = sync(&world, &run.sync).await.next_due_at.expect("a slot");
    world.clock.advance(slot.since(world.store.now()) + Duration::from_secs(601));
    assert_eq!(world.store.schedule_due(10).await, Ok(0), "it has an open run");
    let after = sync(&world, &run.sync).await;
    assert_eq!((after.coalesced, after.next_due_at), (7 + 3, Some(slot.plus(Duration::from_secs(900)))));
}

#[tokio::test]
async fn a_slot_does_not_bring_a_run_forward_that_waits_after_a_failure_and_a_person_does() {
    let world = World::open().await;
    let (_, run) = world.running("b1").await;
    let at = world.store.now().plus(QUARTER * 4);
    let next = Some(NextRun { at, trigger: Trigger::Retry, attempts: 1 });
    world.store.finish_run(&run.run, run.epoch, RunEnd { next, ..RunEnd::of(RunState::Failed) }).await.expect("ended");
    world.clock.advance(QUARTER * 2);
    assert_eq!(world.store.schedule_due(10).await, Ok(0));
    assert!(world.claim().await.is_empty());
    world.store.enqueue_run(&world.tenant, &run.sync, world.store.now(), Trigger::Manual).await.expect("asked");
    assert_eq!(world.claim().await.len(), 1);
}

#[tokio::test]
async fn a_schedule_that_the_tenant_set_is_not_due_at_once_and_is_kept_when_the_manifest_says_otherwise() {
    let world = World::open().await;
    let (settled, run) = world.running("b1").await;
    let (store, tenant, now) = (&world.store, &world.tenant, world.store.now());
    let hourly = Schedule::Every(Duration::from_secs(3600));
    let set = store.set_schedule(tenant, &run.sync, hourly.clone(), true, "jane").await.expect("set");
    assert_eq!((&set.schedule, set.custom, set.every), (&hourly, true, Duration::from_secs(3600)));
    assert!(set.next_due_at > Some(now) && set.next_due_at <= Some(now.plus(set.every)));
    assert_eq!(world.told("sync.schedule").await, 1);
    let account = set.account.clone();
    let manifest =
        NewSync { account, stream: "invoices".into(), schedule: cron("0 3 * * *"), enabled: true, picked: false };
    store.put_syncs(tenant, &settled.connection.id, vec![manifest.clone()]).await.expect("put");
    assert_eq!(sync(&world, &run.sync).await.schedule, hourly);
    store.set_schedule(tenant, &run.sync, hourly, false, "jane").await.expect("given back");
    store.put_syncs(tenant, &settled.connection.id, vec![manifest]).await.expect("put");
    let after = sync(&world, &run.sync).await;
    assert_eq!((after.schedule, after.every), (cron("0 3 * * *"), Duration::from_secs(24 * 3600)));
    store.set_sync_enabled(tenant, &run.sync, false, "jane").await.expect("off");
    let off = store.set_schedule(tenant, &run.sync, cron("0 4 * * *"), true, "jane").await.expect("set");
    assert_eq!(off.next_due_at, None, "it stays off");
    let other = store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    assert!(store.set_schedule(&other, &run.sync, cron("0 4 * * *"), true, "x").await.is_err());
}

#[tokio::test]
async fn connections_of_one_connector_do_not_start_together() {
    let world = World::open().await;
    let mut slots = Vec::new();
    for n in 0..20 {
        let id: ConnectionId = world.connect(&format!("b{n}")).await.connection.id;
        slots.extend(world.store.syncs(&world.tenant, &id).await.expect("syncs").iter().map(|sync| sync.next_due_at));
    }
    slots.sort();
    slots.dedup();
    assert_eq!(slots.len(), 20);
}

#[tokio::test]
async fn a_backfill_begins_a_pass_of_its_own_and_no_page_of_the_old_one_comes_after_it() {
    let world = World::open().await;
    let (_, run) = world.running("b1").await;
    let (store, tenant) = (&world.store, &world.tenant);
    store.commit_page(page(&run, Step::More, &[("a", 1)])).await.expect("stored");
    let since = Timestamp::from_millis(1_700_000_000_123);
    let asked = store.backfill_sync(tenant, &run.sync, since, "jane").await.expect("asked");
    assert_eq!((asked.since, asked.has_cursor, asked.pass, asked.pass_started_at), (Some(since), false, 2, None));
    assert_eq!((asked.next_due_at, world.told("sync.backfill").await), (Some(store.now()), 1));
    let late = store.commit_page(page(&run, Step::More, &[("b", 1)])).await;
    assert_eq!(late, Err(StoreError::Stale), "its worker reads on from the old cursor");
    assert_eq!(store.cancelled_runs(&[(run.run.clone(), run.epoch)]).await, Ok(vec![run.run.clone()]));
    let again = world.claim().await.remove(0);
    assert_eq!((&again.run, again.attempts, again.deaths), (&run.run, 1, 0));
    let work = store.load_run(&again.run, again.epoch).await.expect("work");
    assert_eq!((work.cursor, work.sync.since), (None, Some(since)));
    let reset = store.reset_sync(tenant, &run.sync, "jane").await.expect("reset");
    assert_eq!((reset.since, reset.pass), (None, 3));
}
