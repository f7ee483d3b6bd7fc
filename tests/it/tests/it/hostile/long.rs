//! The long form: the whole set, round after round beside an office that works, on one host.
//!
//! **What is measured.** The office works alone, and works beside a hostile connector, in turns, so that what the machine does
//! meanwhile falls on both; from both the 99th percentile of its runs and pushes. For each line of the table the time from
//! asking for the deed to its end, and at the end of each round the memory of the host. A guest is installed and connected
//! before it is measured: that is an operator's doing. Where a line needs several that are set up between deeds, it counts.

use std::{
    collections::BTreeMap,
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

use patchbay_test_support::{Result, Trouble, wait_until};

use super::{
    Ending, Guest, LIMIT, Stand, h1, h2, h3, h4, h5, h6, h7, h8, h9, h10, h11, h12, h13, h14, h16, h17,
    traffic::{Served, percentile},
};
use crate::soak::Soak;

/// How long the office works alone in each round.
const ALONE: Duration = Duration::from_secs(20);
/// How much longer its runs may take beside a hostile connector: a fifth. Of what is too short to be told from the noise of a
/// machine that is used otherwise, a few milliseconds.
const RATIO: f64 = 1.2;
const NOISE: Duration = Duration::from_millis(10);
/// Bytes by which the host may grow from one round to the next, in the later half of them.
const SLOPE: f64 = 1024.0 * 1024.0;
/// How long the office works alone before the memory is read.
const GIVEN_BACK: Duration = Duration::from_secs(3);
/// Rounds below which nothing is said about growing.
const ENOUGH: u64 = 6;
/// Limits as they are for everybody, but for the long ones.
const LIMITS: &str = "[limits]\ncall_seconds = 5\ncompute_seconds = 2\ninstances = 8\n";

/// What one line of the table does.
struct Line {
    name: &'static str,
    limit: &'static str,
    deeds: Deeds,
}

enum Deeds {
    /// Of one guest, which is there.
    Of(fn(&Guest<'_>) -> Result<()>),
    /// Of those that it sets up itself, with this name.
    Among(fn(&Stand, &str) -> Result<()>),
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
    Line { name: "h9", limit: "the judged address", deeds: Deeds::Among(h9::deeds) },
    Line { name: "h10", limit: "its own run", deeds: Deeds::Among(|stand, name| h10::deeds(stand, h10::OTHERS, name)) },
    Line { name: "h11", limit: "the gate", deeds: Deeds::Of(h11::deeds) },
    Line { name: "h12", limit: "the contract", deeds: Deeds::Of(h12::deeds) },
    Line { name: "h13", limit: "the gate", deeds: Deeds::Of(h13::deeds) },
    Line { name: "h14", limit: "instance", deeds: Deeds::Of(h14::deeds) },
    Line { name: "h16", limit: "checks of the host", deeds: Deeds::Among(h16::deeds) },
    Line { name: "h17", limit: "clocks", deeds: Deeds::Of(h17::deeds) },
];

impl Line {
    /// Its deeds beside the office: how long they took, and what the office was served meanwhile.
    fn beside(&self, stand: &Stand, name: &str) -> Result<(Duration, Served)> {
        match &self.deeds {
            Deeds::Of(deeds) => {
                let guest = stand.guest(name)?;
                let begun = Instant::now();
                stand.beside(|_| deeds(&guest)).map(|served| (begun.elapsed(), served))
            }
            Deeds::Among(deeds) => {
                let begun = Instant::now();
                stand.beside(|stand| deeds(stand, name)).map(|served| (begun.elapsed(), served))
            }
        }
    }
}

/// What the rounds came to.
#[derive(Default)]
struct Sums {
    alone: Served,
    beside: BTreeMap<&'static str, Served>,
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
    stand.guest("compiled")?;
    let mut sums = Sums::default();
    for round in 0..soak.rounds {
        for line in &LINES {
            sums.alone.add(stand.alone(ALONE / u32::try_from(LINES.len())?)?);
            let name = format!("{}-{}-{round}", line.name, soak.seed);
            let (took, served) = line.beside(&stand, &name)?;
            sums.took.entry(line.name).or_default().push(took);
            sums.beside.entry(line.name).or_default().add(served);
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
            let (Some(served), Some(took)) = (self.beside.get(line.name), self.took.get(line.name)) else { continue };
            let half = percentile(took, 50).as_secs_f64();
            println!("{:>5} ({:>22}) {half:>6.1} s a round, beside it {}", line.name, line.limit, told(served));
        }
        println!("all: {}; memory of the host after each round, MiB: {:?}", told(&self.all()), self.mebibytes());
    }

    fn all(&self) -> Served {
        let mut all = Served::default();
        self.beside.values().for_each(|served| all.add(served.clone()));
        all
    }

    fn mebibytes(&self) -> Vec<u64> {
        self.memory.iter().map(|bytes| bytes >> 20).collect()
    }

    fn hold(&self) -> Result<()> {
        let all = self.all();
        for (what, alone, beside) in
            [("runs", &self.alone.runs, &all.runs), ("pushes", &self.alone.pushes, &all.pushes)]
        {
            let (alone, beside) = (percentile(alone, 99), percentile(beside, 99));
            let ratio = beside.as_secs_f64() / alone.as_secs_f64().max(0.001);
            println!("p99 of {what}: {alone:?} alone, {beside:?} beside: {ratio:.2}");
            if self.memory.len() as u64 >= ENOUGH && beside > alone.mul_f64(RATIO) + NOISE {
                return Err(Trouble::new(format!("p99 of {what} is {ratio:.2} times what it is alone")));
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
