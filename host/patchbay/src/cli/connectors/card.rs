//! `patchbay connectors card`: what a release may do, beside what was approved, in plain words.
//!
//! Of a packaged file it is told without a host: then there is nothing to compare with, and whose file it is only its
//! signature says.

use std::path::{Path, PathBuf};

use patchbay_model::package::{
    self, Limits,
    signature::{Document, Signed},
};
use serde_json::{Value, json};

use crate::{
    cli::{
        answer::{cell, lines, rows, segment},
        client::Client,
        package as packing, publish,
    },
    exit::{Exit, Stop},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A connector (publisher.name), a release (rel_…), or a file that `patchbay package` wrote.
    what: String,
}

impl Args {
    /// The file that was named, where it is one.
    pub(super) fn file(&self) -> Option<&Path> {
        let path = Path::new(&self.what);
        (path.exists() || self.what.ends_with(".wasm")).then_some(path)
    }
}

pub(super) fn run(client: &Client, args: &Args) -> Result<(Value, String), Stop> {
    let release = match args.what.starts_with("rel_") {
        true => args.what.clone(),
        // The newest one: it may be the one that waits.
        false => {
            let releases = client.get(&format!("/v1/connectors/{}", segment(&args.what)))?;
            cell(rows(&releases).first().and_then(|row| row.get("id")))
        }
    };
    let answer = client.get(&format!("/v1/releases/{}", segment(&release)))?;
    let text = shown(&answer);
    Ok((answer, text))
}

/// The card of a file, without a host.
pub(super) fn of_file(file: &Path, json: bool) -> Result<Exit, Stop> {
    let bytes = packing::read(file)?;
    let inspected = package::inspect(&bytes, Limits::default())?;
    let manifest = inspected.manifest.filled();
    let (connector, version) = (&manifest.id, &manifest.version);
    let signed = match publish::beside(file)? {
        None => "not signed".to_owned(),
        Some(text) => {
            let document = Document::read(text.as_bytes());
            let signed = Signed { connector, version, sha256: &inspected.digest };
            match document.and_then(|document| document.verify(signed)) {
                Ok(key) => format!("signed by {}, which anybody may be", key.fingerprint()),
                Err(error) => format!("WRONGLY SIGNED: {error}"),
            }
        }
    };
    let sentences = manifest.asks().sentences(&manifest);
    if json {
        let file = PathBuf::from(file);
        println!(
            "{:#}",
            json!({"file": file, "connector": connector, "version": version, "signed": signed,
            "sentences": sentences})
        );
        return Ok(Exit::Done);
    }
    let mut text = format!("{connector} {version} ({})\n{signed}\n", manifest.name);
    sentences.iter().for_each(|sentence| text.push_str(&format!("  {sentence}\n")));
    print!("{}", lines(&text));
    Ok(Exit::Done)
}

/// The answer of the API as two columns that fit into one: what stays stands once.
fn shown(answer: &Value) -> String {
    let of = |part: &str, name: &str| cell(answer.get(part).and_then(|part| part.get(name)));
    let mut text =
        format!("{} {} is {}\n", of("release", "connector"), of("release", "version"), of("release", "state"));
    let publisher = answer.get("publisher");
    text.push_str(&match publisher.and_then(|publisher| publisher.get("fingerprint")).filter(|key| !key.is_null()) {
        None => "not signed\n".to_owned(),
        Some(key) => format!(
            "signed by {} of {}, a key that is {}\n",
            cell(Some(key)),
            of("publisher", "id"),
            of("publisher", "key")
        ),
    });
    let beyond = answer.get("asks_beyond").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if !beyond.is_empty() {
        text.push_str("more than was approved:\n");
        beyond.iter().for_each(|line| text.push_str(&format!("  ! {}\n", cell(Some(line)))));
    }
    let mut group = String::new();
    for line in answer.get("card").and_then(Value::as_array).map_or(&[][..], Vec::as_slice) {
        let field = |name: &str| cell(line.get(name));
        if field("group") != group {
            group = field("group");
            text.push_str(&format!("{}\n", group.replace('_', " ")));
        }
        let (subject, before, after) = (field("subject"), field("before"), field("after"));
        text.push_str(&match field("change").as_str() {
            "added" => format!("  + {subject}: {after}\n"),
            "removed" => format!("  - {subject}: {before}\n"),
            "changed" => format!("  - {subject}: {before}\n  + {subject}: {after}\n"),
            _ => format!("    {subject}: {after}\n"),
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_shows_what_comes_what_goes_and_what_stays() {
        let line = |subject: &str, before: Value, after: Value, change: &str| json!({"group": "reaches", "subject": subject, "before": before, "after": after, "change": change});
        let answer = json!({
            "release": {"connector": "acme.books", "version": "2.0.0", "state": "ready"},
            "publisher": {"id": "acme", "fingerprint": "SHA256:x", "key": "trusted"},
            "asks_beyond": ["uses a new method: POST"],
            "card": [
                line("https://a.example/", json!("GET"), json!("GET, POST"), "changed"),
                line("https://b.example/", json!("GET"), Value::Null, "removed"),
                line("https://c.example/", Value::Null, json!("GET"), "added"),
                line("https://d.example/\u{1b}[2J", json!("GET"), json!("GET"), "same"),
            ],
        });
        let text = shown(&answer);
        let wanted = "acme.books 2.0.0 is ready\nsigned by SHA256:x of acme, a key that is trusted\nmore than was approved:\n  \
            ! uses a new method: POST\nreaches\n  - https://a.example/: GET\n  + https://a.example/: GET, POST\n  \
            - https://b.example/: GET\n  + https://c.example/: GET\n    https://d.example/\u{fffd}[2J: GET\n";
        assert_eq!(text, wanted);
        assert!(shown(&json!({"publisher": {"fingerprint": null}})).contains("not signed"));
    }
}
