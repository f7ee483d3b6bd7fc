//! `cargo xtask`: everything that is done to this tree, one module per verb.
//!
//! Each verb does its own set-up, so that a fresh clone needs nothing but Rust (and Node for the web app).

mod bench;
mod connectors;
mod demo;
mod generate;
mod golden;
mod languages;
mod metadata;
mod node;
mod postgres;
mod shell;
mod soak;
mod suites;
mod walls;
mod web;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Builds, tests and shows Patchbay.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    after_help = "Exit codes:\n  0  it holds\n  1  it does not hold; the last lines say what\n  2  the command line is wrong",
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run every suite and print the time of each.
    Test(suites::Args),
    /// Start fake providers and a host, and stay up; with --check prove the promises and end.
    Demo(demo::Args),
    /// Build and package the connectors into target/connectors.
    Connectors(connectors::Args),
    /// Check and build the web app into target/web, from where the host's next build takes it.
    Web(web::Args),
    /// Check who may depend on what, and what may stand where.
    Walls,
    /// Write what is generated into the tree; with --check only compare.
    Generate(generate::Args),
    /// Keep a packaged component for ever, under tests/contract/golden.
    Golden(golden::Args),
    /// Run a long test with a seed.
    Soak(soak::Args),
    /// Measure how fast it is, built as it is released.
    Bench(bench::Args),
}

fn main() -> ExitCode {
    let verb = match Cli::try_parse() {
        Ok(cli) => cli.verb,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let done = match verb {
        Verb::Test(args) => suites::run(&args),
        Verb::Demo(args) => demo::run(&args),
        Verb::Connectors(args) => connectors::run(&args),
        Verb::Web(args) => web::run(&args),
        Verb::Walls => walls::run(),
        Verb::Generate(args) => generate::run(&args),
        Verb::Golden(args) => golden::run(&args),
        Verb::Soak(args) => soak::run(&args),
        Verb::Bench(args) => bench::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("\nerror: {why}");
            ExitCode::FAILURE
        }
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
}
