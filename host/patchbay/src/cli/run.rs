//! `patchbay run WHAT [NAME]`: one call of a connector, what came of it, and with `--stats` what it cost.

pub(super) mod told;

use std::{path::PathBuf, sync::Arc};

use clap::ValueEnum;
use patchbay_check::{
    Stage,
    perform::{Ask, PerformError, Performed, Provider, perform},
};
use patchbay_model::{Clock, SystemClock, SystemRandom};

use super::{
    check::{compiled, compiler},
    given::{Given, json},
    packed::{aloud, packed},
    progress::Progress,
    record,
};
use crate::exit::{Exit, Stop};

const HELP: &str = "\
The component runs in the sandbox of a host, behind its gate. The provider is the recorded answers beside it, unless a secret or a \
token is given or --live is said: then the provider itself is asked, as `patchbay record` does, and nothing is written down.

Examples:
  patchbay run fetch notes --stats
  patchbay run fetch notes --secret key=@key.txt --pages 1
  patchbay run push note --item note.json --secret key=@key.txt
  patchbay run identify --component acme.wasm --fixtures fixtures";

#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(super) struct Args {
    /// What is asked.
    #[arg(value_enum)]
    what: What,
    /// The stream, the action or the picker.
    name: Option<String>,
    /// A packaged component, or the folder of a project, which is built first; this folder when it is not given.
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
    /// The folder of recorded answers; `fixtures` beside the component when it is not given.
    #[arg(long, value_name = "DIR")]
    fixtures: Option<PathBuf>,
    /// Which recorded answers, where there are several: a file of the folder.
    #[arg(long, value_name = "FILE")]
    fixture: Option<String>,
    /// Ask the provider itself.
    #[arg(long)]
    live: bool,
    #[command(flatten)]
    given: Given,
    /// The item, a JSON file as the `push` of a fixture. At a live provider it is really written.
    #[arg(long, value_name = "FILE")]
    item: Option<PathBuf>,
    /// What is typed into the picker.
    #[arg(long, value_name = "TEXT")]
    query: Option<String>,
    /// How many pages of the stream.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pages: Option<u32>,
    /// Records that a page should have, at a live provider.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    page_hint: u32,
    /// What each call cost, against what it may cost.
    #[arg(long)]
    stats: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What a connector is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Whose account it is.
    Identify,
    /// Which streams there are.
    Discover,
    /// The pages of a stream.
    Fetch,
    /// The choices of a picker.
    Pick,
    /// To write an item.
    Push,
}

pub(super) fn run(args: &Args) -> Result<Exit, Stop> {
    let ask = args.ask()?;
    let packed = packed(args.component.as_deref(), &mut aloud)?;
    let compiler = compiler()?;
    // One thread, so that what it computes is what the call costs.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Stop::failed(error.to_string()))?;
    let progress = Progress::begin(format!("asking {}", packed.name));
    let (performed, stage) = runtime.block_on(async {
        let stage =
            Stage::build(&packed.bytes, compiler, compiled(false)?, args.given.egress(), Arc::new(SystemClock)).await;
        let stage = stage.map_err(|error| Stop::from(error.fault()))?;
        let folder = args.fixtures.clone().or_else(|| packed.fixtures.clone()).unwrap_or_else(|| "fixtures".into());
        let wanted = args.given.wanted(args.pages.unwrap_or(1), args.page_hint)?;
        let provider = if args.live || args.given.is_live() {
            Provider::Live { wanted: &wanted, now: SystemClock.now(), random: &SystemRandom }
        } else {
            Provider::Recorded { folder: &folder, fixture: args.fixture.as_deref() }
        };
        let performed = perform(&stage, &ask, &provider).await.map_err(refused)?;
        Ok::<_, Stop>((performed, stage))
    })?;
    drop(progress);
    if args.json {
        println!("{:#}", serde_json::to_value(&performed).unwrap_or_default());
    } else {
        print!("{}", told::text(&performed));
        if args.stats {
            print!("\n{}", told::stats(&performed, stage.manifest().limits));
        }
    }
    Ok(if went_well(&performed) { Exit::Done } else { Exit::Failed })
}

fn went_well(performed: &Performed) -> bool {
    performed.failure.is_none() && performed.unknown.is_empty()
}

fn refused(error: PerformError) -> Stop {
    match error {
        PerformError::Given(why) => Stop { exit: Exit::Usage, ..Stop::failed(why) },
        PerformError::Live(error) => record::refused(error),
    }
}

impl Args {
    fn ask(&self) -> Result<Ask, Stop> {
        let usage = |text: &str| Stop { exit: Exit::Usage, ..Stop::failed(text) };
        let name = |what: &str| self.name.clone().ok_or_else(|| usage(&format!("say which {what}")));
        let item = self.item.as_deref().map(json).transpose()?;
        Ok(match self.what {
            What::Identify => Ask::Identify,
            What::Discover => Ask::Discover,
            What::Fetch => Ask::Read { stream: name("stream")?, pages: self.pages },
            What::Pick => Ask::Pick { picker: name("picker")?, query: self.query.clone() },
            What::Push => Ask::Push { action: name("action")?, item },
        })
    }
}
