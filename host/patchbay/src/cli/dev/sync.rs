//! The last part of a round: the connection, and what the host reads with it.

use std::time::{Duration, Instant};

use patchbay_model::manifest::{Auth, AuthKind, FieldKind, Manifest};
use serde_json::{Map, Value, json};

use super::{host::DevHost, round::Rounds};
use crate::{
    cli::{
        answer::{cell, rows},
        client::Client,
    },
    exit::Stop,
};

/// How long the runs of a round are waited for.
const PATIENCE: Duration = Duration::from_secs(120);
/// What stands in for a field that nobody entered.
const MADE_UP: &str = "recorded";

impl Rounds<'_> {
    /// Makes the connection where there is none, and reads its streams.
    pub(super) fn sync(&mut self, host: &DevHost, manifest: &Manifest) -> Result<bool, Stop> {
        let client = host.tenant()?;
        let just_made = self.connection.is_none();
        let connection = match &self.connection {
            Some(connection) => {
                // A stream that the change brought is the connection's only once it was looked at again.
                let again = format!("/v1/connections/{connection}/identify");
                if let Err(stop) = client.post(&again, "application/json", b"{}") {
                    println!("  looked at again: {}", stop.fault.person);
                }
                connection.clone()
            }
            None => {
                let form = manifest.auths.iter().find(|auth| auth.kind == AuthKind::Fields);
                let Some(auth) = form else {
                    let wanted = json!({ "connector": manifest.id }).to_string();
                    let session = client.post("/v1/connect-sessions", "application/json", wanted.as_bytes())?;
                    println!("connect it in a browser: {}", cell(session.get("url")));
                    return Ok(true);
                };
                let wanted =
                    json!({ "connector": manifest.id, "auth": auth.id, "fields": self.fields(auth) }).to_string();
                let made = client.post("/v1/connections", "application/json", wanted.as_bytes())?;
                let id = made.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
                println!("connected: {} is {}", cell(made.get("name")), cell(made.get("state")));
                self.connection.insert(id).clone()
            }
        };
        let syncs = client.get(&format!("/v1/connections/{connection}/syncs"))?;
        let mut runs = Vec::new();
        for sync in rows(&syncs).iter().filter(|sync| sync.get("enabled") == Some(&json!(true))) {
            let id = cell(sync.get("id"));
            let run = if just_made { first_run(&client, &id)? } else { run_again(&client, &id)? };
            runs.push((cell(sync.get("stream")), run));
        }
        let (mut went_well, begun) = (true, Instant::now());
        for (stream, run) in runs {
            let ended = loop {
                let state = client.get(&format!("/v1/runs/{run}"))?;
                if state.get("ended_at").is_some_and(Value::is_string) || begun.elapsed() > PATIENCE {
                    break state;
                }
                std::thread::sleep(Duration::from_millis(50));
            };
            let state = cell(ended.get("state"));
            went_well &= state == "done";
            println!(
                "  {stream}: {state}, {} records, {} of them new or changed",
                cell(ended.get("records")),
                cell(ended.get("changed"))
            );
            if let Some(reason) = ended.get("reason").filter(|reason| !reason.is_null()) {
                println!("    {reason}");
            }
            if let Some(operator) = ended.get("operator").and_then(Value::as_str) {
                println!("    {}", operator.replace('\n', "\n    "));
            }
        }
        Ok(went_well)
    }

    /// What a person would type.
    fn fields(&self, auth: &Auth) -> Map<String, Value> {
        let facts =
            patchbay_check::fixture::Folder::read(&self.project.fixtures()).defaults.context.facts.unwrap_or_default();
        let mut fields = Map::new();
        for field in &auth.fields {
            let given = self.given.entered(&field.id).or_else(|| facts.get(&field.id).cloned());
            let made_up = || match (field.kind, field.options.first()) {
                (FieldKind::Select, Some(first)) => first.clone(),
                (FieldKind::Date, _) => "2026-11-21".to_owned(),
                (FieldKind::Origin, _) => "https://recorded.example".to_owned(),
                _ => MADE_UP.to_owned(),
            };
            fields.insert(field.id.clone(), json!(given.unwrap_or_else(made_up)));
        }
        fields
    }
}

/// The run that reads a stream from its beginning: a new connection is due at once, so the host may have begun it, or even be done
/// with it. One that is asked for then would only read what changed since.
fn first_run(client: &Client, sync: &str) -> Result<String, Stop> {
    let path = format!("/v1/runs?sync={sync}");
    let mut begun = client.get(&path)?;
    if rows(&begun).is_empty() {
        run_again(client, sync)?;
        begun = client.get(&path)?;
    }
    // The newest stands first.
    Ok(rows(&begun).last().map(|run| cell(run.get("id"))).unwrap_or_default())
}

/// The run that is open, or one more.
fn run_again(client: &Client, sync: &str) -> Result<String, Stop> {
    let run = client.post(&format!("/v1/syncs/{sync}/run"), "application/json", b"{}")?;
    Ok(cell(run.get("run")))
}
