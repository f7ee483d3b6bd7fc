//! `patchbay connectors update`: what the indexes list that is newer.

use serde_json::{Value, json};

use super::show;
use crate::{
    cli::{
        answer::{cell, rows, segment},
        client::Client,
        progress::Progress,
    },
    exit::{Exit, Stop},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The connector, publisher.name.
    #[arg(conflicts_with = "all")]
    id: Option<String>,
    /// All connectors.
    #[arg(long)]
    all: bool,
    /// Show what there is, and take nothing.
    #[arg(long)]
    check: bool,
}

/// What came of it: the host's answers, and the text for a person.
pub(super) fn run(client: &Client, args: &Args) -> Result<(Value, String), Stop> {
    if args.id.is_none() && !args.all && !args.check {
        let why = "say which connector, --all, or --check to see what there is";
        return Err(Stop { exit: Exit::Usage, ..Stop::failed(why) });
    }
    let progress = Progress::begin("asking the indexes");
    let indexes = client.post("/v1/indexes/refresh", "application/json", b"")?;
    for index in rows(&indexes).iter().filter(|index| index.get("problem").is_some_and(Value::is_string)) {
        eprintln!("index {}: {}", cell(index.get("name")), cell(index.get("problem")));
    }
    let of = args.id.as_deref().map(|id| format!("?connector={}", segment(id))).unwrap_or_default();
    let updates = client.get(&format!("/v1/indexes/updates{of}"))?;
    drop(progress);
    if args.check || rows(&updates).is_empty() {
        let text = show::updates(&updates);
        return Ok((updates, text));
    }
    let (mut answers, mut text, mut failed) = (Vec::new(), String::new(), None);
    for update in rows(&updates) {
        let (id, to) = (cell(update.get("connector")), cell(update.get("to")));
        let _progress = Progress::begin(format!("fetching {id} {to}"));
        let wanted = json!({ "connector": id, "version": to }).to_string();
        match client.post("/v1/connectors/fetch", "application/json", wanted.as_bytes()) {
            Ok(answer) => {
                text.push_str(&show::outcome(&answer));
                answers.push(answer);
            }
            // The others are none the worse for it.
            Err(stop) => {
                text.push_str(&format!("{id} {to} was not taken\n"));
                if let Some(before) = failed.replace(stop) {
                    before.print();
                }
            }
        }
    }
    match failed {
        None => Ok((json!({ "items": answers }), text)),
        Some(stop) => {
            print!("{text}");
            Err(stop)
        }
    }
}
