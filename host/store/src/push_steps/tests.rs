use std::time::Duration;

use patchbay_model::PushState;

use super::*;
use crate::{
    Accepted, ClaimedPush, PushEnd,
    testing::{LEASE, World},
};

mod doubt;

async fn claimed(world: &World) -> ClaimedPush {
    let id = world.connect("b1").await.connection.id;
    world.store.accept_push(world.push("k1", Some(&id))).await.expect("accepted");
    world.store.claim_pushes(&crate::testing::places(10)).await.expect("claimed").remove(0)
}

fn answer(status: u16) -> StepAnswer {
    StepAnswer { status, headers: vec![("etag".into(), "1".into())], body: b"{}".to_vec(), whole: true }
}

#[tokio::test]
async fn a_step_is_sent_replayed_or_unknown_by_its_journal() {
    let world = World::open().await;
    let push = claimed(&world).await.push;
    let (store, id, epoch) = (&world.store, &push.id, push.epoch);
    assert_eq!(store.step_begin(id, epoch, "create", [1; 32], true).await, Ok(StepBegin::Send));
    assert_eq!(store.step_begin(id, epoch, "create", [1; 32], true).await, Ok(StepBegin::Unknown), "no answer yet");
    assert_eq!(store.step_begin(id, epoch, "create", [2; 32], true).await, Ok(StepBegin::Mismatch));
    store.step_answered(id, epoch, "create", &answer(201), false).await.expect("stored");
    assert_eq!(store.step_begin(id, epoch, "create", [1; 32], true).await, Ok(StepBegin::Replay(answer(201))));
    assert_eq!(store.step_begin(id, epoch, "create", [2; 32], true).await, Ok(StepBegin::Mismatch));
    store.step_refused(id, epoch, "create").await.expect("a refusal inside a 200");
    assert_eq!(
        store.step_begin(id, epoch, "create", [2; 32], true).await,
        Ok(StepBegin::Send),
        "open: other bytes too"
    );
    store.step_answered(id, epoch, "create", &answer(422), true).await.expect("a refusal");
    assert_eq!(store.step_begin(id, epoch, "create", [1; 32], true).await, Ok(StepBegin::Send));
    store.step_not_sent(id, epoch, "create").await.expect("nothing left");
    assert_eq!(store.step_begin(id, epoch, "create", [1; 32], true).await, Ok(StepBegin::Send));
    store.step_lost(id, epoch, "create").await.expect("lost");
    assert_eq!(store.step_begin(id, epoch, "create", [1; 32], true).await, Ok(StepBegin::Unknown));
    assert!(store.step_refused(id, epoch, "create").await.is_err(), "a lost step has no answer");
    assert_eq!(store.step_absent(id, epoch, "create", Duration::ZERO).await, Ok(Absent::Once));
    assert_eq!(store.step_begin(id, epoch, "create", [1; 32], true).await, Ok(StepBegin::Unknown), "said only once");
    assert_eq!(store.step_absent(id, epoch, "create", Duration::ZERO).await, Ok(Absent::Twice));
    assert_eq!(store.step_begin(id, epoch, "create", [1; 32], true).await, Ok(StepBegin::Send));
    store.step_answered(id, epoch, "create", &answer(201), false).await.expect("stored");
    assert_eq!(store.step_begin(id, epoch, "upload", [1; 32], true).await, Ok(StepBegin::Send), "another step");
}

