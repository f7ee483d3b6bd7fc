use std::time::Duration;

use patchbay_model::{Code, ConnectionState, PushState};

use super::*;
use crate::{Accepted, ConnectionUpdate, NewPush, Push, testing::World};

async fn accepted(world: &World, new: NewPush) -> Push {
    let state = PushState::Waiting;
    let reason = Some((Code::Conflict, "There is no connection yet.".to_owned()));
    match world.store.accept_push(NewPush { state, reason, ..new }).await {
        Ok(Accepted::New(push)) => push,
        other => panic!("not new: {other:?}"),
    }
}

#[tokio::test]
async fn a_push_that_waits_gets_the_only_working_connection_of_its_connector_and_tenant() {
    let world = World::open().await;
    let push = accepted(&world, world.push("k1", None)).await;
    let elsewhere = NewPush { connector: "acme.tax".into(), ..world.push("k1", None) };
    let elsewhere = accepted(&world, elsewhere).await;
    let other = world.store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    let theirs = accepted(&world, NewPush { tenant: other.clone(), ..world.push("k1", None) }).await;
    assert_eq!(world.store.wake_waiting_pushes().await, Ok(0), "nothing is connected");
    let id = world.connect("b1").await.connection.id;
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.store.wake_waiting_pushes().await, Ok(1));
    let (now, woken) = (world.store.now(), world.store.push(&world.tenant, &push.id).await.expect("read"));
    assert_eq!((woken.state, woken.connection.as_ref()), (PushState::Planned, Some(&id)));
    assert_eq!((woken.code, woken.person, woken.operator), (None, None, None));
    assert_eq!((woken.next_at, woken.updated_at), (Some(now), now));
    assert_eq!(world.store.wake_waiting_pushes().await, Ok(0), "once");
    for (tenant, there) in [(&world.tenant, &elsewhere), (&other, &theirs)] {
        assert_eq!(world.store.push(tenant, &there.id).await.as_ref(), Ok(there), "untouched");
    }
    let mut consent = world.consent("b1");
    consent.tenant = other.clone();
    world.store.settle(consent).await.expect("theirs");
    assert_eq!(world.store.wake_waiting_pushes().await, Ok(1), "each tenant has its own");
    assert_eq!(world.store.claim_pushes(&crate::testing::places(10)).await.expect("claimed").len(), 2);
}

#[tokio::test]
async fn among_several_connections_a_person_chooses_unless_all_but_one_are_out_of_work() {
    let world = World::open().await;
    accepted(&world, world.push("k1", None)).await;
    let first = world.connect("b1").await.connection.id;
    let second = world.connect("b2").await.connection.id;
    assert_eq!(world.store.wake_waiting_pushes().await, Ok(0), "two work");
    let off = ConnectionUpdate { enabled: Some(false), ..ConnectionUpdate::default() };
    world.store.update_connection(&world.tenant, &first, off, "test").await.expect("off");
    let broken = ConnectionState::Broken;
    world.store.set_connection_state(&world.tenant, &second, broken, None, "test").await.expect("broken");
    assert_eq!(world.store.wake_waiting_pushes().await, Ok(0), "none works");
    let active = ConnectionState::Active;
    world.store.set_connection_state(&world.tenant, &second, active, None, "test").await.expect("active");
    assert_eq!(world.store.wake_waiting_pushes().await, Ok(1));
    let ours = world.store.claim_pushes(&crate::testing::places(10)).await.expect("claimed").remove(0);
    assert_eq!(ours.push.connection, Some(second));
}

#[tokio::test]
async fn a_push_of_a_named_connection_waits_until_that_one_works() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    world.connect("b2").await;
    let broken = ConnectionState::Broken;
    world.store.set_connection_state(&world.tenant, &id, broken, None, "test").await.expect("broken");
    accepted(&world, world.push("k1", Some(&id))).await;
    assert_eq!(world.store.wake_waiting_pushes().await, Ok(0), "another one is not meant");
    let active = ConnectionState::Active;
    world.store.set_connection_state(&world.tenant, &id, active, None, "test").await.expect("active");
    let off = |enabled| ConnectionUpdate { enabled: Some(enabled), ..ConnectionUpdate::default() };
    world.store.update_connection(&world.tenant, &id, off(false), "test").await.expect("off");
    assert_eq!(world.store.wake_waiting_pushes().await, Ok(0), "switched off");
    world.store.update_connection(&world.tenant, &id, off(true), "test").await.expect("on");
    assert_eq!(world.store.wake_waiting_pushes().await, Ok(1));
}

#[tokio::test]
async fn the_worker_is_woken_only_when_a_push_was() {
    let world = World::open().await;
    accepted(&world, world.push("k1", None)).await;
    world.connect("b1").await;
    world.store.wake().notified().await;
    let woke = || async { tokio::time::timeout(Duration::ZERO, world.store.wake().notified()).await.is_ok() };
    assert_eq!((world.store.wake_waiting_pushes().await, woke().await), (Ok(1), true));
    if world.store.is_shared() {
        return; // There our own signal comes back from the server, when it likes.
    }
    assert_eq!((world.store.wake_waiting_pushes().await, woke().await), (Ok(0), false));
}

