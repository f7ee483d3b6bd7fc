//! `patchbay connectors list|install|inspect`: the connectors of a running host.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::Value;

use super::{
    answer::{cell, rows, segment},
    client::{Client, HostArgs},
    progress::Progress,
    table,
};
use crate::exit::{Exit, Stop};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    host: HostArgs,
    /// Print the API's own JSON.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// All installed releases.
    List,
    /// Install a packaged connector; what its manifest asks for is approved by that.
    Install {
        /// The file that `patchbay package` wrote.
        file: PathBuf,
    },
    /// One connector: its releases, what it may do, what it asks for beyond that.
    Inspect {
        /// Its id, e.g. publisher.name.
        id: String,
    },
}

pub(super) fn run(args: Args, config: Option<&Path>) -> Result<Exit, Stop> {
    let Args { host, json, action } = args;
    let client = Client::of(host, config)?;
    let answer = match &action {
        Action::List => client.get("/v1/connectors")?,
        Action::Inspect { id } => client.get(&format!("/v1/connectors/{}", segment(id)))?,
        Action::Install { file } => {
            let bytes = std::fs::read(file).map_err(|error| Stop::file("read", file, &error))?;
            let _progress = Progress::begin(format!("installing {}", file.display()));
            client.post("/v1/connectors", "application/wasm", &bytes)?
        }
    };
    if json {
        println!("{answer:#}");
        return Ok(Exit::Done);
    }
    match action {
        Action::List => print!("{}", list(&answer)),
        Action::Install { .. } => print!("{}", outcome(&answer)),
        Action::Inspect { .. } => print!("{}", describe(&answer, 0)),
    }
    Ok(Exit::Done)
}

fn list(answer: &Value) -> String {
    let columns = ["id", "name", "version", "state", "latest"];
    // What runs, and beside it what came last where that is another.
    let line = |row: &Value| {
        let of = |release: &str, field: &str| row.get(release).and_then(|release| release.get(field));
        let latest = ["version", "state"].map(|field| cell(of("latest", field))).join(" ");
        let newer = of("latest", "id") != of("active", "id");
        let fields = [row.get("id"), row.get("name"), of("active", "version"), of("active", "state")];
        fields.into_iter().map(cell).chain([if newer { latest } else { "-".to_owned() }]).collect()
    };
    let rows: Vec<Vec<String>> = rows(answer).iter().map(line).collect();
    if rows.is_empty() {
        return "no connectors\n".to_owned();
    }
    table::lay_out(&columns, &rows)
}

fn outcome(answer: &Value) -> String {
    let field = |name: &str| cell(answer.get("release").and_then(|release| release.get(name)));
    let mut text = format!("{} {} {}\n", field("connector"), field("version"), field("state"));
    let beyond = answer.get("asks_beyond").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if !beyond.is_empty() {
        text.push_str("It waits for approval, because it asks for more than was approved:\n");
        for sentence in beyond {
            text.push_str(&format!("  - {}\n", cell(Some(sentence))));
        }
    }
    text
}

/// Any answer as indented lines.
fn describe(value: &Value, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let line = |name: &str, value: &Value| match value {
        Value::Object(_) | Value::Array(_) => format!("{indent}{name}\n{}", describe(value, depth + 1)),
        plain => format!("{indent}{name} {}\n", cell(Some(plain))),
    };
    match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| line(&format!("{name}:"), value)).collect(),
        Value::Array(items) => items.iter().map(|item| line("-", item)).collect(),
        plain => format!("{indent}{}\n", cell(Some(plain))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_is_a_table() {
        let release = |id: &str, version: &str, state: &str| json!({"id": id, "version": version, "state": state});
        let (active, ready) = (release("rel_1", "1.2.0", "active"), release("rel_2", "1.3.0", "ready"));
        let same = json!({"items": [{"id": "acme.books", "name": "Books", "active": active, "latest": active}]});
        let newer = json!({"items": [{"id": "acme.books", "name": "Books", "active": active, "latest": ready}]});
        let none = json!({"items": [{"id": "acme.books", "name": "Books", "active": null, "latest": ready}]});
        let last = |answer: &Value| list(answer).lines().last().map(str::to_owned);
        assert_eq!(last(&same).as_deref(), Some("acme.books  Books  1.2.0    active  -"));
        assert_eq!(last(&newer).as_deref(), Some("acme.books  Books  1.2.0    active  1.3.0 ready"));
        assert_eq!(last(&none).as_deref(), Some("acme.books  Books  -        -      1.3.0 ready"));
        assert_eq!(list(&json!({"items": []})), "no connectors\n");
    }

    #[test]
    fn an_installation_that_waits_says_for_what() {
        let answer = json!({"release": {"connector": "acme.books", "version": "2.0.0", "state": "ready"},
            "asks_beyond": ["reach https://b.example"]});
        assert!(outcome(&answer).ends_with("  - reach https://b.example\n"));
    }

    #[test]
    fn an_answer_is_described_by_indentation() {
        let answer = json!({"id": "acme.books", "may": ["read invoices"]});
        assert_eq!(describe(&answer, 0), "id: acme.books\nmay:\n  - read invoices\n");
    }
}
