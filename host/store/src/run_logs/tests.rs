//! What a run's log promises.

use super::*;
use crate::{
    PageCommit, Step,
    testing::{LEASE, World, page},
};

fn lines(from: usize, count: usize) -> Vec<LogLine> {
    let line = |n| LogLine {
        at: Timestamp::from_micros(1),
        level: 3,
        message: format!("line {n}"),
        fields: "{\"a\":\"b\"}".to_owned(),
    };
    (from..from + count).map(line).collect()
}

#[tokio::test]
async fn the_first_lines_of_a_run_are_kept_in_their_order_and_one_says_that_more_was_left_out() {
    let world = World::open().await;
    let (_, run) = world.running("b1").await;
    let (store, tenant) = (&world.store, &world.tenant);
    store.commit_page(PageCommit { log: lines(0, 150), ..page(&run, Step::More, &[]) }).await.expect("stored");
    store.append_run_log(&run.run, run.epoch, lines(150, 149)).await.expect("299 of them");
    assert_eq!(store.run_log(tenant, &run.run).await.map(|log| log.len()), Ok(299));
    store.append_run_log(&run.run, run.epoch, lines(299, 2)).await.expect("more");
    store.append_run_log(&run.run, run.epoch, lines(301, 200)).await.expect("and more");
    let log = store.run_log(tenant, &run.run).await.expect("a log");
    assert_eq!(log.len(), 300);
    assert_eq!(log.first(), lines(0, 1).first());
    assert_eq!(log.get(298).map(|line| line.message.as_str()), Some("line 298"));
    assert_eq!(log.last().map(|line| (line.level, line.message.as_str())), Some((WARNING, LEFT_OUT)));

    let other = store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    assert_eq!(store.run_log(&other, &run.run).await, Err(StoreError::NotFound));
}

#[tokio::test]
async fn more_lines_than_fit_at_once_are_cut_at_once() {
    let world = World::open().await;
    let (_, run) = world.running("b1").await;
    world.store.append_run_log(&run.run, run.epoch, lines(0, 1_000)).await.expect("kept");
    let log = world.store.run_log(&world.tenant, &run.run).await.expect("a log");
    assert_eq!((log.len(), log.last().map(|line| line.message.as_str())), (300, Some(LEFT_OUT)));
}

#[tokio::test]
async fn a_worker_that_lost_its_run_adds_nothing() {
    let world = World::open().await;
    let (_, old) = world.running("b1").await;
    world.clock.advance(LEASE);
    let ours = world.claim().await.remove(0);
    let late = world.store.append_run_log(&old.run, old.epoch, lines(0, 1)).await;
    assert_eq!(late, Err(StoreError::Stale));
    world.store.append_run_log(&ours.run, ours.epoch, lines(0, 1)).await.expect("ours");
}
