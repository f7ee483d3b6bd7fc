//! What is promised of streams that are read for a picker only.

use std::time::Duration;

use patchbay_model::{EventKind, RunState};

use super::*;
use crate::{
    ClaimedRun, EventFilter, FeedFilter, NewSync, Operation, RecordFilter, RecordSearch, RunEnd, Settled, Step,
    SyncRow,
    testing::{World, page},
};

const QUARTER: Duration = Duration::from_secs(900);

/// A connection whose stream is read for a picker, and extracted or not.
async fn picked(world: &World, enabled: bool) -> Settled {
    let mut consent = world.consent("b1");
    consent.syncs = vec![NewSync { enabled, picked: true, ..consent.syncs.remove(0) }];
    world.store.settle(consent).await.expect("a connection")
}

async fn sync(world: &World, settled: &Settled) -> SyncRow {
    world.store.syncs(&world.tenant, &settled.connection.id).await.expect("syncs").remove(0)
}

/// Reads the stream once.
async fn read(world: &World, records: &[(&str, u32)], deleted: &[&str]) {
    let run = world.claim().await.remove(0);
    let mut stored = page(&run, Step::End, records);
    stored.deleted = deleted.iter().map(|key| (*key).to_owned()).collect();
    world.store.commit_page(stored).await.expect("stored");
    end(world, &run).await;
}

async fn end(world: &World, run: &ClaimedRun) {
    world.store.finish_run(&run.run, run.epoch, RunEnd::of(RunState::Done)).await.expect("ended");
}

async fn again(world: &World) {
    world.clock.advance(QUARTER);
    assert_eq!(world.store.schedule_due(10).await, Ok(1), "it is due by its schedule");
}

async fn found(world: &World, settled: &Settled) -> usize {
    let search = RecordSearch {
        stream: "invoices".into(),
        value: "/n".into(),
        label: "/n".into(),
        limit: 50,
        ..RecordSearch::default()
    };
    world.store.search_records(&world.tenant, &settled.connection.id, &search).await.expect("found").choices.len()
}

async fn listed(world: &World, settled: &Settled) -> Vec<String> {
    let filter = RecordFilter { stream: "invoices".into(), limit: 100, ..RecordFilter::default() };
    let page = world.store.records(&world.tenant, &settled.connection.id, &filter).await.expect("records");
    page.items.into_iter().map(|record| record.key).collect()
}

async fn fed(world: &World, after: u64) -> Vec<(String, Operation)> {
    let filter = FeedFilter { after, limit: 100, ..FeedFilter::default() };
    let changes = world.store.feed(&world.tenant, &filter).await.expect("a feed");
    changes.into_iter().map(|change| (change.key, change.operation)).collect()
}

async fn told(world: &World) -> usize {
    let filter = EventFilter { kind: Some(EventKind::RecordsChanged), limit: 10, ..EventFilter::default() };
    world.store.events(&world.tenant, &filter).await.expect("events").items.len()
}

/// Connections of the tenant with trouble.
async fn troubled(world: &World) -> u64 {
    world.store.tally(&world.tenant, None).await.expect("a tally").remove(0).troubled
}

#[tokio::test]
async fn a_stream_that_is_not_extracted_is_read_for_its_picker_and_shown_to_nobody_else() {
    let world = World::open().await;
    let settled = picked(&world, false).await;
    let (store, tenant) = (&world.store, &world.tenant);
    read(&world, &[("a", 1), ("b", 2)], &[]).await;
    assert_eq!((found(&world, &settled).await, told(&world).await), (2, 0));
    assert_eq!((listed(&world, &settled).await, fed(&world, 0).await), (Vec::new(), Vec::new()));
    let id = &settled.connection.id;
    assert_eq!(store.record(tenant, id, "a1", "invoices", "a").await, Err(StoreError::NotFound));
    again(&world).await;
    assert!(store.next_due().await.expect("a time").is_some());
    read(&world, &[("c", 3)], &["a"]).await;
    assert_eq!(found(&world, &settled).await, 2);
    let row = sync(&world, &settled).await;
    assert_eq!((row.enabled, row.picked, row.read, row.records), (false, true, true, 2));
    assert!(row.next_due_at.is_some_and(|at| at > store.now()));

    // One that fails is no trouble of what is extracted.
    again(&world).await;
    let run = world.claim().await.remove(0);
    store.finish_run(&run.run, run.epoch, RunEnd::of(RunState::Failed)).await.expect("ended");
    world.clock.advance(4 * QUARTER);
    assert_eq!(troubled(&world).await, 0, "nor is one that was not read for long");
}

