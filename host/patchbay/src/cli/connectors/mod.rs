//! `patchbay connectors …`: the connectors of a running host, and where they come from.

mod card;
mod change;
mod install;
mod show;
mod update;

use std::path::Path;

use clap::Subcommand;

use super::{
    answer::segment,
    client::{Client, HostArgs},
};
use crate::exit::{Exit, Stop};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    host: HostArgs,
    /// Print the API's own JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// All installed releases.
    List,
    /// What the indexes list that has all of these words.
    Search {
        /// In id, name, summary or category; everything when none is given.
        words: Vec<String>,
    },
    /// Install a connector; what the manifest of a first release asks for is approved by that.
    Install(install::Args),
    /// Take newer versions out of the indexes; what asks for more waits for approval.
    Update(update::Args),
    #[command(flatten)]
    Change(change::Change),
    /// What a release may do beside what was approved: of a connector, a release (rel_…) or a packaged file.
    Card(card::Args),
    /// One connector: its releases, what it may do, what it asks for beyond that.
    Inspect {
        /// Its id, e.g. publisher.name.
        id: String,
    },
}

pub(super) fn run(args: Args, config: Option<&Path>) -> Result<Exit, Stop> {
    let Args { host, json, action } = args;
    if let Action::Card(args) = &action
        && let Some(file) = args.file()
    {
        return card::of_file(file, json);
    }
    let client = Client::of(host, config)?;
    let (answer, text) = match action {
        Action::List => {
            let answer = client.get("/v1/connectors")?;
            let text = show::list(&answer);
            (answer, text)
        }
        Action::Search { words } => {
            let path = format!("/v1/indexes/connectors?limit=500&q={}", segment(&words.join(" ")));
            let answer = client.get(&path)?;
            let text = show::found(&answer);
            (answer, text)
        }
        Action::Inspect { id } => {
            let answer = client.get(&format!("/v1/connectors/{}", segment(&id)))?;
            let text = show::describe(&answer, 0);
            (answer, text)
        }
        Action::Install(args) => {
            let answer = install::run(&client, &args)?;
            let text = show::outcome(&answer);
            (answer, text)
        }
        Action::Card(args) => card::run(&client, &args)?,
        Action::Update(args) => update::run(&client, &args)?,
        Action::Change(change) => change::run(client, &change)?,
    };
    if json {
        println!("{answer:#}");
    } else {
        print!("{text}");
    }
    Ok(Exit::Done)
}
