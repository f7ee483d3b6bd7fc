//! **What is sent to a provider arrives once, or the product says plainly that it does not know** (issue 5): everything
//! that a tenant's backend does with items, through the API alone, against the fake desk.
//!
//! What kills and lost answers do at each single step is tested where the kills are; here is what a caller sees.

mod at_once;
mod batch;
mod change;
mod dry_run;
mod files;
mod journey;
mod large_file;
mod meetings;
mod order;
mod resolve;
mod resolve_found;
mod send;
mod switches;
mod waiting;
mod wrong_items;

use std::time::Duration;

use patchbay_it::{DeskItem, Rig, RigSetup, Tenant, items};
use patchbay_test_support::{Answer, Result, Trouble, fakes::desk::DeskStand, wait_until};
use serde_json::Value;

/// Longest wait for something that the host does by itself.
const LIMIT: Duration = Duration::from_secs(60);

/// A host with the connector of the desk, and a tenant.
struct Scene {
    rig: Rig,
    tenant: Tenant,
}

impl Scene {
    /// Nothing is connected.
    fn bare() -> Result<Self> {
        Self::of(RigSetup::default())
    }

    fn of(setup: RigSetup) -> Result<Self> {
        let rig = setup.start()?;
        rig.install_desk()?;
        let tenant = rig.tenant("A")?;
        Ok(Self { rig, tenant })
    }

    /// Connected as the office `owner`; the connection.
    fn connected() -> Result<(Self, String)> {
        let scene = Self::bare()?;
        let connection = scene.connect("owner")?;
        Ok((scene, connection))
    }

    fn connect(&self, office: &str) -> Result<String> {
        self.tenant.connect_desk(self.desk(), office)
    }

    fn desk(&self) -> &DeskStand {
        &self.rig.fakes.desk
    }

    /// Sends an item that is new, and waits for it to be done; the push.
    fn done(&self, item: &DeskItem) -> Result<Value> {
        let push = self.tenant.push_ended(&self.tenant.push(item)?)?;
        if push["state"] == "done" { Ok(push) } else { Err(Trouble::new(format!("it is not done: {push}"))) }
    }

    /// How many requests came to the desk that are to write something.
    fn writes(&self) -> usize {
        self.writes_to("/")
    }

    fn writes_to(&self, path: &str) -> usize {
        let entries = self.desk().journal.entries();
        entries.iter().filter(|entry| entry.method != "GET" && entry.path.starts_with(path)).count()
    }

    fn push(&self, push: &str) -> Result<Value> {
        Ok(self.tenant.get(&format!("/v1/pushes/{push}"))?.json)
    }

    /// The ids of the pushes that a list shows, oldest first.
    fn listed(&self, query: &str) -> Result<Vec<String>> {
        let listed = items(&self.tenant.api, &format!("/v1/pushes?{query}"))?;
        Ok(listed.iter().rev().map(|push| text(push, "id")).collect())
    }

    /// Says something about a push: `send`, `withdraw`, `resolve`.
    fn say(&self, push: &str, word: &str, body: &Value) -> Result<Answer> {
        self.tenant.api.post(&format!("/v1/pushes/{push}/{word}"), body)
    }

    /// What was told about a push, oldest first: the kind of each event and the state in it.
    fn told(&self, push: &str) -> Result<Vec<(String, String)>> {
        let events = items(&self.tenant.api, &format!("/v1/events?subject={push}"))?;
        Ok(events.iter().rev().map(|event| (text(event, "kind"), text(&event["data"], "state"))).collect())
    }

    /// What persons did about a push, oldest first; who, what, and the detail. That it was accepted is no doing of theirs.
    fn audit(&self, push: &str) -> Result<Vec<(String, String, Value)>> {
        let lines = self.tenant.get(&format!("/v1/audit?subject={push}"))?.array_at("/items")?;
        let doings = lines.iter().rev().filter(|line| line["action"] != "push.accepted");
        Ok(doings.map(|line| (text(line, "actor"), text(line, "action"), line["detail"].clone())).collect())
    }

    /// The names of that, where all of it was done by the tenant's key.
    fn own_doings(&self, push: &str) -> Result<Vec<String>> {
        let doings = self.audit(push)?;
        let own = format!("tenant {} key_", self.tenant.id);
        assert!(doings.iter().all(|(actor, ..)| actor.starts_with(&own)), "{doings:?}");
        Ok(doings.into_iter().map(|(_, action, _)| action).collect())
    }

    /// Waits until a push is so; the push.
    fn until(&self, push: &str, what: &str, is: impl Fn(&Value) -> bool) -> Result<Value> {
        let mut last = Value::Null;
        let found = wait_until(&format!("{push}: {what}"), LIMIT, || {
            last = self.push(push)?;
            Ok(is(&last).then(|| last.clone()))
        });
        found.map_err(|error| Trouble::new(format!("{error}; it is {last}")))
    }
}

/// A text of an object; empty when there is none.
fn text(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap_or_default().to_owned()
}

/// State and code of the reason.
fn stands(push: &Value) -> (&str, &str) {
    (push["state"].as_str().unwrap_or_default(), push["reason"]["code"].as_str().unwrap_or_default())
}

/// Status, code and pointers of a refusal.
fn refusal(answer: &Answer) -> (u16, String, Vec<String>) {
    let errors = answer.json["errors"].as_array().cloned().unwrap_or_default();
    (answer.status, text(&answer.json, "code"), errors.iter().map(|error| text(error, "pointer")).collect())
}

/// What [`refusal`] makes of such a one.
fn refused(status: u16, code: &str, pointers: &[&str]) -> (u16, String, Vec<String>) {
    (status, code.to_owned(), pointers.iter().map(|pointer| (*pointer).to_owned()).collect())
}