#[tokio::test]
async fn a_worker_that_was_overtaken_sends_nothing_and_its_open_step_is_unknown() {
    let world = World::open().await;
    let old = claimed(&world).await;
    assert_eq!((old.was, old.push.state), (PushState::Planned, PushState::Sending));
    let id = &old.push.id;
    world.store.step_begin(id, old.push.epoch, "create", [1; 32], true).await.expect("begun");
    world.clock.advance(LEASE);
    assert_eq!(world.store.step_begin(id, old.push.epoch, "next", [1; 32], true).await, Err(StoreError::Stale));
    assert_eq!(world.store.heartbeat_push(id, old.push.epoch, LEASE).await, Err(StoreError::Stale));
    let ours = world.store.claim_pushes(&crate::testing::places(10)).await.expect("claimed").remove(0);
    assert_eq!((ours.was, ours.push.attempts), (PushState::Sending, 2));
    let late = world.store.step_answered(id, old.push.epoch, "create", &answer(201), false).await;
    assert_eq!(late, Err(StoreError::Stale));
    let end = world.store.finish_push(id, old.push.epoch, PushEnd::of(PushState::Done)).await;
    assert_eq!(end, Err(StoreError::Stale));
    let begin = world.store.step_begin(id, ours.push.epoch, "create", [1; 32], true).await;
    assert_eq!(begin, Ok(StepBegin::Unknown));
    let left = world.store.finish_push(id, ours.push.epoch, PushEnd::of(PushState::Unknown)).await.expect("left");
    assert_eq!((left.next_at, left.ended_at), (None, None), "it waits for a person");
    world.clock.advance(LEASE);
    assert!(world.store.claim_pushes(&crate::testing::places(10)).await.expect("claimed").is_empty());
    let again = PushEnd { next_at: Some(world.store.now()), ..PushEnd::of(PushState::Planned) };
    world.store.decide_push(&world.tenant, id, again, "person").await.expect("decided");
    let third = world.store.claim_pushes(&crate::testing::places(10)).await.expect("claimed").remove(0);
    assert_eq!(world.store.step_begin(id, third.push.epoch, "create", [1; 32], true).await, Ok(StepBegin::Send));
}

#[tokio::test]
async fn a_key_is_used_once_for_ever() {
    let world = World::open().await;
    let Ok(Accepted::New(first)) = world.store.accept_push(world.push("k1", None)).await else { panic!("not new") };
    let same = world.store.accept_push(world.push("k1", None)).await;
    assert_eq!(same, Ok(Accepted::Duplicate(first.clone())));
    let mut other = world.push("k1", None);
    other.content_hash = [2; 32];
    assert_eq!(world.store.accept_push(other).await, Ok(Accepted::OtherContent(first)));
    assert_eq!(world.number("SELECT count(*) FROM pushes").await, 1);
    world.connect("b1").await;
    assert!(world.store.claim_pushes(&crate::testing::places(10)).await.expect("claimed").is_empty(), "it waits");
    assert_eq!(world.store.wake_waiting_pushes().await, Ok(1));
    assert_eq!(world.store.claim_pushes(&crate::testing::places(10)).await.expect("claimed").len(), 1);
}

#[tokio::test]
async fn an_answer_that_comes_after_the_push_was_put_aside_is_stored_and_the_push_stays_as_it_is() {
    let world = World::open().await;
    let push = claimed(&world).await.push;
    let (store, id, epoch) = (&world.store, &push.id, push.epoch);
    for step in ["create", "upload", "pay", "send"] {
        assert_eq!(store.step_begin(id, epoch, step, [1; 32], true).await, Ok(StepBegin::Send));
        store.step_not_sent(id, epoch, step).await.expect("nothing left");
    }
    // One at a time is on its way; here is what each of them does.
    world.ddl("UPDATE push_steps SET state = 'sending'").await;
    let end = PushEnd { next_at: Some(store.now()), ..PushEnd::of(PushState::Unknown) };
    let left = store.finish_push(id, epoch, end).await.expect("put aside");
    world.clock.advance(LEASE * 2);
    assert_eq!(store.step_answered(id, epoch, "create", &answer(201), false).await, Ok(()));
    assert_eq!(store.step_not_sent(id, epoch, "upload").await, Ok(()));
    assert_eq!(store.step_lost(id, epoch, "pay").await, Ok(()));
    assert_eq!(store.step_absent(id, epoch, "pay", Duration::ZERO).await, Ok(Absent::Once));
    assert_eq!(store.step_repeat(id, epoch, "pay").await, Ok(()));
    assert_eq!(store.step_answered(id, epoch, "send", &answer(200), false).await, Ok(()));
    assert_eq!(store.step_refused(id, epoch, "send").await, Ok(()));
    assert_eq!(store.push(&world.tenant, id).await, Ok(left));
    assert_eq!(store.step_begin(id, epoch, "new", [1; 32], true).await, Err(StoreError::Stale), "nothing more is sent");

    let next = store.claim_pushes(&crate::testing::places(10)).await.expect("claimed").remove(0);
    assert_eq!((next.was, next.push.state), (PushState::Unknown, PushState::Unknown));
    let begin = store.step_begin(id, next.push.epoch, "create", [1; 32], true).await;
    assert_eq!(begin, Ok(StepBegin::Replay(answer(201))));
    for late in [
        store.step_answered(id, epoch, "pay", &answer(201), false).await,
        store.step_not_sent(id, epoch, "pay").await,
        store.step_lost(id, epoch, "pay").await,
        store.step_repeat(id, epoch, "pay").await,
        store.step_refused(id, epoch, "create").await,
        store.step_absent(id, epoch, "pay", Duration::ZERO).await.map(|_| ()),
    ] {
        assert_eq!(late, Err(StoreError::Stale), "somebody else has it now");
    }
}

