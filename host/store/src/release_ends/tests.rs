use patchbay_model::{RunState, SyncId};

use super::*;
use crate::{ClaimedRun, JudgedWith, RunEnd, Trigger, testing::World};

/// Two releases of which the second one is active, and so many connections.
async fn scene(world: &World, connections: u32) -> (ReleaseId, ReleaseId) {
    let (old, new) = (world.release("1.0.0").await, world.release("1.1.0").await);
    for release in [&old, &new] {
        world.store.activate_release(release, "test").await.expect("active");
        world.clock.advance(Duration::from_secs(1));
    }
    for number in 0..connections {
        world.connect(&format!("b{number}")).await;
    }
    (old, new)
}

async fn ended(world: &World, run: &ClaimedRun, release: &ReleaseId, code: Option<Code>) {
    let state = if code.is_some() { RunState::Failed } else { RunState::Done };
    let went_by = Some(WentBy { release: release.clone(), watched: false, code });
    world.store.finish_run(&run.run, run.epoch, RunEnd { code, went_by, ..RunEnd::of(state) }).await.expect("ended");
}

/// The syncs' runs break down, so many in all.
async fn trap(world: &World, release: &ReleaseId, syncs: &[SyncId], times: usize) {
    trap_of(world, &world.tenant, release, syncs, times).await;
}

async fn trap_of(world: &World, tenant: &TenantId, release: &ReleaseId, syncs: &[SyncId], times: usize) {
    for sync in syncs.iter().cycle().take(times) {
        world.store.enqueue_run(tenant, sync, world.store.now(), Trigger::Manual).await.expect("asked");
        let run = world.claim().await.remove(0);
        ended(world, &run, release, Some(Code::ConnectorCrashed)).await;
    }
}

/// The syncs of the connections; their first runs are over.
async fn syncs(world: &World, release: &ReleaseId) -> Vec<SyncId> {
    let mut syncs = Vec::new();
    for run in world.claim().await {
        ended(world, &run, release, None).await;
        syncs.push(run.sync);
    }
    syncs
}

fn back(to: &ReleaseId) -> GoBack {
    let (actor, reason) = ("host".to_owned(), "it broke down five times".to_owned());
    GoBack { to: to.clone(), judged: JudgedWith::revision(0), approval: None, actor, reason }
}

