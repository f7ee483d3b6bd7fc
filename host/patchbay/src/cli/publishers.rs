//! `patchbay publishers list|trust|revoke|keygen`: whose signatures a running host believes, and a key of your own.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use patchbay_model::{SystemRandom, package::signature::SigningKey};
use serde_json::{Value, json};

use super::{
    answer::{cell, rows, segment},
    client::{Client, HostArgs},
    sign, table,
};
use crate::exit::{Exit, Stop};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    host: HostArgs,
    /// Print JSON: the API's own, where the host is asked.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// The publishers, their keys, and which of them are trusted.
    List,
    /// Trust a key of a publisher from now on. Compare its fingerprint first with what the publisher shows elsewhere.
    Trust {
        /// What stands before the dot of its connectors' ids.
        publisher: String,
        /// The whole public key, Base64.
        key: String,
    },
    /// Take nothing into use any more that a key signed; what is in use stays.
    Revoke {
        /// What stands before the dot of its connectors' ids.
        publisher: String,
        /// The key's fingerprint, SHA256:…
        fingerprint: String,
    },
    /// Make a signing key of your own; nothing is sent anywhere.
    Keygen {
        /// Where to write it, mode 0600. Keep a copy in a safe place: a lost key cannot be had again.
        file: PathBuf,
    },
}

pub(super) fn run(args: Args, config: Option<&Path>) -> Result<Exit, Stop> {
    let Args { host, json, action } = args;
    if let Action::Keygen { file } = &action {
        return keygen(file, json);
    }
    let client = Client::of(host, config)?;
    let (answer, text) = match &action {
        Action::List | Action::Keygen { .. } => {
            let answer = client.get("/v1/publishers")?;
            let text = list(&answer);
            (answer, text)
        }
        Action::Trust { publisher, key } => {
            let path = format!("/v1/publishers/{}/keys", segment(publisher));
            let answer = client.post(&path, "application/json", json!({ "key": key }).to_string().as_bytes())?;
            let text = format!("{} of {publisher} is trusted\n", cell(answer.get("fingerprint")));
            (answer, text)
        }
        Action::Revoke { publisher, fingerprint } => {
            let path = format!("/v1/publishers/{}/keys/{}", segment(publisher), segment(fingerprint));
            let answer = client.delete(&path)?;
            let text = format!(
                "{fingerprint} of {publisher} is revoked: nothing that it signed is taken into use any more. What is in \
                 use stays; patchbay connectors list shows it\n"
            );
            (answer, text)
        }
    };
    if json {
        println!("{answer:#}");
    } else {
        print!("{text}");
    }
    Ok(Exit::Done)
}

fn keygen(file: &Path, json: bool) -> Result<Exit, Stop> {
    let key = SigningKey::fresh(&SystemRandom);
    sign::write_key(file, &key)?;
    let public = key.public();
    if json {
        println!("{:#}", json!({"file": file, "key": public.to_string(), "fingerprint": public.fingerprint()}));
        return Ok(Exit::Done);
    }
    println!("{} holds your signing key: keep a copy in a safe place, and show it to nobody", file.display());
    println!("public key   {public}");
    println!("fingerprint  {}", public.fingerprint());
    println!(
        "Show both where your users look (website, repository), then: patchbay sign FILE --key {}",
        file.display()
    );
    Ok(Exit::Done)
}

fn list(answer: &Value) -> String {
    let columns = ["publisher", "key", "state", "since", "by"];
    let mut lines: Vec<Vec<String>> = Vec::new();
    for publisher in rows(answer) {
        for key in publisher.get("keys").and_then(Value::as_array).map_or(&[][..], Vec::as_slice) {
            let state = cell(key.get("state"));
            let (since, by) = match state.as_str() {
                "revoked" => ("revoked_at", "revoked_by"),
                "trusted" => ("trusted_at", "trusted_by"),
                _ => ("seen_at", "none"),
            };
            let fields = [publisher.get("id"), key.get("fingerprint"), key.get("state"), key.get(since), key.get(by)];
            lines.push(fields.into_iter().map(cell).collect());
        }
    }
    if lines.is_empty() {
        return "no publisher's key is known here\n".to_owned();
    }
    table::lay_out(&columns, &lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_a_line_with_how_it_stands() {
        let key = |state: &str| {
            json!({"fingerprint": format!("SHA256:{state}"), "state": state, "seen_at": "2026-01-01T00:00:00Z",
                "trusted_at": "2026-01-02T00:00:00Z", "trusted_by": "operator", "revoked_at": "2026-01-03T00:00:00Z",
                "revoked_by": "another"})
        };
        let answer = json!({"items": [{"id": "acme", "keys": [key("trusted"), key("revoked")]},
            {"id": "other", "keys": [key("seen")]}]});
        let text = list(&answer);
        let lines: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[0], ["acme", "SHA256:trusted", "trusted", "2026-01-02T00:00:00Z", "operator"]);
        assert_eq!(lines[1], ["acme", "SHA256:revoked", "revoked", "2026-01-03T00:00:00Z", "another"]);
        assert_eq!(lines[2], ["other", "SHA256:seen", "seen", "2026-01-01T00:00:00Z", "-"]);
        assert_eq!(list(&json!({"items": []})), "no publisher's key is known here\n");
    }
}
