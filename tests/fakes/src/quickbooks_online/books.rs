//! The books of each company: records by entity, with their state and the moment of their last change, and what is gone.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    companies::COMPANIES,
    dated,
    records::{self, ATTACHABLE, KINDS, Kind},
};

/// 2026-03-02T08:00:00Z: the oldest record.
const FIRST: i64 = 1_772_438_400_000;
/// From one record to the next.
const STEP: i64 = 1_800_000;
/// Records that an import wrote in one second: more than a page of most.
const IMPORTED: std::ops::Range<usize> = 30..560;

/// All records.
#[derive(Debug)]
pub(crate) struct Books {
    of: BTreeMap<(usize, &'static str), Vec<Record>>,
    /// What was deleted: company, entity, id, when.
    pub(super) gone: Vec<(usize, &'static str, String, i64)>,
    /// Of each company, the part of its own record that changes: a name and its state.
    legal: BTreeMap<usize, (String, usize)>,
    made: usize,
}

/// A record.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) id: String,
    /// How often it was changed.
    pub(super) token: usize,
    /// Milliseconds since 1970.
    created: i64,
    pub(super) updated: i64,
    pub(super) members: Map<String, Value>,
}

impl Record {
    /// As answers have it.
    pub(super) fn json(&self) -> Value {
        let mut members = self.members.clone();
        members.insert("Id".to_owned(), json!(self.id));
        members.insert("SyncToken".to_owned(), json!(self.token.to_string()));
        let times = json!({ "CreateTime": dated(self.created), "LastUpdatedTime": dated(self.updated) });
        members.insert("MetaData".to_owned(), times);
        Value::Object(members)
    }

    /// A member that is a text.
    pub(super) fn text(&self, name: &str) -> &str {
        self.members.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

impl Books {
    /// Of each company, some of each entity.
    pub(super) fn seeded() -> Self {
        let mut of = BTreeMap::new();
        for (company, kind) in (0..COMPANIES.len()).flat_map(|company| KINDS.iter().map(move |kind| (company, kind))) {
            let count = if company == 0 { kind.counts.0 } else { kind.counts.1 };
            of.insert((company, kind.entity), (0..count).map(|number| first(kind, number)).collect());
        }
        let legal = |(at, company): (usize, &super::companies::Company)| (at, (company.name.to_owned(), 4));
        Self { of, gone: Vec::new(), legal: COMPANIES.iter().enumerate().map(legal).collect(), made: 0 }
    }

    /// The company's own record, whose id is 1 in each.
    pub(super) fn company(&self, company: usize) -> Value {
        let (legal, token) = self.legal.get(&company).cloned().unwrap_or_default();
        json!({
            "CompanyName": COMPANIES.get(company).map(|company| company.name), "LegalName": legal,
            "CompanyAddr": { "Id": "1", "Line1": "Molenstraat 4", "City": "Gent", "Country": "BE" },
            "Email": { "Address": "info@demolen.example" }, "FiscalYearStartMonth": "January", "Country": "BE",
            "SupportedLanguages": "en", "NameValue": [{ "Name": "OfferingSku", "Value": "QuickBooks Online Plus" }],
            "domain": "QBO", "sparse": false, "Id": "1", "SyncToken": token.to_string(),
            "MetaData": { "CreateTime": dated(FIRST), "LastUpdatedTime": dated(FIRST) },
        })
    }

    /// Changes the company's legal name.
    pub(super) fn rename(&mut self, company: usize, legal: &str) {
        let (name, token) = self.legal.entry(company).or_default();
        legal.clone_into(name);
        *token += 1;
    }

    /// The records of an entity.
    pub(super) fn list(&self, company: usize, kind: &Kind) -> &[Record] {
        self.of.get(&(company, kind.entity)).map(Vec::as_slice).unwrap_or_default()
    }

    /// A record.
    pub(super) fn get(&self, company: usize, kind: &Kind, id: &str) -> Option<&Record> {
        self.list(company, kind).iter().find(|record| record.id == id)
    }

    /// A number that no record has yet.
    pub(super) fn next(&mut self) -> usize {
        self.made += 1;
        900_000 + self.made
    }

    /// Adds a record with these members over those that all of its entity have; its id.
    pub(super) fn add(
        &mut self,
        company: usize,
        kind: &Kind,
        name: &str,
        more: Map<String, Value>,
        now: i64,
    ) -> String {
        let number = self.next();
        let mut members = records::seeded(kind, number, name, now);
        members.extend(more);
        self.put(company, kind, records::id(kind, number), members, now)
    }

    /// Keeps a note or a file; its id.
    pub(super) fn attach(&mut self, company: usize, members: Map<String, Value>, now: i64) -> String {
        let id = format!("1000000000{}", self.next());
        self.put(company, &ATTACHABLE, id, members, now)
    }

    fn put(&mut self, company: usize, kind: &Kind, id: String, members: Map<String, Value>, now: i64) -> String {
        let record = Record { id: id.clone(), token: 0, created: now, updated: now, members };
        self.of.entry((company, kind.entity)).or_default().push(record);
        id
    }

    /// Changes members of a record; whether there is one.
    pub(super) fn change(&mut self, company: usize, kind: &Kind, id: &str, more: Map<String, Value>, now: i64) -> bool {
        let list = self.of.entry((company, kind.entity)).or_default();
        let Some(record) = list.iter_mut().find(|record| record.id == id) else { return false };
        record.members.extend(more);
        record.token += 1;
        record.updated = now;
        true
    }

    /// Deletes a record, which only those are told who ask for changes; whether there was one.
    pub(super) fn delete(&mut self, company: usize, kind: &Kind, id: &str, now: i64) -> bool {
        let list = self.of.entry((company, kind.entity)).or_default();
        let before = list.len();
        list.retain(|record| record.id != id);
        let was_there = list.len() < before;
        if was_there {
            self.gone.push((company, kind.entity, id.to_owned(), now));
        }
        was_there
    }
}

/// A record of the start. A fourth has the second of the one before it, and an import wrote many at once.
fn first(kind: &Kind, number: usize) -> Record {
    let place = if IMPORTED.contains(&number) { IMPORTED.start } else { number - usize::from(number % 4 == 3) };
    let updated = FIRST + i64::try_from(place).unwrap_or_default() * STEP;
    let name = match kind.entity {
        "Customer" => format!("Klant {number}"),
        "Vendor" => format!("Leverancier {number}"),
        _ => format!("{} {number}", crate::seed::pick(&["Dossier", "Advies", "Huur", "Énergie & gas"], number)),
    };
    let members = records::seeded(kind, number, &name, updated);
    Record { id: records::id(kind, number), token: number % 3, created: updated, updated, members }
}
