//! `patchbay connectors approve|rollback|pin|unpin|canary|promote|upgrades`: which release runs, for all connections or
//! for one.

use clap::Subcommand;
use serde_json::{Value, json};

use super::show;
use crate::{
    cli::{
        answer::{cell, rows, segment},
        client::Client,
    },
    exit::Stop,
};

const JSON: &str = "application/json";
/// The word for what the configuration says.
const DEFAULT: &str = "default";

#[derive(Debug, Subcommand)]
pub(super) enum Change {
    /// Approve exactly what a version that waits asks for, and use it from now on. Look first: `patchbay connectors card`.
    Approve {
        /// The connector, publisher.name.
        id: String,
        /// The version.
        version: String,
    },
    /// Go back to the release that was active before, or to another one that is kept.
    Rollback {
        /// The connector, publisher.name.
        id: String,
        /// The version to go back to.
        #[arg(long, value_name = "VERSION")]
        to: Option<String>,
        /// Why, for whoever looks at the release that is left behind.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Keep one connection on one version, whatever becomes active.
    Pin {
        /// The connector, publisher.name.
        id: String,
        /// The connection, con_….
        connection: String,
        /// The version.
        version: String,
        /// Whose connection it is, ten_….
        #[arg(long)]
        tenant: String,
    },
    /// Let a connection follow the active release again.
    Unpin {
        /// The connection, con_….
        connection: String,
        /// Whose connection it is, ten_….
        #[arg(long)]
        tenant: String,
    },
    /// Let one connection try a version that waits, before all others use it.
    Canary {
        /// The connector, publisher.name.
        id: String,
        /// The version.
        version: String,
        /// The connection that tries it, con_….
        #[arg(required_unless_present = "end")]
        connection: Option<String>,
        /// How many runs have to end well.
        #[arg(long, default_value_t = 5)]
        runs: u32,
        /// Wait for `promote` then; without it the version becomes active by itself.
        #[arg(long)]
        hold: bool,
        /// Approve what it asks for beyond what was approved, for the trial alone.
        #[arg(long)]
        approve: bool,
        /// End the trial: the connection is back on what it ran before.
        #[arg(long, conflicts_with_all = ["connection", "hold", "approve"])]
        end: bool,
    },
    /// Make a version active that one connection tries, however far that is.
    Promote {
        /// The connector, publisher.name.
        id: String,
        /// The version.
        version: String,
    },
    /// Which upgrades go ahead by themselves, of those that ask for no more; without a policy: what holds now.
    Upgrades {
        /// The connector, publisher.name.
        id: String,
        /// None, those within a major version (before 1.0 a minor one), all, or what the configuration says.
        #[arg(value_parser = ["manual", "minor", "all", DEFAULT])]
        policy: Option<String>,
    },
}

/// What came of it: the host's answer, and the text for a person.
pub(super) fn run(client: Client, change: &Change) -> Result<(Value, String), Stop> {
    match change {
        Change::Approve { id, version } => {
            let path = format!("/v1/releases/{}/approve", segment(&release_of(&client, id, version)?));
            release(client.post(&path, JSON, b"{}")?)
        }
        Change::Rollback { id, to, reason } => {
            let body = json!({ "version": to, "reason": reason });
            release(client.post(&format!("/v1/connectors/{}/rollback", segment(id)), JSON, &bytes(&body))?)
        }
        Change::Pin { id, connection, version, tenant } => {
            let release = release_of(&client, id, version)?;
            pinned(client, connection, tenant, &json!({ "release": release }))
        }
        Change::Unpin { connection, tenant } => pinned(client, connection, tenant, &json!({ "release": null })),
        Change::Canary { id, version, connection, runs, hold, approve, end } => {
            let path = format!("/v1/releases/{}/canary", segment(&release_of(&client, id, version)?));
            let Some(connection) = connection.as_ref().filter(|_| !end) else { return release(client.delete(&path)?) };
            let promote = if *hold { "hold" } else { "auto" };
            let body = json!({ "connection": connection, "runs": runs, "promote": promote, "approve": approve });
            let answer = client.post(&path, JSON, &bytes(&body))?;
            let text = show::describe(&answer, 0);
            Ok((answer, text))
        }
        Change::Promote { id, version } => {
            let path = format!("/v1/releases/{}/promote", segment(&release_of(&client, id, version)?));
            release(client.post(&path, JSON, b"{}")?)
        }
        Change::Upgrades { id, policy } => {
            let path = format!("/v1/connectors/{}", segment(id));
            let answer = match policy {
                None => client.get(&format!("{path}/upgrades"))?,
                Some(policy) => client.patch(&path, JSON, &bytes(&json!({ "upgrades": said(policy) })))?,
            };
            let text = upgrades(id, &answer);
            Ok((answer, text))
        }
    }
}

/// A policy as the API takes it.
fn said(policy: &str) -> Option<&str> {
    (policy != DEFAULT).then_some(policy)
}

fn upgrades(id: &str, answer: &Value) -> String {
    let holds = cell(answer.get("upgrades"));
    let by = if answer.get("said").is_some_and(Value::is_string) { "said of it" } else { "as the configuration says" };
    let what = match holds.as_str() {
        "manual" => "none goes ahead by itself",
        "minor" => "those go ahead by themselves that stay within a major version, or before 1.0 within a minor one",
        "all" => "all go ahead by themselves",
        _ => "what goes ahead is newer than this program",
    };
    format!("{id}: {holds} ({by}): of upgrades that ask for no more, {what}\n")
}

/// The id of a version.
fn release_of(client: &Client, id: &str, version: &str) -> Result<String, Stop> {
    let answer = client.get(&format!("/v1/connectors/{}", segment(id)))?;
    let is = |row: &&Value| row.get("version").and_then(Value::as_str) == Some(version);
    let found = rows(&answer).iter().find(is).and_then(|row| row.get("id")).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| Stop::failed(format!("there is no version {version} of {id} here")))
}

