//! One write at a time, of which it is known how it ended before the next one leaves.

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

async fn step(world: &World, push: &PushId) -> PushStep {
    world.store.push_steps(push).await.expect("steps").remove(0)
}

#[tokio::test]
async fn when_its_bytes_first_left_stays_while_they_are_repeated_and_not_when_they_surely_did_nothing() {
    let world = World::open().await;
    let push = claimed(&world).await.push;
    let (store, id, epoch) = (&world.store, &push.id, push.epoch);
    let times = || async {
        let step = step(&world, id).await;
        (step.first_sent_at, step.sent_at, step.lost_at)
    };
    let first = store.now();
    store.step_begin(id, epoch, "create", [1; 32], true).await.expect("begun");
    assert_eq!(times().await, (first, first, None));
    world.clock.advance(SECOND);
    store.step_lost(id, epoch, "create").await.expect("lost");
    let lost = store.now();
    assert_eq!(times().await, (first, first, Some(lost)));
    world.clock.advance(SECOND);
    store.step_absent(id, epoch, "create", MINUTE).await.expect("asked");
    assert_eq!(times().await, (first, first, Some(lost)), "a look sends nothing");
    store.step_repeat(id, epoch, "create").await.expect("repeated");
    let repeated = store.now();
    assert_eq!(times().await, (first, repeated, None), "what may be there may be there since the first time");
    world.clock.advance(SECOND);
    store.step_lost(id, epoch, "create").await.expect("lost again");
    assert_eq!(times().await, (first, repeated, Some(store.now())));
    store.step_answered(id, epoch, "create", &answer(503), true).await.expect("refused");
    assert_eq!(times().await, (first, repeated, None), "it is not lost any more");
    store.step_begin(id, epoch, "create", [1; 32], true).await.expect("begun");
    assert_eq!(times().await, (store.now(), store.now(), None), "the earlier one did nothing");
    store.step_lost(id, epoch, "create").await.expect("lost");
    store.step_found(id, epoch, "create", "o1", None).await.expect("found");
    assert_eq!(times().await.2, None);
}

#[tokio::test]
async fn not_there_counts_twice_only_when_it_was_said_so_long_apart() {
    let world = World::open().await;
    let push = claimed(&world).await.push;
    let (store, id, epoch) = (&world.store, &push.id, push.epoch);
    store.step_begin(id, epoch, "create", [1; 32], true).await.expect("begun");
    store.step_lost(id, epoch, "create").await.expect("lost");
    let said = store.now();
    assert_eq!(store.step_absent(id, epoch, "create", SECOND * 10).await, Ok(Absent::Once));
    for _ in 0..9 {
        world.clock.advance(SECOND);
        assert_eq!(store.step_absent(id, epoch, "create", SECOND * 10).await, Ok(Absent::TooSoon));
    }
    let there = step(&world, id).await;
    assert_eq!((there.state, there.absent_at, there.reopened), (StepState::Lost, Some(said), 0), "nothing changed");
    assert_eq!(store.step_begin(id, epoch, "create", [1; 32], true).await, Ok(StepBegin::Unknown));
    world.clock.advance(SECOND);
    assert_eq!(store.step_absent(id, epoch, "create", SECOND * 10).await, Ok(Absent::Twice));
    let there = step(&world, id).await;
    assert_eq!((there.state, there.absent_at, there.lost_at, there.reopened), (StepState::Open, None, None, 1));
}

#[tokio::test]
async fn a_step_is_opened_once_because_it_is_not_there_and_never_again() {
    let world = World::open().await;
    let push = claimed(&world).await.push;
    let (store, id, epoch) = (&world.store, &push.id, push.epoch);
    let absent = || store.step_absent(id, epoch, "create", SECOND);
    store.step_begin(id, epoch, "create", [1; 32], true).await.expect("begun");
    assert_eq!(absent().await, Ok(Absent::Once));
    world.clock.advance(SECOND);
    assert_eq!(absent().await, Ok(Absent::Twice));
    assert!(matches!(absent().await, Err(StoreError::Conflict(_))), "an open one is not looked for");
    assert_eq!(store.step_begin(id, epoch, "create", [1; 32], true).await, Ok(StepBegin::Send));
    store.step_lost(id, epoch, "create").await.expect("lost again");
    let before = step(&world, id).await;
    for _ in 0..3 {
        world.clock.advance(SECOND);
        assert_eq!(absent().await, Ok(Absent::Never), "only a person knows what that provider does");
    }
    assert_eq!(step(&world, id).await, before);
    assert_eq!(store.step_begin(id, epoch, "create", [1; 32], true).await, Ok(StepBegin::Unknown));
}