#[tokio::test]
async fn what_is_extracted_later_is_told_as_if_it_were_new() {
    let world = World::open().await;
    let settled = picked(&world, false).await;
    let (store, tenant) = (&world.store, &world.tenant);
    read(&world, &[("a", 1), ("b", 2)], &[]).await;
    again(&world).await;
    read(&world, &[("b", 7)], &[]).await;
    let passed = store.feed_end(tenant).await.expect("an end");
    let id = sync(&world, &settled).await.id;
    store.set_sync_enabled(tenant, &id, true, "jane").await.expect("on");
    let created = |keys: &[&str]| keys.iter().map(|key| ((*key).to_owned(), Operation::Create)).collect::<Vec<_>>();
    assert_eq!(fed(&world, passed).await, created(&["a", "b"]), "also to whoever read the feed up to here");
    assert_eq!(fed(&world, 0).await, created(&["a", "b"]));
    assert_eq!((listed(&world, &settled).await.len(), told(&world).await), (2, 1));
    assert_eq!(found(&world, &settled).await, 2);
    assert_eq!(sync(&world, &settled).await.records, 2);
    assert_eq!(store.show_records(10).await, Ok(0), "once");
}

#[tokio::test]
async fn what_changed_while_it_was_switched_off_is_told_when_it_is_switched_on_again() {
    let world = World::open().await;
    let settled = picked(&world, true).await;
    let (store, tenant) = (&world.store, &world.tenant);
    read(&world, &[("a", 1), ("b", 2)], &[]).await;
    let (passed, id) = (store.feed_end(tenant).await.expect("an end"), sync(&world, &settled).await.id);
    let due = sync(&world, &settled).await.next_due_at;
    let off = store.set_sync_enabled(tenant, &id, false, "jane").await.expect("off");
    assert_eq!((off.enabled, off.read, off.next_due_at), (false, true, due), "it is not read sooner for that");
    assert_eq!((listed(&world, &settled).await, fed(&world, 0).await), (Vec::new(), Vec::new()));
    again(&world).await;
    read(&world, &[("b", 3)], &["a"]).await;
    assert_eq!((fed(&world, passed).await, told(&world).await), (Vec::new(), 1));
    world.clock.advance(QUARTER / 3);
    store.set_sync_enabled(tenant, &id, true, "jane").await.expect("on");
    let both = [("a".to_owned(), Operation::Delete), ("b".to_owned(), Operation::Create)];
    assert_eq!(fed(&world, passed).await, both, "a follower hears of the deletion, too");
    let filter = FeedFilter { after: passed, limit: 1, ..FeedFilter::default() };
    let at = store.feed(tenant, &filter).await.expect("a feed").first().map(|change| change.at);
    assert_eq!(at, Some(store.now()), "and for as long as of any other");
    assert_eq!(listed(&world, &settled).await, ["b"]);
}

