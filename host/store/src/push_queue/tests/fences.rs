//! Who comes too late changes nothing; what is begun again begins afresh, and keeps what must not be forgotten.

use patchbay_model::PushResult;

use super::*;
use crate::{Absent, SendPush, StepAnswer, StepBegin, StepState, pushes::conflicts};

const SEVERAL: bool = true;

fn answer(status: u16) -> StepAnswer {
    StepAnswer { status, headers: Vec::new(), body: Vec::new(), whole: true }
}

async fn begin(world: &World, push: &Push, request: u8) -> Result<StepBegin, StoreError> {
    world.store.step_begin(&push.id, push.epoch, "create", [request; 32], SEVERAL).await
}

/// A push that somebody has.
async fn ours(world: &World, key: &str, connection: &ConnectionId) -> Push {
    put(world, key, connection, None).await;
    claim(world).await.remove(0)
}

/// The same, with a step whose answer was lost.
async fn lost(world: &World, key: &str, connection: &ConnectionId) -> Push {
    let push = ours(world, key, connection).await;
    assert_eq!(begin(world, &push, 1).await, Ok(StepBegin::Send));
    world.store.step_lost(&push.id, push.epoch, "create").await.expect("lost");
    push
}

async fn other_content(world: &World, key: &str, new: NewPush) -> Push {
    let new = NewPush { content_hash: [9; 32], update: true, key: key.to_owned(), ..new };
    match world.store.accept_push(new).await {
        Ok(Accepted::Updated(push)) => push,
        other => panic!("not updated: {other:?}"),
    }
}

#[tokio::test]
async fn who_was_overtaken_begins_nothing_and_keeps_nothing_alive() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let old = ours(&world, "k1", &id).await;
    world.clock.advance(LEASE);
    let next = claim(&world).await.remove(0);
    assert_eq!((&next.id, next.epoch), (&old.id, old.epoch + 1));
    // The other one's lease has not lapsed: it is the epoch alone that tells them apart.
    assert_eq!(begin(&world, &old, 1).await, Err(StoreError::Stale));
    assert_eq!(world.number("SELECT count(*) FROM push_steps").await, 0);
    assert_eq!(world.store.heartbeat_push(&old.id, old.epoch, LEASE * 9).await, Err(StoreError::Stale));
    let stands = world.store.push(&world.tenant, &old.id).await.expect("read");
    assert_eq!(stands.lease_until, next.lease_until);
    assert_eq!(begin(&world, &next, 1).await, Ok(StepBegin::Send));
}

#[tokio::test]
async fn a_push_is_left_once() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let push = ours(&world, "k1", &id).await;
    let later = PushEnd { next_at: Some(world.store.now().plus(SECOND)), ..PushEnd::of(PushState::Planned) };
    let left = leave_as(&world, &push, later).await;
    let again = world.store.finish_push(&push.id, push.epoch, PushEnd::of(PushState::Done)).await;
    assert_eq!(again, Err(StoreError::Stale));
    assert_eq!(begin(&world, &push, 1).await, Err(StoreError::Stale));
    assert_eq!(world.store.push(&world.tenant, &push.id).await, Ok(left));
}

#[tokio::test]
async fn what_a_person_said_stands_whatever_comes_in_late() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let mut pushes = Vec::new();
    for (key, state) in [("k1", PushState::Unknown), ("k2", PushState::Unknown), ("k3", PushState::Failed)] {
        let push = lost(&world, key, &id).await;
        leave_as(&world, &push, PushEnd::of(state)).await;
        pushes.push(push);
    }
    let (store, tenant) = (&world.store, &world.tenant);
    store.decide_push(tenant, &pushes[0].id, PushEnd::of(PushState::Done), "person").await.expect("decided");
    store.decide_push(tenant, &pushes[1].id, due(PushState::Planned, &world), "person").await.expect("decided");
    store.send_push(tenant, &pushes[2].id, SendPush::default(), "person").await.expect("sent");
    for push in &pushes {
        let before = store.push_steps(&push.id).await.expect("steps");
        for late in [
            store.step_answered(&push.id, push.epoch, "create", &answer(201), false).await,
            store.step_absent(&push.id, push.epoch, "create", Duration::ZERO).await.map(drop),
            store.step_found(&push.id, push.epoch, "create", "o1", None).await,
            store.step_not_sent(&push.id, push.epoch, "create").await,
        ] {
            assert_eq!(late, Err(StoreError::Stale), "{}", push.key);
        }
        assert_eq!(store.push_steps(&push.id).await, Ok(before), "{}", push.key);
    }
}