#[tokio::test]
async fn five_traps_of_two_connections_set_a_release_aside_and_the_one_before_runs() {
    let world = World::open().await;
    let (old, new) = scene(&world, 2).await;
    let syncs = syncs(&world, &new).await;
    trap(&world, &new, &syncs, 4).await;
    assert!(!world.store.set_back(&new, back(&old)).await.expect("judged"), "four are not five");
    trap(&world, &new, &syncs, 1).await;
    assert!(world.store.set_back(&new, back(&old)).await.expect("judged"));
    assert!(!world.store.set_back(&new, back(&old)).await.expect("judged"), "another node comes too late");
    assert_eq!(world.store.active_release_id("acme.books").await, Ok(Some(old)));
    let left = world.store.release(&new).await.expect("read");
    assert_eq!((left.state, left.reason.as_deref()), (ReleaseState::Quarantined, Some("it broke down five times")));
    let filter = crate::EventFilter { kind: Some(EventKind::ConnectorRolledBack), limit: 10, ..Default::default() };
    let events = world.store.events(&world.tenant, &filter).await.expect("events").items;
    assert_eq!(events.len(), 1);
    assert!(events[0].data.contains(r#""to":"1.0.0""#), "{}", events[0].data);
    assert_eq!(world.told("release.quarantined").await, 1);
}

#[tokio::test]
async fn traps_of_one_connection_set_nothing_aside_where_there_is_another() {
    let world = World::open().await;
    let (old, new) = scene(&world, 2).await;
    let syncs = syncs(&world, &new).await;
    trap(&world, &new, &syncs[..1], 9).await;
    assert!(!world.store.set_back(&new, back(&old)).await.expect("judged"));
    let (_, traps) = world.store.traps(&new).await.expect("counted");
    assert_eq!((traps.traps, traps.trapped, traps.connections, traps.too_many()), (9, 1, 2, false));
}

/// A connection of another tenant, with its sync, whose first run is over.
async fn another(world: &World, release: &ReleaseId) -> (TenantId, Vec<SyncId>) {
    let other = world.store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    let theirs = crate::Settle { tenant: other.clone(), ..world.consent("b9") };
    world.store.settle(theirs).await.expect("settled");
    (other, syncs(world, release).await)
}

#[tokio::test]
async fn one_tenant_sets_nothing_aside_for_another_however_many_connections_it_has() {
    let world = World::open().await;
    let (old, new) = scene(&world, 3).await;
    let ours = syncs(&world, &new).await;
    let (other, theirs) = another(&world, &new).await;
    trap(&world, &new, &ours, 9).await;
    let (_, traps) = world.store.traps(&new).await.expect("counted");
    assert_eq!((traps.trapped, traps.trapped_tenants, traps.connections, traps.tenants), (3, 1, 4, 2));
    assert!(!world.store.set_back(&new, back(&old)).await.expect("judged"));
    assert!(!world.store.rest(&new, "it broke down").await.expect("judged"));
    trap_of(&world, &other, &new, &theirs, 1).await;
    assert!(world.store.set_back(&new, back(&old)).await.expect("judged"), "it is not one tenant's data");
}

#[tokio::test]
async fn after_a_rest_one_tenant_alone_lets_it_rest_no_more() {
    let world = World::open().await;
    let (_, new) = scene(&world, 2).await;
    let ours = syncs(&world, &new).await;
    let (other, theirs) = another(&world, &new).await;
    trap(&world, &new, &ours, 4).await;
    trap_of(&world, &other, &new, &theirs, 1).await;
    assert!(world.store.rest(&new, "it broke down").await.expect("judged"));
    world.clock.advance(WINDOW);
    trap(&world, &new, &ours, 4).await;
    assert!(!world.store.rest(&new, "it broke down").await.expect("judged"), "of one tenant alone");
    trap_of(&world, &other, &new, &theirs, 1).await;
    assert!(world.store.rest(&new, "it broke down").await.expect("judged"), "of both");
}

#[tokio::test]
async fn after_a_rest_one_good_end_keeps_it_from_resting_again() {
    let traps =
        Traps { connections: 2, tenants: 2, again: 9, again_connections: 2, again_tenants: 2, ..Traps::default() };
    assert!(traps.breaks_again());
    assert!(!Traps { well: 1, ..traps }.breaks_again());
}

#[tokio::test]
async fn the_only_connection_of_a_release_is_enough() {
    let world = World::open().await;
    let (old, new) = scene(&world, 1).await;
    let syncs = syncs(&world, &new).await;
    trap(&world, &new, &syncs, 5).await;
    assert!(world.store.set_back(&new, back(&old)).await.expect("judged"));
}

#[tokio::test]
async fn traps_of_more_than_ten_minutes_ago_count_no_more() {
    let world = World::open().await;
    let (old, new) = scene(&world, 1).await;
    let syncs = syncs(&world, &new).await;
    trap(&world, &new, &syncs, 4).await;
    world.clock.advance(WINDOW);
    trap(&world, &new, &syncs, 4).await;
    assert!(!world.store.set_back(&new, back(&old)).await.expect("judged"));
}

#[tokio::test]
async fn what_the_provider_did_is_not_noted() {
    let world = World::open().await;
    let (_, new) = scene(&world, 1).await;
    let run = world.claim().await.remove(0);
    ended(&world, &run, &new, Some(Code::ProviderOutage)).await;
    assert_eq!(world.number("SELECT count(*) FROM release_ends").await, 0);
}

#[tokio::test]
async fn a_release_that_rests_starts_nothing_for_ten_minutes_then_one_and_all_once_that_went_well() {
    let world = World::open().await;
    let (_, new) = scene(&world, 2).await;
    let syncs = syncs(&world, &new).await;
    trap(&world, &new, &syncs, 5).await;
    assert!(world.store.rest(&new, "it broke down").await.expect("judged"));
    assert!(!world.store.rest(&new, "it broke down").await.expect("judged"), "it rests already");
    for sync in &syncs {
        world.store.enqueue_run(&world.tenant, sync, world.store.now(), Trigger::Manual).await.expect("asked");
    }
    assert!(world.claim().await.is_empty(), "nothing begins");

    world.clock.advance(WINDOW);
    let tried = world.claim().await;
    assert_eq!(tried.len(), 1, "one tries");
    assert!(world.claim().await.is_empty(), "while it does, no other begins");
    let work = world.store.load_run(&tried[0].run, tried[0].epoch).await.expect("loaded");
    assert!(work.watched, "its end decides");
    let well = WentBy { release: new.clone(), watched: true, code: None };
    let end = RunEnd { went_by: Some(well), ..RunEnd::of(RunState::Done) };
    world.store.finish_run(&tried[0].run, tried[0].epoch, end).await.expect("ended");
    let (row, traps) = world.store.traps(&new).await.expect("counted");
    assert_eq!((row.rest_until.is_some(), traps.again, traps.well), (true, 0, 1));
    world.store.end_rest(&new).await.expect("over");
    assert_eq!(world.store.release(&new).await.expect("read").rest_until, None);
    assert_eq!(world.claim().await.len(), 1, "the other one");
}

#[tokio::test]
async fn a_release_that_breaks_down_again_after_its_rest_rests_again_at_once() {
    let world = World::open().await;
    let (_, new) = scene(&world, 1).await;
    let syncs = syncs(&world, &new).await;
    trap(&world, &new, &syncs, 5).await;
    assert!(world.store.rest(&new, "it broke down").await.expect("judged"));
    world.clock.advance(WINDOW);
    assert!(!world.store.rest(&new, "it broke down").await.expect("judged"), "nothing happened since");
    trap(&world, &new, &syncs, 1).await;
    assert!(world.store.rest(&new, "it broke down").await.expect("judged"));
    let until = world.store.release(&new).await.expect("read").rest_until;
    assert_eq!(until, Some(world.store.now().plus(WINDOW)));
    assert_eq!(world.store.releases_to_judge().await, Ok(vec![new]));
}
