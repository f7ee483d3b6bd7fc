//! What a person may say about a push, and what not.

use patchbay_model::TenantId;

use super::*;
use crate::{SendPush, StepAnswer, StepBegin, conflicts};

const ALL: [PushState; 9] = [
    PushState::Waiting,
    PushState::Planned,
    PushState::Sending,
    PushState::Done,
    PushState::Rejected,
    PushState::Failed,
    PushState::Unknown,
    PushState::Skipped,
    PushState::Expired,
];

/// A push that stands so, and that nobody has.
async fn standing(world: &World, key: &str, connection: &ConnectionId, state: PushState) -> Push {
    let push = put(world, key, connection, None).await;
    let over = !matches!(state, PushState::Waiting | PushState::Planned | PushState::Sending | PushState::Unknown);
    let ended = if over { "1" } else { "NULL" };
    world
        .ddl(format!(
            "UPDATE pushes SET state = '{}', ended_at = {ended}, next_at = NULL, attempts = 12, code = 'PB4001' \
             WHERE id = '{}'",
            state.as_str(),
            push.id
        ))
        .await;
    world.store.push(&world.tenant, &push.id).await.expect("read")
}

#[tokio::test]
async fn a_person_decides_what_is_unknown_and_calls_done_what_came_to_nothing() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    for from in ALL {
        for to in ALL {
            let push = standing(&world, &format!("{from:?} {to:?}"), &id, from).await;
            let decided = world.store.decide_push(&world.tenant, &push.id, due(to, &world), "person").await;
            let may = match from {
                PushState::Unknown => !matches!(to, PushState::Waiting | PushState::Sending),
                PushState::Failed | PushState::Rejected => to == PushState::Done,
                _ => false,
            };
            assert_eq!(decided.is_ok(), may, "{from:?} {to:?}: {decided:?}");
        }
    }
    let push = standing(&world, "k1", &id, PushState::Unknown).await;
    world.ddl(format!("UPDATE pushes SET lease_until = 1 WHERE id = '{}'", push.id)).await;
    let taken = world.store.decide_push(&world.tenant, &push.id, PushEnd::of(PushState::Done), "person").await;
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "somebody is looking for it: {taken:?}");
}

#[tokio::test]
async fn what_is_sent_again_after_all_begins_its_count_afresh_and_needs_its_connection() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let push = standing(&world, "k1", &id, PushState::Unknown).await;
    let again = due(PushState::Planned, &world);
    let decided = world.store.decide_push(&world.tenant, &push.id, again.clone(), "person").await.expect("decided");
    assert_eq!((decided.state, decided.attempts), (PushState::Planned, 0));
    let push = standing(&world, "k2", &id, PushState::Unknown).await;
    world.store.delete_connection(&world.tenant, &id, false, None, "person").await.expect("deleted");
    for end in [again, due(PushState::Unknown, &world)] {
        let gone = world.store.decide_push(&world.tenant, &push.id, end, "person").await;
        assert_eq!(gone.map(drop), Err(StoreError::Conflict("the connection is gone")));
    }
    let end = PushEnd::of(PushState::Done);
    assert!(world.store.decide_push(&world.tenant, &push.id, end, "person").await.is_ok(), "somebody looked there");
    let moves = world.store.push_moves(&push.id).await.expect("moves");
    assert_eq!(moves.iter().map(|one| one.state.as_str()).collect::<Vec<_>>(), ["planned", "done"], "it stood so");
}

#[tokio::test]
async fn what_waits_was_not_sent_or_came_to_nothing_is_sent_when_somebody_says_so() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    for from in ALL {
        let push = standing(&world, &format!("{from:?}"), &id, from).await;
        world.clock.advance(SECOND);
        let sent = world.store.send_push(&world.tenant, &push.id, SendPush::default(), "key_1").await;
        if matches!(from, PushState::Sending | PushState::Unknown | PushState::Done) {
            assert_eq!(sent.map(drop), Err(StoreError::Conflict("the push cannot be sent now")), "{from:?}");
            continue;
        }
        let (sent, now) = (sent.expect("sent"), world.store.now());
        assert_eq!((sent.state, sent.next_at, sent.queued_at), (PushState::Planned, Some(now), now));
        assert_eq!((sent.attempts, sent.code, sent.ended_at, sent.revision), (0, None, None, 1));
        let moves = world.store.push_moves(&push.id).await.expect("moves");
        assert_eq!(moves.last().and_then(|one| one.actor.as_deref()), Some("key_1"));
        let ours = claim(&world).await.remove(0);
        assert_eq!(ours.id, push.id);
        leave_as(&world, &ours, PushEnd::of(PushState::Done)).await;
    }
    assert_eq!(world.told("push.sent").await, 6);
}