#[tokio::test]
async fn nobody_takes_back_or_sends_what_a_worker_has() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let push = put(&world, "k1", &id, None).await;
    world.ddl("UPDATE pushes SET lease_until = 1").await;
    let (store, tenant) = (&world.store, &world.tenant);
    let sent = store.send_push(tenant, &push.id, SendPush::default(), "person").await;
    assert_eq!(sent, Err(StoreError::Conflict(conflicts::NOT_NOW)));
    let taken = store.withdraw_push(tenant, &push.id, "person").await;
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "{taken:?}");
}

#[tokio::test]
async fn what_is_planned_is_not_taken_while_its_connection_does_not_work() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    put(&world, "k1", &id, None).await;
    // As it stands until somebody has put it aside.
    for (off, on) in [("enabled = FALSE", "enabled = TRUE"), ("state = 'broken'", "state = 'active'")] {
        world.ddl(format!("UPDATE connections SET {off}")).await;
        assert!(claim(&world).await.is_empty(), "{off}");
        world.ddl(format!("UPDATE connections SET {on}")).await;
    }
    assert_eq!(keys(&world).await, ["k1"]);
}

#[tokio::test]
async fn a_push_is_for_a_connection_of_its_tenant_that_is_there() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let other = world.store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    let claim = Some(LEASE);
    let theirs = NewPush { tenant: other, claim, ..world.push("k1", Some(&id)) };
    assert_eq!(world.store.accept_push(theirs).await, Err(StoreError::NotFound));
    world.store.delete_connection(&world.tenant, &id, false, None, "person").await.expect("deleted");
    let gone = NewPush { claim, ..world.push("k1", Some(&id)) };
    assert_eq!(world.store.accept_push(gone).await, Err(StoreError::NotFound));
    assert_eq!(world.number("SELECT count(*) FROM pushes").await, 0);
}

#[tokio::test]
async fn one_that_a_person_sends_again_stands_behind_all_others_of_its_lane() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let first = put(&world, "k1", &id, Some("t")).await;
    let second = put(&world, "k2", &id, Some("t")).await;
    world.clock.advance(SECOND);
    world.store.send_push(&world.tenant, &first.id, SendPush::default(), "person").await.expect("sent");
    assert_eq!(waits_for(&world, &first).await, Some(second.id));
    let second = claim(&world).await.remove(0);
    assert_eq!(second.key, "k2", "an id says when it came, and not when it is its turn");
    leave_as(&world, &second, PushEnd::of(PushState::Done)).await;
    assert_eq!(keys(&world).await, ["k1"]);
}

#[tokio::test]
async fn looks_are_counted_anew_each_time_it_may_have_left() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let push = ours(&world, "k1", &id).await;
    leave_as(&world, &push, due(PushState::Unknown, &world)).await;
    for looks in 1..=2 {
        let push = claim(&world).await.remove(0);
        let looked = PushEnd { looked: true, ..due(PushState::Unknown, &world) };
        assert_eq!(leave_as(&world, &push, looked).await.looks, looks);
    }
    // Looked for once more, it turns out that it is to be sent again; and its answer is lost again.
    let push = claim(&world).await.remove(0);
    leave_as(&world, &push, due(PushState::Planned, &world)).await;
    let push = claim(&world).await.remove(0);
    assert_eq!(leave_as(&world, &push, due(PushState::Unknown, &world)).await.looks, 0);
}

