//! H1 to H7: each hostile guest is stopped by the limit that is named for it, and somebody else's run goes on.

use std::time::{Duration, Instant};

use patchbay_engine::Instance;
use patchbay_model::{
    Failure,
    contract::{Context, PickRequest},
};

use crate::setup::{Run, Sandbox, item, request, sandbox, settings};

/// Long enough for a busy machine, and far from what the guest would take.
const SOON: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(200);

/// Does `choice` in the export of this number.
async fn in_export(number: usize, instance: &mut Instance, choice: &str) -> Option<Failure> {
    let ctx = Context::default();
    match number {
        0 => instance.identify(&settings(choice)).await.err(),
        1 => instance.discover(&settings(choice)).await.err(),
        2 => instance.read(&ctx, &request(choice)).await.err(),
        3 => {
            let (query, parents) = (String::new(), Vec::new());
            instance.pick(&ctx, &PickRequest { picker: choice.to_owned(), query, parents, cursor: None }).await.err()
        }
        4 => instance.push(&ctx, &item(choice)).await.err(),
        _ => instance.find(&ctx, &item("x"), choice, 1).await.err(),
    }
}

async fn failure(sandbox: &Sandbox, run: &Run, choice: &str) -> Failure {
    sandbox.read(run, choice).await.expect_err("a failure")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_loop_in_any_export_ends_with_its_time() {
    let sandbox = sandbox().await;
    let run = Run::of_at_most(SHORT);
    for export in 0..6 {
        let mut instance = sandbox.open(&run).await;
        let began = Instant::now();
        let failure = in_export(export, &mut instance, "loop").await;
        assert!(matches!(failure, Some(Failure::CallTimeout)), "export {export}: {failure:?}");
        assert!(began.elapsed() >= SHORT && began.elapsed() < SOON, "export {export}: {:?}", began.elapsed());
        assert!(!instance.is_live());
    }
    sandbox.assert_serves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trap_in_any_export_breaks_that_instance_and_no_other() {
    let sandbox = sandbox().await;
    let run = Run::new();
    for export in 0..6 {
        let mut instance = sandbox.open(&run).await;
        let failure = in_export(export, &mut instance, "trap").await;
        assert!(matches!(&failure, Some(Failure::Trap(text)) if text.contains("unreachable")), "{failure:?}");
        let again = instance.read(&Context::default(), &request("page:1")).await;
        assert!(matches!(&again, Err(Failure::Trap(text)) if text.contains("earlier")), "{again:?}");
    }
    assert!(run.log.lines().iter().any(|(_, line)| line.contains("on purpose")), "{:?}", run.log.lines());
    sandbox.assert_serves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_waits_in_a_host_call_ends_with_its_time() {
    let sandbox = sandbox().await;
    let began = Instant::now();
    let failure = failure(&sandbox, &Run::of_at_most(SHORT), "sleep").await;
    assert!(matches!(failure, Failure::CallTimeout), "{failure:?}");
    assert!(began.elapsed() < SOON);
    sandbox.assert_serves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guests_that_compute_on_every_worker_starve_nobody() {
    let sandbox = sandbox().await;
    let (engine, component) = (sandbox.engine.clone(), sandbox.component.clone());
    let sandbox = std::sync::Arc::new(Sandbox { engine, component });
    let loops: Vec<_> = (0..3)
        .map(|_| {
            let sandbox = sandbox.clone();
            tokio::spawn(async move { sandbox.read(&Run::of_at_most(Duration::from_secs(4)), "loop").await })
        })
        .collect();
    tokio::task::yield_now().await;
    let began = Instant::now();
    sandbox.assert_serves().await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    for looping in loops {
        assert!(matches!(looping.await.expect("a task"), Err(Failure::CallTimeout)));
    }
}

#[tokio::test]
async fn a_memory_bomb_ends_as_out_of_memory() {
    let sandbox = sandbox().await;
    let failure = failure(&sandbox, &Run::new(), "grow").await;
    assert!(matches!(failure, Failure::OutOfMemory), "{failure:?}");
    sandbox.assert_serves().await;
}

#[tokio::test]
async fn a_guest_that_needs_more_than_it_may_does_not_start() {
    let sandbox = sandbox().await;
    let run = Run { memory_bytes: 64 * 1024, ..Run::new() };
    // What opens is an instance that never ran; what fails says why.
    let mut instance = sandbox.engine.open(&sandbox.component, run.scope()).await;
    let failure = match &mut instance {
        Ok(instance) => instance.read(&Context::default(), &request("page:1")).await.err(),
        Err(failure) => Some(failure.clone()),
    };
    assert!(matches!(failure, Some(Failure::OutOfMemory)), "{failure:?}");
}

#[tokio::test]
async fn endless_recursion_is_a_trap() {
    let sandbox = sandbox().await;
    let failure = failure(&sandbox, &Run::new(), "recurse").await;
    assert!(matches!(&failure, Failure::Trap(text) if text.contains("stack")), "{failure:?}");
    sandbox.assert_serves().await;
}

#[tokio::test]
async fn ten_million_host_calls_end_at_the_budget() {
    let sandbox = sandbox().await;
    for choice in ["flood-calls", "flood-wasi"] {
        let failure = failure(&sandbox, &Run::new(), choice).await;
        assert!(matches!(&failure, Failure::ContractBroken(text) if text.contains("100000")), "{choice}: {failure:?}");
    }
    sandbox.assert_serves().await;
}

#[tokio::test]
async fn a_log_flood_keeps_256_kib_without_one_escape() {
    let sandbox = sandbox().await;
    let run = Run::new();
    let _ = sandbox.read(&run, "flood-log").await;
    let lines = run.log.lines();
    let kept: usize = lines.iter().map(|(_, line)| line.len()).sum();
    assert!((200 * 1024..260 * 1024).contains(&kept), "{kept}");
    assert!(lines.iter().all(|(_, line)| !line.contains(|c: char| c.is_control() || c == '\u{202e}')));
    let dropped: Vec<_> = lines.iter().filter(|(_, line)| line.starts_with("dropped ")).collect();
    assert_eq!(dropped.len(), 1, "{dropped:?}");
    assert_eq!(lines.last(), dropped.first().copied());
}

#[tokio::test]
async fn handles_that_are_never_dropped_end_at_the_table() {
    let sandbox = sandbox().await;
    let failure = failure(&sandbox, &Run::new(), "handles").await;
    assert!(matches!(&failure, Failure::Trap(_)), "{failure:?}");
    sandbox.assert_serves().await;
}

#[tokio::test]
async fn an_argument_above_the_bound_is_a_trap() {
    let sandbox = sandbox().await;
    let failure = failure(&sandbox, &Run::new(), "large-argument").await;
    assert!(matches!(&failure, Failure::Trap(text) if text.contains("fuel")), "{failure:?}");
}

#[tokio::test]
async fn a_guest_that_exits_has_not_answered() {
    let sandbox = sandbox().await;
    let failure = failure(&sandbox, &Run::new(), "exit").await;
    assert!(matches!(&failure, Failure::Trap(_)), "{failure:?}");
    sandbox.assert_serves().await;
}