async fn waiting(world: &World, key: &str) -> Push {
    let new = NewPush {
        target: "null".into(),
        reason: Some((Code::TargetMissing, "No target.".into())),
        on_demand: true,
        expires_at: Some(world.store.now()),
        ..world.push(key, None)
    };
    match world.store.accept_push(new).await {
        Ok(Accepted::New(push)) => push,
        other => panic!("not new: {other:?}"),
    }
}

fn to(connection: &ConnectionId, target: &str) -> SendPush {
    let (connection, target) = (Some(connection.clone()), Some(target.to_owned()));
    SendPush { connection, lane: target.clone(), target, expires_at: None }
}

#[tokio::test]
async fn a_connection_and_a_target_can_be_named_when_it_is_sent() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let push = waiting(&world, "k1").await;
    let send = |send| world.store.send_push(&world.tenant, &push.id, send, "person");
    assert_eq!(send(SendPush::default()).await, Err(StoreError::Conflict("the push has no connection")));
    let other: TenantId = world.store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    let theirs = crate::Settle { tenant: other, ..world.consent("b9") };
    let theirs = world.store.settle(theirs).await.expect("settled").connection.id;
    assert_eq!(send(to(&theirs, "1")).await, Err(StoreError::NotFound));
    let tax = crate::Settle { connector: "acme.tax".into(), ..world.consent("b8") };
    let tax = world.store.settle(tax).await.expect("settled").connection.id;
    assert_eq!(send(to(&tax, "1")).await, Err(StoreError::Conflict("the connection is of another connector")));
    let sent = send(to(&id, "{\"id\":1}")).await.expect("sent");
    assert_eq!((sent.connection.as_ref(), sent.target.as_str()), (Some(&id), "{\"id\":1}"));
    assert_eq!((sent.lane.as_deref(), sent.on_demand, sent.expires_at), (Some("{\"id\":1}"), false, None));
    let again = send(SendPush::default()).await.expect("sent");
    assert_eq!((again.target, again.lane), (sent.target, sent.lane), "it keeps them");
    let elsewhere = send(to(&id, "{\"id\":2}")).await.expect("sent");
    assert_eq!(elsewhere.lane.as_deref(), Some("{\"id\":2}"), "nothing of it was written");
}

/// A push with a first step that was answered, or whose answer was lost, and that came to nothing then.
async fn half_written(world: &World, key: &str, connection: &ConnectionId, answered: bool) -> Push {
    put(world, key, connection, None).await;
    let ours = claim(world).await.remove(0);
    let begun = world.store.step_begin(&ours.id, ours.epoch, "create", [1; 32], true).await;
    assert_eq!(begun, Ok(StepBegin::Send));
    if answered {
        let answer = StepAnswer { status: 201, headers: Vec::new(), body: Vec::new(), whole: true };
        world.store.step_answered(&ours.id, ours.epoch, "create", &answer, false).await.expect("answered");
    } else {
        world.store.step_lost(&ours.id, ours.epoch, "create").await.expect("lost");
    }
    leave_as(world, &ours, PushEnd::of(PushState::Waiting)).await
}

#[tokio::test]
async fn what_was_begun_in_one_place_is_not_ended_in_another() {
    let world = World::open().await;
    let (id, other) = (world.connect("b1").await.connection.id, world.connect("b2").await.connection.id);
    for answered in [true, false] {
        let push = half_written(&world, &format!("{answered}"), &id, answered).await;
        for elsewhere in [to(&other, "{}"), to(&id, "{\"id\":2}")] {
            let sent = world.store.send_push(&world.tenant, &push.id, elsewhere, "person").await;
            assert_eq!(sent.map(drop), Err(StoreError::Conflict("something of the push was sent elsewhere")));
        }
        world.store.send_push(&world.tenant, &push.id, to(&id, "{}"), "person").await.expect("the same place");
        let ours = claim(&world).await.remove(0);
        let begun = world.store.step_begin(&ours.id, ours.epoch, "create", [1; 32], true).await.expect("begun");
        assert_ne!(begun, StepBegin::Send, "what may be there is not written once more");
        leave_as(&world, &ours, PushEnd::of(PushState::Failed)).await;
    }
}

