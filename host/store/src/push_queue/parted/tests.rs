use std::time::Duration;

use patchbay_model::{EventKind, PushId};

use super::*;
use crate::{
    ConnectionUpdate, EventFilter, NewPush, PushEnd,
    testing::{LEASE, World, places},
};

const OFF: ConnectionUpdate = ConnectionUpdate { enabled: Some(false), name: None, settings: None, off: None };
const ON: ConnectionUpdate = ConnectionUpdate { enabled: Some(true), ..OFF };

async fn put(world: &World, key: &str, id: &ConnectionId) -> Push {
    world.clock.advance(Duration::from_millis(1));
    match world.store.accept_push(world.push(key, Some(id))).await {
        Ok(crate::Accepted::New(push)) => push,
        other => panic!("not new: {other:?}"),
    }
}

async fn claim(world: &World) -> Vec<Push> {
    let claimed = world.store.claim_pushes(&places(100)).await.expect("claimed");
    claimed.into_iter().map(|claimed| claimed.push).collect()
}

async fn read(world: &World, id: &PushId) -> Push {
    world.store.push(&world.tenant, id).await.expect("read")
}

async fn told(world: &World, kind: EventKind, push: &Push) -> usize {
    let subject = Some(push.id.to_string());
    let filter = EventFilter { kind: Some(kind), subject, limit: 100, ..EventFilter::default() };
    world.store.events(&world.tenant, &filter).await.expect("events").items.len()
}

async fn states(world: &World, push: &Push) -> Vec<&'static str> {
    let moves = world.store.push_moves(&push.id).await.expect("moves");
    moves.iter().map(|there| there.state.as_str()).collect()
}

/// One of each: `planned`, `sending` of which nothing was sent, `sending` and `planned` of which something was,
/// `unknown` to be looked for, `unknown` for a person, `waiting`, and one with an object at the provider.
async fn one_of_each(world: &World, id: &ConnectionId) -> [Push; 8] {
    let mut all = Vec::new();
    for key in ["planned", "sending", "sent", "half", "looked for", "unknown", "waiting", "object"] {
        all.push(put(world, key, id).await);
    }
    let later = |state| PushEnd { next_at: Some(world.store.now().plus(LEASE)), ..PushEnd::of(state) };
    for ours in claim(world).await {
        if ["sent", "half", "looked for"].contains(&ours.key.as_str()) {
            world.store.step_begin(&ours.id, ours.epoch, "create", [1; 32], true).await.expect("begun");
        }
        let end = match ours.key.as_str() {
            "planned" | "half" => later(PushState::Planned),
            "looked for" => later(PushState::Unknown),
            "unknown" => PushEnd { code: Some(Code::OutcomeUnknown), ..PushEnd::of(PushState::Unknown) },
            "waiting" => PushEnd::of(PushState::Waiting),
            "object" => PushEnd { object_id: Some("o1".into()), ..later(PushState::Planned) },
            _ => continue,
        };
        world.store.finish_push(&ours.id, ours.epoch, end).await.expect("left");
    }
    let Ok(all) = all.try_into() else { panic!("eight") };
    all
}

