//! The books of each organisation: records by list, with the moment of their last change.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    records::{self, KINDS, Kind},
    tenants::BODIES,
    wire_date,
};
use crate::seed;

/// 2026-03-02T08:00:00Z: the oldest record.
const FIRST: i64 = 1_772_438_400_000;
/// From one record to the next.
const STEP: i64 = 5_400_000;
/// Records that an import wrote in one second: more than a page of most.
const IMPORTED: std::ops::Range<usize> = 30..190;

/// All records.
#[derive(Debug)]
pub(crate) struct Books {
    of: BTreeMap<(usize, &'static str), Vec<Record>>,
    /// Notes and files, by organisation and record.
    pub(super) files: BTreeMap<(usize, String), Vec<File>>,
    /// How many files a record may have.
    pub(super) most_files: usize,
    made: usize,
}

/// A record.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) id: String,
    /// Milliseconds since 1970.
    pub(super) updated: i64,
    pub(super) members: Map<String, Value>,
}

/// A file of a record.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) media_type: String,
    pub(super) size: usize,
}

impl Record {
    /// As the list has it.
    pub(super) fn json(&self, kind: &Kind) -> Value {
        let mut members = self.members.clone();
        members.insert(kind.key.to_owned(), json!(self.id));
        if kind.dated {
            members.insert("UpdatedDateUTC".to_owned(), json!(wire_date(self.updated)));
        }
        Value::Object(members)
    }

    /// A member that is a text.
    pub(super) fn text(&self, name: &str) -> &str {
        self.members.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

impl Books {
    /// Of each organisation, some of each list.
    pub(super) fn seeded() -> Self {
        let mut of = BTreeMap::new();
        let organisations = BODIES.iter().enumerate().filter(|(_, body)| body.kind == "ORGANISATION");
        for (body, kind) in organisations.flat_map(|(body, _)| KINDS.iter().map(move |kind| (body, kind))) {
            let count = if body == 0 { kind.counts.0 } else { kind.counts.1 };
            of.insert((body, kind.path), (0..count).map(|number| first(kind, body, number)).collect());
        }
        Self { of, files: BTreeMap::new(), most_files: 10, made: 0 }
    }

    /// The records of a list.
    pub(super) fn list(&self, body: usize, kind: &Kind) -> &[Record] {
        self.of.get(&(body, kind.path)).map(Vec::as_slice).unwrap_or_default()
    }

    /// A record.
    pub(super) fn get(&self, body: usize, kind: &Kind, id: &str) -> Option<&Record> {
        self.list(body, kind).iter().find(|record| record.id == id)
    }

    /// A number that no record has yet.
    pub(super) fn next(&mut self) -> usize {
        self.made += 1;
        900_000 + self.made
    }

    /// Adds a record with these members over those that all of its kind have; its id.
    pub(super) fn add(&mut self, body: usize, kind: &Kind, name: &str, more: Map<String, Value>, now: i64) -> String {
        let number = self.next();
        // Of currencies there are few, and each is once.
        let taken = |id: &str| self.get(body, kind, id).is_some();
        let id = (number..number + 9).map(|number| records::id(kind, body, number)).find(|id| !taken(id));
        let id = id.unwrap_or_else(|| format!("X{number}"));
        let mut members = records::seeded(kind, body, number, name, now);
        members.extend(more);
        self.of.entry((body, kind.path)).or_default().push(Record { id: id.clone(), updated: now, members });
        id
    }

    /// Changes members of a record; whether there is one.
    pub(super) fn change(&mut self, body: usize, kind: &Kind, id: &str, more: Map<String, Value>, now: i64) -> bool {
        let list = self.of.entry((body, kind.path)).or_default();
        let Some(record) = list.iter_mut().find(|record| record.id == id) else { return false };
        record.members.extend(more);
        record.updated = now;
        true
    }

    /// Removes a record without a trace; whether there was one.
    pub(super) fn remove(&mut self, body: usize, kind: &Kind, id: &str) -> bool {
        let list = self.of.entry((body, kind.path)).or_default();
        let before = list.len();
        list.retain(|record| record.id != id);
        list.len() < before
    }
}

/// A record of the start. A fourth has the second of the one before it, and an import wrote many at once.
fn first(kind: &Kind, body: usize, number: usize) -> Record {
    let place = if IMPORTED.contains(&number) { IMPORTED.start } else { number - usize::from(number % 4 == 3) };
    let updated = FIRST + i64::try_from(place).unwrap_or_default() * STEP;
    let name = match kind.path {
        "Contacts" => format!("Relatie {number}"),
        "Currencies" => format!("Munt {number}"),
        "Organisation" => BODIES.get(body).map_or_else(String::new, |body| format!("{} (statutair)", body.name)),
        _ => format!("{} {}", seed::pick(&["Dossier", "Advies", "Huur", "Énergie & gas"], number), number),
    };
    let id = records::id(kind, body, number);
    Record { id, updated, members: records::seeded(kind, body, number, &name, updated) }
}
