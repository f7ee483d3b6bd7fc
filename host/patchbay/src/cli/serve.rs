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
    /// Make another key of an operator and write it to {data_dir}/operator.key, over the one that is there: where none is left
    /// that you hold. `patchbay operator-keys list` shows the others.
    #[arg(long)]
    new_operator_key: bool,
}

pub(super) fn run(args: &Args, file: Option<&Path>) -> Result<Exit, Stop> {
    if args.keys {
        print!("{}", keys::reference());
        return Ok(Exit::Done);
    }
    crate::serve::run(&Config::load(file)?, args.new_operator_key)?;
    Ok(Exit::Done)
}
