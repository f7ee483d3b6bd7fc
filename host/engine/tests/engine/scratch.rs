use crate::setup::{Run, request, sandbox, settings};
use patchbay_model::contract::Context;
use std::time::Instant;
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scratch() {
    let sandbox = sandbox().await;
    let run = Run::new();
    let mut times = Vec::new();
    for _ in 0..2000 {
        let scope = run.scope();
        let began = Instant::now();
        let mut i = sandbox.engine.open(&sandbox.component, scope).await.expect("x");
        i.identify(&settings("")).await.expect("y");
        drop(i);
        times.push(began.elapsed());
    }
    times.sort();
    println!("fresh+identify+drop median {:?} p99 {:?}", times[1000], times[1980]);
    let mut i = sandbox.open(&run).await;
    let ctx = Context::default();
    let mut times = Vec::new();
    for _ in 0..200 {
        let began = Instant::now();
        i.read(&ctx, &request("page:1000:277")).await.expect("p");
        times.push(began.elapsed());
    }
    times.sort();
    println!("page 1000x277 median {:?}", times[100]);
    panic!("show");
}