fn pinned(client: Client, connection: &str, tenant: &str, body: &Value) -> Result<(Value, String), Stop> {
    let client = client.for_tenant(Some(tenant));
    let answer = client.patch(&format!("/v1/connections/{}", segment(connection)), JSON, &bytes(body))?;
    let field = |name: &str| cell(answer.get(name));
    let text = match answer.get("release") {
        None | Some(Value::Null) => format!("{} follows the active release\n", field("id")),
        Some(_) => format!("{} stays on {}\n", field("id"), field("release")),
    };
    Ok((answer, text))
}

fn release(answer: Value) -> Result<(Value, String), Stop> {
    let field = |name: &str| cell(answer.get(name));
    let why = answer.get("reason").filter(|reason| !reason.is_null());
    let why = why.map(|reason| format!(": {}", cell(Some(reason)))).unwrap_or_default();
    let text = format!("{} {} is {}{why}\n", field("connector"), field("version"), field("state"));
    Ok((answer, text))
}

fn bytes(body: &Value) -> Vec<u8> {
    body.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_told_with_its_state_and_why() {
        let told = |answer: Value| release(answer).map(|(_, text)| text).unwrap_or_default();
        let active = json!({ "connector": "acme.books", "version": "1.0.0", "state": "active", "reason": null });
        assert_eq!(told(active), "acme.books 1.0.0 is active\n");
        let waits =
            json!({ "connector": "acme.books", "version": "1.1.0", "state": "ready", "reason": "it broke\u{7}" });
        assert_eq!(told(waits), "acme.books 1.1.0 is ready: it broke\u{fffd}\n");
    }

    #[test]
    fn a_policy_is_told_with_who_decided_it_and_the_default_is_said_as_null() {
        let told = |holds: &str, said: Value| upgrades("acme.books", &json!({ "upgrades": holds, "said": said }));
        assert!(told("manual", json!("manual")).starts_with("acme.books: manual (said of it): "));
        assert!(told("minor", Value::Null).starts_with("acme.books: minor (as the configuration says): "));
        assert_eq!((said("default"), said("all")), (None, Some("all")));
    }
}
