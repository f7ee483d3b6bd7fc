use std::collections::BTreeMap;

use futures_util::future::join_all;
use patchbay_model::ConnectionId;

use super::*;
use crate::{
    Accepted, EventFilter, NewPush,
    testing::{LEASE, World, places},
};

const SECOND: Duration = Duration::from_secs(1);

async fn put(world: &World, key: &str, connection: &ConnectionId, lane: Option<&str>) -> Push {
    // One after the other: ids of one moment have no order.
    world.clock.advance(Duration::from_millis(1));
    let new = NewPush { lane: lane.map(str::to_owned), ..world.push(key, Some(connection)) };
    match world.store.accept_push(new).await {
        Ok(Accepted::New(push)) => push,
        other => panic!("not new: {other:?}"),
    }
}

async fn claim(world: &World) -> Vec<Push> {
    let claimed = world.store.claim_pushes(&places(100)).await.expect("claimed");
    claimed.into_iter().map(|claimed| claimed.push).collect()
}

async fn keys(world: &World) -> Vec<String> {
    claim(world).await.into_iter().map(|push| push.key).collect()
}

async fn leave_as(world: &World, push: &Push, end: PushEnd) -> Push {
    world.store.finish_push(&push.id, push.epoch, end).await.expect("left")
}

fn due(state: PushState, world: &World) -> PushEnd {
    PushEnd { next_at: Some(world.store.now()), ..PushEnd::of(state) }
}

async fn told(world: &World, kind: EventKind) -> usize {
    let filter = EventFilter { kind: Some(kind), limit: 100, ..EventFilter::default() };
    world.store.events(&world.tenant, &filter).await.expect("events").items.len()
}

async fn waits_for(world: &World, push: &Push) -> Option<PushId> {
    let push = world.store.push(&world.tenant, &push.id).await.expect("read");
    world.store.waits_for(&push).await.expect("read")
}

#[tokio::test]
async fn two_nodes_never_have_one_push_and_its_end_is_told_once() {
    let world = World::open().await;
    let Some(other) = world.node().await else { return };
    let id = world.connect("b1").await.connection.id;
    for n in 0..90 {
        world.store.accept_push(world.push(&format!("k{n}"), Some(&id))).await.expect("accepted");
    }
    let mut owners: BTreeMap<PushId, u32> = BTreeMap::new();
    let mut ours = Vec::new();
    while owners.len() < 90 {
        let some = places(3);
        let claims = [&world.store, &other, &world.store, &other].map(|node| node.claim_pushes(&some));
        for claimed in join_all(claims).await {
            for claimed in claimed.expect("claimed") {
                *owners.entry(claimed.push.id.clone()).or_default() += 1;
                ours.push(claimed.push);
            }
        }
        assert!(owners.values().all(|count| *count == 1), "{owners:?}");
    }
    let push = ours.first().expect("one");
    let ends = [&world.store, &other].map(|node| node.finish_push(&push.id, push.epoch, PushEnd::of(PushState::Done)));
    let ends = join_all(ends).await;
    assert_eq!(ends.iter().filter(|end| end.is_ok()).count(), 1);
    assert_eq!(world.number("SELECT count(*) FROM events WHERE kind = 'push.ended'").await, 1);
    assert_eq!(world.number("SELECT count(*) FROM push_moves WHERE state = 'done'").await, 1);
    other.close().await;
}

#[tokio::test]
async fn two_nodes_at_once_never_have_two_of_a_lane_and_take_them_in_their_order() {
    let world = World::open().await;
    let other = world.node().await;
    let nodes = [&world.store, other.as_ref().unwrap_or(&world.store)];
    let id = world.connect("b1").await.connection.id;
    let mut left: BTreeMap<String, Vec<PushId>> = BTreeMap::new();
    for n in 0..12 {
        for lane in ["a", "b", "c"] {
            let push = put(&world, &format!("{lane}{n}"), &id, Some(lane)).await;
            left.entry(lane.to_owned()).or_default().push(push.id);
        }
    }
    let mut rounds = 0;
    while left.values().any(|lane| !lane.is_empty()) {
        rounds += 1;
        // All at once: claims of both nodes, beside the ends of what is in hand.
        let some = places(5);
        let claims = join_all((0..4).map(|n| nodes[n % 2].claim_pushes(&some))).await;
        let ours: Vec<Push> = claims.into_iter().flat_map(|some| some.expect("claimed")).map(|one| one.push).collect();
        for push in &ours {
            let line = left.get_mut(push.lane.as_deref().expect("a lane")).expect("known");
            assert_eq!(line.first(), Some(&push.id), "its turn, and nobody else has it");
        }
        let ends = ours.iter().enumerate().map(|(n, push)| {
            // Some go again before they are done, and some are looked for.
            let end = match (push.attempts, push.key.len() + rounds) {
                (1, odd) if odd % 3 == 0 => due(PushState::Planned, &world),
                (1, odd) if odd % 3 == 1 => due(PushState::Unknown, &world),
                _ => PushEnd::of(PushState::Done),
            };
            nodes[n % 2].finish_push(&push.id, push.epoch, end)
        });
        let (ends, others) = tokio::join!(join_all(ends), join_all(nodes.map(|node| node.claim_pushes(&some))));
        for end in ends {
            let end = end.expect("ended");
            if end.state == PushState::Done {
                left.get_mut(end.lane.as_deref().expect("a lane")).expect("known").remove(0);
            }
        }
        for push in others.into_iter().flat_map(|some| some.expect("claimed")).map(|one| one.push) {
            let line = left.get_mut(push.lane.as_deref().expect("a lane")).expect("known");
            assert_eq!(line.first(), Some(&push.id), "its turn as soon as the one before has ended");
            leave_as(&world, &push, PushEnd::of(PushState::Done)).await;
            line.remove(0);
        }
        assert!(rounds < 200, "{left:?}");
    }
    if let Some(other) = other {
        other.close().await;
    }
}