#[tokio::test]
async fn what_was_not_sent_can_be_taken_back_and_nothing_else() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let world = &world;
    let back = |push: Push| async move { world.store.withdraw_push(&world.tenant, &push.id, "key_1").await };
    for from in ALL {
        let push = standing(world, &format!("{from:?}"), &id, from).await;
        let unsent = matches!(from, PushState::Waiting | PushState::Planned);
        let taken = back(push).await;
        assert_eq!(taken.is_ok(), unsent, "{from:?}");
        if let Ok(push) = taken {
            assert_eq!((push.state, push.code), (PushState::Skipped, Some(Code::Withdrawn)));
            assert_eq!((push.ended_at, push.next_at), (Some(world.store.now()), None));
            let moves = world.store.push_moves(&push.id).await.expect("moves");
            assert_eq!(moves.last().and_then(|one| one.actor.as_deref()), Some("key_1"));
        }
    }
    assert_eq!((told(world, EventKind::PushEnded).await, world.told("push.withdrawn").await), (2, 2));
    for answered in [true, false] {
        let push = half_written(world, &format!("{answered}"), &id, answered).await;
        assert_eq!(back(push).await.map(drop), Err(StoreError::Conflict("something of the push was sent")));
    }
}

#[tokio::test]
async fn what_was_refused_is_sent_afresh_when_somebody_says_so_and_what_was_taken_is_not() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    for (status, opens) in [
        (409, true),
        (400, true),
        (429, true),
        (302, true),
        (200, false),
        (201, false),
        (299, false),
        (408, false),
        (425, false),
        (500, false),
        (503, false),
    ] {
        let push = put(&world, &format!("{status}"), &id, None).await;
        let ours = claim(&world).await.remove(0);
        let answer = StepAnswer { status, headers: Vec::new(), body: b"no".to_vec(), whole: true };
        let begin = |epoch| world.store.step_begin(&push.id, epoch, "create", [1; 32], true);
        begin(ours.epoch).await.expect("begun");
        world.store.step_answered(&push.id, ours.epoch, "create", &answer, false).await.expect("answered");
        leave_as(&world, &ours, PushEnd::of(PushState::Rejected)).await;
        let other = world.connect(&format!("c{status}")).await.connection.id;
        let moved = world.store.send_push(&world.tenant, &push.id, to(&other, "{}"), "person").await;
        assert_eq!(moved.map(drop), Err(StoreError::Conflict(conflicts::SENT_ELSEWHERE)), "{status}");
        world.store.send_push(&world.tenant, &push.id, SendPush::default(), "person").await.expect("sent");
        let ours = claim(&world).await.remove(0);
        let expected = if opens { StepBegin::Send } else { StepBegin::Replay(answer) };
        assert_eq!(begin(ours.epoch).await, Ok(expected), "{status}");
        leave_as(&world, &ours, PushEnd::of(PushState::Done)).await;
    }
}

#[tokio::test]
async fn a_refusal_of_an_earlier_content_stays_as_it_was() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let push = put(&world, "k1", &id, None).await;
    let ours = claim(&world).await.remove(0);
    let answer = StepAnswer { status: 409, headers: Vec::new(), body: Vec::new(), whole: true };
    world.store.step_begin(&push.id, ours.epoch, "create", [1; 32], true).await.expect("begun");
    world.store.step_answered(&push.id, ours.epoch, "create", &answer, false).await.expect("answered");
    leave_as(&world, &ours, PushEnd::of(PushState::Rejected)).await;
    world.ddl("UPDATE pushes SET revision = 2").await;
    world.store.send_push(&world.tenant, &push.id, SendPush::default(), "person").await.expect("sent");
    assert_eq!(world.number("SELECT count(*) FROM push_steps WHERE state = 'answered'").await, 1);
}
