//! Two releases take each other's place again and again while calls run: no call sees both, and none fails.
//!
//! The two are of different code, and their manifests say different words. Each record and each object tells both, so a call
//! that ran the code of one with the manifest of the other would say so; and all records of a run are of one release,
//! because a run ends on the one that it began with.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use patchbay_it::{Rig, Tenant, Variant, process};
use patchbay_test_support::{Result, Trouble};
use serde_json::json;

use crate::{
    rollback::{CONNECTOR, TELLS, runs_once, telling, told},
    soak::Soak,
};

/// Connections whose runs are in flight while releases change.
const READERS: usize = 3;
/// Pages of 200 ms each, so that most changes find runs in flight.
const SLOW: &str = "versioned:3:https://echo.example/slow";
/// From so many rounds on it is the long form, which measures.
const LONG: u64 = 5_000;
/// What memory may grow by with each change.
const SLOPE: f64 = 10.0 * 1024.0;
/// Uploads and ways back that are timed.
const TIMED: usize = 8;
const TIMED_LONG: usize = 60;

/// The releases, as their records tell them.
const TOLD: [&str; 2] = ["0000001/0.1.0", "0000002/0.2.0"];

/// What the threads share.
#[derive(Default)]
struct Work {
    over: AtomicBool,
    runs: AtomicU64,
    pushes: AtomicU64,
}

impl Work {
    fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }
}

pub(crate) fn rounds(soak: Soak) -> Result<()> {
    let rig = Rig::start()?;
    for (version, code) in [("0.1.0", 1), ("0.2.0", 2)] {
        rig.install(telling(version, code)?.pack()?)?;
    }
    let readers: Vec<(Tenant, String)> = (0..READERS)
        .map(|number| {
            let tenant = rig.tenant(&format!("Reader {number}"))?;
            let connection = tenant.connect_guests("0123456789", SLOW)?;
            tenant.first_run(&connection)?;
            Ok((tenant, connection))
        })
        .collect::<Result<_>>()?;
    let writer = rig.tenant("Writer")?;
    let writes = writer.connect_guests("0123456789", TELLS)?;
    let (work, mut memory) = (Work::default(), Vec::new());
    thread::scope(|scope| {
        let reading = readers.iter().map(|(tenant, connection)| scope.spawn(|| read(tenant, connection, &work)));
        let mut threads: Vec<_> = reading.collect();
        threads.push(scope.spawn(|| write(&writer, &writes, &work)));
        let changed = change(&rig, soak.rounds, &mut memory);
        work.over.store(true, Ordering::Relaxed);
        for thread in threads {
            thread.join().map_err(|_| Trouble::new("a worker of the test broke down"))??;
        }
        changed
    })?;
    let (runs, pushes) = (work.runs.load(Ordering::Relaxed), work.pushes.load(Ordering::Relaxed));
    println!("{} changes, {runs} runs and {pushes} items meanwhile, each of one release and none failed", soak.rounds);
    assert!(runs > 0 && pushes > 0, "nothing was at work");
    let slope = slope(&memory);
    println!("memory: {:.1} KiB a change, over the second half", slope / 1024.0);
    if soak.rounds >= LONG {
        assert!(slope < SLOPE, "memory grows by {slope:.0} bytes a change");
    }
    timed(&rig, &writer, &writes, if soak.rounds >= LONG { TIMED_LONG } else { TIMED }, soak.rounds >= LONG)
}

/// One release after the other, as fast as the host answers; and how much memory it has, now and then.
fn change(rig: &Rig, rounds: u64, memory: &mut Vec<(f64, f64)>) -> Result<()> {
    let every = (rounds / 200).max(1);
    for round in 0..rounds {
        let version = if round % 2 == 0 { "0.1.0" } else { "0.2.0" };
        rig.operator.post(&format!("{CONNECTOR}/rollback"), &json!({ "version": version }))?.expect(200)?;
        // What is kept of the beginning is no growth.
        if round >= rounds / 2 && round % every == 0 {
            let (resident, _) = process::memory(&rig.host)?;
            #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
            memory.push((round as f64, resident as f64));
        }
    }
    Ok(())
}

