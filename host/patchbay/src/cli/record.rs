//! `patchbay record FILE`: fixtures of a live provider, for `patchbay check` and for tests.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use patchbay_check::{
    Report, Stage, State,
    record::{RecordError, Recorded, Wanted, record},
};
use patchbay_model::{Clock, SystemClock, SystemRandom};

use super::{
    check::{compiled, compiler},
    given::{Given, json},
    packed::{aloud, packed},
    progress::Progress,
};
use crate::exit::{Exit, Stop};

const HELP: &str = "\
The connector is run in the sandbox of a host and through its gate: only what its manifest grants is reached, and the credential is \
filled in by the gate, so the connector never sees it. What is written holds no secret, and no e-mail addresses, telephone numbers, \
names, addresses or texts of people: each is replaced by an invented value of the same shape, the same one everywhere, so that the \
fixtures still replay. People are known by the names of members, so this holds for JSON. Answers of another kind (XML, CSV, HTML, \
files) and the files of items are not written at all: something of the same media type stands for them. With --keep-text they are \
written as they came, with whoever is in them. Look through the fixtures before they are published all the same.

Secrets are read from files: `--secret key=@key.txt` for what is entered, `--token access_token=@token.txt` for what a login gave \
(this command does not log in). Items are JSON files like the `push` of a fixture: {\"action\": …, \"target\": …, \"payload\": …}; \
they are really written.

Example:
  patchbay record --auth key --secret key=@key.txt --item note.json --out fixtures";

#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(super) struct Args {
    /// A packaged component, or the folder of a project, which is built first; this folder when it is not given.
    file: Option<PathBuf>,
    #[command(flatten)]
    given: Given,
    /// An item to write, a JSON file. It is really written.
    #[arg(long, value_name = "FILE")]
    item: Vec<PathBuf>,
    /// Pages of each stream.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pages: u32,
    /// Records that a page should have.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    page_hint: u32,
    /// Writes answers that are no JSON, and the files of items, as they came: people in them are not replaced.
    #[arg(long)]
    keep_text: bool,
    /// The folder that the fixtures are written to.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<Exit, Stop> {
    let wanted = args.wanted()?;
    let packed = packed(args.file.as_deref(), &mut aloud)?;
    let compiler = compiler()?;
    let egress = args.given.egress();
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Stop::failed(error.to_string()))?;
    let progress = Progress::begin(format!("recording {}", packed.name));
    let (recorded, report) = runtime.block_on(async {
        let stage = Stage::build(&packed.bytes, compiler, compiled(false)?, egress, Arc::new(SystemClock)).await;
        let stage = stage.map_err(|error| Stop::from(error.fault()))?;
        let recorded = record(&stage, &wanted, SystemClock.now(), &SystemRandom, &args.out).await.map_err(refused)?;
        Ok::<_, Stop>((recorded, patchbay_check::run(&stage, &args.out).await))
    })?;
    drop(progress);
    Ok(tell(&recorded, &report, &args.out))
}

pub(super) fn refused(error: RecordError) -> Stop {
    match error {
        RecordError::Given(why) => Stop { exit: Exit::Usage, ..Stop::failed(why) },
        error => Stop::failed(error.to_string()),
    }
}

/// What was written, what was not, and whether it replays.
fn tell(recorded: &Recorded, report: &Report, out: &Path) -> Exit {
    for file in &recorded.files {
        println!("{}", file.display());
    }
    for missing in &recorded.missing {
        println!("not recorded: {missing}");
    }
    for withheld in &recorded.withheld {
        println!("not kept as it came: {withheld} (--keep-text keeps it)");
    }
    println!("{} values were replaced by invented ones", recorded.masked);
    if report.passed() {
        println!("{} checks pass over them, none fails", report.count(State::Passed));
        for check in report.checks.iter().filter(|check| check.state == State::NotAsked) {
            println!("not asked: {}: {}: {}", check.of, check.rule, check.seen);
        }
        println!("Tests of the project that name what the former answers said have to name what these say.");
        return Exit::Done;
    }
    for check in report.checks.iter().filter(|check| check.state == State::Failed) {
        let what = check.findings.first().map(|finding| finding.what.lines().next().unwrap_or_default());
        println!("{}: {}: {}", check.of, check.rule, what.unwrap_or_default());
    }
    let (failed, all) = (report.failed(), report.checks.len());
    println!("{failed} of {all} checks fail over them; more: patchbay check --fixtures {}", out.display());
    Exit::Failed
}

impl Args {
    fn wanted(&self) -> Result<Wanted, Stop> {
        let items = self.item.iter().map(|file| json(file)).collect::<Result<_, _>>()?;
        let wanted = self.given.wanted(self.pages, self.page_hint)?;
        Ok(Wanted { items, keep_text: self.keep_text, ..wanted })
    }
}
