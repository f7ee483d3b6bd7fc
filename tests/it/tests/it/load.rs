//! **Thousands of connections keep themselves up to date**: each of them is read at each slot of its schedule, once,
//! and begins soon after.
//!
//! Which slots there are is worked out here, from the id of each connection, and not asked of the host; when a run
//! began is what the provider noted, and not what the host says of itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use patchbay_it::{Book, Rig, RigSetup, Tenant, ledger_of};
use patchbay_model::{Clock, ConnectionId, Schedule, SystemClock, Timestamp, phase_of};
use patchbay_test_support::{Result, Trouble, together, wait_until};
use serde_json::{Value, json};

use crate::soak::Soak;

/// Who the connections belong to.
const TENANTS: usize = 10;
/// Connections are made by so many callers at once.
const CALLERS: usize = 8;
/// What the issue allows: 99 of 100 runs begin within this.
const DELAY: Duration = Duration::from_secs(5);
/// As an installation of this size would be set up; everything else as it is without a file.
const JOBS: &str = "[jobs]\nworkers = 32\n";
/// Up to so many connections are the short form.
const FEW: u64 = 1_000;
/// Longest wait for the first runs of all.
const FIRST_RUNS: Duration = Duration::from_secs(1_200);

/// How late the reads of one connection were; a slot without a read is missed, a second read of it is one too many.
#[derive(Default)]
struct Count {
    delays: Vec<Duration>,
    missed: usize,
    twice: usize,
}

impl Count {
    /// Takes the reads of a connection, oldest first, against its slots; `end` is where the last slot ends.
    fn take(&mut self, slots: &[Timestamp], end: Timestamp, reads: &[Timestamp]) {
        for (place, slot) in slots.iter().enumerate() {
            let next = slots.get(place + 1).copied().unwrap_or(end);
            let within: Vec<&Timestamp> = reads.iter().filter(|read| *slot <= **read && **read < next).collect();
            match within.first() {
                Some(first) => self.delays.push(first.since(*slot)),
                None => self.missed += 1,
            }
            self.twice += within.len().saturating_sub(1);
        }
    }

    /// So many of 1,000 are not later.
    fn of_thousand(&mut self, thousandth: usize) -> Duration {
        self.delays.sort_unstable();
        let place = (self.delays.len() * thousandth).div_ceil(1_000).saturating_sub(1);
        self.delays.get(place).copied().unwrap_or_default()
    }
}

/// Connects `load-0` and on, each for one of the tenants, and gives each its schedule; the ids, by number.
fn connect(rig: &Rig, tenants: &[Tenant], connections: usize, every: &str) -> Result<Vec<String>> {
    let next = AtomicUsize::new(0);
    let made = together(CALLERS, |_| {
        let mut made = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(tenant) = tenants.get(number % tenants.len()).filter(|_| number < connections) else {
                return Ok::<_, Trouble>(made);
            };
            let key = rig.fakes.ledger.provider.key(&format!("load-{number}"));
            let book = Book::connect(tenant, &key)?;
            let sync = format!("/v1/syncs/{}", book.sync("tick", None)?["id"].as_str().unwrap_or_default());
            tenant.api.patch(&sync, &json!({ "schedule": { "every": every } }))?.expect(200)?;
            made.push((number, book.id));
        }
    });
    let mut all = BTreeMap::new();
    for made in made {
        all.extend(made?);
    }
    Ok(all.into_values().collect())
}

