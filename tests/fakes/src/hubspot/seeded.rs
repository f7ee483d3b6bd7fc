//! What the portals begin with.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    data::{MAIN, Portal, Record, SECOND, Store},
    iso,
};
use crate::seed;

/// 2026-03-02T08:00:00Z: the oldest record.
const FIRST: i64 = 1_772_438_400_000;
/// From one record to the next.
const STEP: i64 = 1_800_000;
/// How many there are of each type, in the first portal.
const COUNTS: [(&str, usize); 5] =
    [("contacts", 230), ("companies", 120), ("deals", 110), ("notes", 130), ("tasks", 105)];
const OWNERS: usize = 14;
/// Rows that a search reaches at the real one.
const REACH: usize = 10_000;

const FIRST_NAMES: [&str; 6] = ["Els", "Jan", "Fatima", "Piet", "Zoë", "Åsa"];
const LAST_NAMES: [&str; 5] = ["Janssens", "De Molen", "Peeters", "Claes & Zonen", "O'Neill"];

/// Names of the properties of each type, besides those that every type has.
const NAMES: [(&str, &[&str]); 5] = [
    (
        "contacts",
        &[
            "firstname",
            "lastname",
            "email",
            "phone",
            "mobilephone",
            "company",
            "jobtitle",
            "website",
            "address",
            "zip",
            "city",
            "country",
            "lifecyclestage",
            "hs_lead_status",
            "associatedcompanyid",
            "createdate",
            "lastmodifieddate",
            "favourite_colour",
        ],
    ),
    (
        "companies",
        &[
            "name",
            "domain",
            "phone",
            "website",
            "industry",
            "address",
            "zip",
            "city",
            "country",
            "numberofemployees",
            "annualrevenue",
            "lifecyclestage",
            "description",
            "createdate",
            "hs_lastmodifieddate",
        ],
    ),
    (
        "deals",
        &[
            "dealname",
            "amount",
            "deal_currency_code",
            "dealstage",
            "pipeline",
            "closedate",
            "dealtype",
            "description",
            "createdate",
            "hs_lastmodifieddate",
        ],
    ),
    ("notes", &["hs_timestamp", "hs_note_body", "hs_attachment_ids", "hs_createdate", "hs_lastmodifieddate"]),
    (
        "tasks",
        &[
            "hs_timestamp",
            "hs_task_subject",
            "hs_task_body",
            "hs_task_status",
            "hs_task_priority",
            "hs_task_type",
            "hs_createdate",
            "hs_lastmodifieddate",
        ],
    ),
];

pub(super) fn store() -> Store {
    let portals = BTreeMap::from([(MAIN, portal(1)), (SECOND, portal(8))]);
    Store { portals, reach: REACH, hidden: std::collections::BTreeSet::new() }
}

/// A portal with so much less than the first.
fn portal(part: usize) -> Portal {
    let mut portal = Portal { next: 150, ..Portal::default() };
    for (kind, names) in NAMES {
        let own =
            names.iter().chain(&["hs_object_id", "hubspot_owner_id"]).map(|name| property(name, *name == "email"));
        portal.properties.insert(kind, own.collect());
    }
    portal.owners = (0..OWNERS / part).map(|at| owner(at, FIRST)).collect();
    for (kind, count) in COUNTS {
        for at in 0..count / part {
            let id = portal.number();
            let moment = FIRST + STEP * i64::try_from(at).unwrap_or_default();
            let record = Record { id, created: moment, updated: moment, archived: None, properties: values(kind, at) };
            portal.records.entry(kind).or_default().insert(id, record);
        }
    }
    portal
}

/// A property as it is defined.
pub(super) fn property(name: &str, unique: bool) -> Value {
    let kind = if name.contains("date") { "datetime" } else { "string" };
    json!({ "name": name, "label": name.replace('_', " "), "type": kind, "fieldType": "text", "groupName": "information",
        "hasUniqueValue": unique, "archived": false, "updatedAt": iso(FIRST) })
}

pub(super) fn owner(at: usize, now: i64) -> Value {
    let (id, user) = ((77 + at).to_string(), 5566 + at);
    json!({ "id": id, "email": format!("owner{at}@voorbeeld.example"), "firstName": seed::pick(&FIRST_NAMES, at),
        "lastName": seed::pick(&LAST_NAMES, at), "userId": user, "userIdIncludingInactive": user, "type": "PERSON",
        "archived": false, "createdAt": iso(FIRST), "updatedAt": iso(now), "teams": [] })
}

/// The values of a record.
pub(super) fn values(kind: &str, at: usize) -> BTreeMap<String, String> {
    let owner = (77 + at % OWNERS).to_string();
    let pairs: Vec<(&str, String)> = match kind {
        "contacts" => vec![
            ("email", format!("contact{at}@voorbeeld.example")),
            ("firstname", seed::pick(&FIRST_NAMES, at).to_owned()),
            ("lastname", seed::pick(&LAST_NAMES, at / 2).to_owned()),
            ("favourite_colour", "groen".to_owned()),
        ],
        "companies" => vec![("name", format!("Bedrijf {at}")), ("domain", format!("bedrijf{at}.example"))],
        "deals" => vec![
            ("dealname", format!("Offerte {at}")),
            ("amount", format!("{}.50", 100 + at)),
            ("dealstage", "appointmentscheduled".to_owned()),
        ],
        "notes" => vec![
            ("hs_timestamp", "2026-03-01T10:00:00.000Z".to_owned()),
            ("hs_note_body", format!("<p>Gesprek {at} &amp; meer</p>")),
        ],
        _ => vec![
            ("hs_timestamp", "2026-12-01T08:00:00.000Z".to_owned()),
            ("hs_task_subject", format!("Bellen {at}")),
            ("hs_task_status", "NOT_STARTED".to_owned()),
        ],
    };
    let owned = [("hubspot_owner_id", owner)];
    pairs.into_iter().chain(owned).map(|(name, value)| (name.to_owned(), value)).collect()
}
