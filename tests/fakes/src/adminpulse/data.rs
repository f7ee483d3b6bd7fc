//! The office's data, made of the seed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::seed;

const NAMES: [&str; 8] = [
    "Bakkerij De Korenaar BV",
    "Garage Molenhof",
    "Slagerij D'Hondt & Zonen",
    "Café \"De Pers\"",
    "Apotheek Müller",
    "Schrijnwerkerij Claes",
    "Architecten Éclair",
    "Drukkerij Wouters",
];

/// How many of each there are at the start.
const COUNTS: [(&str, usize); 7] =
    [("relation", 30), ("task", 26), ("email", 18), ("user", 3), ("company", 1), ("invoice", 9), ("registration", 7)];

/// Records by kind, in the order in which they are listed.
#[derive(Debug, Default)]
pub(super) struct Data {
    kinds: BTreeMap<&'static str, Vec<Value>>,
    made: u64,
    /// Tasks do not tell their reference.
    silent: bool,
}

impl Data {
    pub(super) fn seeded(seed: u64) -> Self {
        let mut data = Self::default();
        for (kind, count) in COUNTS {
            data.kinds.insert(kind, (0..count).map(|at| record(seed, kind, at)).collect());
        }
        for kind in ["document", "interaction"] {
            data.kinds.insert(kind, Vec::new());
        }
        data
    }

    pub(super) fn records(&self, kind: &str) -> Option<Vec<Value>> {
        self.kinds.get(kind).cloned()
    }

    pub(super) fn of(&self, kind: &str) -> &[Value] {
        self.kinds.get(kind).map_or(&[], Vec::as_slice)
    }

    /// The record whose member has this value.
    pub(super) fn with(&self, kind: &str, member: &str, value: &str) -> Option<&Value> {
        self.of(kind).iter().find(|record| record.get(member).and_then(Value::as_str) == Some(value))
    }

    pub(super) fn with_mut(&mut self, kind: &str, id: &str) -> Option<&mut Value> {
        let records = self.kinds.get_mut(kind)?;
        records.iter_mut().find(|record| record.get("id").and_then(Value::as_str) == Some(id))
    }

    /// Whether a task tells the reference that it was created with.
    pub(super) fn echoes(&self) -> bool {
        !self.silent
    }

    pub(super) fn echo(&mut self, on: bool) {
        self.silent = !on;
    }

    /// An id that no record has.
    pub(super) fn next_id(&mut self, letter: char) -> String {
        self.made += 1;
        format!("{letter}-{}", self.made)
    }

    pub(super) fn add(&mut self, kind: &'static str, record: Value) {
        self.kinds.entry(kind).or_default().push(record);
    }

    pub(super) fn remove(&mut self, kind: &str, id: &str) -> bool {
        let Some(records) = self.kinds.get_mut(kind) else { return false };
        let before = records.len();
        records.retain(|record| record.get("id").and_then(Value::as_str) != Some(id));
        records.len() < before
    }
}

/// Of a relation: what tasks and documents name it by.
pub(super) fn unique(at: usize) -> String {
    format!("APR{:06}", 100 + at)
}

fn record(seed: u64, kind: &str, at: usize) -> Value {
    let id = uuid(seed, &format!("{kind}/{at}"));
    match kind {
        "relation" => relation(&id, &unique(at), at, &format!("{} {at}", seed::pick(&NAMES, at))),
        "task" => task(&id, &format!("Jaarrekening {}", 2000 + at), Some("2026-06-30T00:00:00"), &unique(at % 10), at),
        "email" => email(&id, &format!("2026-0{}-{:02}", at % 9 + 1, at % 28 + 1), &format!("Bericht {at}"), at),
        "user" => {
            json!({ "id": id, "name": format!("Medewerker {at}"), "email": format!("m{at}@kantoorpeeters.example") })
        }
        "company" => json!({ "id": "c-17", "name": "Kantoor Peeters", "vatNumber": "0400000017" }),
        "invoice" => json!({ "id": id, "number": format!("2026/{at:04}"), "date": "2026-03-31T00:00:00",
            "relationUniqueIdentifier": unique(at), "amount": 121.50 }),
        _ => json!({ "id": id, "date": "2026-04-02T00:00:00", "minutes": 45, "relationUniqueIdentifier": unique(at),
            "userId": "u-1", "invoiced": false }),
    }
}

pub(super) fn relation(id: &str, unique: &str, at: usize, name: &str) -> Value {
    json!({
        "id": id, "uniqueIdentifier": unique, "code": format!("K-{at:04}"), "name": name, "companyName": name,
        "vatNumber": format!("07{:08}", 10_000_000 + at), "email": format!("info{at}@klant.example"), "language": "nl",
        "status": "Customer", "endDate": null,
    })
}

pub(super) fn task(id: &str, name: &str, deadline: Option<&str>, relation: &str, at: usize) -> Value {
    let subtask = json!({ "id": format!("{id}-1"), "name": "Documenten ontvangen", "templateName": "Documenten ontvangen",
        "priority": 1, "status": 1, "deadline": deadline, "inapplicable": false });
    json!({
        "id": id, "name": name, "templateName": name, "status": at % 3, "deadline": deadline, "referenceYear": 2025,
        "inapplicable": at % 7 == 3, "relationUniqueIdentifier": relation, "subtasks": [subtask],
    })
}

pub(super) fn email(id: &str, day: &str, subject: &str, at: usize) -> Value {
    json!({
        "id": id, "documentId": format!("doc-{at}"), "createDate": format!("{day}T09:00:00"),
        "date": format!("{day}T08:58:00"), "subject": subject, "from": "info@klant.example",
        "to": "an@kantoorpeeters.example", "cc": null, "bcc": null,
        "documentUrl": format!("https://app.adminpulse.be/documents/doc-{at}"),
        "relationIdentifiers": [unique(at % 10)], "attachments": [],
    })
}

fn uuid(seed: u64, label: &str) -> String {
    let (high, low) = (seed::number(seed, label), seed::number(seed, &format!("{label}/low")));
    let hex = format!("{high:016x}{low:016x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}
