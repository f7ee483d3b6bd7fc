//! `api`: how soon the API lists a tenant's 10,000 connections while 20 syncs run, and what the host holds while all of them
//! are idle, with 20 connectors.
//!
//! The host is the released program as a process of its own, set up through its API as its users would; everything that is
//! in its database came there that way. The providers run in this process, so on these very processors.

mod stand;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Instant,
};

use patchbay_test_support::{Api, Trouble};

use crate::{Amount, Result, measure::Figures, table::lay_out};
use stand::{BUSY, CONNECTIONS, CONNECTORS, Stand};

/// Connections of a page.
const PAGE: usize = 50;
/// Pages that nobody counts, so that no side pays for having been the first.
const WARM: usize = 40;
/// What a hundredth may take, milliseconds.
const AT_MOST: f64 = 20.0;
/// What an idle host may hold, MB.
const HOLDS: f64 = 150.0;

pub(crate) fn run(amount: Amount) -> Result<()> {
    measured(amount).map_err(|trouble| trouble.to_string())
}

fn measured(amount: Amount) -> std::result::Result<(), Trouble> {
    let mut stand = Stand::start()?;
    let empty = stand.resident()?;
    let began = Instant::now();
    stand.fill()?;
    eprintln!("  {CONNECTIONS} connections of {CONNECTORS} connectors after {} s", began.elapsed().as_secs());
    let filled = stand.resident_at_rest()?;
    stand.restart()?;
    let started = stand.resident_at_rest()?;

    let api = stand.api();
    let (mut quiet, mut busy) = (Figures::default(), Figures::default());
    walk(&api, WARM, &mut Figures::default())?;
    let mut runs = 0;
    for round in 0..amount.rounds {
        let (mut alone, mut beside) = (Figures::default(), Figures::default());
        walk(&api, CONNECTIONS / PAGE, &mut alone)?;
        let ended = AtomicBool::new(false);
        runs += thread::scope(|scope| {
            let syncs = stand.keep_busy(scope, &ended);
            let walked = stand.wait_until_busy().and_then(|()| walk(&api, CONNECTIONS / PAGE, &mut beside));
            ended.store(true, Ordering::Relaxed);
            let runs = syncs.join().map_err(|_| Trouble::new("what keeps the host busy broke down"))??;
            walked.map(|()| runs)
        })?;
        let [alone_at, beside_at] = [&alone, &beside].map(|figures| figures.percentile(99));
        eprintln!("  round {}: p99 {alone_at:.1} ms alone, {beside_at:.1} ms beside {BUSY} syncs", round + 1);
        quiet.join(&alone);
        busy.join(&beside);
    }
    let after = stand.resident_at_rest()?;

    println!("\napi: GET /v1/connections?limit={PAGE} of {CONNECTIONS}, all pages, one after another; milliseconds\n");
    let row = |name: &str, figures: &Figures| {
        let shown = [50, 90, 99].map(|of| format!("{:.2}", figures.percentile(of)));
        [vec![name.to_owned()], shown.to_vec(), vec![format!("{:.2}", figures.max())]].concat()
    };
    let beside = format!("while {BUSY} syncs run ({runs} runs ended meanwhile)");
    print!(
        "{}",
        lay_out(&["the host", "median", "p90", "p99", "longest"], &[row("idle", &quiet), row(&beside, &busy)])
    );
    let p99 = busy.percentile(99);
    println!("\n  p99 while {BUSY} syncs run: {p99:.1} ms, below {AT_MOST:.0}: {}", said(p99 < AT_MOST));
    println!("\nresident memory of the host, MB\n");
    let row = |name: &str, figure: f64| vec![name.to_owned(), format!("{figure:.0}")];
    print!(
        "{}",
        lay_out(
            &["when", "MB"],
            &[
                row("just begun, nothing installed", empty),
                row(&format!("{CONNECTORS} connectors installed, {CONNECTIONS} connected and read, idle"), filled),
                row("the same, started again, idle", started),
                row("after the syncs above, idle", after),
            ]
        )
    );
    let most = filled.max(started).max(after);
    println!("\n  idle at its worst: {most:.0} MB, below {HOLDS:.0}: {}\n", said(most < HOLDS));
    Ok(())
}

fn said(holds: bool) -> &'static str {
    if holds { "holds" } else { "does NOT hold" }
}

/// Reads so many pages, each where the one before ended, from the first again after the last.
fn walk(api: &Api, pages: usize, figures: &mut Figures) -> std::result::Result<(), Trouble> {
    let first = format!("/v1/connections?limit={PAGE}");
    let mut path = first.clone();
    for _ in 0..pages {
        let asked = Instant::now();
        let answer = api.get(&path)?;
        figures.add(asked.elapsed().as_secs_f64() * 1_000.0);
        let answer = answer.expect(200)?;
        let found = answer.array_at("/items")?.len();
        if found != PAGE {
            return Err(Trouble::new(format!("a page has {found} connections, not {PAGE}")));
        }
        path = match answer.text_at("/next") {
            Ok(after) => format!("{first}&after={after}"),
            Err(_) => first.clone(),
        };
    }
    Ok(())
}
