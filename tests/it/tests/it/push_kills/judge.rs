//! What the product says of each item against what the provider has of it.

use std::collections::BTreeMap;

use patchbay_model::Timestamp;
use patchbay_test_support::fakes::{
    Entry,
    desk::{DeskObject, Kind},
};
use serde_json::{Value, json};

use super::script::{Case, Kept};

/// Everything that is known of an item.
#[derive(Debug, Clone)]
pub(super) struct Fact {
    pub(super) case: Case,
    /// The push as the API tells it, with its steps and its history; null when it is nowhere.
    pub(super) push: Value,
    /// Whether it stood unresolved when everything had settled.
    pub(super) stands: bool,
    pub(super) stood: usize,
    pub(super) sent_again: usize,
    pub(super) word: Option<&'static str>,
    /// Events of it, by kind.
    pub(super) told: BTreeMap<String, usize>,
    /// Requests of each step that the provider did not refuse.
    pub(super) requests: BTreeMap<String, usize>,
    /// The ids that the provider gave the requests that came to it.
    pub(super) request_ids: Vec<String>,
}

/// What is wrong, as the first thing that is.
type Verdict = Result<(), String>;

impl Fact {
    fn text(&self, pointer: &str) -> &str {
        self.push.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    fn list(&self, name: &str) -> &[Value] {
        self.push.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    fn steps(&self) -> impl Iterator<Item = &Value> {
        let revision = self.push.get("revision").cloned().unwrap_or_default();
        self.list("steps").iter().filter(move |step| step["revision"] == revision)
    }

    fn doubted(&self) -> bool {
        self.steps().any(|step| step["state"] == json!("lost") || step["state"] == json!("sending"))
    }

    /// Whether three of its workers died, as the product says then.
    fn given_up(&self) -> bool {
        self.text("/reason/code") == "PB1101"
    }
}

/// All of them; the first that is wrong, in words.
pub(super) fn judge(facts: &[Fact], objects: &[DeskObject]) -> Verdict {
    for fact in facts {
        let about =
            |why: String| format!("{}: {why}; it is {:#}, {:?}", fact.case.item.title(), fact.push, fact.requests);
        one(fact, objects).map_err(about)?;
    }
    order(facts, objects)
}

fn one(fact: &Fact, objects: &[DeskObject]) -> Verdict {
    let there = at_the_desk(&fact.case, objects);
    if there.len() > 1 {
        return Err(format!("written {} times", there.len()));
    }
    if let Some(file) = &fact.case.file {
        let files = objects.iter().filter(|object| object.kind == Kind::File && object.text("name") == file).count();
        if files > 1 {
            return Err(format!("its file was written {files} times"));
        }
    }
    let state = fact.text("/state");
    match (state, there.first()) {
        ("", _) => return Err("lost: nobody knows its push".to_owned()),
        ("done", None) => return Err("said to be done, and it is not there".to_owned()),
        ("done", Some(object)) => done(fact, object)?,
        ("failed", Some(_)) => return Err("said to have failed, and it is there".to_owned()),
        ("failed", None) if fact.word == Some("give_up") => {}
        ("unknown", _) => unknown(fact)?,
        (other, _) => return Err(format!("it stays {other:?}")),
    }
    sent_again(fact)?;
    told(fact)?;
    history(fact)
}

/// The objects that the desk has of an item.
pub(super) fn at_the_desk<'a>(case: &Case, objects: &'a [DeskObject]) -> Vec<&'a DeskObject> {
    let (kind, title) = (case.item.kind(), case.item.title());
    objects.iter().filter(|object| object.kind == kind && object.text("title") == title).collect()
}

fn done(fact: &Fact, object: &DeskObject) -> Verdict {
    if fact.text("/object/id") != object.id {
        return Err(format!("another object than {}", object.id));
    }
    let wanted = fact.case.item.body.pointer("/payload/text").and_then(Value::as_str).unwrap_or_default();
    if object.text("text") != wanted {
        return Err(format!("the desk says {:?}", object.text("text")));
    }
    for step in fact.steps() {
        let status = step["status"].as_u64().unwrap_or_default();
        let known = |id: &str| fact.request_ids.iter().any(|known| known == id);
        let clear = match step["state"].as_str().unwrap_or_default() {
            "answered" => (200..300).contains(&status) && known(step["request_id"].as_str().unwrap_or_default()),
            "found" => step["object"]["id"].is_string(),
            // Found by a look, or by a person.
            "lost" | "sending" => fact.case.place.kept == Kept::Search || fact.word.is_some(),
            _ => false,
        };
        if !clear {
            return Err(format!("done with a step that says {step}"));
        }
    }
    if fact.steps().next().is_none() { Err("done without a step".to_owned()) } else { Ok(()) }
}

fn unknown(fact: &Fact) -> Verdict {
    let by_itself = match fact.case.place.kept {
        Kept::Key | Kept::Name => true,
        Kept::Search => !fact.steps().any(|step| step["reopened"].as_u64() > Some(0)),
        Kept::Nothing => false,
    };
    if by_itself && !fact.given_up() {
        return Err("left to a person although the provider can be asked".to_owned());
    }
    if !fact.doubted() && !fact.given_up() {
        return Err("unknown although every answer came".to_owned());
    }
    if !fact.push["next_at"].is_null() || !fact.stands {
        return Err("unknown, and not visible as such".to_owned());
    }
    let said = !fact.text("/reason/code").is_empty() && !fact.push["reason"].to_string().is_empty();
    if said { Ok(()) } else { Err("unknown without a reason".to_owned()) }
}

