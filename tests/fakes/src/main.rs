//! `patchbay-fakes`: the fake providers as a program of their own, for the demo and for authors of
//! connectors. Prints one line of JSON with the addresses, tokens and logins, and runs until its
//! standard input closes.

use std::{
    io::{Read, Write},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use clap::Parser;
use patchbay_fakes::{Fakes, FakesConfig, desk::LoneDesk, ledger::LoneLedger};
use serde_json::Value;

/// Fake providers with a journal and a chaos script.
#[derive(Parser)]
struct Options {
    /// Where journals and the certificate are written; a temporary folder when left out.
    #[arg(long)]
    journal_dir: Option<PathBuf>,
    /// Issues, pull requests and comments of the GitHub fake together.
    #[arg(long)]
    github_records: Option<usize>,
    /// Companies of the Silverfin fake.
    #[arg(long)]
    silverfin_companies: Option<usize>,
    /// Only the ledger: what a benchmark needs, as a process of its own.
    #[arg(long, conflicts_with = "only_desk")]
    only_ledger: bool,
    /// Only the desk: what a benchmark of writing needs.
    #[arg(long)]
    only_desk: bool,
    /// Clients of the desk.
    #[arg(long)]
    desk_clients: Option<u64>,
    /// Folders of each client of the desk.
    #[arg(long)]
    desk_folders: Option<u64>,
    /// Where the ledger listens on 127.0.0.1; a free port when left out.
    #[arg(long)]
    ledger_port: Option<u16>,
    /// Records of the ledger's `entries` and of its `snapshot`.
    #[arg(long)]
    ledger_entries: Option<u64>,
    /// Records of the ledger's `/bulk`.
    #[arg(long)]
    ledger_bulk: Option<u64>,
    /// Accounts of the ledger.
    #[arg(long)]
    ledger_accounts: Option<u64>,
    /// The providers of all connectors too.
    #[arg(long)]
    all: bool,
    /// Names, texts, ids and tokens follow from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let mut config = FakesConfig { seed: options.seed, journal_dir: options.journal_dir, ..FakesConfig::default() };
    if let Some(records) = options.github_records {
        config.github.records = records;
    }
    if let Some(companies) = options.silverfin_companies {
        config.silverfin.companies = companies;
    }
    let ledger = &mut config.ledger;
    ledger.port = options.ledger_port.unwrap_or(ledger.port);
    ledger.entries = options.ledger_entries.unwrap_or(ledger.entries);
    ledger.snapshot = options.ledger_entries.unwrap_or(ledger.snapshot);
    ledger.bulk = options.ledger_bulk.unwrap_or(ledger.bulk);
    ledger.accounts = options.ledger_accounts.unwrap_or(ledger.accounts);
    let desk = &mut config.desk;
    desk.clients = options.desk_clients.unwrap_or(desk.clients);
    desk.folders = options.desk_folders.unwrap_or(desk.folders);
    if options.all {
        config.also = patchbay_fakes::also::all();
    }
    let run = || -> Result<(), Box<dyn std::error::Error>> {
        if options.only_ledger {
            let folder = config.journal_dir.as_deref();
            let clock = Arc::clone(&config.clock);
            let ledger = LoneLedger::start(config.seed, config.ledger, folder, &clock)?;
            return serve(&ledger.describe());
        }
        if options.only_desk {
            let desk = LoneDesk::start(config.seed, config.desk, config.journal_dir.as_deref(), &config.clock)?;
            return serve(&desk.describe());
        }
        let fakes = Fakes::start(config)?;
        serve(&fakes.describe())
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when standard error is gone too.
            drop(writeln!(std::io::stderr(), "{error}"));
            ExitCode::FAILURE
        }
    }
}

/// Says where everything is, and goes on until standard input closes.
fn serve(description: &Value) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout();
    writeln!(out, "{description}")?;
    out.flush()?;
    std::io::copy(&mut std::io::stdin().by_ref(), &mut std::io::sink())?;
    Ok(())
}
