//! The long form: the whole set, round after round beside an office that works, on one host.
//!
//! **What is measured.** The office works alone, beside a hostile connector, and beside one that is asked as often and does
//! nothing wrong ([`super::neighbour`]), in turns, so that what the machine does meanwhile falls on each; from each the 99th
//! percentile of its runs and pushes. For each line of the table the time from asking for the deed to its end, and at the end
//! of each round the memory of the host. A guest is installed and connected before it is measured: that is an operator's
//! doing.
//!
//! **What the memory does not show.** SQLite remembers pages as long as it has room, so it gets little
//! (`database.cache_mib`): with the usual 64 MiB the host grows with its database until that is full. What does grow a little in each
//! round is what the connectors that are installed in it keep: manifest and linked code, 20 KiB of each.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use patchbay_test_support::{Result, Trouble, wait_until};

use super::{
    Ending, Guest, LIMIT, Prepared, Stand, h1, h2, h3, h4, h5, h6, h7, h8, h9, h10, h11, h12, h13, h14, h16, h17,
    neighbour::Pace,
    traffic::{Served, percentile},
};
use crate::soak::Soak;

/// How long the office works alone in each round.
const ALONE: Duration = Duration::from_secs(16);
/// How long at most it works beside the quiet neighbour, for each line.
const QUIETLY: Duration = Duration::from_secs(6);
/// How much longer its runs may take beside a hostile connector than beside the quiet one: a fifth.
const RATIO: f64 = 1.2;
/// Than alone: a fifth, and what being beside anybody costs on a machine of two processors.
const NOISE: Duration = Duration::from_millis(10);
/// Bytes by which the host may grow from one round to the next, in the later half of them.
const SLOPE: f64 = 1024.0 * 1024.0;
/// How long the office works alone before the memory is read.
const GIVEN_BACK: Duration = Duration::from_secs(3);
/// Rounds below which nothing is said about growing.
const ENOUGH: u64 = 6;
/// Limits as they are for everybody, but for the long ones.
const LIMITS: &str =
    "[database]\nreaders = 2\ncache_mib = 2\n[limits]\ncall_seconds = 5\ncompute_seconds = 1\ninstances = 8\n";

/// What one line of the table does.
struct Line {
    name: &'static str,
    limit: &'static str,
    deeds: Deeds,
}