/// `rounds` connections.
pub(crate) fn rounds(soak: Soak) -> Result<()> {
    let short = soak.rounds <= FEW;
    let (every, window) = if short { ("30s", Duration::from_secs(60)) } else { ("5m", Duration::from_secs(600)) };
    let schedule = Schedule::parse(every).map_err(Trouble::new)?;
    let rig = RigSetup { jobs: Some(JOBS.to_owned()), ..RigSetup::default() }.start()?;
    rig.install(ledger_of(&["tick"])?)?;
    let tenants = (0..TENANTS).map(|number| rig.tenant(&format!("T{number}"))).collect::<Result<Vec<_>>>()?;
    let count = usize::try_from(soak.rounds)?;
    let begun = Instant::now();
    let connections = connect(&rig, &tenants, count, every)?;
    let (connected, ledger) = (begun.elapsed(), &rig.fakes.ledger);
    // Those that were made first have been read again by now: that there are as many reads as connections says nothing of the last.
    wait_until("the first runs", FIRST_RUNS, || {
        let enough = ledger.journal.count("/tick") >= count;
        let read = || ledger.journal.since(0).into_iter().filter(|visit| visit.target.starts_with("/tick"));
        let each = enough && read().filter_map(|visit| visit.key).collect::<BTreeSet<_>>().len() >= count;
        Ok(each.then_some(()))
    })?;

    let (start, before) = (SystemClock.now(), ledger.journal.last());
    println!(
        "{count} connections in {:.1} s, all read after {:.1} s",
        connected.as_secs_f64(),
        begun.elapsed().as_secs_f64()
    );
    let (end, patience) = (start.plus(window), window + DELAY * 4);
    // All slots of the window have passed, and the delay of the last of them.
    wait_until("the end of the window", patience, || Ok((SystemClock.now() > end.plus(DELAY * 2)).then_some(())))?;

    let mut reads: BTreeMap<String, Vec<Timestamp>> = BTreeMap::new();
    for visit in ledger.journal.since(before).into_iter().filter(|visit| visit.target.starts_with("/tick")) {
        reads.entry(visit.key.unwrap_or_default()).or_default().push(visit.at);
    }
    let mut counted = Count::default();
    for (number, connection) in connections.iter().enumerate() {
        let phase = phase_of(&connection.parse::<ConnectionId>()?, "", "tick");
        let mut slots = schedule.upcoming(start, phase, 64);
        slots.retain(|slot| *slot < end);
        let last = slots.last().map_or(end, |slot| schedule.next(*slot, phase));
        counted.take(&slots, last, reads.get(&format!("load-{number}")).map_or(&[], Vec::as_slice));
    }
    let node = rig.operator.get("/v1/node")?.expect(200)?.json;
    let (runs, half, most) = (counted.delays.len(), counted.of_thousand(500), counted.of_thousand(1_000));
    let p99 = counted.of_thousand(990);
    let said = format!(
        "seed {}: {count} connections every {every} for {} s: {runs} runs, {} missed, {} twice; begun after {half:?} \
         (half), {p99:?} (99 %), {most:?} (all); the host says {} ms",
        soak.seed,
        window.as_secs(),
        counted.missed,
        counted.twice,
        node.get("start_delay_p99_ms").unwrap_or(&Value::Null),
    );
    println!("{said}");
    assert_eq!((counted.missed, counted.twice), (0, 0), "{said}");
    assert!(runs >= count * 2, "{said}");
    assert!(p99 <= DELAY, "{said}");
    failed(&tenants).map_err(|error| Trouble::new(format!("{said}: {error}")))
}

/// No run ended badly.
fn failed(tenants: &[Tenant]) -> Result<()> {
    for tenant in tenants {
        for state in ["failed", "stalled", "lost"] {
            if let Some(run) = tenant.get(&format!("/v1/runs?state={state}&limit=1"))?.array_at("/items")?.first() {
                return Err(Trouble::new(format!("{run}")));
            }
        }
    }
    Ok(())
}

#[test]
fn what_is_missed_and_what_is_read_twice_is_counted() {
    let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
    let mut count = Count::default();
    count.take(&[at(30), at(60), at(90)], at(120), &[at(31), at(32), at(95)]);
    assert_eq!((count.delays.len(), count.missed, count.twice), (2, 1, 1));
    assert_eq!(count.of_thousand(990), Duration::from_secs(5));
}
