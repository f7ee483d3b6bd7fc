//! `store`: `commit_page` alone, on each database that is here.
//!
//! Records that are new, then the same again, then changed; the first and the last tenth apart, so that a database that
//! gets slower as it fills is seen.

use patchbay_store::{ClaimedRun, PageCommit, PageRecord, Step, Store, Usage};

use crate::{
    Amount, Result, in_task,
    measure::{Meter, Spent, number},
    native::PAGE,
    rooms::{Database, House, Rooms},
    table::{grouped, lay_out},
    told,
};

/// Parts of a measurement, so that its beginning and its end can be told apart.
const TENTHS: u64 = 10;

pub(crate) async fn run(amount: Amount) -> Result<()> {
    let house = House::build(PAGE)?;
    let pages = amount.records / PAGE;
    let mut rows = Vec::new();
    for database in Database::all() {
        let rooms = Rooms::open(&house, database).await?;
        let claimed = rooms.claim().await?;
        for (name, revision) in [("new", 1), ("the same again", 1), ("changed", 2)] {
            let spent = store(&rooms.store, &claimed, name, revision, pages).await?;
            let records = number(pages * PAGE);
            let rate = |spent: &Spent, of: f64| grouped(of / spent.wall.as_secs_f64());
            let all = spent
                .iter()
                .fold(Spent::default(), |all, one| Spent { wall: all.wall + one.wall, cpu: all.cpu + one.cpu });
            let tenth = records / number(u64::try_from(spent.len()).unwrap_or(1));
            let edge = |spent: Option<&Spent>| spent.map_or_else(String::new, |spent| rate(spent, tenth));
            let cpu = all.cpu.as_secs_f64() / records * 1_000_000.0;
            rows.push(vec![
                format!("{}: {name}", database.name()),
                rate(&all, records),
                edge(spent.first()),
                edge(spent.last()),
                format!("{cpu:.2}"),
            ]);
        }
        rooms.close().await?;
    }
    println!("\nstore: commit_page alone, {} records of 300 bytes in pages of {PAGE}\n", grouped(number(pages * PAGE)));
    print!("{}", lay_out(&["", "records/s", "first tenth", "last tenth", "CPU s a million"], &rows));
    println!("\n  CPU is this process's; PostgreSQL's own processes are not counted.");
    Ok(())
}

/// Stores all pages; what each tenth took.
async fn store(store: &Store, run: &ClaimedRun, pass: &str, revision: u32, pages: u64) -> Result<Vec<Spent>> {
    let step = (pages / TENTHS).max(1);
    let mut spent = Vec::new();
    let mut page = 0;
    while page < pages {
        // Made before, so that only the storing is measured.
        let until = (page + step).min(pages);
        let commits: Vec<PageCommit> = (page..until).map(|page| commit(run, pass, revision, page)).collect();
        spent.push(in_task(all(store.clone(), commits)).await?);
        page = until;
    }
    Ok(spent)
}

/// Stores these, one after another; what that took.
pub(crate) async fn all(store: Store, commits: Vec<PageCommit>) -> Result<Spent> {
    let meter = Meter::start();
    for commit in commits {
        store.commit_page(commit).await.map_err(told)?;
    }
    Ok(meter.stop())
}

fn commit(run: &ClaimedRun, pass: &str, revision: u32, page: u64) -> PageCommit {
    let record = |id: u64| {
        let key = format!("{id:08}");
        let begin =
            format!("{{\"id\":\"{key}\",\"changed_at\":\"2026-01-01T00:00:00.000Z\",\"n\":{revision},\"text\":\"");
        let rest = 300_usize.saturating_sub(begin.len() + 2);
        PageRecord { key, content: format!("{begin}{:.<rest$}\"}}", "line") }
    };
    PageCommit {
        run: run.run.clone(),
        epoch: run.epoch,
        records: (page * PAGE + 1..=(page + 1) * PAGE).map(record).collect(),
        deleted: Vec::new(),
        refused: Vec::new(),
        cursor: format!("{pass} {page}").into_bytes(),
        step: Step::More,
        release: None,
        usage: Usage::default(),
        shape: None,
        drifts: Vec::new(),
        log: Vec::new(),
    }
}
