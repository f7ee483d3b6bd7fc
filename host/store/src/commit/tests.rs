//! What a page's transaction promises.

use std::time::Duration;

use patchbay_model::RunState;

use super::*;
use crate::{
    FeedFilter, NextRun, RecordFilter, RunEnd, Trigger,
    testing::{LEASE, World, page},
};

#[test]
fn many_or_all_deletions_wait_for_a_person() {
    for (would, of, wait) in [
        (0, 0, false),
        (0, 100, false),
        (9, 40, false),
        (10, 40, true),
        (20, 100, false),
        (21, 100, true),
        (1, 1, true),
        (3, 3, true),
        (2, 3, false),
    ] {
        assert_eq!(held(would, of), wait, "{would} of {of}");
    }
}

#[test]
fn of_two_records_with_one_key_the_later_counts() {
    let record = |key: &str, content: &str| PageRecord { key: key.into(), content: content.into() };
    let kept = last_of_each_key(vec![record("a", "1"), record("b", "2"), record("a", "3")]);
    assert_eq!(kept, [record("b", "2"), record("a", "3")]);
}

#[tokio::test]
async fn a_page_is_committed_with_its_cursor_or_not_at_all() {
    let world = World::open().await;
    let (_, run) = world.running("b1").await;
    world.break_writes_of_cursors().await;
    let failed = world.store.commit_page(page(&run, Step::More, &[("a", 1), ("b", 1)])).await;
    assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{failed:?}");
    assert_eq!(world.number("SELECT count(*) FROM records").await, 0);
    assert_eq!(world.number("SELECT count(*) FROM syncs WHERE cursor IS NOT NULL").await, 0);
    assert_eq!(world.number("SELECT seq FROM tenants").await, 0);
    assert_eq!(world.number("SELECT pages FROM runs").await, 0);

    world.mend().await;
    let stored = world.store.commit_page(page(&run, Step::More, &[("a", 1), ("b", 1)])).await.expect("stored");
    assert_eq!((stored.added, stored.changed, stored.last_seq), (2, 0, 2));
    let work = world.store.load_run(&run.run, run.epoch).await.expect("work");
    assert_eq!(work.cursor.as_deref(), Some(b"next".as_slice()));
    assert_eq!((work.sync.records, work.run.pages, work.run.records), (2, 1, 2));
}

#[tokio::test]
async fn a_stale_epoch_writes_nothing() {
    let world = World::open().await;
    let (_, old) = world.running("b1").await;
    world.clock.advance(LEASE);
    let lapsed = world.store.commit_page(page(&old, Step::More, &[("a", 1)])).await;
    assert_eq!(lapsed, Err(StoreError::Stale), "the lease is over, even before anybody takes over");
    let ours = world.claim().await.remove(0);
    assert_eq!((ours.epoch, ours.deaths, ours.attempts), (old.epoch + 1, 1, 1));
    assert_eq!(world.store.commit_page(page(&old, Step::More, &[("a", 1)])).await, Err(StoreError::Stale));
    assert_eq!(world.store.heartbeat_run(&old.run, old.epoch, LEASE).await, Err(StoreError::Stale));
    let end = world.store.finish_run(&old.run, old.epoch, RunEnd::of(RunState::Done)).await;
    assert_eq!(end, Err(StoreError::Stale));
    assert_eq!(world.store.load_run(&old.run, old.epoch).await, Err(StoreError::Stale));
    assert_eq!(world.number("SELECT count(*) FROM records").await, 0);
    world.store.commit_page(page(&ours, Step::End, &[("a", 1)])).await.expect("the new owner writes");
}

#[tokio::test]
async fn unchanged_content_makes_no_change() {
    let world = World::open().await;
    let (_, run) = world.running("b1").await;
    world.store.commit_page(page(&run, Step::Complete, &[("a", 1), ("b", 1), ("c", 1)])).await.expect("first");
    let again = page(&run, Step::More, &[("a", 1), ("b", 2), ("c", 1), ("d", 1)]);
    let stored = world.store.commit_page(again).await.expect("second");
    assert_eq!((stored.added, stored.changed, stored.unchanged), (1, 1, 2));
    let filter = FeedFilter { limit: 10, ..FeedFilter::default() };
    let feed = world.store.feed(&world.tenant, &filter).await.expect("feed");
    let keys: Vec<&str> = feed.iter().map(|change| change.key.as_str()).collect();
    assert_eq!(keys, ["a", "c", "b", "d"], "b moved to the end, a and c did not");
    assert_eq!(world.number("SELECT count(*) FROM records WHERE pass = 2").await, 4);
    let same = world.store.commit_page(page(&run, Step::More, &[("a", 1)])).await.expect("third");
    assert_eq!(same.last_seq, stored.last_seq);
}