#[tokio::test]
async fn a_step_that_is_repeated_was_sent_now_and_an_earlier_absence_says_nothing_about_it() {
    let world = World::open().await;
    let push = claimed(&world).await.push;
    let (store, id, epoch) = (&world.store, &push.id, push.epoch);
    store.step_begin(id, epoch, "create", [1; 32], true).await.expect("begun");
    store.step_lost(id, epoch, "create").await.expect("lost");
    let step = || async { store.push_steps(id).await.expect("steps").remove(0) };
    let begun = store.now();
    world.clock.advance(Duration::from_secs(5));
    store.step_absent(id, epoch, "create", Duration::ZERO).await.expect("asked");
    assert_eq!((step().await.sent_at, step().await.absent_at), (begun, Some(store.now())));
    store.step_repeat(id, epoch, "create").await.expect("repeated");
    let again = step().await;
    assert_eq!((again.state, again.sent_at, again.absent_at), (StepState::Sending, store.now(), None));
    assert_eq!(store.step_absent(id, epoch, "create", Duration::ZERO).await, Ok(Absent::Once));
}

#[tokio::test]
async fn a_step_that_was_found_is_never_sent_again_and_tells_its_object() {
    let world = World::open().await;
    let push = claimed(&world).await.push;
    let (store, id, epoch) = (&world.store, &push.id, push.epoch);
    let found = |step, object| store.step_found(id, epoch, step, object, Some("https://x.example/o1"));
    for (step, lost) in [("create", true), ("upload", false)] {
        assert_eq!(found(step, "o1").await, Err(StoreError::Conflict("the step is elsewhere")), "not begun");
        store.step_begin(id, epoch, step, [1; 32], true).await.expect("begun");
        if lost {
            store.step_lost(id, epoch, step).await.expect("lost");
        }
        store.step_absent(id, epoch, step, Duration::ZERO).await.expect("said once");
        found(step, "o1").await.expect("found");
        for request in [[1; 32], [2; 32]] {
            let begin = store.step_begin(id, epoch, step, request, true).await;
            let there = StepBegin::Found { id: "o1".into(), url: Some("https://x.example/o1".into()) };
            assert_eq!(begin, Ok(there), "whatever it would send");
        }
        for late in [
            store.step_absent(id, epoch, step, Duration::ZERO).await.map(drop),
            store.step_repeat(id, epoch, step).await,
            store.step_refused(id, epoch, step).await,
            store.step_lost(id, epoch, step).await,
            store.step_answered(id, epoch, step, &answer(500), true).await,
        ] {
            assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");
        }
    }
    let steps = store.push_steps(id).await.expect("steps");
    let objects: Vec<_> = steps.iter().map(|step| (step.state, step.object_id.as_deref(), step.absent_at)).collect();
    assert_eq!(objects, [(StepState::Found, Some("o1"), None); 2]);
    let stale = store.step_found(id, epoch - 1, "create", "o2", None).await;
    assert_eq!(stale, Err(StoreError::Stale));

    store.finish_push(id, epoch, PushEnd::of(PushState::Unknown)).await.expect("left");
    let again = PushEnd { next_at: Some(store.now()), ..PushEnd::of(PushState::Planned) };
    let again = store.decide_push(&world.tenant, id, again, "person").await.expect("sent again");
    let next = store.claim_pushes(&crate::testing::places(10)).await.expect("claimed").remove(0).push;
    assert_eq!(again.id, next.id);
    let begin = store.step_begin(id, next.epoch, "create", [1; 32], true).await;
    assert!(matches!(begin, Ok(StepBegin::Found { .. })), "what is there stays there: {begin:?}");
}
