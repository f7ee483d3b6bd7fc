//! Parties, files, contracts, claims and users of two offices, made of the seed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{OFFICE, OTHER_OFFICE};
use crate::seed;

const PEOPLE: [&str; 6] = ["Janssens", "D'Hondt", "Peeters", "Müller", "Van den Bossche", "Wouters"];
const FIRST: [&str; 4] = ["Els", "Jan", "Zoë", "André"];

/// Parties of the first office.
const PARTIES: u64 = 4;
/// The party that the customer of the portal is.
const PORTAL: u64 = 5_021;

/// Records by kind, in order of their ids.
#[derive(Debug, Default)]
pub(super) struct Data {
    kinds: BTreeMap<&'static str, Vec<Value>>,
    next: u64,
}

impl Data {
    pub(super) fn seeded(start: u64) -> Self {
        let mut data = Self { next: 90_000, ..Self::default() };
        for at in 0..PARTIES {
            data.add("party", party(start, PORTAL + at, OFFICE, at));
        }
        for at in 0..3 {
            data.add("party", party(start, 7_000 + at, OTHER_OFFICE, at));
        }
        for at in 0..5 {
            let id = data.next_id();
            let file = file(id, PORTAL + at % 3, &format!("Polis {at}.pdf"), 1_000 + at, "2026-03-02T09:00:00+01:00");
            data.add("file", file);
        }
        for at in 0..4 {
            let (party, number) = (PORTAL + at, format!("P-{at:05}"));
            data.add("contract", json!({ "id": 300 + at, "office_id": OFFICE, "party_id": party, "number": number }));
            data.add(
                "claim",
                json!({ "id": 400 + at, "office_id": OFFICE, "contract_id": 300 + at, "status": "open" }),
            );
        }
        for (id, name, email) in [(881, "An Peeters", "an@kantoor.example"), (882, "Bo Claes", "bo@kantoor.example")] {
            data.add("user", json!({ "id": id, "office_id": OFFICE, "name": name, "email": email }));
        }
        data
    }

    pub(super) fn records(&self, kind: &str) -> Option<Vec<Value>> {
        let of_office = |record: &Value| record.get("office_id").is_none_or(|office| *office == json!(OFFICE));
        self.kinds.get(kind).map(|records| records.iter().filter(|record| of_office(record)).cloned().collect())
    }

    /// What somebody sees of a kind.
    pub(super) fn seen(&self, kind: &str, who: &str) -> Vec<&Value> {
        let office = if who == "other" { OTHER_OFFICE } else { OFFICE };
        let own = |record: &&Value| {
            record.get("office_id") == Some(&json!(office))
                && (who != "portal" || (kind == "party" && record.get("id") == Some(&json!(PORTAL))))
        };
        self.kinds.get(kind).map_or(&[][..], Vec::as_slice).iter().filter(own).collect()
    }

    pub(super) fn party(&self, who: &str, id: u64) -> Option<&Value> {
        self.seen("party", who).into_iter().find(|party| party.get("id") == Some(&json!(id)))
    }

    pub(super) fn files_of(&self, party: u64) -> Vec<&Value> {
        let files = self.kinds.get("file").map_or(&[][..], Vec::as_slice).iter();
        files.filter(|file| file.get("party_id") == Some(&json!(party))).collect()
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(super) fn add(&mut self, kind: &'static str, record: Value) {
        self.kinds.entry(kind).or_default().push(record);
    }

    pub(super) fn with_mut(&mut self, kind: &str, id: u64) -> Option<&mut Value> {
        self.kinds.get_mut(kind)?.iter_mut().find(|record| record.get("id") == Some(&json!(id)))
    }

    pub(super) fn remove(&mut self, kind: &str, id: u64) -> bool {
        let Some(records) = self.kinds.get_mut(kind) else { return false };
        let before = records.len();
        records.retain(|record| record.get("id") != Some(&json!(id)));
        records.len() < before
    }
}

fn party(start: u64, id: u64, office: u64, at: u64) -> Value {
    let dice = usize::try_from(seed::number(start, &format!("party/{id}")) % 10_000).unwrap_or_default();
    let company = at % 3 == 1;
    let name = seed::pick(&PEOPLE, dice);
    json!({
        "id": id, "office_id": office, "prefix": seed::pick(&["A", "B", ""], dice), "number": 21 + at, "suffix": at % 2,
        "type": if company { "company" } else { "person" },
        "name": if company { format!("Garage {name} BV") } else { name.to_owned() },
        "first_name": if company { Value::Null } else { json!(seed::pick(&FIRST, dice)) },
        "language": "nl", "email": format!("p{id}@voorbeeld.example"), "phone": null, "vat_number": null,
        "created_at": "2025-01-15T10:00:00+01:00", "updated_at": "2026-10-18T16:40:00+02:00",
    })
}

pub(super) fn file(id: u64, party: u64, name: &str, size: u64, created_at: &str) -> Value {
    json!({ "id": id, "party_id": party, "name": name, "size": size, "description": null, "created_at": created_at })
}