#[tokio::test]
async fn a_deletion_is_told_once_and_a_record_can_come_back() {
    let world = World::open().await;
    let (_, run) = world.running("b1").await;
    world.store.commit_page(page(&run, Step::More, &[("a", 1), ("b", 1)])).await.expect("first");
    let gone = PageCommit { deleted: vec!["a".into(), "never".into()], ..page(&run, Step::More, &[]) };
    assert_eq!(world.store.commit_page(gone.clone()).await.expect("gone").deleted, 1);
    assert_eq!(world.store.commit_page(gone).await.expect("again").deleted, 0);
    let filter = FeedFilter { limit: 10, ..FeedFilter::default() };
    let feed = world.store.feed(&world.tenant, &filter).await.expect("feed");
    assert_eq!(feed.iter().map(|change| change.content.is_some()).collect::<Vec<_>>(), [true, false]);
    let back = world.store.commit_page(page(&run, Step::More, &[("a", 1)])).await.expect("back");
    assert_eq!((back.added, back.changed), (1, 0));
    let work = world.store.load_run(&run.run, run.epoch).await.expect("work");
    assert_eq!(work.sync.records, 2);
}

#[tokio::test]
async fn what_a_complete_pass_did_not_see_is_deleted_unless_it_is_too_much() {
    let world = World::open().await;
    let (settled, run) = world.running("b1").await;
    let keys: Vec<String> = (0..60).map(|n| format!("k{n:02}")).collect();
    let some = |count: usize| keys.iter().take(count).map(|key| (key.as_str(), 1)).collect::<Vec<_>>();
    let first = world.store.commit_page(page(&run, Step::Complete, &some(60))).await.expect("all");
    assert_eq!(first.sweep, Some(Sweep::Deleted(0)));
    let second = world.store.commit_page(page(&run, Step::Complete, &some(51))).await.expect("nine fewer");
    assert_eq!((second.sweep, second.deleted), (Some(Sweep::Deleted(9)), 9));
    let third = world.store.commit_page(page(&run, Step::Complete, &some(40))).await.expect("eleven fewer");
    assert_eq!((third.sweep, third.deleted), (Some(Sweep::Held { would: 11, of: 51 }), 0));
    let sync = world.store.syncs(&world.tenant, &settled.connection.id).await.expect("syncs").remove(0);
    assert_eq!((sync.held, sync.records, sync.pass), (Some(11), 51, 4));
    let gone = world.store.approve_held(&world.tenant, &sync.id, "person").await;
    assert_eq!(gone, Ok(11));
    let left = world.store.count_records(&world.tenant, &settled.connection.id).await.expect("count");
    assert_eq!(left.first().map(|count| count.records), Some(40));
    let none = world.store.commit_page(page(&run, Step::Complete, &[])).await.expect("nothing at all");
    assert_eq!(none.sweep, Some(Sweep::Held { would: 40, of: 40 }));
    let more = world.store.commit_page(page(&run, Step::End, &[])).await.expect("an end is not complete");
    assert_eq!(more.sweep, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_that_follows_eight_writers_misses_nothing() {
    const PAGES: u32 = 15;
    let world = World::open().await;
    let mut writers = Vec::new();
    for n in 0..8 {
        world.connect(&format!("b{n}")).await;
    }
    for (n, run) in world.claim().await.into_iter().enumerate() {
        let store = world.store.clone();
        writers.push(tokio::spawn(async move {
            for p in 0..PAGES {
                let keys: Vec<String> = (0..5).map(|k| format!("w{n}-{p}-{k}")).collect();
                let records: Vec<(&str, u32)> = keys.iter().map(|key| (key.as_str(), p)).collect();
                store.commit_page(page(&run, Step::More, &records)).await.expect("stored");
            }
        }));
    }
    assert_eq!(writers.len(), 8);
    let (mut after, mut seen) = (0, HashSet::new());
    loop {
        let over = writers.iter().all(tokio::task::JoinHandle::is_finished);
        let filter = FeedFilter { after, limit: 7, ..FeedFilter::default() };
        let changes = world.store.feed(&world.tenant, &filter).await.expect("feed");
        let empty = changes.is_empty();
        for change in changes {
            assert!(change.seq > after, "{} after {after}", change.seq);
            after = change.seq;
            seen.insert(change.key);
        }
        if over && empty {
            break;
        }
    }
    for writer in writers {
        writer.await.expect("no writer failed");
    }
    assert_eq!(seen.len(), 8 * 15 * 5);
}

#[tokio::test]
async fn records_are_listed_by_key_over_all_accounts_page_by_page() {
    let world = World::open().await;
    let (settled, run) = world.running("b1").await;
    world.store.commit_page(page(&run, Step::End, &[("c", 1), ("a", 1), ("b", 1)])).await.expect("stored");
    let mut filter = RecordFilter { stream: "invoices".into(), limit: 2, ..RecordFilter::default() };
    let first = world.store.records(&world.tenant, &settled.connection.id, &filter).await.expect("first");
    filter.after = first.next;
    let second = world.store.records(&world.tenant, &settled.connection.id, &filter).await.expect("second");
    let keys: Vec<String> = first.items.into_iter().chain(second.items).map(|record| record.key).collect();
    assert_eq!((keys.join(""), second.next), ("abc".to_owned(), None));
}

#[tokio::test]
async fn the_run_that_follows_is_made_with_the_end_of_the_one_before() {
    let world = World::open().await;
    let (settled, run) = world.running("b1").await;
    let at = Timestamp::from_micros(world.store.now().as_micros()).plus(Duration::from_secs(10));
    let end =
        RunEnd { next: Some(NextRun { at, trigger: Trigger::Retry, attempts: 1 }), ..RunEnd::of(RunState::Failed) };
    let next = world.store.finish_run(&run.run, run.epoch, end).await.expect("ended").expect("a next one");
    assert!(world.claim().await.is_empty(), "not before its time");
    world.clock.advance(Duration::from_secs(10));
    let claimed = world.claim().await.remove(0);
    assert_eq!((&claimed.run, claimed.attempts), (&next, 2));
    let asked = world.store.enqueue_run(&world.tenant, &claimed.sync, at, Trigger::Manual).await;
    assert_eq!(asked, Ok(next), "one open run of a sync");
    assert_eq!(settled.runs, [run.run]);
}

#[tokio::test]
async fn a_page_tells_how_often_its_pass_has_waited() {
    let world = World::open().await;
    let (_, run) = world.running("b1").await;
    for (step, waits) in [
        (Step::Wait, 1),
        (Step::More, 1),
        (Step::Wait, 2),
        (Step::End, 0),
        (Step::Wait, 1),
        (Step::Complete, 0),
        (Step::Wait, 1),
    ] {
        let stored = world.store.commit_page(page(&run, step, &[])).await.expect("stored");
        assert_eq!(stored.waits, waits, "{step:?}");
    }
    assert_eq!(world.store.sync(&world.tenant, &run.sync).await.map(|sync| sync.waits), Ok(1));
}

#[tokio::test]
async fn the_feed_says_what_was_done_to_a_record_last() {
    let world = World::open().await;
    let (_, run) = world.running("b1").await;
    world.store.commit_page(page(&run, Step::More, &[("a", 1), ("b", 1), ("c", 1)])).await.expect("first");
    let second = PageCommit { deleted: vec!["c".into()], ..page(&run, Step::More, &[("b", 2)]) };
    world.store.commit_page(second).await.expect("second");
    let filter = FeedFilter { limit: 10, ..FeedFilter::default() };
    let feed = world.store.feed(&world.tenant, &filter).await.expect("feed");
    let seen: Vec<_> = feed.iter().map(|change| (change.key.as_str(), change.operation.as_str())).collect();
    assert_eq!(seen, [("a", "create"), ("b", "update"), ("c", "delete")]);
    world.store.commit_page(page(&run, Step::More, &[("c", 1)])).await.expect("back");
    let filter = FeedFilter { after: feed[2].seq, ..filter };
    let feed = world.store.feed(&world.tenant, &filter).await.expect("feed");
    assert_eq!(feed.first().map(|change| change.operation), Some(crate::Operation::Create));
}

#[tokio::test]
async fn a_pass_that_could_not_read_everything_deletes_nothing_and_the_next_one_does() {
    let world = World::open().await;
    let (_, run) = world.running("b1").await;
    let all = [("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1), ("f", 1)];
    world.store.commit_page(page(&run, Step::Complete, &all)).await.expect("all");
    let refused = || vec![NewDeadLetter { key: None, hash: [1; 32], reason: "bad".into(), excerpt: String::new() }];
    let bad = PageCommit { refused: refused(), ..page(&run, Step::More, &all[..3]) };
    world.store.commit_page(bad).await.expect("a page of it");
    let end = world.store.commit_page(page(&run, Step::Complete, &all[3..5])).await.expect("its end");
    assert_eq!((end.sweep, end.deleted), (Some(Sweep::Skipped), 0), "what was refused may have been the missing one");
    let bad = PageCommit { refused: refused(), ..page(&run, Step::Complete, &all[..5]) };
    assert_eq!(world.store.commit_page(bad).await.expect("stored").sweep, Some(Sweep::Skipped), "in the same page");
    let end = world.store.commit_page(page(&run, Step::Complete, &all[..5])).await.expect("a whole pass");
    assert_eq!(end.sweep, Some(Sweep::Deleted(1)));
}

#[tokio::test]
async fn a_pass_from_a_date_on_deletes_nothing_and_only_that_pass_is_from_there() {
    let world = World::open().await;
    let (_, run) = world.running("b1").await;
    let all = [("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1), ("f", 1)];
    world.store.commit_page(page(&run, Step::Complete, &all)).await.expect("all");
    for (step, sweep) in [(Step::Complete, Some(Sweep::Skipped)), (Step::End, None)] {
        world.ddl("UPDATE syncs SET since = 1, pass = pass + 1").await;
        world.store.commit_page(page(&run, Step::More, &all[..1])).await.expect("a page of it");
        assert_eq!(world.number("SELECT count(*) FROM syncs WHERE since = 1").await, 1, "the pass goes on");
        let end = world.store.commit_page(page(&run, step, &all[..1])).await.expect("its end");
        assert_eq!((end.sweep, end.deleted), (sweep, 0));
        assert_eq!(world.number("SELECT count(*) FROM syncs WHERE since IS NULL").await, 1);
    }
    let end = world.store.commit_page(page(&run, Step::Complete, &all[..5])).await.expect("a whole pass");
    assert_eq!(end.sweep, Some(Sweep::Deleted(1)));
}

#[tokio::test]
async fn what_was_held_stays_to_be_approved_when_a_later_pass_could_not_tell() {
    let world = World::open().await;
    let (_, run) = world.running("b1").await;
    world.store.commit_page(page(&run, Step::Complete, &[("a", 1), ("b", 1)])).await.expect("all");
    let held = world.store.commit_page(page(&run, Step::Complete, &[])).await.expect("none");
    assert_eq!(held.sweep, Some(Sweep::Held { would: 2, of: 2 }));
    world.ddl("UPDATE syncs SET since = 1").await;
    world.store.commit_page(page(&run, Step::Complete, &[("a", 1)])).await.expect("from a date on");
    assert_eq!(world.store.approve_held(&world.tenant, &run.sync, "person").await, Ok(1), "a was seen since");
}

#[tokio::test]
async fn a_page_is_a_sign_of_life() {
    let world = World::open().await;
    let (_, first) = world.running("b1").await;
    world.clock.advance(LEASE);
    let second = world.claim().await.remove(0);
    assert_eq!((second.deaths, &second.run), (1, &first.run));
    world.store.commit_page(page(&second, Step::More, &[("a", 1)])).await.expect("stored");
    assert_eq!(world.number("SELECT deaths FROM runs").await, 0);
}

#[tokio::test]
async fn odd_keys_and_contents_come_back_as_they_were() {
    let world = World::open().await;
    let (settled, run) = world.running("b1").await;
    let odd = ["a\"b", "\\", "{\"}", ",", "NULL", "null", "ä€😀", " lead", "tab\there", "'; --", "$1"];
    let records: Vec<PageRecord> = odd
        .iter()
        .map(|key| PageRecord {
            key: (*key).to_owned(),
            content: serde_json::json!({ "k\n": key, "z": "\u{0}" }).to_string(),
        })
        .collect();
    let stored = PageCommit { records: records.clone(), ..page(&run, Step::More, &[]) };
    assert_eq!(world.store.commit_page(stored.clone()).await.expect("stored").added, 11);
    assert_eq!(world.store.commit_page(stored).await.expect("again").unchanged, 11);
    for record in records {
        let there = world.store.record(&world.tenant, &settled.connection.id, "a1", "invoices", &record.key).await;
        assert_eq!(there.expect("there").content, record.content);
    }
}
