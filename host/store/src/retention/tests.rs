//! What is forgotten, and what is not.

use patchbay_model::{Code, EventKind, RunState};

use super::*;
use crate::{
    EventFilter, FeedFilter, NewDeadLetter, NewDrift, PageCommit, RunEnd, Step, Trigger,
    testing::{World, page},
    webhooks::tests::endpoint,
};

const DAY: Duration = Duration::from_secs(86_400);

fn keep(days: u32) -> Retention {
    let time = DAY * days;
    Retention {
        runs: time,
        tombstones: time,
        dead_letters: time,
        events: time,
        drifts: time,
        blobs: time,
        unused_blobs: time,
        runs_per_sync: 1_000,
    }
}

async fn run_often(world: &World, times: usize) {
    let id = world.connect("b1").await.connection.id;
    let sync = world.store.syncs(&world.tenant, &id).await.expect("syncs").remove(0).id;
    for n in 0..times {
        let now = world.store.now();
        world.store.enqueue_run(&world.tenant, &sync, now, Trigger::Manual).await.expect("asked");
        let run = world.claim().await.remove(0);
        let log = crate::LogLine { at: now, level: 3, message: format!("{n}"), fields: "{}".into() };
        world.store.append_run_log(&run.run, run.epoch, vec![log]).await.expect("said");
        world.store.finish_run(&run.run, run.epoch, RunEnd::of(RunState::Done)).await.expect("ended");
        world.clock.advance(Duration::from_secs(1));
    }
}

#[tokio::test]
async fn old_runs_go_in_batches_with_what_was_said_but_never_the_newest_twenty() {
    let world = World::open().await;
    run_often(&world, 27).await;
    world.clock.advance(DAY * 40);
    assert_eq!(world.store.forget(&keep(60), 5).await.map(|gone| gone.runs), Ok(0), "not old enough");
    assert_eq!(world.store.forget(&keep(30), 5).await.map(|gone| gone.runs), Ok(5));
    assert_eq!(world.store.forget(&keep(30), 5).await.map(|gone| gone.runs), Ok(2));
    assert_eq!(world.store.forget(&keep(30), 5).await.map(|gone| gone.any()), Ok(false));
    assert_eq!(world.number("SELECT count(*) FROM runs").await, 20);
    assert_eq!(world.number("SELECT count(*) FROM run_logs").await, 20);
    assert_eq!(world.number("SELECT min(CAST(message AS BIGINT)) FROM run_logs").await, 7, "the oldest went");
}

#[tokio::test]
async fn a_sync_that_runs_often_keeps_so_many_runs_and_its_last_one_however_young() {
    let world = World::open().await;
    run_often(&world, 26).await;
    // The last run stands at the sync; it may be an older one than those that were cancelled since.
    world.ddl("UPDATE syncs SET last_run = (SELECT min(id) FROM runs)").await;
    let few = Retention { runs_per_sync: 3, ..keep(30) };
    assert_eq!(world.store.forget(&few, 100).await.map(|gone| gone.runs), Ok(5), "not below twenty");
    assert_eq!(world.number("SELECT count(*) FROM runs").await, 21);
    assert_eq!(world.number("SELECT count(*) FROM runs WHERE id = (SELECT last_run FROM syncs)").await, 1);
}

#[tokio::test]
async fn a_forgotten_deletion_raises_the_floor_of_the_feed_and_who_is_below_it_is_told() {
    let world = World::open().await;
    let (_, run) = world.running("b1").await;
    let store = &world.store;
    store.commit_page(page(&run, Step::More, &[("a", 1), ("b", 1), ("c", 1)])).await.expect("stored");
    let gone = PageCommit { deleted: vec!["a".into(), "b".into()], ..page(&run, Step::More, &[]) };
    store.commit_page(gone).await.expect("gone");
    store.commit_page(page(&run, Step::More, &[("d", 1)])).await.expect("stored");
    let feed = async |after| {
        let changes = store.feed(&world.tenant, &FeedFilter { after, limit: 9, ..FeedFilter::default() }).await?;
        Ok::<_, StoreError>(changes.iter().map(|change| change.seq).collect::<Vec<_>>())
    };
    assert_eq!(feed(2).await, Ok(vec![3, 4, 5, 6]));
    world.clock.advance(DAY * 8);
    assert_eq!(store.forget(&keep(9), 10).await.map(|gone| gone.tombstones), Ok(0));
    assert_eq!(store.forget(&keep(7), 1).await.map(|gone| gone.tombstones), Ok(1));
    assert_eq!(feed(3).await, Err(StoreError::Gone), "it may have missed the first deletion");
    assert_eq!(feed(4).await, Ok(vec![5, 6]));
    assert_eq!(store.forget(&keep(7), 10).await.map(|gone| gone.tombstones), Ok(1));
    assert_eq!(feed(4).await, Err(StoreError::Gone));
    assert_eq!(feed(5).await, Ok(vec![6]), "it has seen what was forgotten");
    assert_eq!(feed(6).await, Ok(vec![]));
    assert_eq!(feed(0).await, Ok(vec![3, 6]), "from the beginning nothing is missing");
    // Page by page it comes by places that others are refused at.
    let filter = FeedFilter { limit: 1, ..FeedFilter::default() };
    let began = store.feed_end(&world.tenant).await.expect("the end");
    let first = store.feed(&world.tenant, &filter).await.expect("the first page");
    let after = first.first().map(|change| change.seq).expect("a change");
    assert_eq!(feed(after).await, Err(StoreError::Gone), "it does not say that it has just begun");
    let rest = store.feed(&world.tenant, &FeedFilter { after, began, limit: 9, ..filter }).await.expect("the rest");
    assert_eq!(rest.iter().map(|change| change.seq).collect::<Vec<_>>(), [6]);
    let fault = patchbay_model::Fault::from(StoreError::Gone);
    assert_eq!(fault.code, Code::FeedTooOld);
    assert_eq!(store.forget(&keep(0), 10).await.map(|gone| gone.tombstones), Ok(0), "records stay");
}

#[tokio::test]
async fn events_go_with_their_deliveries_and_unreadable_records_and_drifts_with_their_age() {
    let world = World::open().await;
    let (settled, run) = world.running("b1").await;
    world.store.create_webhook(endpoint(&world, &[])).await.expect("an endpoint");
    let refused = vec![NewDeadLetter { key: None, hash: [1; 32], reason: "bad".into(), excerpt: "x".into() }];
    let drifts = vec![NewDrift { path: "/a".into(), kind: "added".into(), detail: "x".into() }];
    let bad = PageCommit { refused, drifts, ..page(&run, Step::More, &[]) };
    world.store.commit_page(bad).await.expect("stored");
    world.clock.advance(DAY * 10);
    let id = &settled.connection.id;
    world.store.break_connection(&world.tenant, id, None, Code::CredentialRefused, "x").await.expect("broken");
    assert_eq!(world.number("SELECT count(*) FROM deliveries").await, 2);
    let gone = world.store.forget(&keep(7), 10).await.expect("forgotten");
    // That the connection was made is an event, too, which the endpoint was not told.
    let wanted = Forgotten { dead_letters: 1, events: 2, deliveries: 1, drifts: 1, ..Forgotten::default() };
    assert_eq!(gone, wanted);
    let filter = EventFilter { limit: 9, ..EventFilter::default() };
    let left = world.store.events(&world.tenant, &filter).await.expect("events").items;
    assert_eq!(left.iter().map(|event| event.kind).collect::<Vec<_>>(), [EventKind::ConnectionBroken]);
    assert_eq!(world.number("SELECT count(*) FROM deliveries").await, 1);
}
