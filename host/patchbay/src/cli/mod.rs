//! The command line: one module per command, each with its arguments and its whole answer.

mod answer;
mod audit;
mod check;
mod client;
mod connectors;
mod doctor;
mod explain;
mod keys;
mod openapi;
mod package;
mod progress;
mod record;
mod serve;
mod table;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::exit::{self, Exit, Stop};

/// The first argument of the compile child; `main` looks for it before anything else runs.
pub(crate) const COMPILE_WORKER: &str = "compile-worker";

/// A self-hosted integration hub: every connector is a sandboxed WebAssembly component.
#[derive(Debug, Parser)]
#[command(name = "patchbay", after_help = exit::table(), disable_help_subcommand = true)]
struct Cli {
    /// The configuration file; ./patchbay.toml when it is there. Variables PATCHBAY_SECTION__KEY win over it.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the host.
    Serve(serve::Args),
    /// Pack a component and its connector.toml into one file.
    Package(package::Args),
    /// Check a connector.toml or a packaged component, without a host and over recorded answers.
    Check(check::Args),
    /// Run a packaged component against a provider and write down what both say, without secrets and names.
    Record(Box<record::Args>),
    /// List, install or inspect the connectors of a running host.
    Connectors(connectors::Args),
    /// Make a new sealing key, have a running host use it, or see how far that is.
    Keys(keys::Args),
    /// Read the audit log of a running host, or check that nobody has changed it.
    Audit(audit::Args),
    /// Check configuration, folders, key and database without starting.
    Doctor(doctor::Args),
    /// Print the page of an error code.
    Explain(explain::Args),
    /// Print the API's OpenAPI document.
    #[command(hide = true)]
    Openapi,
}

/// Reads the arguments and does what they say.
pub(crate) fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    match dispatch(cli) {
        Ok(exit) => exit.into(),
        Err(stop) => {
            stop.print();
            stop.exit.into()
        }
    }
}

fn dispatch(cli: Cli) -> Result<Exit, Stop> {
    let config = cli.config.as_deref();
    match cli.command {
        Command::Serve(args) => serve::run(&args, config),
        Command::Package(args) => package::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Record(args) => record::run(&args),
        Command::Connectors(args) => connectors::run(args, config),
        Command::Keys(args) => keys::run(args, config),
        Command::Audit(args) => audit::run(args, config),
        Command::Doctor(args) => doctor::run(&args, config),
        Command::Explain(args) => explain::run(&args),
        Command::Openapi => openapi::run(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_names_every_exit_code() {
        let help = Cli::command().render_help().to_string();
        for (number, meaning) in exit::EXITS {
            assert!(help.contains(&format!("{number}  {meaning}")), "{help}");
        }
    }
}
