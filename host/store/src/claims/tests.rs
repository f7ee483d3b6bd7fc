use std::{
    collections::{BTreeMap, HashSet},
    time::Instant,
};

use patchbay_model::{Random as _, ReleaseState, RunState, SeededRandom};

use super::*;
use crate::{
    RunEnd, Trigger,
    testing::{LEASE, World, limits},
};

async fn tenant(world: &World, name: &str) -> TenantId {
    world.store.create_tenant(name, "retail", "test").await.expect("a tenant").id
}

fn counted<'a>(keys: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, u32> {
    let mut counts = BTreeMap::new();
    keys.for_each(|key| *counts.entry(key).or_default() += 1);
    counts
}

#[tokio::test]
async fn whoever_has_the_fewest_at_work_comes_next_however_much_another_waits_for() {
    let world = World::open().await;
    let (big, small, late) = (tenant(&world, "Big").await, tenant(&world, "Small").await, tenant(&world, "Late").await);
    world.crowd(&big, "acme.books", 0, 200).await;
    world.crowd(&small, "acme.books", 200, 3).await;
    let limits = ClaimLimits { limit: 6, ..limits() };
    let of = |claimed: &[ClaimedRun]| {
        let counts = counted(claimed.iter().map(|run| run.tenant.as_str()));
        [&big, &small, &late].map(|tenant| counts.get(tenant.as_str()).copied().unwrap_or(0))
    };
    let first = world.store.claim_runs(&limits).await.expect("claimed");
    assert_eq!(of(&first), [3, 3, 0]);
    assert!(first.windows(2).all(|two| two[0].due_at <= two[1].due_at));
    world.crowd(&late, "acme.books", 300, 10).await;
    let one = ClaimLimits { limit: 1, ..limits };
    for _ in 0..3 {
        assert_eq!(of(&world.store.claim_runs(&one).await.expect("claimed")), [0, 0, 1], "it has none at work yet");
    }
    assert_eq!(of(&world.store.claim_runs(&one).await.expect("claimed")), [1, 0, 0], "now the longest due");
}

/// Claims, ends and lapses in any order: whatever happens, no limit is exceeded, no run has two owners, and in the end
/// everything was done.
#[tokio::test]
async fn no_limit_is_ever_exceeded_and_nothing_is_left_behind() {
    for seed in 0..6 {
        let world = World::open().await;
        let nodes = [world.store.clone(), world.node().await.unwrap_or_else(|| world.store.clone())];
        let random = SeededRandom::new(seed);
        let pick = |below: usize| {
            let mut bytes = [0; 4];
            random.fill(&mut bytes);
            usize::try_from(u32::from_be_bytes(bytes)).expect("small") % below
        };
        let tenants = [tenant(&world, "A").await, tenant(&world, "B").await, tenant(&world, "C").await];
        let mut first = 0;
        for tenant in &tenants {
            for connector in ["acme.books", "acme.bank"] {
                let count = 1 + pick(12);
                world.crowd(tenant, connector, first, count).await;
                first += count;
            }
        }
        let limits = ClaimLimits {
            limit: u32::try_from(1 + pick(8)).expect("small"),
            per_tenant: u32::try_from(1 + pick(6)).expect("small"),
            per_connector: u32::try_from(2 + pick(8)).expect("small"),
            per_connection: 1,
            ..limits()
        };
        let (mut ours, mut done): (Vec<ClaimedRun>, HashSet<RunId>) = Default::default();
        for step in 0..400 {
            if done.len() == first {
                break;
            }
            match pick(4) {
                0 | 1 => {
                    let claims = nodes.iter().map(|node| node.claim_runs(&limits));
                    for claimed in futures_util::future::join_all(claims).await {
                        let claimed = claimed.expect("claimed");
                        assert!(claimed.len() <= limits.limit as usize);
                        ours.extend(claimed);
                    }
                }
                2 if !ours.is_empty() => {
                    let run = ours.swap_remove(pick(ours.len()));
                    let end = RunEnd::of(RunState::Done);
                    nodes[pick(2)].finish_run(&run.run, run.epoch, end).await.expect("it was ours");
                    assert!(done.insert(run.run), "twice");
                }
                _ if step % 13 == 0 => {
                    // Everybody dies; whoever is not dead after all can do nothing.
                    world.clock.advance(LEASE);
                    for run in ours.drain(..) {
                        let beat = nodes[0].heartbeat_run(&run.run, run.epoch, LEASE).await;
                        assert_eq!(beat, Err(StoreError::Stale));
                    }
                    world.ddl("UPDATE runs SET deaths = 0").await;
                }
                _ => {}
            }
            let ids: HashSet<_> = ours.iter().map(|run| run.run.clone()).collect();
            assert_eq!(ids.len(), ours.len(), "one owner");
            let within = |counts: BTreeMap<&str, u32>, limit: u32| counts.values().all(|count| *count <= limit);
            assert!(within(counted(ours.iter().map(|run| run.tenant.as_str())), limits.per_tenant), "seed {seed}");
            assert!(
                within(counted(ours.iter().map(|run| run.connector.as_str())), limits.per_connector),
                "seed {seed}"
            );
        }
        while done.len() < first {
            ours.extend(world.store.claim_runs(&limits).await.expect("claimed"));
            assert!(!ours.is_empty(), "seed {seed}: {} of {first} are done and no more begin", done.len());
            for run in ours.drain(..) {
                world.store.finish_run(&run.run, run.epoch, RunEnd::of(RunState::Done)).await.expect("ours");
                assert!(done.insert(run.run), "twice");
            }
        }
    }
}

