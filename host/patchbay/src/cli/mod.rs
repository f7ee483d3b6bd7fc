//! The command line: one module per command, each with its arguments and its whole answer.

mod answer;
mod audit;
mod build;
mod check;
mod client;
mod connectors;
mod dev;
mod doctor;
mod embedded;
mod explain;
mod given;
mod index;
mod keys;
mod new;
mod openapi;
mod operator_keys;
mod package;
mod packed;
mod progress;
mod publish;
mod publishers;
mod record;
mod run;
mod serve;
mod sign;
mod sign_in;
mod table;
mod verify;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::exit::{self, Exit, Stop};

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
    /// Make a new connector that works: its manifest, recorded answers, code and tests.
    New(new::Args),
    /// Build the component of a project.
    Build(build::Args),
    /// Build, try and hot-swap a project into a host of its own, whenever it changes.
    Dev(Box<dev::Args>),
    /// Pack a component and its connector.toml into one file.
    Package(package::Args),
    /// Check a connector.toml or a packaged component, without a host and over recorded answers.
    Check(check::Args),
    /// Call a component once, over recorded answers or live, and show what came of it and what it cost.
    Run(Box<run::Args>),
    /// Run a packaged component against a provider and write down what both say, without secrets and names.
    Record(Box<record::Args>),
    /// Sign a packaged component, as its publisher.
    Sign(sign::Args),
    /// Check the signature beside a packaged component, without a host.
    Verify(verify::Args),
    /// Whose signatures a running host believes; and a signing key of your own.
    Publishers(publishers::Args),
    /// Put a packaged component into a registry.
    Publish(publish::Args),
    /// Keep a signed list of connectors, for hosts that follow it.
    Index(index::Args),
    /// Find, install, update or inspect the connectors of a running host.
    Connectors(connectors::Args),
    /// Make a new sealing key, have a running host use it, or see how far that is.
    Keys(keys::Args),
    /// Make, list or revoke the keys of those who run a host.
    OperatorKeys(operator_keys::Args),
    /// Print an address that signs a browser in to a running host as an operator, once.
    SignIn(sign_in::Args),
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
        Command::New(args) => new::run(&args),
        Command::Build(args) => build::run(&args),
        Command::Dev(args) => dev::run(&args),
        Command::Package(args) => package::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Record(args) => record::run(&args),
        Command::Sign(args) => sign::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Publishers(args) => publishers::run(args, config),
        Command::Publish(args) => publish::run(&args, config),
        Command::Index(args) => index::run(&args),
        Command::Connectors(args) => connectors::run(args, config),
        Command::Keys(args) => keys::run(args, config),
        Command::OperatorKeys(args) => operator_keys::run(args, config),
        Command::SignIn(args) => sign_in::run(args, config),
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
