//! The CRM's modules: their fields, their records, and what was deleted.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::moment;
use crate::seed;

/// 2026-03-02T08:00:00Z: the oldest record.
const FIRST: i64 = 1_772_438_400;
/// Seconds from one record to the next; each fourth has the time of the one before it.
const STEP: i64 = 5_400;

/// Fields of the modules that every organisation has: name and type.
const EVENTS: &[(&str, &str)] = &[
    ("Event_Title", "text"),
    ("Start_DateTime", "datetime"),
    ("End_DateTime", "datetime"),
    ("All_day", "boolean"),
    ("Venue", "text"),
    ("Description", "textarea"),
    ("Participants", "jsonarray"),
    ("Who_Id", "lookup"),
    ("What_Id", "lookup"),
    ("Recurring_Activity", "RRULE"),
];
const TASKS: &[(&str, &str)] = &[
    ("Subject", "text"),
    ("Due_Date", "date"),
    ("Status", "picklist"),
    ("Priority", "picklist"),
    ("Who_Id", "lookup"),
    ("What_Id", "lookup"),
    ("Closed_Time", "datetime"),
    ("Description", "textarea"),
];
const NOTES: &[(&str, &str)] = &[("Note_Title", "text"), ("Note_Content", "textarea"), ("Parent_Id", "lookup")];
const PERSON: &[(&str, &str)] =
    &[("First_Name", "text"), ("Last_Name", "text"), ("Email", "email"), ("Phone", "phone"), ("Mobile", "phone")];
const CONTACTS: &[(&str, &str)] = &[("Account_Name", "lookup"), ("Title", "text"), ("Department", "text")];
const LEADS: &[(&str, &str)] = &[("Company", "text"), ("Lead_Status", "picklist"), ("Lead_Source", "picklist")];
const ACCOUNTS: &[(&str, &str)] = &[
    ("Account_Name", "text"),
    ("Phone", "phone"),
    ("Website", "website"),
    ("Industry", "picklist"),
    ("Account_Type", "picklist"),
    ("Billing_Street", "text"),
    ("Billing_City", "text"),
    ("Billing_Code", "text"),
    ("Billing_Country", "text"),
    ("Description", "textarea"),
    ("KBO_nummer", "text"),
];
const DEALS: &[(&str, &str)] = &[
    ("Deal_Name", "text"),
    ("Amount", "currency"),
    ("Stage", "picklist"),
    ("Closing_Date", "date"),
    ("Probability", "integer"),
    ("Account_Name", "lookup"),
    ("Contact_Name", "lookup"),
    ("Lead_Source", "picklist"),
    ("Description", "textarea"),
];
const DOSSIERS: &[(&str, &str)] =
    &[("Name", "text"), ("Dossiernummer", "text"), ("Klant", "lookup"), ("Uren", "subform"), ("Email", "email")];
const OF_ALL: &[(&str, &str)] =
    &[("Owner", "ownerlookup"), ("Created_Time", "datetime"), ("Modified_Time", "datetime")];

/// Everything that can be read.
pub(crate) struct Crm {
    pub(crate) modules: Vec<Module>,
    next: u64,
}

/// A module.
pub(crate) struct Module {
    pub(crate) name: &'static str,
    label: &'static str,
    pub(crate) custom: bool,
    pub(crate) hidden: bool,
    fields: Vec<&'static [(&'static str, &'static str)]>,
    /// The field that holds a record's name.
    named: &'static str,
    pub(crate) records: BTreeMap<String, Record>,
    pub(crate) gone: Vec<Gone>,
}

/// A record; times are whole seconds since 1970.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) created: i64,
    pub(crate) modified: i64,
    pub(crate) fields: Map<String, Value>,
}

/// A record that was deleted.
#[derive(Debug, Clone)]
pub(crate) struct Gone {
    pub(crate) id: String,
    pub(crate) name: Value,
    pub(crate) at: i64,
}

