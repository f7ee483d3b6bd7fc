//! `patchbay-fakes`: the fake providers as a program of their own, for the demo and for authors of
//! connectors. Prints one line of JSON with the addresses, tokens and logins, and runs until its
//! standard input closes.

use std::{
    io::{Read, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;
use patchbay_fakes::{Fakes, FakesConfig};

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
    let run = || -> Result<(), Box<dyn std::error::Error>> {
        let fakes = Fakes::start(config)?;
        let mut out = std::io::stdout();
        writeln!(out, "{}", fakes.describe())?;
        out.flush()?;
        std::io::copy(&mut std::io::stdin().by_ref(), &mut std::io::sink())?;
        Ok(())
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