#[tokio::test]
async fn what_was_not_sent_by_a_deleted_connection_goes_by_another_one_when_somebody_says_so_and_what_may_have_been_stays_unknown()
 {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let [planned, sending, sent, half, looked, unknown, waiting, object] = one_of_each(&world, &id).await;
    let before = read(&world, &unknown.id).await;
    world.clock.advance(Duration::from_secs(1));
    world.store.delete_connection(&world.tenant, &id, false, None, "person").await.expect("deleted");
    for push in [&planned, &waiting] {
        let there = read(&world, &push.id).await;
        assert_eq!((there.state, there.connection, there.next_at), (PushState::Waiting, None, None), "{}", push.key);
        assert_eq!((there.code, there.ended_at), (Some(Code::NoConnection), None));
        assert_eq!(there.person.as_deref(), Some("The connection was deleted."));
        assert_eq!(told(&world, EventKind::PushEnded, push).await, 0);
    }
    for push in [&sent, &half, &looked] {
        let there = read(&world, &push.id).await;
        assert_eq!((there.state, there.next_at, there.ended_at), (PushState::Unknown, None, None), "{}", push.key);
        assert_eq!((there.code, there.connection.as_ref()), (Some(Code::OutcomeUnknown), Some(&id)));
        assert_eq!(there.lease_until, None);
        assert_eq!(told(&world, EventKind::PushUnknown, push).await, 1, "{}", push.key);
        assert_eq!(states(&world, push).await.last(), Some(&"unknown"));
    }
    assert_eq!(read(&world, &unknown.id).await, before, "it stood so already");
    assert_eq!(told(&world, EventKind::PushUnknown, &unknown).await, 1);
    for push in [&sending, &object] {
        let there = read(&world, &push.id).await;
        assert_eq!((there.state, there.code), (PushState::Failed, Some(Code::NoConnection)), "{}", push.key);
        assert_eq!((there.ended_at, there.connection.as_ref()), (Some(world.store.now()), Some(&id)));
        assert_eq!(told(&world, EventKind::PushEnded, push).await, 1);
    }
    let late = world.store.step_begin(&sending.id, 1, "create", [1; 32], true).await;
    assert_eq!(late, Err(StoreError::Stale), "its worker writes nothing any more");
    let other = world.connect("b2").await.connection.id;
    assert_eq!(world.store.wake_waiting_pushes().await, Ok(0), "their targets are another account's");
    for push in [&planned, &waiting] {
        let send = crate::SendPush { connection: Some(other.clone()), ..crate::SendPush::default() };
        world.store.send_push(&world.tenant, &push.id, send, "person").await.expect("sent");
    }
    let ours = claim(&world).await;
    assert_eq!(ours.iter().map(|push| push.key.as_str()).collect::<Vec<_>>(), ["planned", "waiting"]);
    assert!(ours.iter().all(|push| push.connection.as_ref() == Some(&other)));
}

#[tokio::test]
async fn one_that_lacks_its_target_still_lacks_it_when_its_connection_is_deleted() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let reason = Some((Code::TargetMissing, "Where to?".to_owned()));
    let new = NewPush { state: PushState::Waiting, target: "null".into(), reason, ..world.push("k1", Some(&id)) };
    world.store.accept_push(new).await.expect("accepted");
    world.store.delete_connection(&world.tenant, &id, false, None, "person").await.expect("deleted");
    world.connect("b2").await;
    assert_eq!(world.store.wake_waiting_pushes().await, Ok(0), "nobody said where to");
    assert_eq!(world.number("SELECT count(*) FROM pushes WHERE connection IS NULL AND code = 'PB4008'").await, 1);
}

#[tokio::test]
async fn whoever_drops_a_connection_that_was_only_shown_tells_what_becomes_of_its_pushes() {
    let world = World::open().await;
    let (release, session) = (world.release("1.0.0").await, world.session(1).await);
    let login = world.login(&session, &release, "b1");
    world.store.put_pending(login.clone()).await.expect("it waits");
    let push = put(&world, "k1", &login.connection).await;
    world.ddl(format!("UPDATE pushes SET object_id = 'o1' WHERE id = '{}'", push.id)).await;
    world.store.drop_pending(&session, Code::SessionUnusable, "host").await.expect("dropped");
    let there = read(&world, &push.id).await;
    assert_eq!((there.state, there.code), (PushState::Failed, Some(Code::NoConnection)));
    assert_eq!(told(&world, EventKind::PushEnded, &push).await, 1);
}