#[tokio::test]
async fn a_change_keeps_whose_and_where_it_is_and_forgets_how_it_went() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let new = NewPush { source: Some("meeting 1".into()), ..world.push("k1", Some(&id)) };
    world.store.accept_push(new).await.expect("accepted");
    let push = claim(&world).await.remove(0);
    let end =
        PushEnd { result: Some(PushResult::Created), object_id: Some("o1".into()), ..PushEnd::of(PushState::Done) };
    let done = leave_as(&world, &push, end).await;
    assert_eq!(done.result, Some(PushResult::Created));
    world.ddl("UPDATE pushes SET looks = 3").await;
    let reason = Some((Code::Conflict, "It is not said which connection.".to_owned()));
    let unnamed = NewPush { state: PushState::Waiting, reason, ..world.push("k1", None) };
    let next = other_content(&world, "k1", unnamed).await;
    assert_eq!((next.connection.as_ref(), next.object_id.as_deref()), (Some(&id), Some("o1")), "where its object is");
    assert_eq!((next.source.as_deref(), next.result, next.looks), (Some("meeting 1"), None, 0));
}

#[tokio::test]
async fn a_change_of_an_object_that_is_known_waits_for_the_change_before_it() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let push = ours(&world, "k1", &id).await;
    let end = PushEnd { object_id: Some("o1".into()), ..PushEnd::of(PushState::Done) };
    leave_as(&world, &push, end).await;
    other_content(&world, "k1", world.push("k1", Some(&id))).await;
    let next = || NewPush { content_hash: [3; 32], update: true, ..world.push("k1", Some(&id)) };
    let push = claim(&world).await.remove(0);
    assert_eq!((push.revision, push.object_id.as_deref()), (2, Some("o1")));
    let busy = world.store.accept_push(next()).await;
    assert!(matches!(&busy, Ok(Accepted::Busy(there)) if *there == push), "a worker has it: {busy:?}");
    let unknown = leave_as(&world, &push, PushEnd::of(PushState::Unknown)).await;
    let busy = world.store.accept_push(next()).await;
    assert!(matches!(&busy, Ok(Accepted::Busy(there)) if *there == unknown), "nobody knows: {busy:?}");
}

#[tokio::test]
async fn what_has_an_object_is_not_sent_to_another_place() {
    let world = World::open().await;
    let (id, other) = (world.connect("b1").await.connection.id, world.connect("b2").await.connection.id);
    let push = ours(&world, "k1", &id).await;
    // Nothing of its present content was sent, but there is an object of an earlier one.
    let end = PushEnd { object_id: Some("o1".into()), ..PushEnd::of(PushState::Failed) };
    leave_as(&world, &push, end).await;
    for elsewhere in [
        SendPush { connection: Some(other), ..SendPush::default() },
        SendPush { target: Some("{\"id\":2}".into()), ..SendPush::default() },
    ] {
        let sent = world.store.send_push(&world.tenant, &push.id, elsewhere, "person").await;
        assert_eq!(sent, Err(StoreError::Conflict(conflicts::SENT_ELSEWHERE)));
    }
    world.store.send_push(&world.tenant, &push.id, SendPush::default(), "person").await.expect("where it is");
}

