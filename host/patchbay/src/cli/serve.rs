//! `patchbay serve`

use std::path::Path;

use crate::{
    config::{Config, keys},
    exit::{Exit, Stop},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print every key of the configuration, its default and its variable, and end.
    #[arg(long)]
    keys: bool,
}

pub(super) fn run(args: &Args, file: Option<&Path>) -> Result<Exit, Stop> {
    if args.keys {
        print!("{}", keys::reference());
        return Ok(Exit::Done);
    }
    crate::serve::run(&Config::load(file)?)?;
    Ok(Exit::Done)
}