#[tokio::test]
async fn what_a_broken_connection_was_to_send_waits_for_it_and_goes_on_when_it_works_again() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let [planned, sending, sent, half, looked, unknown, waiting, object] = one_of_each(&world, &id).await;
    let (store, tenant, code) = (&world.store, &world.tenant, Code::CredentialRefused);
    let looked_at = read(&world, &looked.id).await.next_at;
    assert_eq!(store.break_connection(tenant, &id, None, code, "Connect again").await, Ok(true));
    for push in [&planned, &half, &object] {
        let there = read(&world, &push.id).await;
        assert_eq!((there.state, there.next_at, there.code), (PushState::Waiting, None, Some(code)), "{}", push.key);
        assert_eq!(there.person.as_deref(), Some("The connection is not active."));
        assert_eq!((there.connection.as_ref(), states(&world, push).await.last()), (Some(&id), Some(&"waiting")));
    }
    for push in [&sending, &sent] {
        assert_eq!(read(&world, &push.id).await.state, PushState::Sending, "its worker says how it ends");
    }
    let there = read(&world, &looked.id).await;
    assert_eq!((there.state, there.next_at, there.code), (PushState::Unknown, looked_at, Some(code)));
    assert_eq!(told(&world, EventKind::PushUnknown, &looked).await, 1, "somebody can see it");
    assert_eq!((store.put_aside_stranded().await, store.put_aside_stranded().await), (Ok(0), Ok(0)));
    assert_eq!(told(&world, EventKind::PushUnknown, &looked).await, 1, "once");
    assert_eq!(told(&world, EventKind::PushUnknown, &unknown).await, 1, "as before");
    assert_eq!(read(&world, &waiting.id).await.code, None, "it waited already");

    // An attempt that ends now leaves nothing planned.
    let again = PushEnd { next_at: Some(store.now()), ..PushEnd::of(PushState::Planned) };
    let left = store.finish_push(&sending.id, 1, again).await.expect("left");
    assert_eq!((left.state, left.code, left.next_at), (PushState::Waiting, Some(code), None));
    world.clock.advance(LEASE);
    assert!(claim(&world).await.is_empty());
    assert_eq!(store.put_aside_stranded().await, Ok(1), "whose worker died");
    let there = read(&world, &sent.id).await;
    assert_eq!((there.state, there.next_at, there.lease_until), (PushState::Unknown, Some(store.now()), None));
    assert_eq!(told(&world, EventKind::PushUnknown, &sent).await, 1);

    store.set_connection_state(tenant, &id, ConnectionState::Active, None, "x").await.expect("it works");
    assert_eq!(store.wake_waiting_pushes().await, Ok(5));
    let mut ours: Vec<String> = claim(&world).await.into_iter().map(|push| push.key).collect();
    ours.sort();
    assert_eq!(ours, ["half", "looked for", "object", "planned", "sending", "sent", "waiting"]);
}

#[tokio::test]
async fn what_a_connection_that_was_switched_off_was_to_send_is_skipped_unless_it_was_begun() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let [planned, _, _, half, looked, ..] = one_of_each(&world, &id).await;
    let (store, tenant) = (&world.store, &world.tenant);
    store.update_connection(tenant, &id, OFF, "person").await.expect("off");
    let there = read(&world, &planned.id).await;
    assert_eq!((there.state, there.ended_at), (PushState::Skipped, Some(store.now())));
    assert_eq!(
        (there.code, there.person.as_deref()),
        (Some(Code::SwitchedOff), Some("The connection is switched off."))
    );
    assert_eq!(told(&world, EventKind::PushEnded, &planned).await, 1);
    let there = read(&world, &half.id).await;
    assert_eq!((there.state, there.code, there.ended_at), (PushState::Waiting, Some(Code::SwitchedOff), None));
    assert_eq!(told(&world, EventKind::PushUnknown, &looked).await, 1);
    store.update_connection(tenant, &id, OFF, "person").await.expect("off");
    assert_eq!(told(&world, EventKind::PushUnknown, &looked).await, 1, "nothing is new");
    store.update_connection(tenant, &id, ON, "person").await.expect("on");
    assert_eq!(store.wake_waiting_pushes().await, Ok(2), "what was begun, and what waited");
}

#[tokio::test]
async fn a_long_backlog_is_put_aside_in_bites_and_woken_in_the_order_of_its_lanes() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    crate::push_queue::tests::fair::fill(&world, &id, 1_300, 7).await;
    let (store, tenant) = (&world.store, &world.tenant);
    store.break_connection(tenant, &id, None, Code::CredentialRefused, "x").await.expect("broken");
    assert_eq!(world.number("SELECT count(*) FROM pushes WHERE state = 'waiting' AND next_at IS NULL").await, 1_300);
    assert_eq!(world.number("SELECT count(*) FROM push_moves WHERE state = 'waiting'").await, 1_300);
    store.set_connection_state(tenant, &id, ConnectionState::Active, None, "x").await.expect("it works");
    assert_eq!(store.wake_waiting_pushes().await, Ok(1_300));
    let ours = claim(&world).await;
    assert_eq!(ours.len(), 7, "the first of each lane");
    let last = ours.iter().map(|push| push.key.as_str()).max();
    assert_eq!(last, Some("n000006"), "in their order");
    store.update_connection(tenant, &id, OFF, "person").await.expect("off");
    assert_eq!(world.number("SELECT count(*) FROM events WHERE kind = 'push.ended'").await, 1_293);
}
