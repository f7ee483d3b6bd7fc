//! `patchbay dev`: the project is built, tried and put into a host of its own whenever it changes.
//!
//! A round has three parts. The component is built; where that fails, the release before stays. Each stream, picker and action is
//! then called once in this process, in the sandbox and behind the gate, because only so can be told what a call cost and which line
//! of the manifest a refused request wants. Then the host beside gets the component like any operator's host does: it is installed,
//! compiled, probed and swapped in, and the connection's streams are read with it.
//!
//! The provider is the recorded answers, played over a port on this machine (`replay.rs`), or with a secret or a token the real one.

mod connect;
mod host;
mod replay;
mod round;
mod sync;
mod watch;

use std::path::PathBuf;

use super::{build::Project, given::Given};
use crate::exit::{Exit, Stop};

const HELP: &str = "\
The host's data is in .patchbay/dev and begins afresh each time; unsigned connectors are taken there. Ctrl-C ends everything.

With recorded answers nothing leaves this machine, and each field of the login is made up: a request that nothing is recorded for \
gets 404 and is named. With --secret or --token the provider itself is asked; streams are read, and nothing is written there. The \
host beside logs in with what was given and makes up nothing.

Example:
  patchbay dev
  patchbay dev --secret key=@key.txt --port 7878
  patchbay dev --once          # one round, for a script";

#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(super) struct Args {
    /// The project; this folder when it is not given.
    #[arg(default_value = ".", value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    given: Given,
    /// The port of the host's API; a free one when it is not given.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,
    /// End after the first round: 0 when all of it went well.
    #[arg(long)]
    once: bool,
}

pub(super) fn run(args: &Args) -> Result<Exit, Stop> {
    let project = Project::find(&args.dir)?;
    let events = watch::watch(&project.dir)?;
    let live = args.given.is_live();
    let replay = if live { None } else { Some(replay::Replay::start(&project.fixtures())?) };
    // The host beside reads from the same provider as the calls that are tried.
    let rewrites = replay.as_ref().map_or_else(|| args.given.rewrites().to_vec(), replay::Replay::rewrites);
    let mut host = host::DevHost::start(&project.dir, args.port, &rewrites)?;
    println!("{}\n", host.told());
    let mut rounds = round::Rounds::of(&project, &args.given, live);
    loop {
        let went_well = rounds.next(&host, replay.as_ref(), &events);
        if args.once {
            host.end();
            return Ok(if went_well { Exit::Done } else { Exit::Failed });
        }
        if !events.stopped() {
            println!("\nwaiting for a change; Ctrl-C ends");
        }
        match events.next() {
            watch::Event::Changed(files) => println!("\n{}", watch::named(&files)),
            watch::Event::Stop => {
                host.end();
                return Ok(Exit::Done);
            }
        }
    }
}