/// Nothing is sent again unless the provider said twice that it does not have it, or a person said so.
fn sent_again(fact: &Fact) -> Verdict {
    if matches!(fact.case.place.kept, Kept::Key | Kept::Name) {
        return Ok(());
    }
    for (step, requests) in &fact.requests {
        let steps = fact.list("steps").iter().filter(|told| told["step"] == json!(step));
        let reopened: u64 = steps.filter_map(|told| told["reopened"].as_u64()).sum();
        if *requests > 1 + usize::try_from(reopened).unwrap_or(usize::MAX) + fact.sent_again {
            return Err(format!("step {step} was sent {requests} times, reopened {reopened}"));
        }
    }
    Ok(())
}

/// An event each time a person is needed, and one for each end.
fn told(fact: &Fact) -> Verdict {
    let told = |kind: &str| fact.told.get(kind).copied().unwrap_or_default();
    if told("push.unknown") != fact.stood {
        return Err(format!("a person was needed {} times, and told {}", fact.stood, told("push.unknown")));
    }
    let ends = fact.list("history").iter().filter(|step| ended(step["state"].as_str().unwrap_or_default())).count();
    if told("push.ended") != ends {
        return Err(format!("it ended {ends} times, and that was told {} times", told("push.ended")));
    }
    Ok(())
}

fn ended(state: &str) -> bool {
    ["done", "failed", "rejected", "skipped", "expired"].contains(&state)
}

/// The history leads from `planned` to where it is, by steps that there are.
fn history(fact: &Fact) -> Verdict {
    let moves = fact.list("history");
    let states: Vec<&str> = moves.iter().map(|step| step["state"].as_str().unwrap_or_default()).collect();
    if states.first() != Some(&"planned") || states.last() != Some(&fact.text("/state")) {
        return Err(format!("its history is {states:?}"));
    }
    let by_person: Vec<bool> = moves.iter().map(|step| step["actor"].is_string()).collect();
    for (place, pair) in states.windows(2).enumerate() {
        let word = by_person.get(place + 1).copied().unwrap_or_default();
        let possible = match (pair.first().copied().unwrap_or_default(), pair.last().copied().unwrap_or_default()) {
            ("planned", "sending") | ("sending", "done" | "unknown" | "planned" | "failed") => !word,
            ("unknown", "done" | "planned" | "unknown") => true,
            ("unknown", "failed") => word,
            ("failed", "planned") => word,
            // Its content was changed.
            ("done", "planned") => fact.case.before.is_some(),
            _ => false,
        };
        if !possible {
            return Err(format!("from {pair:?} nothing leads, in {states:?}"));
        }
    }
    let times: Vec<&str> = moves.iter().map(|step| step["at"].as_str().unwrap_or_default()).collect();
    // Two nodes read their clocks at their own moments.
    let micros = |at: &&str| at.parse::<Timestamp>().map(Timestamp::as_micros).unwrap_or_default();
    let read: Vec<i64> = times.iter().map(micros).collect();
    let forward = read.is_sorted_by(|before, after| *after >= before - 1_000_000);
    let named = fact.word.is_none() || by_person.contains(&true);
    if forward && named { Ok(()) } else { Err(format!("its history is at {times:?}, by persons {by_person:?}")) }
}

/// Entries for one client arrive in the order in which they were accepted.
fn order(facts: &[Fact], objects: &[DeskObject]) -> Verdict {
    let mut clients: BTreeMap<String, Vec<(&str, usize)>> = BTreeMap::new();
    for fact in facts.iter().filter(|fact| fact.case.place.action == "entry") {
        let object = at_the_desk(&fact.case, objects).first().map(|object| object.id.clone());
        let place = object.and_then(|id| objects.iter().position(|object| object.id == id));
        let client = fact.case.item.body["target"]["id"].to_string();
        clients.entry(client).or_default().extend(place.map(|place| (fact.text("/created_at"), place)));
    }
    for (client, mut entries) in clients {
        entries.sort_unstable();
        if !entries.is_sorted_by_key(|(_, place)| *place) {
            return Err(format!("the entries of client {client} are out of order: {entries:?}"));
        }
    }
    Ok(())
}

/// How often each step of an item came to the provider, and was not refused there.
pub(super) fn requests(case: &Case, entries: &[Entry]) -> BTreeMap<String, usize> {
    let mut requests = BTreeMap::new();
    for entry in entries {
        let title = entry.body.as_ref().and_then(|body| body.get("title"));
        let refused = entry.status.is_some_and(|status| (400..500).contains(&status));
        if refused || title != Some(&json!(case.item.title())) {
            continue;
        }
        let step = match (entry.method.as_str(), case.place.action) {
            ("PATCH", _) => "change",
            (_, "report") => "report",
            (_, "letter" | "call") => "send",
            (_, "card") => "put",
            _ => "create",
        };
        *requests.entry(step.to_owned()).or_default() += 1;
    }
    requests
}
