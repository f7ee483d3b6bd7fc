//! What each portal holds: records by type, owners, properties, files, and what is linked with what.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::iso;

/// The portal that tests look at.
pub(super) const MAIN: &str = "14500123";
/// Another one.
pub(super) const SECOND: &str = "14500456";
/// The types of records.
pub(super) const TYPES: [&str; 5] = ["contacts", "companies", "deals", "notes", "tasks"];

/// Where a record of a type stands.
pub(super) type Place = (String, u64);

/// All portals.
#[derive(Debug)]
pub(crate) struct Store {
    pub(super) portals: BTreeMap<&'static str, Portal>,
    /// Rows that a search reaches.
    pub(super) reach: usize,
    /// Records that no search finds yet.
    pub(super) hidden: BTreeSet<Place>,
}

/// A portal.
#[derive(Debug, Default)]
pub(super) struct Portal {
    pub(super) records: BTreeMap<&'static str, BTreeMap<u64, Record>>,
    pub(super) owners: Vec<Value>,
    /// By type.
    pub(super) properties: BTreeMap<&'static str, Vec<Value>>,
    pub(super) files: Vec<File>,
    pub(super) links: BTreeSet<(Place, Place)>,
    pub(super) next: u64,
}

/// A record.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) id: u64,
    /// Milliseconds since 1970, like all moments here.
    pub(super) created: i64,
    pub(super) updated: i64,
    pub(super) archived: Option<i64>,
    pub(super) properties: BTreeMap<String, String>,
}

/// An uploaded file.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) id: u64,
    pub(super) folder: String,
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) sha256: String,
}

/// The property that says when a record of this type last changed.
pub(super) fn changed(kind: &str) -> &'static str {
    if kind == "contacts" { "lastmodifieddate" } else { "hs_lastmodifieddate" }
}

/// The property that says when it was made.
fn made(kind: &str) -> &'static str {
    if ["notes", "tasks"].contains(&kind) { "hs_createdate" } else { "createdate" }
}

/// The type as it is known here.
pub(super) fn known(kind: &str) -> Option<&'static str> {
    TYPES.into_iter().find(|known| *known == kind)
}

/// What comes when no properties are named.
fn standard(kind: &str) -> &'static [&'static str] {
    match kind {
        "contacts" => &["email", "firstname", "lastname"],
        "companies" => &["name", "domain"],
        "deals" => &["dealname", "amount", "dealstage", "pipeline", "closedate"],
        _ => &[],
    }
}

impl Store {
    /// A portal; whoever has a token has one that is there.
    pub(super) fn portal(&mut self, id: &'static str) -> &mut Portal {
        self.portals.entry(id).or_default()
    }
}

impl Portal {
    /// A number that nothing has yet.
    pub(super) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(super) fn of(&self, kind: &str) -> impl Iterator<Item = &Record> {
        self.records.get(kind).into_iter().flat_map(BTreeMap::values)
    }

    /// A record that is not archived.
    pub(super) fn get(&self, kind: &str, id: u64) -> Option<&Record> {
        self.records.get(kind)?.get(&id).filter(|record| record.archived.is_none())
    }

    pub(super) fn get_mut(&mut self, kind: &str, id: u64) -> Option<&mut Record> {
        self.records.get_mut(kind)?.get_mut(&id)
    }

    /// Makes a record; its number.
    pub(super) fn make(&mut self, kind: &'static str, properties: BTreeMap<String, String>, now: i64) -> u64 {
        let id = self.number();
        let record = Record { id, created: now, updated: now, archived: None, properties };
        self.records.entry(kind).or_default().insert(id, record);
        id
    }

    /// Changes these properties; whether any was other before.
    pub(super) fn change(&mut self, kind: &str, id: u64, with: &BTreeMap<String, String>, now: i64) -> bool {
        let Some(record) = self.get_mut(kind, id) else { return false };
        let other = with.iter().any(|(name, value)| record.properties.get(name).map_or("", String::as_str) != value);
        if other {
            record.properties.extend(with.clone());
            record.updated = now.max(record.updated + 1);
        }
        other
    }

    /// Whether the type has this property.
    pub(super) fn has(&self, kind: &str, name: &str) -> bool {
        self.properties.get(kind).is_some_and(|all| all.iter().any(|one| one["name"] == name))
    }

    /// Whether no two records can have the same value of it.
    pub(super) fn is_unique(&self, kind: &str, name: &str) -> bool {
        let unique = |one: &Value| one["name"] == name && one["hasUniqueValue"] == json!(true);
        self.properties.get(kind).is_some_and(|all| all.iter().any(unique))
    }
}

impl Record {
    /// The value of a property as a search sees it; moments in milliseconds.
    pub(super) fn value(&self, kind: &str, name: &str) -> Option<String> {
        if name == changed(kind) {
            return Some(self.updated.to_string());
        }
        if name == made(kind) {
            return Some(self.created.to_string());
        }
        if name == "hs_object_id" {
            return Some(self.id.to_string());
        }
        self.properties.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// As a list has it, with these properties, or the few that always come.
    pub(super) fn json(&self, portal: &Portal, kind: &str, names: &[&str]) -> Value {
        let names = if names.is_empty() { standard(kind) } else { names };
        let asked = names.iter().filter(|name| portal.has(kind, name));
        let mut shown: Map<String, Value> =
            asked.map(|name| ((*name).to_owned(), json!(self.value(kind, name)))).collect();
        for (name, at) in [(changed(kind), self.updated), (made(kind), self.created)] {
            shown.insert(name.to_owned(), json!(iso(at)));
        }
        shown.insert("hs_object_id".to_owned(), json!(self.id.to_string()));
        let mut told = json!({ "id": self.id.to_string(), "createdAt": iso(self.created), "updatedAt": iso(self.updated),
            "archived": self.archived.is_some(), "properties": shown });
        if let (Some(at), Some(members)) = (self.archived, told.as_object_mut()) {
            members.insert("archivedAt".to_owned(), json!(iso(at)));
        }
        told
    }
}