#[tokio::test]
async fn a_connection_that_has_enough_does_not_keep_its_tenants_others_waiting() {
    let world = World::open().await;
    let mut consent = world.consent("b1");
    let one = consent.syncs.remove(0);
    consent.syncs = (0..40).map(|n| crate::NewSync { stream: format!("s{n}"), ..one.clone() }).collect();
    world.store.settle(consent).await.expect("settled");
    world.clock.advance(Duration::from_secs(1));
    let other = world.connect("b2").await.connection.id;
    let limits = ClaimLimits { limit: 4, per_connection: 2, ..limits() };
    let claimed = world.store.claim_runs(&limits).await.expect("claimed");
    assert_eq!(claimed.len(), 3);
    assert_eq!(claimed.iter().filter(|run| run.connection == other).count(), 1, "{claimed:?}");
    assert!(world.store.claim_runs(&limits).await.expect("claimed").is_empty());
}

#[tokio::test]
async fn a_connection_whose_provider_asked_for_a_pause_is_left_alone_until_it_is_over() {
    let world = World::open().await;
    let (settled, run) = world.running("b1").await;
    let (id, now) = (settled.connection.id, world.store.now());
    let until = now.plus(Duration::from_secs(600));
    let end = RunEnd {
        paused_until: Some(until),
        next: Some(crate::NextRun { at: now, trigger: Trigger::Retry, attempts: 1 }),
        ..RunEnd::of(RunState::Failed)
    };
    world.store.finish_run(&run.run, run.epoch, end).await.expect("ended");
    world.store.pause_connection(&world.tenant, &id, now.plus(Duration::from_secs(5))).await.expect("shorter");
    world.store.enqueue_run(&world.tenant, &run.sync, now, Trigger::Manual).await.expect("by hand");
    assert!(world.claim().await.is_empty());
    world.clock.advance(Duration::from_secs(599));
    assert!(world.claim().await.is_empty());
    assert_eq!(world.number("SELECT min(next_at) FROM runs WHERE state = 'due'").await, until.as_micros());
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.claim().await.len(), 1);
    let other = tenant(&world, "Other").await;
    assert_eq!(world.store.pause_connection(&other, &id, until).await, Err(StoreError::NotFound));
}

