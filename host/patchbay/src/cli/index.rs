//! `patchbay index add|yank|sign`: for who runs a list of connectors that hosts follow.
//!
//! The list is a JSON file that is kept under version control; what is served is what `sign` makes of it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Subcommand;
use patchbay_app::{Index, IndexError};
use patchbay_model::{
    Clock, SystemClock,
    package::{self, Limits, signature::Document},
};

use super::{package as packing, sign::read_key};
use crate::exit::{Exit, Stop};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List a packaged connector in it.
    Add {
        /// The list; made when it is not there.
        list: PathBuf,
        /// The packaged connector; FILE.sig beside it is its signature.
        file: PathBuf,
        /// Where hosts find it: what `patchbay publish` printed, or an address that begins with https://.
        source: String,
    },
    /// Withdraw a version: it stays in the list, and no host takes it any more.
    Yank {
        /// The list.
        list: PathBuf,
        /// The connector, publisher.name.
        connector: String,
        /// The version.
        version: String,
    },
    /// Raise its serial and sign it: what is to be served.
    Sign {
        /// The list.
        list: PathBuf,
        /// The file of the signing key.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// For how long hosts believe it. Sign it afresh before.
        #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=366))]
        days: u64,
        /// Where it is written.
        #[arg(long, short, value_name = "FILE")]
        out: PathBuf,
    },
}

pub(super) fn run(args: &Args) -> Result<Exit, Stop> {
    match &args.action {
        Action::Add { list, file, source } => add(list, file, source),
        Action::Yank { list, connector, version } => {
            let mut index = read(list)?;
            index.yank(connector, version).map_err(Stop::failed)?;
            write(list, &index)?;
            println!("{connector} {version} is withdrawn; sign the list and serve it");
            Ok(Exit::Done)
        }
        Action::Sign { list, key, days, out } => sign(list, key, *days, out),
    }
}

fn add(list: &Path, file: &Path, source: &str) -> Result<Exit, Stop> {
    let mut index = if list.exists() { read(list)? } else { Index::empty() };
    let inspected = package::inspect(&packing::read(file)?, Limits::default())?;
    let signature = super::publish::beside(file)?.map(|text| Document::read(text.as_bytes())).transpose();
    let signature = signature.map_err(|error| Stop::failed(error.to_string()))?;
    let signed = signature.is_some();
    index.add(&inspected, source, signature, SystemClock.now()).map_err(Stop::failed)?;
    // What no host would read is said now.
    let text = serde_json::to_vec(&index).map_err(|error| Stop::failed(error.to_string()))?;
    Index::read(&text).map_err(|error| unreadable(list, &error))?;
    write(list, &index)?;
    let how = if signed { "signed" } else { "unsigned: most hosts refuse it" };
    println!("{} {} ({how}) is listed; sign the list and serve it", inspected.manifest.id, inspected.manifest.version);
    Ok(Exit::Done)
}

fn sign(list: &Path, key: &Path, days: u64, out: &Path) -> Result<Exit, Stop> {
    let mut index = read(list)?;
    let key = read_key(key)?;
    index.serial += 1;
    index.expires_at = SystemClock.now().plus(Duration::from_secs(days * 86_400));
    let signed = index.sign(&key).map_err(|error| unreadable(list, &error))?;
    // The list first: a serial is never given twice, whatever becomes of the signed file.
    write(list, &index)?;
    std::fs::write(out, signed).map_err(|error| Stop::file("written", out, &error))?;
    println!("{}: serial {}, believed until {}", out.display(), index.serial, index.expires_at);
    println!(
        "hosts follow it with\n\n  [[indexes]]\n  name = \"NAME\"\n  url = \"https://…\"\n  key = \"{}\"",
        key.public()
    );
    Ok(Exit::Done)
}

fn read(list: &Path) -> Result<Index, Stop> {
    Index::read(&packing::read(list)?).map_err(|error| unreadable(list, &error))
}

/// Whole or not at all, and so that a difference between two commits can be read.
fn write(list: &Path, index: &Index) -> Result<(), Stop> {
    let text = serde_json::to_string_pretty(index).map_err(|error| Stop::failed(error.to_string()))? + "\n";
    let part = list.with_extension("part");
    let written = std::fs::write(&part, text).and_then(|()| std::fs::rename(&part, list));
    written.map_err(|error| Stop::file("written", list, &error))
}

fn unreadable(list: &Path, error: &IndexError) -> Stop {
    Stop { exit: Exit::Refused, ..Stop::failed(format!("{}: {error}", list.display())) }
}