fn read(tenant: &Tenant, connection: &str, work: &Work) -> Result<()> {
    while work.goes_on() {
        let run = runs_once(tenant, connection)?;
        let said = told(tenant, connection)?;
        if run["state"] != json!("done") || run["attempts"] != json!(1) || !TOLD.contains(&said.as_str()) {
            return Err(Trouble::new(format!("a run that told {said}: {run}")));
        }
        work.runs.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

fn write(tenant: &Tenant, connection: &str, work: &Work) -> Result<()> {
    let mut number = 0_u64;
    while work.goes_on() {
        number += 1;
        let said = push(tenant, connection, &format!("k{number}"))?;
        if !TOLD.contains(&said.as_str()) {
            return Err(Trouble::new(format!("item {number} told {said}")));
        }
        work.pushes.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// Sends an item; what its object tells of the release that wrote it.
fn push(tenant: &Tenant, connection: &str, key: &str) -> Result<String> {
    let item = json!({ "connection": connection, "action": "exists", "key": key, "payload": {} });
    let push = tenant.api.post("/v1/pushes", &item)?.expect(201)?.text_at("/id")?;
    let ended = tenant.push_is(&push, &["done", "failed", "rejected", "unknown"])?;
    if ended["state"] != json!("done") || ended["attempts"] != json!(1) {
        return Err(Trouble::new(format!("an item failed: {ended}")));
    }
    Ok(ended["object"]["id"].as_str().unwrap_or_default().to_owned())
}

/// Bytes by which memory grows with each change: the slope of the line through all points.
fn slope(points: &[(f64, f64)]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "hundreds of points")]
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let over: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let under: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    if under > 0.0 { over / under } else { 0.0 }
}

/// How long it takes from the upload of a component that was never compiled here to the end of the first call of it, and from
/// the word to go back to the end of the first call of the one before.
fn timed(rig: &Rig, tenant: &Tenant, connection: &str, times: usize, long: bool) -> Result<()> {
    let (mut uploads, mut backs, mut size) = (Vec::new(), Vec::new(), 0);
    for number in 0..times {
        let code = u32::try_from(number).unwrap_or_default() + 100;
        let version = format!("1.0.{number}");
        let packaged = Variant::of_release(&version, code, json!({ "said": version }))?.pack()?;
        size = packaged.len();
        let begun = Instant::now();
        rig.install(packaged)?;
        let said = push(tenant, connection, &format!("up{number}"))?;
        uploads.push(begun.elapsed());
        assert_eq!(said, format!("{code:07}/{version}"), "the new one was used");
        let begun = Instant::now();
        let active = rig.operator.post(&format!("{CONNECTOR}/rollback"), &json!({}))?.expect(200)?;
        let said = push(tenant, connection, &format!("back{number}"))?;
        backs.push(begun.elapsed());
        assert!(said.ends_with(&active.text_at("/version")?), "the old one was used: {said}");
    }
    let (up, back) = (shares(&mut uploads), shares(&mut backs));
    println!(
        "upload of {} KiB to the end of its first call: p50 {} ms, p99 {} ms",
        size / 1024,
        up.0.as_millis(),
        up.1.as_millis()
    );
    println!("going back to the end of the first call: p50 {} ms, p99 {} ms", back.0.as_millis(), back.1.as_millis());
    if long {
        assert!(up.0 < Duration::from_secs(2), "an upload takes {:?}", up.0);
        assert!(back.1 < Duration::from_secs(1), "going back takes {:?}", back.1);
    }
    Ok(())
}

/// The median and the 99th of a hundred.
fn shares(times: &mut [Duration]) -> (Duration, Duration) {
    times.sort();
    let at = |share: usize| times.get((times.len().saturating_sub(1)) * share / 100).copied().unwrap_or_default();
    (at(50), at(99))
}