#[tokio::test]
async fn a_step_under_another_name_is_not_sent_while_one_may_have_been_written() {
    let world = World::open().await;
    let push = claimed(&world).await.push;
    let (store, id, epoch) = (&world.store, &push.id, push.epoch);
    let begin = |step: &'static str, several| store.step_begin(id, epoch, step, [1; 32], several);
    assert_eq!(begin("upload", true).await, Ok(StepBegin::Send));
    store.step_answered(id, epoch, "upload", &answer(201), false).await.expect("answered");
    assert_eq!(begin("create", true).await, Ok(StepBegin::Send));
    let doubt = Ok(StepBegin::InDoubt { step: "create".to_owned() });
    for several in [true, false] {
        assert_eq!(begin("create-2", several).await, doubt, "it is on its way");
    }
    store.step_lost(id, epoch, "create").await.expect("lost");
    for several in [true, false] {
        assert_eq!(begin("create-2", several).await, doubt, "it may be there");
    }
    assert_eq!(begin("upload", true).await, Ok(StepBegin::Replay(answer(201))), "what is known is told");
    assert_eq!(begin("create", true).await, Ok(StepBegin::Unknown));
    let names: Vec<String> = store.push_steps(id).await.expect("steps").into_iter().map(|step| step.step).collect();
    assert_eq!(names, ["create", "upload"], "nothing was written of the third");
    store.step_found(id, epoch, "create", "o1", None).await.expect("found");
    assert_eq!(begin("create-2", true).await, Ok(StepBegin::Send), "what is known is in nobody's way");
    store.step_not_sent(id, epoch, "create-2").await.expect("nothing left");
    assert_eq!(begin("third", true).await, Ok(StepBegin::Send), "an open one is in nobody's way");
}

#[tokio::test]
async fn an_action_that_writes_once_does_not_write_twice_under_two_names() {
    let world = World::open().await;
    let push = claimed(&world).await.push;
    let (store, id, epoch) = (&world.store, &push.id, push.epoch);
    let begin = |step: &'static str| store.step_begin(id, epoch, step, [1; 32], false);
    assert_eq!(begin("create").await, Ok(StepBegin::Send));
    store.step_not_sent(id, epoch, "create").await.expect("nothing left");
    assert_eq!(begin("write").await, Ok(StepBegin::Send), "the first one did nothing");
    store.step_answered(id, epoch, "write", &answer(201), false).await.expect("answered");
    let single = Ok(StepBegin::Single { step: "write".to_owned() });
    assert_eq!(begin("create").await, single, "an open one of long ago, too");
    assert_eq!(begin("more").await, single);
    assert_eq!(begin("write").await, Ok(StepBegin::Replay(answer(201))));
    world.ddl("UPDATE push_steps SET state = 'found', object_id = 'o1' WHERE step = 'write'").await;
    assert_eq!(begin("more").await, single);
    assert_eq!(store.push_steps(id).await.expect("steps").len(), 2, "nothing was written of the third");
    world.ddl("UPDATE pushes SET revision = 2").await;
    assert_eq!(begin("more").await, Ok(StepBegin::Send), "another content writes for itself");
}

#[tokio::test]
async fn an_answer_that_is_kept_only_in_part_says_so_when_it_is_replayed() {
    let world = World::open().await;
    let push = claimed(&world).await.push;
    let (store, id, epoch) = (&world.store, &push.id, push.epoch);
    for (step, length, whole, kept) in
        [("a", 65_536, true, true), ("b", 65_537, true, false), ("c", 10, false, false), ("d", 0, true, true)]
    {
        let body = vec![b'x'; length];
        store.step_begin(id, epoch, step, [1; 32], true).await.expect("begun");
        let told = StepAnswer { body: body.clone(), whole, ..answer(201) };
        store.step_answered(id, epoch, step, &told, false).await.expect("answered");
        let again = store.step_begin(id, epoch, step, [1; 32], true).await.expect("begun");
        let body = body.into_iter().take(65_536).collect();
        assert_eq!(again, StepBegin::Replay(StepAnswer { body, whole: kept, ..answer(201) }), "{step}");
    }
}

#[tokio::test]
async fn a_list_of_all_steps_holds_no_bodies_and_the_newest_two_hundred() {
    let world = World::open().await;
    let push = claimed(&world).await.push;
    let (store, id, epoch) = (&world.store, &push.id, push.epoch);
    for n in 0..210 {
        world.clock.advance(Duration::from_millis(1));
        store.step_begin(id, epoch, &format!("s{n}"), [1; 32], true).await.expect("begun");
        store.step_answered(id, epoch, &format!("s{n}"), &answer(201), false).await.expect("answered");
    }
    let all = store.all_push_steps(id).await.expect("steps");
    let names = (all.len(), all.first().map(|step| step.step.as_str()), all.last().map(|step| step.step.as_str()));
    assert_eq!(names, (200, Some("s10"), Some("s209")), "the newest, in their order");
    let bare = StepAnswer { body: Vec::new(), ..answer(201) };
    assert!(all.iter().all(|step| step.answer.as_ref() == Some(&bare)), "status and headers");
    let present = store.push_steps(id).await.expect("steps");
    assert!(present.iter().all(|step| step.answer == Some(answer(201))), "those that are replayed have theirs");
}

#[tokio::test]
async fn what_a_person_wants_sent_again_is_not_lost_any_more() {
    let world = World::open().await;
    let push = claimed(&world).await.push;
    let (store, id) = (&world.store, &push.id);
    store.step_begin(id, push.epoch, "create", [1; 32], false).await.expect("begun");
    store.step_lost(id, push.epoch, "create").await.expect("lost");
    store.finish_push(id, push.epoch, PushEnd::of(PushState::Unknown)).await.expect("left");
    let again = PushEnd { next_at: Some(store.now()), ..PushEnd::of(PushState::Planned) };
    store.decide_push(&world.tenant, id, again, "person").await.expect("decided");
    let there = step(&world, id).await;
    assert_eq!((there.state, there.lost_at), (StepState::Open, None));
}