enum Deeds {
    /// Of one guest, which is there.
    Of(fn(&Guest<'_>) -> Result<()>),
    /// Of several, which it connects itself, with this name; what they do then.
    Among(for<'a> fn(&'a Stand, &str) -> Result<Prepared<'a>>),
    /// Of one guest, and what the test has to search then, while nobody is measured.
    Searched(fn(&Guest<'_>) -> Result<h11::Told>, fn(&Guest<'_>, h11::Told) -> Result<()>),
}

const LINES: [Line; 16] = [
    Line { name: "h1", limit: "computing of a call", deeds: Deeds::Of(h1::in_exports) },
    Line { name: "h2", limit: "time of a call", deeds: Deeds::Of(h2::deeds) },
    Line { name: "h3", limit: "memory", deeds: Deeds::Of(h3::deeds) },
    Line { name: "h4", limit: "stack, bytes of a call", deeds: Deeds::Of(h4::deeds) },
    Line { name: "h5", limit: "calls of the host", deeds: Deeds::Of(h5::deeds) },
    Line { name: "h6", limit: "log of a run", deeds: Deeds::Of(h6::deeds) },
    Line { name: "h7", limit: "handles", deeds: Deeds::Of(h7::deeds) },
    Line { name: "h8", limit: "the grant", deeds: Deeds::Of(|guest| h8::deeds(guest, 4)) },
    Line { name: "h9", limit: "the judged address", deeds: Deeds::Among(h9::prepared) },
    Line { name: "h10", limit: "its own run", deeds: Deeds::Among(h10::prepared) },
    Line { name: "h11", limit: "the gate", deeds: Deeds::Searched(h11::deeds, h11::judged) },
    Line { name: "h12", limit: "the contract", deeds: Deeds::Of(h12::deeds) },
    Line { name: "h13", limit: "the gate", deeds: Deeds::Of(h13::deeds) },
    Line { name: "h14", limit: "instance", deeds: Deeds::Of(h14::deeds) },
    Line { name: "h16", limit: "checks of the host", deeds: Deeds::Among(h16::prepared) },
    Line { name: "h17", limit: "clocks", deeds: Deeds::Of(h17::deeds) },
];

impl Line {
    /// Its deeds beside the office: how long they took, and what the office was served meanwhile.
    fn beside(&self, stand: &Stand, name: &str) -> Result<(Duration, Served)> {
        match self.deeds {
            Deeds::Of(deeds) => {
                let guest = stand.guest(name)?;
                stand.measured(|| deeds(&guest))
            }
            Deeds::Among(prepared) => stand.measured(prepared(stand, name)?),
            Deeds::Searched(deeds, judged) => {
                let (guest, mut told) = (stand.guest(name)?, None);
                let measured = stand.measured(|| deeds(&guest).map(|found| told = Some(found)))?;
                told.map_or(Ok(()), |told| judged(&guest, told))?;
                Ok(measured)
            }
        }
    }
}

/// What the rounds came to.
#[derive(Default)]
struct Sums {
    alone: Served,
    beside: BTreeMap<&'static str, Served>,
    quiet: BTreeMap<&'static str, Served>,
    took: BTreeMap<&'static str, Vec<Duration>>,
    memory: Vec<u64>,
}

/// So many rounds.
pub(crate) fn rounds(soak: Soak) -> Result<()> {
    if soak.rounds == 0 {
        return Ok(());
    }
    let stand = Stand::with(LIMITS)?;
    // Compiled once, and not while something is measured.
    let neighbour = stand.guest("neighbour")?;
    let mut sums = Sums::default();
    for round in 0..soak.rounds {
        for line in &LINES {
            sums.alone.add(stand.alone(ALONE / u32::try_from(LINES.len())?)?);
            let counted = || (stand.asked.load(Ordering::SeqCst), stand.looked.load(Ordering::SeqCst));
            let before = counted();
            let (took, served) = line.beside(&stand, &format!("{}-{}-{round}", line.name, soak.seed))?;
            sums.took.entry(line.name).or_default().push(took);
            sums.beside.entry(line.name).or_default().add(served);
            let after = counted();
            let pace = Pace { asks: after.0 - before.0, looks: after.1 - before.1, within: took };
            let served = stand.beside_quiet(&neighbour, pace, QUIETLY)?;
            sums.quiet.entry(line.name).or_default().add(served);
        }
        // What was freed goes back to the system within a second.
        stand.alone(GIVEN_BACK)?;
        sums.memory.push(stand.memory()?);
        let (all, own) = (stand.memory()? >> 20, stand.resident("RssAnon:")? >> 20);
        println!("round {round}: {all} MiB, {own} of them not of files");
    }
    sums.told();
    sums.hold()
}

impl Stand {
    /// These deeds beside the office: how long they took, and what the office was served meanwhile.
    fn measured(&self, deeds: impl FnOnce() -> Result<()>) -> Result<(Duration, Served)> {
        let begun = Instant::now();
        let mut took = Duration::ZERO;
        let served = self.beside(|_| {
            let done = deeds();
            took = begun.elapsed();
            done
        })?;
        Ok((took, served))
    }

    /// The office works and nobody else does.
    fn alone(&self, for_long: Duration) -> Result<Served> {
        let mut office = self.take_office()?;
        let (over, begun) = (AtomicBool::new(false), Instant::now());
        let (working, ended) = (&mut office, &over);
        let served = std::thread::scope(|scope| {
            let works = scope.spawn(move || working.work(self, ended));
            let ending = Ending(ended);
            let waited = wait_until("the end of a turn", LIMIT, || Ok((begun.elapsed() > for_long).then_some(())));
            drop(ending);
            waited.and_then(|()| works.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        self.back(office);
        served
    }
}

impl Sums {
    fn told(&self) {
        let told = |served: &Served| {
            let of = |times: &[Duration]| {
                format!(
                    "{:>5} ms half, {:>5} ms p99",
                    percentile(times, 50).as_millis(),
                    percentile(times, 99).as_millis()
                )
            };
            format!("{:>5} runs {}, pushes {}", served.runs.len(), of(&served.runs), of(&served.pushes))
        };
        println!("alone: {}", told(&self.alone));
        for line in &LINES {
            let (served, quiet) = (self.beside.get(line.name), self.quiet.get(line.name));
            let (Some(served), Some(quiet), Some(took)) = (served, quiet, self.took.get(line.name)) else { continue };
            let half = percentile(took, 50).as_secs_f64();
            println!("{:>5} ({:>22}) {half:>6.1} s a round, beside it {}", line.name, line.limit, told(served));
            println!("{:>55} {}", "beside the quiet one", told(quiet));
        }
        // Whether a p99 is of the whole tail, or of a few runs that something else met.
        let (quiet, hostile) = self.pairs();
        for hundredth in [50, 75, 90, 95, 98, 99] {
            let of = |served: &Served| percentile(&served.runs, hundredth).as_secs_f64() * 1_000.0;
            let (before, after) = (of(&quiet), of(&hostile));
            println!("runs, p{hundredth}: {before:.1} ms beside the quiet one, {after:.1} beside the hostile ones");
        }
        println!("memory of the host after each round, MiB: {:?}", self.mebibytes());
    }

    /// Beside whatever was done.
    fn all(&self) -> Served {
        let mut all = Served::default();
        self.beside.values().for_each(|served| all.add(served.clone()));
        all
    }

    /// Beside the quiet neighbour and beside the hostile ones, the same share of each line on both sides.
    fn pairs(&self) -> (Served, Served) {
        let (mut before, mut after) = (Served::default(), Served::default());
        for (line, quiet) in &self.quiet {
            let (quiet, hostile) = self.beside.get(line).map(|hostile| quiet.paired(hostile)).unwrap_or_default();
            before.add(quiet);
            after.add(hostile);
        }
        (before, after)
    }

    fn mebibytes(&self) -> Vec<u64> {
        self.memory.iter().map(|bytes| bytes >> 20).collect()
    }

    fn hold(&self) -> Result<()> {
        let (all, (quiet, hostile)) = (self.all(), self.pairs());
        for (what, than, noise, before, after) in [
            ("runs", "alone", NOISE, &self.alone.runs, &all.runs),
            ("pushes", "alone", NOISE, &self.alone.pushes, &all.pushes),
            ("runs", "beside a quiet one", Duration::ZERO, &quiet.runs, &hostile.runs),
            ("pushes", "beside a quiet one", Duration::ZERO, &quiet.pushes, &hostile.pushes),
        ] {
            let count = before.len();
            let (before, after) = (percentile(before, 99), percentile(after, 99));
            let ratio = after.as_secs_f64() / before.as_secs_f64().max(0.001);
            println!("p99 of {what}: {before:?} {than} ({count}), {after:?} beside hostile ones: {ratio:.2}");
            if self.memory.len() as u64 >= ENOUGH && after > before.mul_f64(RATIO) + noise {
                return Err(Trouble::new(format!("p99 of {what} is {ratio:.2} times what it is {than}")));
            }
        }
        let later = &self.memory[self.memory.len() / 2..];
        let slope = match (later.first(), later.last()) {
            (Some(first), Some(last)) if later.len() > 1 => (*last as f64 - *first as f64) / (later.len() - 1) as f64,
            _ => 0.0,
        };
        println!("the host grows by {:.0} KiB a round", slope / 1024.0);
        if self.memory.len() as u64 >= ENOUGH && slope > SLOPE {
            return Err(Trouble::new(format!("the host grows by {slope:.0} bytes a round")));
        }
        Ok(())
    }
}