#[tokio::test]
async fn looking_for_what_waits_reads_no_table_from_end_to_end() {
    let world = World::open().await;
    if world.store.is_shared() {
        return; // Its planner needs no such help.
    }
    let ready = ready_now(Dialect::Sqlite);
    let plan = sqlx::query_as(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {ready}")));
    let plan: Vec<(i64, i64, i64, String)> = plan.fetch_all(world.store.read()).await.expect("a plan");
    assert_eq!(plan.iter().filter(|line| line.3.contains("pushes_waiting")).count(), 2, "{plan:?}");
    for (.., line) in &plan {
        assert!(!line.starts_with("SCAN") || line.contains("pushes_waiting") || line == "SCAN x", "{plan:?}");
    }
}

#[tokio::test]
async fn what_is_sent_on_demand_or_lacks_its_target_does_not_go_by_itself() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let aimless = |key: &str, connection| NewPush { target: "null".into(), ..world.push(key, connection) };
    let lacking = Some((Code::TargetMissing, "No target.".to_owned()));
    for (key, connection) in [("k1", None), ("k2", Some(&id))] {
        accepted(&world, NewPush { on_demand: true, ..world.push(key, connection) }).await;
        let new = aimless(&format!("{key} aimless"), connection);
        let push = NewPush { state: PushState::Waiting, reason: lacking.clone(), ..new };
        assert!(matches!(world.store.accept_push(push).await, Ok(Accepted::New(_))));
    }
    assert_eq!(world.store.wake_waiting_pushes().await, Ok(0));
    assert_eq!(world.number("SELECT count(*) FROM pushes WHERE code = 'PB4008'").await, 2, "the reason stands");
    assert_eq!(world.number("SELECT count(*) FROM pushes WHERE connection IS NULL").await, 2);
    // An action without a target has none to lack.
    let push = accepted(&world, aimless("k3", None)).await;
    assert_eq!(world.store.wake_waiting_pushes().await, Ok(1));
    let moves = world.store.push_moves(&push.id).await.expect("moves");
    assert_eq!(moves.iter().map(|one| one.state.as_str()).collect::<Vec<_>>(), ["waiting", "planned"]);
}

#[tokio::test]
async fn what_waited_too_long_expires_and_is_told() {
    let world = World::open().await;
    let at = world.store.now().plus(Duration::from_secs(60));
    for n in 0..3 {
        accepted(&world, NewPush { expires_at: Some(at), ..world.push(&format!("k{n}"), None) }).await;
    }
    accepted(&world, world.push("for ever", None)).await;
    let id = world.connect("b1").await.connection.id;
    let planned = NewPush { expires_at: Some(at), ..world.push("planned", Some(&id)) };
    world.store.accept_push(planned).await.expect("accepted");
    assert_eq!(world.store.expire_pushes(10).await, Ok(0), "there is time");
    world.clock.advance(Duration::from_secs(60));
    assert_eq!((world.store.expire_pushes(2).await, world.store.expire_pushes(2).await), (Ok(2), Ok(1)), "in batches");
    assert_eq!(world.store.expire_pushes(2).await, Ok(0), "once, and only what waits");
    let filter = crate::PushFilter { state: Some(PushState::Expired), limit: 9, ..crate::PushFilter::default() };
    let expired = world.store.pushes(&world.tenant, &filter).await.expect("a page").items;
    assert_eq!(expired.len(), 3);
    let (code, now) = (Code::PushExpired, world.store.now());
    for push in &expired {
        assert_eq!((push.code, push.person.as_deref(), push.ended_at), (Some(code), Some(code.title()), Some(now)));
    }
    assert_eq!(world.number("SELECT count(*) FROM push_moves WHERE state = 'expired' AND code = 'PB4010'").await, 3);
    assert_eq!(world.number("SELECT count(*) FROM events WHERE kind = 'push.ended'").await, 3);
}

#[tokio::test]
async fn what_waits_half_written_does_not_end_as_if_nothing_had_been_sent() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let new = NewPush { expires_at: Some(world.store.now()), ..world.push("k1", Some(&id)) };
    world.store.accept_push(new).await.expect("accepted");
    let push = world.store.claim_pushes(&crate::testing::places(10)).await.expect("claimed").remove(0).push;
    world.store.step_begin(&push.id, push.epoch, "create", [1; 32], true).await.expect("begun");
    let answer = crate::StepAnswer { status: 201, headers: Vec::new(), body: Vec::new(), whole: true };
    world.store.step_answered(&push.id, push.epoch, "create", &answer, false).await.expect("answered");
    let end = crate::PushEnd::of(PushState::Waiting);
    world.store.finish_push(&push.id, push.epoch, end).await.expect("its credential is dead");
    assert_eq!(world.store.expire_pushes(10).await, Ok(1));
    let left = world.store.push(&world.tenant, &push.id).await.expect("read");
    assert_eq!((left.state, left.code), (PushState::Unknown, Some(Code::OutcomeUnknown)));
    assert_eq!((left.ended_at, left.next_at), (None, None));
    assert_eq!(world.number("SELECT count(*) FROM events WHERE kind = 'push.unknown'").await, 1);
}
