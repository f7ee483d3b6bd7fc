//! Who comes when all places are taken waits.

use std::{sync::Arc, time::Duration};

use patchbay_model::{Budget, Failure, contract::Context};

use crate::setup::{Run, request, sandbox};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_tasks_share_four_places_two_hundred_times_without_one_error() {
    let sandbox = Arc::new(sandbox().await);
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let sandbox = sandbox.clone();
            tokio::spawn(async move {
                for _ in 0..13 {
                    sandbox.read(&Run::new(), "page:10:100").await.expect("a page");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no error in any task");
    }
}

#[tokio::test]
async fn whoever_waits_for_a_place_waits_no_longer_than_its_run() {
    let sandbox = sandbox().await;
    let run = Run::new();
    let mut taken = Vec::new();
    for _ in 0..4 {
        taken.push(sandbox.open(&run).await);
    }
    let late = Run { lasts: Duration::from_millis(50), ..Run::new() };
    let failure = sandbox.engine.open(&sandbox.component, late.scope()).await.err();
    assert!(matches!(failure, Some(Failure::BudgetSpent(Budget::Time))), "{failure:?}");
    // A broken instance gives its place back at once, though it is still held.
    let broken = taken[0].read(&Context::default(), &request("trap")).await;
    assert!(broken.is_err());
    sandbox.assert_serves().await;
}