#[tokio::test]
async fn what_was_set_aside_is_not_started_and_what_does_not_run_it_is() {
    let world = World::open().await;
    let (old, new) = (world.release("1.0.0").await, world.release("1.1.0").await);
    world.store.activate_release(&new, "test").await.expect("active");
    world.connect("b1").await;
    let pinned = crate::Settle { release: Some(old), ..world.consent("b2") };
    let pinned = world.store.settle(pinned).await.expect("settled").connection.id;
    world.store.set_release_state(&new, ReleaseState::Quarantined, Some("harm")).await.expect("set aside");
    let claimed = world.claim().await;
    assert_eq!(claimed.iter().map(|run| &run.connection).collect::<Vec<_>>(), [&pinned]);
    let fixed = world.release("1.2.0").await;
    world.store.activate_release(&fixed, "test").await.expect("active");
    assert_eq!(world.claim().await.len(), 1);
}

#[tokio::test]
async fn those_that_are_to_stop_are_told_in_one_look() {
    let world = World::open().await;
    for business in ["b1", "b2", "b3", "b4"] {
        world.connect(business).await;
    }
    let ours: Vec<_> = world.claim().await.into_iter().map(|run| (run.run, run.epoch)).collect();
    assert_eq!(world.store.cancelled_runs(&ours).await, Ok(Vec::new()));
    world.store.cancel_run(&world.tenant, &ours[0].0).await.expect("asked");
    world.store.finish_run(&ours[1].0, ours[1].1, RunEnd::of(RunState::Done)).await.expect("ended");
    let mut ours = ours;
    ours[2].1 -= 1;
    let stop = world.store.cancelled_runs(&ours).await.expect("looked");
    assert_eq!(stop, [ours[0].0.clone(), ours[1].0.clone(), ours[2].0.clone()]);
}

#[tokio::test]
async fn two_nodes_never_own_one_run_and_what_the_one_before_writes_is_refused_and_counted() {
    let world = World::open().await;
    let Some(other) = world.node().await else { return };
    let tenant = tenant(&world, "Many").await;
    world.crowd(&tenant, "acme.books", 0, 60).await;
    let limits = ClaimLimits { limit: 7, ..limits() };
    let mut owners: BTreeMap<RunId, u32> = BTreeMap::new();
    for _ in 0..6 {
        let (a, b) = tokio::join!(world.store.claim_runs(&limits), other.claim_runs(&limits));
        for run in [a.expect("claimed"), b.expect("claimed")].concat() {
            *owners.entry(run.run).or_default() += 1;
        }
    }
    assert_eq!((owners.len(), owners.values().max()), (60, Some(&1)));
    world.clock.advance(LEASE);
    let mine = owners.keys().next().cloned().expect("one");
    let all = ClaimLimits { limit: 100, ..limits };
    assert_eq!(other.claim_runs(&all).await.expect("taken over").len(), 60);
    let before = world.store.stale_writes();
    let beat = world.store.heartbeat_run(&mine, 1, LEASE).await;
    let end = world.store.finish_run(&mine, 1, RunEnd::of(RunState::Done)).await;
    assert_eq!((beat, end), (Err(StoreError::Stale), Err(StoreError::Stale)));
    assert_eq!(
        (world.store.stale_writes() - before, world.store.clone().stale_writes(), other.stale_writes()),
        (2, 2, 0)
    );
    other.close().await;
}

#[tokio::test]
async fn a_claim_does_not_take_longer_because_one_tenant_has_ten_thousand_due() {
    let world = World::open().await;
    let (big, small) = (tenant(&world, "Big").await, tenant(&world, "Small").await);
    world.crowd(&big, "acme.books", 0, 10_000).await;
    world.crowd(&small, "acme.bank", 20_000, 5).await;
    world.ddl("ANALYZE").await;
    let limits = ClaimLimits { limit: 16, per_connector: 40, ..limits() };
    let mut times = Vec::new();
    for _ in 0..6 {
        let begun = Instant::now();
        world.store.claim_runs(&limits).await.expect("claimed");
        times.push(begun.elapsed());
    }
    println!("claims: {times:?}");
    times.sort();
    assert!(times[2] < Duration::from_millis(100), "{times:?}");
    assert_eq!(world.number("SELECT count(*) FROM runs WHERE state = 'running'").await, 45);
}
