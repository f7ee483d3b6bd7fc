use patchbay_model::RunState;

use super::*;
use crate::{RunEnd, WentBy, testing::World};

const JUDGED: JudgedWith = JudgedWith { revision: 0, granted: None };

/// A release that is active, one that waits, and a connection.
async fn scene(world: &World) -> (ReleaseId, ReleaseId, ConnectionId) {
    let (old, new) = (world.release("1.0.0").await, world.release("1.1.0").await);
    world.store.activate_release(&old, "test").await.expect("active");
    (old, new, world.connect("b1").await.connection.id)
}

fn trial(release: &ReleaseId, connection: &ConnectionId) -> NewCanary {
    NewCanary {
        release: release.clone(),
        connection: connection.clone(),
        wanted: 3,
        promotes: true,
        revision: 0,
        approval: None,
        actor: "operator".to_owned(),
    }
}

/// More than was approved, for this release.
fn more(release: &ReleaseId) -> NewApproval {
    NewApproval {
        release: release.clone(),
        connector: "acme.books".to_owned(),
        digest: "digest of 1.1.0".to_owned(),
        asks: r#"{"more":true}"#.to_owned(),
        approved_by: "operator".to_owned(),
    }
}

async fn runs(world: &World, connection: &ConnectionId) -> Option<ReleaseId> {
    world.store.ground(&world.tenant, connection).await.expect("there").release
}

#[tokio::test]
async fn one_connection_runs_the_release_and_no_other_does() {
    let world = World::open().await;
    let (old, new, first) = scene(&world).await;
    let second = world.connect("b2").await.connection.id;
    let begun = world.store.start_canary(trial(&new, &first)).await.expect("begun");
    assert_eq!((begun.wanted, begun.promotes, begun.started_by.as_str()), (3, true, "operator"));
    assert_eq!((runs(&world, &first).await, runs(&world, &second).await), (Some(new.clone()), Some(old)));
    assert!(world.store.ground(&world.tenant, &first).await.expect("there").watched);
    assert!(!world.store.ground(&world.tenant, &second).await.expect("there").watched);
    let again = world.store.start_canary(trial(&new, &second)).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "one at a time");
    assert_eq!(world.store.canaries().await.expect("read"), [begun]);
}

#[tokio::test]
async fn at_its_end_the_connection_is_back_on_what_it_was_pinned_to_and_the_release_says_why() {
    let world = World::open().await;
    let (old, new, first) = scene(&world).await;
    world.store.pin_connection(&world.tenant, &first, Some(&old), "test").await.expect("pinned");
    world.store.start_canary(trial(&new, &first)).await.expect("begun");
    let left = world.store.end_canary(&new, "it broke down", "host").await.expect("ended");
    assert_eq!((left.state, left.reason.as_deref()), (ReleaseState::Ready, Some("it broke down")));
    let there = world.store.connection(&world.tenant, &first).await.expect("there");
    assert_eq!(there.release, Some(old));
    assert_eq!(world.store.end_canary(&new, "twice", "host").await, Err(StoreError::NotFound));
    assert_eq!((world.told("canary.started").await, world.told("canary.ended").await), (1, 1));
}