#[tokio::test]
async fn many_records_are_told_in_bites_and_what_is_not_yet_told_is_not_shown() {
    let world = World::open().await;
    let settled = picked(&world, false).await;
    let (store, tenant) = (&world.store, &world.tenant);
    read(&world, &[("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5)], &[]).await;
    let passed = store.feed_end(tenant).await.expect("an end");
    // As it stands between two bites.
    world.ddl("UPDATE syncs SET enabled = TRUE").await;
    assert_eq!(store.show_records(2).await, Ok(2));
    assert_eq!((listed(&world, &settled).await, fed(&world, passed).await.len()), (vec!["a".into(), "b".into()], 2));
    // A page that comes in between is neither lost nor shown early.
    world.clock.advance(QUARTER);
    store.schedule_due(10).await.expect("scheduled");
    read(&world, &[("a", 9), ("d", 9)], &[]).await;
    assert_eq!(listed(&world, &settled).await, ["a", "b"]);
    let again = store.feed_end(tenant).await.expect("an end");
    assert_eq!(store.show_records(2).await, Ok(2));
    assert_eq!(store.show_records(2).await, Ok(1));
    assert_eq!(store.show_records(2).await, Ok(0));
    let rest: Vec<String> = fed(&world, again).await.into_iter().map(|(key, _)| key).collect();
    assert_eq!(
        (rest.as_slice(), listed(&world, &settled).await.len()),
        (["c", "d", "e"].map(String::from).as_slice(), 5)
    );
}

#[tokio::test]
async fn an_account_that_nobody_selected_is_not_read_for_a_picker_either() {
    let world = World::open().await;
    let settled = picked(&world, true).await;
    let (store, tenant, id) = (&world.store, &world.tenant, &settled.connection.id);
    read(&world, &[("a", 1)], &[]).await;
    let account = store.accounts(tenant, id).await.expect("accounts").remove(0).id;
    store.select_account(tenant, id, &account, false, "jane").await.expect("not any more");
    let row = sync(&world, &settled).await;
    assert_eq!((row.enabled, row.picked, row.read), (false, true, false));
    world.clock.advance(QUARTER * 4);
    assert_eq!(store.schedule_due(10).await, Ok(0));
    assert_eq!((found(&world, &settled).await, listed(&world, &settled).await.len()), (0, 1), "what was read is there");
    store.select_account(tenant, id, &account, true, "jane").await.expect("selected");
    assert_eq!(
        store.runs(tenant, &crate::RunFilter { limit: 9, ..Default::default() }).await.expect("runs").items.len(),
        2
    );
}

#[tokio::test]
async fn a_picker_that_a_release_brings_or_drops_is_noticed() {
    let world = World::open().await;
    let settled = world.connect("b1").await;
    let (store, tenant, id) = (&world.store, &world.tenant, &settled.connection.id);
    read(&world, &[("a", 1)], &[]).await;
    store.set_sync_enabled(tenant, &sync(&world, &settled).await.id, false, "jane").await.expect("off");
    assert_eq!((found(&world, &settled).await, listed(&world, &settled).await.len()), (0, 1));
    assert_eq!(store.set_picked(tenant, id, &["invoices".to_owned(), "others".to_owned()]).await, Ok(true));
    assert_eq!(store.set_picked(tenant, id, &["invoices".to_owned()]).await, Ok(false), "no news");
    assert_eq!((found(&world, &settled).await, listed(&world, &settled).await.len()), (1, 0));
    assert_eq!(store.schedule_due(10).await, Ok(1), "it is due at once");
    end(&world, &world.claim().await.remove(0)).await;
    assert_eq!(store.set_picked(tenant, id, &[]).await, Ok(true));
    let row = sync(&world, &settled).await;
    assert_eq!((row.read, row.next_due_at), (false, None));
    let other = store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    assert_eq!(store.set_picked(&other, id, &[]).await, Err(StoreError::NotFound));
}

#[tokio::test]
async fn a_connection_that_is_deleted_keeps_only_records_that_were_shown() {
    let world = World::open().await;
    let settled = picked(&world, true).await;
    let (store, tenant, id) = (&world.store, &world.tenant, &settled.connection.id);
    read(&world, &[("a", 1)], &[]).await;
    store.set_sync_enabled(tenant, &sync(&world, &settled).await.id, false, "jane").await.expect("off");
    store.delete_connection(tenant, id, true, None, "jane").await.expect("deleted");
    while store.bury_records(10).await.expect("buried") > 0 {}
    assert_eq!(listed(&world, &settled).await, Vec::<String>::new());
    assert_eq!(fed(&world, 0).await, [("a".to_owned(), Operation::Delete)], "a follower may have had it");
}
