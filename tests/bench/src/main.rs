//! `patchbay-bench`: how fast the host is, built as it is released. Run by `cargo xtask bench NAME`.
//!
//! | bench | what it measures |
//! |---|---|
//! | `sync` | a million records through the real host, beside the same loop in native Rust; then each part alone |
//! | `call` | a fresh guest, one call, and its end |
//! | `store` | `commit_page` alone, on each database |
//! | `languages` | the example connector in each language: size, compiling, start, memory, records a second |
//! | `push` | an item from the call to its stored end, beside the provider's own answer and a commit |
//! | `api` | the list of 10,000 connections while 20 syncs run, and what the idle host holds |
//!
//! The provider is a process of its own (`patchbay-fakes --only-ledger`, `--only-desk`), so that its CPU time is not ours. What is
//! measured and how is written down in `host/decisions/20261122-bench.md`.

mod api;
mod call;
mod commits;
mod languages;
mod measure;
mod native;
mod parts;
mod plain;
mod provider;
mod push;
mod rooms;
mod sandbox;
mod store;
mod sync;
mod table;
mod wire;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Why there are no figures: a sentence for the person.
pub(crate) type Result<T> = std::result::Result<T, String>;

/// The first argument of the compile child, which the engine starts from this very program.
const COMPILE_WORKER: &str = "compile-worker";

/// How fast the host is.
#[derive(Debug, Parser)]
#[command(name = "patchbay-bench", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    bench: Bench,
    /// How often each side is measured, in turns.
    #[arg(long, default_value_t = 5, global = true)]
    rounds: u64,
    /// Records of each measurement.
    #[arg(long, default_value_t = 1_000_000, global = true)]
    records: u64,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Bench {
    /// Records a second and CPU time through the real host, beside the same loop in native Rust.
    Sync {
        /// Into PostgreSQL (`PATCHBAY_TEST_POSTGRES`) rather than SQLite.
        #[arg(long)]
        postgres: bool,
    },
    /// A fresh guest, one call, and its end.
    Call,
    /// Storing pages, alone.
    Store,
    /// A push beside the provider's own answer and a commit; a round is a hundred.
    Push,
    /// The example connector in each language.
    Languages,
    /// The API's list of 10,000 connections, and the host's memory.
    Api,
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Amount {
    pub(crate) rounds: u64,
    pub(crate) records: u64,
}

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|first| first == COMPILE_WORKER) {
        return patchbay_engine::compile_worker();
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    let amount = Amount { rounds: cli.rounds.max(1), records: cli.records.max(1_000) };
    if cfg!(debug_assertions) {
        eprintln!("built for debugging: the figures say nothing");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(told)?;
    runtime.block_on(async {
        match cli.bench {
            Bench::Sync { postgres } => sync::run(amount, postgres).await,
            Bench::Call => call::run(amount).await,
            Bench::Store => store::run(amount).await,
            Bench::Push => push::run(amount).await,
            Bench::Languages => languages::run().await,
            // The host is another process, and whoever asks it waits.
            Bench::Api => tokio::task::spawn_blocking(move || api::run(amount)).await.map_err(told)?,
        }
    })
}

/// Runs what is measured in a task, as everything of the host: for the thread that waits in `main` each wake-up would be
/// a change of threads.
pub(crate) async fn in_task<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    tokio::spawn(work).await.map_err(told)?
}

/// Any error, as a sentence.
pub(crate) fn told(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
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