#[tokio::test]
async fn a_release_that_becomes_active_frees_the_connection_that_tried_it_and_its_approval_holds_for_all() {
    let world = World::open().await;
    let (_, new, first) = scene(&world).await;
    let with = NewCanary { approval: Some(more(&new)), ..trial(&new, &first) };
    world.store.start_canary(with).await.expect("begun");
    assert_eq!(world.store.latest_approval("acme.books").await, Ok(None), "it holds for the trial alone");
    let own = world.store.approval_for_trial(&new).await.expect("read").expect("its own");
    assert_eq!(own.approved_by, "operator");
    let tried = world.store.canary(&new).await.expect("read").expect("tried");
    world.store.promote_canary(&tried, JUDGED, Some(more(&new)), "host").await.expect("active");
    let there = world.store.connection(&world.tenant, &first).await.expect("there");
    assert_eq!((there.release, world.store.canary(&new).await), (None, Ok(None)));
    let latest = world.store.latest_approval("acme.books").await.expect("read").expect("granted");
    assert_eq!((latest.asks.as_str(), latest.approved_by.as_str()), (r#"{"more":true}"#, "operator"));
    assert_eq!((world.told("release.approved").await, world.told("canary.promoted").await), (1, 1));
}

#[tokio::test]
async fn what_was_approved_for_a_trial_ends_with_it_and_does_not_come_back_with_the_next_one() {
    let world = World::open().await;
    let (store, (_, new, first)) = (&world.store, scene(&world).await);
    let with = NewCanary { approval: Some(more(&new)), ..trial(&new, &first) };
    store.start_canary(with).await.expect("begun");
    assert_eq!(store.approval_of(&new).await, Ok(None), "it is the trial's, not the release's");
    let ended = store.canary(&new).await.expect("read").expect("tried");
    store.end_canary(&new, "it was enough", "operator").await.expect("ended");
    assert_eq!(store.approval_for_trial(&new).await, Ok(None));
    let late = store.promote_canary(&ended, JUDGED, Some(more(&new)), "operator").await;
    assert_eq!(late, Err(StoreError::NotFound), "nothing tries it");

    // Also of a host that left it there.
    let left = "INSERT INTO approvals (release, connector, digest, asks, approved_by, for_trial, created_at) \
        SELECT id, connector, digest, '{}', 'operator', TRUE, 1 FROM releases WHERE version = '1.1.0'";
    world.ddl(left).await;
    assert!(store.approval_for_trial(&new).await.expect("read").is_some());
    world.clock.advance(std::time::Duration::from_secs(1));
    // Nobody approved anything for this one.
    store.start_canary(trial(&new, &first)).await.expect("begun");
    assert_eq!(store.approval_for_trial(&new).await, Ok(None));
    let late = store.promote_canary(&ended, JUDGED, Some(more(&new)), "operator").await;
    assert_eq!(late, Err(StoreError::NotFound), "it is another trial");
    let tried = store.canary(&new).await.expect("read").expect("tried");
    store.promote_canary(&tried, JUDGED, None, "host").await.expect("active");
    assert_eq!(store.latest_approval("acme.books").await, Ok(None));
    assert_eq!(world.told("release.approved").await, 1, "that it was approved once stays written down");
}

#[tokio::test]
async fn however_a_trial_ends_what_was_approved_for_it_ends_too() {
    let world = World::open().await;
    let (store, (old, new, first)) = (&world.store, scene(&world).await);
    let begin = async || {
        let with = NewCanary { approval: Some(more(&new)), ..trial(&new, &first) };
        store.start_canary(with).await.expect("begun");
        assert!(store.approval_for_trial(&new).await.expect("read").is_some());
    };
    begin().await;
    store.pin_connection(&world.tenant, &first, Some(&old), "operator").await.expect("pinned");
    assert_eq!(store.approval_for_trial(&new).await, Ok(None), "by a pin");
    begin().await;
    let other = world.release("1.2.0").await;
    store.activate_release(&other, "operator").await.expect("active");
    assert_eq!(store.approval_for_trial(&new).await, Ok(None), "by another release");
}

#[tokio::test]
async fn what_is_approved_by_name_while_a_release_is_tried_is_what_holds() {
    let world = World::open().await;
    let (store, (_, new, first)) = (&world.store, scene(&world).await);
    let with = NewCanary { approval: Some(more(&new)), ..trial(&new, &first) };
    store.start_canary(with).await.expect("begun");
    let less = NewApproval { asks: "{}".to_owned(), ..more(&new) };
    store.activate_corrected(&new, JudgedWith::revision(0), Some(less), "operator").await.expect("active");
    let latest = store.latest_approval("acme.books").await.expect("read").expect("granted");
    assert_eq!((latest.asks.as_str(), store.canary(&new).await), ("{}", Ok(None)));
}

#[tokio::test]
async fn another_release_that_becomes_active_ends_the_trial() {
    let world = World::open().await;
    let (_, new, first) = scene(&world).await;
    world.store.start_canary(trial(&new, &first)).await.expect("begun");
    let other = world.release("1.2.0").await;
    world.store.activate_release(&other, "operator").await.expect("active");
    let left = world.store.release(&new).await.expect("read");
    assert_eq!(left.state, ReleaseState::Ready);
    assert!(left.reason.is_some_and(|reason| reason.contains("another release")));
    assert_eq!(runs(&world, &first).await, Some(other));
}

#[tokio::test]
async fn a_person_who_pins_the_connection_ends_the_trial() {
    let world = World::open().await;
    let (old, new, first) = scene(&world).await;
    world.store.start_canary(trial(&new, &first)).await.expect("begun");
    world.store.pin_connection(&world.tenant, &first, Some(&old), "operator").await.expect("pinned");
    assert_eq!((runs(&world, &first).await, world.store.canary(&new).await), (Some(old), Ok(None)));
}

#[tokio::test]
async fn each_end_of_a_tried_release_is_noted_with_its_run_and_no_other_is() {
    let world = World::open().await;
    let (old, new, first) = scene(&world).await;
    let run = world.claim().await.remove(0);
    let end = |release: &ReleaseId, watched| RunEnd {
        went_by: Some(WentBy { release: release.clone(), watched, code: None }),
        ..RunEnd::of(RunState::Done)
    };
    world.store.finish_run(&run.run, run.epoch, end(&old, false)).await.expect("ended");
    let begun = world.store.start_canary(trial(&new, &first)).await.expect("begun");
    world.store.enqueue_run(&world.tenant, &run.sync, world.store.now(), crate::Trigger::Manual).await.expect("asked");
    let run = world.claim().await.remove(0);
    let work = world.store.load_run(&run.run, run.epoch).await.expect("loaded");
    assert_eq!((work.release.as_ref(), work.watched), (Some(&new), true));
    world.store.finish_run(&run.run, run.epoch, end(&new, true)).await.expect("ended");
    let ends = world.store.ends_of(&new, &first, begun.started_at).await.expect("read");
    assert_eq!(ends.iter().map(|end| (end.work.as_str(), end.well)).collect::<Vec<_>>(), [(run.run.as_str(), true)]);
    assert_eq!(world.number("SELECT count(*) FROM release_ends").await, 1);
    assert_eq!(world.store.run(&world.tenant, &run.run).await.expect("read").release, Some(new));
}
