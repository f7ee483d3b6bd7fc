//! The last part of a round: what the host reads with the connection.

use std::time::{Duration, Instant};

use patchbay_model::manifest::Manifest;
use serde_json::{Value, json};

use super::{connect::Made, host::DevHost, round::Rounds};
use crate::{
    cli::{
        answer::{cell, rows},
        client::Client,
    },
    exit::Stop,
};

/// How long the runs of a round are waited for.
const PATIENCE: Duration = Duration::from_secs(120);

impl Rounds<'_> {
    /// Makes the connection where there is none, and reads its streams.
    pub(super) fn sync(&mut self, host: &DevHost, manifest: &Manifest) -> Result<bool, Stop> {
        let client = host.tenant()?;
        let just_made = self.connection.is_none();
        let mut set_since = false;
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
                let (id, set) = match self.connect(host, manifest)? {
                    Made::Here(id, set) => (id, set),
                    Made::InABrowser(address) => {
                        println!("connect it in a browser: {address}");
                        return Ok(true);
                    }
                    Made::Nowhere => {
                        println!(
                            "not connected: whoever connects it logs in at the provider, and recorded answers have no login; \
                             with --token the provider is asked"
                        );
                        return Ok(true);
                    }
                };
                set_since = set;
                self.connection.insert(id).clone()
            }
        };
        let syncs = client.get(&format!("/v1/connections/{connection}/syncs"))?;
        let mut runs = Vec::new();
        for sync in rows(&syncs).iter().filter(|sync| sync.get("enabled") == Some(&json!(true))) {
            let id = cell(sync.get("id"));
            let run = if just_made { first_run(&client, &id, set_since)? } else { run_again(&client, &id)? };
            runs.push((cell(sync.get("stream")), run));
        }
        let (mut went_well, begun) = (true, Instant::now());
        for (stream, run) in runs {
            let ended = ended(&client, &run, begun)?;
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
}

/// The run that reads a stream from its beginning: a new connection is due at once, so the host may have begun it, or even be done
/// with it. One that is asked for then would only read what changed since; so does one after something was set, unless it is told
/// to begin again.
fn first_run(client: &Client, sync: &str, set_since: bool) -> Result<String, Stop> {
    let path = format!("/v1/runs?sync={sync}");
    let mut begun = client.get(&path)?;
    if rows(&begun).is_empty() {
        run_again(client, sync)?;
        begun = client.get(&path)?;
    }
    // The newest stands first.
    let first = rows(&begun).last().map(|run| cell(run.get("id"))).unwrap_or_default();
    if !set_since {
        return Ok(first);
    }
    ended(client, &first, Instant::now())?;
    client.post(&format!("/v1/syncs/{sync}/reset"), "application/json", b"{}")?;
    run_again(client, sync)
}

/// A run as it ended, or as it is when the patience of this command does.
fn ended(client: &Client, run: &str, begun: Instant) -> Result<Value, Stop> {
    loop {
        let state = client.get(&format!("/v1/runs/{run}"))?;
        if state.get("ended_at").is_some_and(Value::is_string) || begun.elapsed() > PATIENCE {
            return Ok(state);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The run that is open, or one more.
fn run_again(client: &Client, sync: &str) -> Result<String, Stop> {
    let run = client.post(&format!("/v1/syncs/{sync}/run"), "application/json", b"{}")?;
    Ok(cell(run.get("run")))
}
