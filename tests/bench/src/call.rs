//! `call`: a fresh guest, one call, its end. What a host pays for giving each run an instance of its own.

use std::{sync::Arc, time::Duration};

use patchbay_engine::{Component, Instance, NoBlobs, NoLog, NoSteps, RunScope};
use patchbay_model::{
    Failure,
    contract::{Context, ReadRequest},
};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use crate::{
    Amount, Result,
    measure::{Figures, Meter, number},
    native::Way,
    rooms::{AUTH, House, guest},
    table::lay_out,
    told,
};

/// A guest that answers `identify` without asking anybody.
const GUEST: &str = "patchbay_guests.wasm";
const CALLS: u64 = 2_000;
/// What is promised, microseconds.
const MOST: f64 = 100.0;

/// What a guest is asked; neither sends anything.
#[derive(Debug, Clone, Copy)]
enum Question {
    /// Whose it is.
    Identify,
    /// For a stream that it does not have: its answer is that it does not.
    NoStream,
}

impl Question {
    async fn ask(self, instance: &mut Instance, context: &Context) -> Result<()> {
        match self {
            Self::Identify => instance.identify(context).await.map(drop).map_err(told),
            Self::NoStream => {
                let stream = "nothing".to_owned();
                let request = ReadRequest { stream, cursor: None, page_hint: 1, since_ms: None };
                match instance.read(context, &request).await {
                    Err(Failure::Connector(_)) => Ok(()),
                    other => Err(told(other)),
                }
            }
        }
    }
}

#[derive(Default)]
struct Taken {
    open: Figures,
    call: Figures,
    end: Figures,
    all: Figures,
    /// Microseconds of each, on average.
    cpu: f64,
}

pub(crate) async fn run(amount: Amount) -> Result<()> {
    let house = House::build(amount.records.min(1_000))?;
    let bytes = guest(GUEST)?;
    let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let plain = house.engine.load(&digest, &bytes).await.map_err(told)?;
    let ledger = house.component().await?;
    measure(&house, &plain, Question::Identify, 100).await?;
    let identified = measure(&house, &plain, Question::Identify, CALLS).await?;
    let answered = measure(&house, &ledger, Question::NoStream, CALLS).await?;
    println!("\ncall: {CALLS} fresh guests one after another, microseconds\n");
    let row = |name: &str, figures: &Figures| {
        let text = |figure: f64| format!("{figure:.1}");
        vec![name.to_owned(), text(figures.median()), text(figures.min()), text(figures.percentile(99))]
    };
    let rows = [
        row("guest of the tests: open", &identified.open),
        row("  identify", &identified.call),
        row("  end", &identified.end),
        row("  all three", &identified.all),
        row("connector of the ledger: open", &answered.open),
        row("  read of a stream that it has not", &answered.call),
        row("  end", &answered.end),
        row("  all three", &answered.all),
    ];
    print!("{}", lay_out(&["", "median", "min", "p99"], &rows));
    println!();
    for (name, taken) in [("guest of the tests", identified), ("connector of the ledger", answered)] {
        let median = taken.all.median();
        let held = if median < MOST { "holds" } else { "DOES NOT HOLD" };
        println!("  {name}: {median:.1} us, less than {MOST:.0}: {held}; CPU {:.1} us", taken.cpu);
    }
    Ok(())
}

async fn measure(house: &House, component: &Arc<Component>, question: Question, calls: u64) -> Result<Taken> {
    let way = Way::of(house)?;
    let context = Context {
        auth: AUTH.to_owned(),
        account: None,
        facts: Vec::new(),
        account_facts: Vec::new(),
        settings: b"plain".to_vec(),
        config: b"{}".to_vec(),
    };
    let mut taken = Taken::default();
    let whole = Meter::start();
    for _ in 0..calls {
        let scope = RunScope {
            door: way.door(),
            memory_bytes: 64 << 20,
            call_timeout: Duration::from_secs(60),
            deadline: Instant::now() + Duration::from_secs(3_600),
            stop: way.stop(),
            clock: Arc::clone(&house.clock),
            random: Arc::clone(&house.random),
            log: Arc::new(NoLog),
            steps: Arc::new(NoSteps),
            blobs: Arc::new(NoBlobs),
        };
        let begun = Instant::now();
        let mut instance = house.engine.open(component, scope).await.map_err(told)?;
        let opened = Instant::now();
        question.ask(&mut instance, &context).await?;
        let called = Instant::now();
        drop(instance);
        let ended = Instant::now();
        let micros = |from: Instant, to: Instant| (to - from).as_secs_f64() * 1_000_000.0;
        taken.open.add(micros(begun, opened));
        taken.call.add(micros(opened, called));
        taken.end.add(micros(called, ended));
        taken.all.add(micros(begun, ended));
    }
    taken.cpu = whole.stop().cpu.as_secs_f64() * 1_000_000.0 / number(calls);
    Ok(taken)
}