impl Crm {
    /// Seventeen records of each module, and 23 of a custom one with a subform; no attachments yet.
    pub(crate) fn seeded(start: u64) -> Self {
        let module = |name, label, custom, fields: &[&'static [(&'static str, &'static str)]], named| Module {
            name,
            label,
            custom,
            hidden: false,
            fields: fields.iter().copied().chain([OF_ALL]).collect(),
            named,
            records: BTreeMap::new(),
            gone: Vec::new(),
        };
        let modules = vec![
            module("Accounts", "Accounts", false, &[ACCOUNTS], "Account_Name"),
            module("Contacts", "Contacts", false, &[PERSON, CONTACTS], "Last_Name"),
            module("Deals", "Deals", false, &[DEALS], "Deal_Name"),
            module("Leads", "Leads", false, &[PERSON, LEADS], "Last_Name"),
            module("Events", "Meetings", false, &[EVENTS], "Event_Title"),
            module("Tasks", "Tasks", false, &[TASKS], "Subject"),
            module("Notes", "Notes", false, &[NOTES], "Note_Title"),
            module("Attachments", "Attachments", false, &[], "File_Name"),
            module("Dossiers", "Dossiers", true, &[DOSSIERS], "Name"),
        ];
        let mut crm = Self { modules, next: 5_543_210_000_000_301_001 };
        for name in ["Accounts", "Contacts", "Leads", "Deals", "Events", "Tasks", "Notes", "Dossiers"] {
            for at in 0..if name == "Dossiers" { 23_i64 } else { 17 } {
                let called = seed::text(start, &format!("zoho/{name}/{at}"), 12);
                let called: String = called.chars().filter(|letter| !letter.is_control()).take(60).collect();
                crm.add_named(name, &called, FIRST + (at - i64::from(at % 4 == 3)) * STEP);
            }
        }
        crm
    }

    pub(crate) fn module(&self, name: &str) -> Option<&Module> {
        self.modules.iter().find(|module| module.name == name)
    }

    pub(crate) fn module_mut(&mut self, name: &str) -> Option<&mut Module> {
        self.modules.iter_mut().find(|module| module.name == name)
    }

    /// All records of a module with all their fields.
    pub(crate) fn all(&self, name: &str) -> Option<Vec<Value>> {
        let module = self.module(name)?;
        let fields: Vec<&str> = module.field_names().collect();
        Some(module.records.values().map(|record| record.json(&fields)).collect())
    }

    /// The id of the next record: a long number as text.
    pub(crate) fn next_id(&mut self) -> String {
        self.next += 7;
        self.next.to_string()
    }

    /// Adds a record of this name; its id.
    pub(crate) fn add_named(&mut self, module: &str, name: &str, now: i64) -> String {
        let account = self.module("Accounts").and_then(|accounts| accounts.records.values().next()).cloned();
        let contact = self.module("Contacts").and_then(|contacts| contacts.records.values().next()).cloned();
        let link = |record: &Option<Record>, field: &str| match record {
            Some(record) => json!({ "id": record.id, "name": record.fields.get(field) }),
            None => Value::Null,
        };
        let (what, who) = (link(&account, "Account_Name"), link(&contact, "Last_Name"));
        let event = self.module("Events").and_then(|events| events.records.values().next()).cloned();
        let id = self.next_id();
        let Some(module) = self.module_mut(module) else { return String::new() };
        let mut fields = Map::new();
        fields.insert(module.named.to_owned(), json!(name));
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        match module.name {
            "Events" => {
                put("Start_DateTime", json!(moment(now + 86_400)));
                put("End_DateTime", json!(moment(now + 90_000)));
                put("All_day", json!(false));
                put("Venue", json!("Gent"));
                put("What_Id", what);
                put("Who_Id", who);
                put(
                    "Participants",
                    json!([{ "name": "Piet De Molen", "Email": "piet@demolen.example", "invited": true,
                    "type": "contact", "status": "not_known" }]),
                );
            }
            "Tasks" => {
                put("Status", json!("Not Started"));
                put("Priority", json!("Normal"));
                put("What_Id", what);
            }
            "Notes" => {
                put("Note_Content", json!(format!("Over {name}")));
                put(
                    "Parent_Id",
                    json!({ "id": event.map(|event| event.id), "name": "Jaargesprek",
                    "module": { "api_name": "Events", "id": "5543210000000002195" } }),
                );
            }
            "Contacts" => {
                put("First_Name", json!("Piet"));
                put("Email", json!("piet@demolen.example"));
                put("Account_Name", what);
            }
            "Accounts" => {
                put("Billing_City", json!("Gent"));
                put("KBO_nummer", json!("0123.456.789"));
            }
            "Deals" => {
                put("Amount", json!(1_200.5));
                put("Stage", json!("Qualification"));
                put("Account_Name", what);
            }
            "Dossiers" => {
                put("Dossiernummer", json!(format!("D-{id}")));
                put("Klant", what);
            }
            _ => {}
        }
        module.records.insert(id.clone(), Record { id: id.clone(), created: now, modified: now, fields });
        id
    }

