use std::time::Duration;

use super::*;
use crate::{
    ClaimedRun, Event, EventFilter, Step,
    testing::{World, page},
};

async fn events(world: &World, kind: EventKind) -> Vec<Event> {
    let filter = EventFilter { kind: Some(kind), limit: 100, ..EventFilter::default() };
    world.store.events(&world.tenant, &filter).await.expect("events").items
}

async fn again(world: &World, sync: &SyncId) -> ClaimedRun {
    world.clock.advance(Duration::from_secs(1));
    world.store.enqueue_run(&world.tenant, sync, world.store.now(), Trigger::Manual).await.expect("asked");
    world.claim().await.remove(0)
}

async fn end(world: &World, run: &ClaimedRun, state: RunState, next: Option<NextRun>) {
    let code = (state == RunState::Failed).then_some(Code::CredentialRefused);
    world.store.finish_run(&run.run, run.epoch, RunEnd { code, next, ..RunEnd::of(state) }).await.expect("ended");
}

#[tokio::test]
async fn a_failure_is_told_once_until_a_run_ends_otherwise_and_not_while_it_is_tried_again() {
    let world = World::open().await;
    let (_, run) = world.running("b1").await;
    let sync = run.sync.clone();
    let told = || async { events(&world, EventKind::RunFailed).await.len() };
    let next = Some(NextRun { at: world.store.now(), trigger: Trigger::Retry, attempts: 1 });
    end(&world, &run, RunState::Failed, next).await;
    assert_eq!(told().await, 0, "it is tried again");
    end(&world, &world.claim().await.remove(0), RunState::Failed, None).await;
    assert_eq!(told().await, 1, "no more");
    end(&world, &again(&world, &sync).await, RunState::Stalled, None).await;
    end(&world, &again(&world, &sync).await, RunState::Cancelled, None).await;
    end(&world, &again(&world, &sync).await, RunState::Failed, None).await;
    assert_eq!(told().await, 1, "it still fails");
    end(&world, &again(&world, &sync).await, RunState::Done, None).await;
    end(&world, &again(&world, &sync).await, RunState::Stalled, None).await;
    let all = events(&world, EventKind::RunFailed).await;
    assert_eq!((all.len(), all[0].subject.as_str()), (2, run.connection.as_str()));
    assert!(all[0].data.contains(r#""state":"stalled""#) && all[0].data.contains(r#""stream":"invoices""#), "{all:?}");
}

#[tokio::test]
async fn what_a_run_changed_is_told_at_its_end_with_the_place_up_to_which_to_read() {
    let world = World::open().await;
    let (_, run) = world.running("b1").await;
    world.store.commit_page(page(&run, Step::More, &[("a", 1), ("b", 1)])).await.expect("stored");
    let stored = world.store.commit_page(page(&run, Step::End, &[("a", 2)])).await.expect("stored");
    assert!(events(&world, EventKind::RecordsChanged).await.is_empty(), "not yet");
    end(&world, &run, RunState::Done, None).await;
    let told = events(&world, EventKind::RecordsChanged).await;
    let data: serde_json::Value = serde_json::from_str(&told[0].data).expect("JSON");
    assert_eq!(
        (&data["changed"], &data["deleted"], &data["sequence"]),
        (&3.into(), &0.into(), &stored.last_seq.into())
    );
    let run = again(&world, &run.sync).await;
    world.store.commit_page(page(&run, Step::End, &[("a", 2)])).await.expect("stored");
    end(&world, &run, RunState::Done, None).await;
    assert_eq!(events(&world, EventKind::RecordsChanged).await.len(), 1, "nothing was new");
}

#[tokio::test]
async fn a_run_keeps_what_it_was_stopped_by_who_ran_it_and_what_was_said() {
    let world = World::open().await;
    let (_, run) = world.running("b1").await;
    let line = LogLine { at: world.store.now(), level: 1, message: "page 7".into(), fields: "{}".into() };
    let end = RunEnd { budget: Some(Budget::Pages), log: vec![line.clone()], ..RunEnd::of(RunState::MoreLater) };
    world.store.finish_run(&run.run, run.epoch, end).await.expect("ended");
    let there = world.store.run(&world.tenant, &run.run).await.expect("read");
    assert_eq!(
        (there.budget, there.node.as_deref(), there.connector.as_str()),
        (Some(Budget::Pages), Some("node"), "acme.books")
    );
    assert_eq!(world.store.run_log(&world.tenant, &run.run).await, Ok(vec![line]));
}

#[tokio::test]
async fn an_end_that_is_not_stored_tells_nothing() {
    let world = World::open().await;
    let (_, run) = world.running("b1").await;
    let before = world.number("SELECT count(*) FROM events").await;
    world.store.commit_page(page(&run, Step::End, &[("a", 1)])).await.expect("stored");
    let stale = world.store.finish_run(&run.run, run.epoch + 1, RunEnd::of(RunState::Failed)).await;
    assert_eq!(stale, Err(StoreError::Stale));
    world.refuse("UPDATE", "syncs").await;
    assert!(world.store.finish_run(&run.run, run.epoch, RunEnd::of(RunState::Failed)).await.is_err());
    world.mend().await;
    assert_eq!(world.number("SELECT count(*) FROM events").await, before);
    end(&world, &run, RunState::Failed, None).await;
    let told = world.number("SELECT count(*) FROM events").await - before;
    assert_eq!(told, 3, "the records, the failure, and that the connection has trouble");
}
