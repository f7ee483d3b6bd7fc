//! `patchbay operator-keys list|new|revoke`: who may run a host, and no longer.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use clap::Subcommand;
use patchbay_model::Secret;
use serde_json::{Value, json};

use super::{
    answer::{cell, rows, segment},
    client::{Client, HostArgs},
    table,
};
use crate::exit::{Exit, Stop};

const KEYS: &str = "/v1/operator-keys";

const HELP: &str = "\
A key that got out, or whose owner left, is replaced while the host serves:
  patchbay operator-keys new \"Ann's laptop\" --out ann.key
  patchbay operator-keys list --key-file ann.key
  patchbay operator-keys revoke key_… --key-file ann.key

A revoked key opens nothing from then on, on every node, and the browsers that signed in with it are signed out. What was made \
with it stays, other keys too: look through the list and `patchbay audit list` for what you do not know. A key cannot revoke \
itself. The other commands read {data_dir}/operator.key where --key-file is not given: put the new file in its place.

Where no key is left that you hold: `patchbay serve --new-operator-key` makes one as the host starts.";

#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(super) struct Args {
    #[command(flatten)]
    host: HostArgs,
    /// Print JSON: the API's own, but never the text of a key.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// The keys, when each was used last, and which of them are void.
    List,
    /// Make a key that may do whatever an operator may.
    New {
        /// Who has it, or where it is.
        name: String,
        /// Where to write it, mode 0600; nothing may be there. It is told nowhere else, and cannot be had again.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// End a key at once, and the browser sessions that were opened with it.
    Revoke {
        /// Its id, key_…
        key: String,
    },
}

pub(super) fn run(args: Args, config: Option<&Path>) -> Result<Exit, Stop> {
    let Args { host, json, action } = args;
    let client = Client::of(host, config)?;
    let (answer, text) = match &action {
        Action::List => {
            let answer = client.get(KEYS)?;
            let text = list(&answer);
            (answer, text)
        }
        Action::New { name, out } => made(&client, name, out)?,
        Action::Revoke { key } => {
            client.delete(&format!("{KEYS}/{}", segment(key)))?;
            let text = format!(
                "{key} is void, and the browsers that signed in with it are signed out. What was made with it stays: see \
                 patchbay operator-keys list and patchbay audit list\n"
            );
            (json!({ "revoked": key }), text)
        }
    };
    if json {
        println!("{answer:#}");
    } else {
        print!("{text}");
    }
    Ok(Exit::Done)
}

/// Makes one, and writes it before anything is said: the host does not know its text any more. Its place is taken first, because a
/// key that cannot be written is one that nobody has.
fn made(client: &Client, name: &str, out: &Path) -> Result<(Value, String), Stop> {
    let failed = |error: std::io::Error| Stop::file("written", out, &error);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(out).map_err(failed)?;
    let made = told_into(client, name, &mut file);
    if made.is_err() {
        let _ = std::fs::remove_file(out);
    }
    let mut answer = made?;
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("file".to_owned(), json!(out));
    }
    let text = format!("{} is in {}; name it with --key-file\n", cell(answer.get("id")), out.display());
    Ok((answer, text))
}

/// Its text goes into the file, and the rest is returned.
fn told_into(client: &Client, name: &str, file: &mut File) -> Result<Value, Stop> {
    let mut answer = client.post(KEYS, "application/json", json!({ "name": name }).to_string().as_bytes())?;
    let id = cell(answer.get("id"));
    let told = answer.as_object_mut().and_then(|answer| answer.remove("key"));
    let key = told.as_ref().and_then(Value::as_str).map(Secret::new);
    let key = key.ok_or_else(|| Stop::failed(format!("the host told no text of {id}: revoke it, nobody has it")))?;
    let written = file.write_all(key.expose().as_bytes()).and_then(|()| file.write_all(b"\n"));
    if let Err(error) = written.and_then(|()| file.sync_all()) {
        // Then it is nobody's, and ends at once.
        let ended = client.delete(&format!("{KEYS}/{}", segment(&id))).is_ok();
        let left = if ended { "no key was made".to_owned() } else { format!("revoke {id}, which nobody has") };
        return Err(Stop::failed(format!("the key cannot be written: {error}; {left}")));
    }
    Ok(answer)
}

fn list(answer: &Value) -> String {
    let line = |key: &Value| {
        let state = if key.get("revoked_at").is_some_and(Value::is_string) { "void" } else { "works" };
        let field = |name: &str| cell(key.get(name));
        vec![field("id"), state.to_owned(), field("created_at"), field("last_used_at"), field("name")]
    };
    let lines: Vec<Vec<String>> = rows(answer).iter().map(line).collect();
    table::lay_out(&["key", "state", "made", "used last", "name"], &lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_a_line_that_says_whether_it_works() {
        let key = |id: &str, revoked: Option<&str>| {
            json!({"id": id, "name": "Ann's laptop", "created_at": "2026-01-01T00:00:00Z", "last_used_at": null,
                "revoked_at": revoked})
        };
        let text = list(&json!({"items": [key("key_2", None), key("key_1", Some("2026-01-02T00:00:00Z"))]}));
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(lines[0], "key_2  works  2026-01-01T00:00:00Z  -          Ann's laptop");
        assert_eq!(lines[1], "key_1  void   2026-01-01T00:00:00Z  -          Ann's laptop");
    }
}