    pub(crate) fn rename(&mut self, module: &str, id: &str, name: &str, now: i64) -> bool {
        let Some(module) = self.module_mut(module) else { return false };
        let named = module.named;
        let Some(record) = module.records.get_mut(id) else { return false };
        record.fields.insert(named.to_owned(), json!(name));
        record.modified = now;
        true
    }

    pub(crate) fn remove(&mut self, module: &str, id: &str, now: i64) -> bool {
        let Some(module) = self.module_mut(module) else { return false };
        let Some(record) = module.records.remove(id) else { return false };
        let name = record.fields.get(module.named).cloned().unwrap_or_default();
        module.gone.push(Gone { id: record.id, name, at: now });
        true
    }

    pub(crate) fn import(&mut self, module: &str, count: usize, now: i64) {
        for at in 0..count {
            self.add_named(module, &format!("Import {at}"), now);
        }
    }

    pub(crate) fn hide(&mut self, module: &str, hidden: bool) {
        self.module_mut(module).into_iter().for_each(|module| module.hidden = hidden);
    }
}

impl Module {
    pub(crate) fn field_names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.fields.iter().flat_map(|fields| fields.iter()).map(|(name, _)| *name)
    }

    /// As `/settings/modules` tells it.
    pub(crate) fn json(&self) -> Value {
        json!({
            "api_name": self.name,
            "module_name": self.label,
            "singular_label": self.label.trim_end_matches('s'),
            "plural_label": self.label,
            "generated_type": if self.custom { "custom" } else { "default" },
            "api_supported": true,
            "viewable": true,
            "id": seed::number(7, self.name).to_string(),
        })
    }

    /// As `/settings/fields` tells them.
    pub(crate) fn fields_json(&self) -> Vec<Value> {
        let of = |(name, kind): &(&str, &str)| {
            json!({
                "api_name": name,
                "field_label": name.replace('_', " "),
                "data_type": kind,
                "custom_field": self.custom && *name != "Name" && *name != "Email" || *name == "KBO_nummer",
                "id": seed::number(7, name).to_string(),
            })
        };
        self.fields.iter().flat_map(|fields| fields.iter()).map(of).collect()
    }
}

impl Record {
    /// The record with these fields; `$se_module` comes along with what it says.
    pub(crate) fn json(&self, fields: &[&str]) -> Value {
        let mut json = Map::from_iter([("id".to_owned(), json!(self.id))]);
        for name in fields {
            let value = match *name {
                "Created_Time" => json!(moment(self.created)),
                "Modified_Time" => json!(moment(self.modified)),
                "Owner" => {
                    json!({ "name": "An Peeters", "id": "5543210000000191017", "email": "an@vermeulen.example" })
                }
                name => self.fields.get(name).cloned().unwrap_or_default(),
            };
            json.insert((*name).to_owned(), value);
        }
        if fields.contains(&"What_Id") && self.fields.get("What_Id").is_some_and(|what| !what.is_null()) {
            json.insert("$se_module".to_owned(), self.fields.get("$se_module").cloned().unwrap_or(json!("Accounts")));
        }
        Value::Object(json)
    }
}