#[tokio::test]
async fn one_that_is_unknown_holds_up_its_lane_and_nobody_else() {
    let world = World::open().await;
    let (id, other) = (world.connect("b1").await.connection.id, world.connect("b2").await.connection.id);
    let first = put(&world, "k1", &id, Some("t")).await;
    let second = put(&world, "k2", &id, Some("t")).await;
    for (key, connection, lane) in [("k3", &id, Some("u")), ("k4", &other, Some("t")), ("k5", &id, None)] {
        put(&world, key, connection, lane).await;
    }
    assert_eq!((waits_for(&world, &first).await, waits_for(&world, &second).await), (None, Some(first.id.clone())));
    let ours = claim(&world).await;
    assert_eq!(ours.iter().map(|push| push.key.as_str()).collect::<Vec<_>>(), ["k1", "k3", "k4", "k5"]);
    leave_as(&world, &ours[0], PushEnd::of(PushState::Unknown)).await;
    let third = put(&world, "k6", &id, Some("t")).await;
    let claimed = NewPush { lane: Some("t".into()), claim: Some(LEASE), ..world.push("k7", Some(&id)) };
    let last = world.store.accept_push(claimed).await;
    assert!(matches!(last, Ok(Accepted::New(_))), "not taken at once: {last:?}");
    assert!(claim(&world).await.is_empty());
    assert_eq!(waits_for(&world, &third).await, Some(first.id.clone()));
    world.store.decide_push(&world.tenant, &first.id, PushEnd::of(PushState::Done), "person").await.expect("decided");
    assert_eq!(keys(&world).await, ["k2"], "the next one, not the one behind it");
    assert_eq!(waits_for(&world, &third).await, Some(second.id));
}

#[tokio::test]
async fn one_that_tries_again_later_holds_up_its_lane_until_then() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    put(&world, "k1", &id, Some("t")).await;
    put(&world, "k2", &id, Some("t")).await;
    let first = claim(&world).await.remove(0);
    let later = PushEnd { next_at: Some(world.store.now().plus(SECOND)), ..PushEnd::of(PushState::Planned) };
    leave_as(&world, &first, later).await;
    assert!(claim(&world).await.is_empty(), "the second one does not pass");
    world.clock.advance(SECOND);
    assert_eq!(keys(&world).await, ["k1"]);
    world.clock.advance(LEASE);
    assert_eq!(keys(&world).await, ["k1"], "its worker died");
}

#[tokio::test]
async fn one_that_waited_goes_on_in_its_place_and_beside_nobody() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    for key in ["k1", "k2", "k3"] {
        put(&world, key, &id, Some("t")).await;
    }
    let first = claim(&world).await.remove(0);
    leave_as(&world, &first, PushEnd::of(PushState::Waiting)).await;
    let second = claim(&world).await.remove(0);
    assert_eq!(second.key, "k2", "what waits holds up nobody");
    assert_eq!(world.store.wake_waiting_pushes().await, Ok(1));
    assert!(claim(&world).await.is_empty(), "the second one is at work");
    assert_eq!(waits_for(&world, &first).await, Some(second.id.clone()));
    world.clock.advance(LEASE);
    let again = claim(&world).await.remove(0);
    assert_eq!(again.key, "k2", "what may have left goes before what has not");
    leave_as(&world, &again, PushEnd::of(PushState::Done)).await;
    let first = claim(&world).await.remove(0);
    assert_eq!(first.key, "k1", "it came before the third");
    leave_as(&world, &first, PushEnd::of(PushState::Done)).await;
    assert_eq!(keys(&world).await, ["k3"]);
}