#[tokio::test]
async fn a_step_that_is_begun_again_is_judged_by_what_it_sends_now() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let push = ours(&world, "k1", &id).await;
    let (store, step) = (&world.store, || async { world.store.push_steps(&push.id).await.expect("steps").remove(0) });
    assert_eq!(begin(&world, &push, 1).await, Ok(StepBegin::Send));
    store.step_lost(&push.id, push.epoch, "create").await.expect("lost");
    store.step_absent(&push.id, push.epoch, "create", Duration::ZERO).await.expect("noted");
    // Late, and a refusal: what it would be sent with may be another request.
    store.step_answered(&push.id, push.epoch, "create", &answer(422), true).await.expect("answered");
    world.clock.advance(SECOND);
    assert_eq!(begin(&world, &push, 2).await, Ok(StepBegin::Send));
    let begun = step().await;
    assert_eq!((begun.state, begun.sent_at, begun.absent_at), (StepState::Sending, store.now(), None));
    assert_eq!((begun.answer, begun.answered_at), (None, None));
    assert_eq!(begin(&world, &push, 2).await, Ok(StepBegin::Unknown));
    assert_eq!(begin(&world, &push, 1).await, Ok(StepBegin::Mismatch));
    let absent = store.step_absent(&push.id, push.epoch, "create", Duration::ZERO).await;
    assert_eq!(absent, Ok(Absent::Once), "what was said before was said of the earlier one");
}

#[tokio::test]
async fn what_the_provider_says_of_a_step_whose_answer_is_there_changes_nothing() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let push = lost(&world, "k1", &id).await;
    let (store, epoch) = (&world.store, push.epoch);
    store.step_absent(&push.id, epoch, "create", Duration::ZERO).await.expect("noted");
    store.step_answered(&push.id, epoch, "create", &answer(201), false).await.expect("it came after all");
    for said in [
        store.step_absent(&push.id, epoch, "create", Duration::ZERO).await.map(drop),
        store.step_found(&push.id, epoch, "create", "o1", None).await,
        store.step_not_sent(&push.id, epoch, "create").await,
        store.step_answered(&push.id, epoch, "create", &answer(500), true).await,
    ] {
        assert!(matches!(said, Err(StoreError::Conflict(_))), "{said:?}");
    }
    assert_eq!(begin(&world, &push, 1).await, Ok(StepBegin::Replay(answer(201))), "an answer is never sent again");
    store.step_refused(&push.id, epoch, "create").await.expect("a refusal in the guise of a success");
    let found = store.step_found(&push.id, epoch, "create", "o1", None).await;
    assert!(matches!(found, Err(StoreError::Conflict(_))), "nothing of it left: {found:?}");
}

#[tokio::test]
async fn what_becomes_of_a_step_is_of_its_revision_alone() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let push = lost(&world, "k1", &id).await;
    leave_as(&world, &push, PushEnd::of(PushState::Unknown)).await;
    let failed = PushEnd { object_id: Some("o1".into()), ..PushEnd::of(PushState::Failed) };
    world.store.decide_push(&world.tenant, &push.id, failed, "person").await.expect("given up");
    other_content(&world, "k1", world.push("k1", Some(&id))).await;
    let push = claim(&world).await.remove(0);
    assert_eq!((push.revision, begin(&world, &push, 2).await), (2, Ok(StepBegin::Send)));
    let (store, epoch) = (&world.store, push.epoch);
    let first = || async {
        let steps = store.all_push_steps(&push.id).await.expect("steps");
        steps.into_iter().find(|step| step.revision == 1).expect("the earlier one")
    };
    let before = first().await;
    assert_eq!(before.state, StepState::Lost);
    store.step_lost(&push.id, epoch, "create").await.expect("lost");
    store.step_repeat(&push.id, epoch, "create").await.expect("repeated");
    assert_eq!(first().await, before);
    assert_eq!(store.step_absent(&push.id, epoch, "create", Duration::ZERO).await, Ok(Absent::Once));
    assert_eq!(first().await, before);
    assert_eq!(store.step_absent(&push.id, epoch, "create", Duration::ZERO).await, Ok(Absent::Twice));
    assert_eq!(first().await, before);
    assert_eq!(begin(&world, &push, 2).await, Ok(StepBegin::Send));
    store.step_answered(&push.id, epoch, "create", &answer(201), false).await.expect("answered");
    assert_eq!(first().await, before);
    store.step_refused(&push.id, epoch, "create").await.expect("refused");
    assert_eq!(first().await, before);
}