#[tokio::test]
async fn whatever_the_clock_does_two_of_a_lane_are_never_at_work() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    put(&world, "k1", &id, Some("t")).await;
    let first = claim(&world).await.remove(0);
    let second = put(&world, "k2", &id, Some("t")).await;
    world.ddl(format!("UPDATE pushes SET queued_at = 1 WHERE id = '{}'", second.id)).await;
    assert!(claim(&world).await.is_empty());
    leave_as(&world, &first, PushEnd::of(PushState::Done)).await;
    assert_eq!(keys(&world).await, ["k2"]);
}

#[tokio::test]
async fn that_only_a_person_can_tell_is_told_once_for_each_time() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    put(&world, "k1", &id, None).await;
    let ours = claim(&world).await.remove(0);
    let left = leave_as(&world, &ours, due(PushState::Unknown, &world)).await;
    assert_eq!((told(&world, EventKind::PushUnknown).await, left.looks), (0, 0), "it is looked for");
    let ours = claim(&world).await.remove(0);
    let looked = PushEnd { looked: true, ..due(PushState::Unknown, &world) };
    assert_eq!(leave_as(&world, &ours, looked.clone()).await.looks, 1);
    let ours = claim(&world).await.remove(0);
    let looked = PushEnd { next_at: None, ..looked };
    assert_eq!(leave_as(&world, &ours, looked.clone()).await.looks, 2);
    assert_eq!(told(&world, EventKind::PushUnknown).await, 1);
    let same = PushEnd::of(PushState::Unknown);
    world.store.decide_push(&world.tenant, &ours.id, same, "person").await.expect("decided");
    assert_eq!(told(&world, EventKind::PushUnknown).await, 1, "nothing is new");
    let again = due(PushState::Unknown, &world);
    let again = world.store.decide_push(&world.tenant, &ours.id, again, "person").await.expect("decided");
    assert_eq!((again.looks, again.next_at), (0, Some(world.store.now())));
    let ours = claim(&world).await.remove(0);
    assert_eq!(leave_as(&world, &ours, looked).await.looks, 1);
    assert_eq!(told(&world, EventKind::PushUnknown).await, 2);
    world.store.decide_push(&world.tenant, &ours.id, PushEnd::of(PushState::Done), "person").await.expect("decided");
    assert_eq!((told(&world, EventKind::PushEnded).await, told(&world, EventKind::PushUnknown).await), (1, 2));
}

#[tokio::test]
async fn each_state_that_a_push_came_to_is_told_in_order_with_whose_word_it_was() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let push = put(&world, "k1", &id, None).await;
    let ours = claim(&world).await.remove(0);
    let end = PushEnd { code: Some(Code::OutcomeUnknown), ..due(PushState::Unknown, &world) };
    world.clock.advance(SECOND);
    leave_as(&world, &ours, end.clone()).await;
    let ours = claim(&world).await.remove(0);
    leave_as(&world, &ours, PushEnd { looked: true, next_at: None, ..end }).await;
    let again = due(PushState::Planned, &world);
    world.store.decide_push(&world.tenant, &push.id, again, "key_1").await.expect("decided");
    world.clock.advance(SECOND);
    let ours = claim(&world).await.remove(0);
    leave_as(&world, &ours, PushEnd::of(PushState::Done)).await;
    let moves = world.store.push_moves(&push.id).await.expect("moves");
    let line: Vec<_> = moves.iter().map(|one| (one.state.as_str(), one.code, one.actor.as_deref())).collect();
    let (unknown, person) = (Some(Code::OutcomeUnknown), Some("key_1"));
    assert_eq!(
        line,
        [
            ("planned", None, None),
            ("sending", None, None),
            ("unknown", unknown, None),
            ("planned", None, person),
            ("sending", None, None),
            ("done", None, None),
        ]
    );
    assert!(moves.is_sorted_by_key(|one| one.at));
    assert_eq!(moves.last().map(|one| one.at), Some(world.store.now()));
    world
        .ddl(format!(
            "INSERT INTO push_moves (push, at, state) SELECT '{0}', CAST(value AS BIGINT), 'planned' FROM json_each('{1}')",
            push.id,
            many_numbers()
        ))
        .await;
    let newest = world.store.push_moves(&push.id).await.expect("moves");
    assert_eq!((newest.len(), newest.last().map(|one| one.at.as_micros())), (200, Some(250)));
}

/// A JSON list from 1 to 250.
fn many_numbers() -> String {
    serde_json::Value::from((1..=250).collect::<Vec<i64>>()).to_string()
}

mod decided;
pub(crate) mod fair;
mod fences;
