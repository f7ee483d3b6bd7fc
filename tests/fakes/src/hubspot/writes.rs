//! Writes of single records (section 6): create, change, link.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    api::Call,
    data::{Portal, Store},
    problem::{Invalid, missing, problem, refusal},
};
use crate::{exchange::Answer, journal::Created, strict};

/// Numbers of links: from, to.
const LINKS: [(&str, &str, u64); 6] = [
    ("notes", "contacts", 202),
    ("notes", "companies", 190),
    ("notes", "deals", 214),
    ("tasks", "contacts", 204),
    ("tasks", "companies", 192),
    ("tasks", "deals", 216),
];
/// Characters of a value.
const LONGEST: usize = 65_536;

/// `POST /crm/v3/objects/{type}`
pub(super) fn create(call: &Call<'_>, store: &mut Store, kind: &'static str) -> Result<Answer, Answer> {
    call.may(kind, "write")?;
    strict::no_query(call.request).map_err(|why| refusal(&why))?;
    let body = strict::object(call.request, &["properties", "associations"]).map_err(|why| refusal(&why))?;
    let portal = call.portal(store);
    let properties = sent(body.get("properties"))?;
    check(portal, kind, &properties, true).map_err(|invalid| invalid.answer())?;
    if let Some(there) = taken(portal, kind, &properties, None) {
        return Err(problem(409, "CONFLICT", &format!("Contact already exists. Existing ID: {there}")));
    }
    let mut others = Vec::new();
    for one in body.get("associations").and_then(Value::as_array).into_iter().flatten() {
        others.push(linked(portal, kind, one)?);
    }
    let parent = others.iter().map(|(kind, id)| format!("{kind}/{id}")).collect::<Vec<_>>().join(",");
    let id = portal.make(kind, properties.clone(), call.now);
    portal.links.extend(others.into_iter().map(|other| ((kind.to_owned(), id), other)));
    let names: Vec<&str> = properties.keys().map(String::as_str).collect();
    let told = portal.get(kind, id).map(|record| record.json(portal, kind, &names)).unwrap_or_default();
    Ok(Answer::json(201, &told).after(made(kind, id, parent, &properties)))
}

/// `PATCH /crm/v3/objects/{type}/{id}`
pub(super) fn change(call: &Call<'_>, store: &mut Store, kind: &'static str, id: &str) -> Result<Answer, Answer> {
    call.may(kind, "write")?;
    strict::no_query(call.request).map_err(|why| refusal(&why))?;
    let body = strict::object(call.request, &["properties"]).map_err(|why| refusal(&why))?;
    let portal = call.portal(store);
    let id: u64 = id.parse().map_err(|_| missing())?;
    if portal.get(kind, id).is_none() {
        return Err(missing());
    }
    let properties = sent(body.get("properties"))?;
    check(portal, kind, &properties, false).map_err(|invalid| invalid.answer())?;
    if let Some(there) = taken(portal, kind, &properties, Some(id)) {
        return Err(problem(409, "CONFLICT", &format!("Contact already exists. Existing ID: {there}")));
    }
    let other = portal.change(kind, id, &properties, call.now);
    let names: Vec<&str> = properties.keys().map(String::as_str).collect();
    let told = portal.get(kind, id).map(|record| record.json(portal, kind, &names)).unwrap_or_default();
    let answer = Answer::json(200, &told);
    Ok(if other { answer.after(changed(kind, id, &properties)) } else { answer })
}

/// `PUT /crm/v4/objects/{from}/{id}/associations/default/{to}/{id}`: a link that is there stays as it is.
pub(super) fn link(
    call: &Call<'_>,
    store: &mut Store,
    from: (&'static str, &str),
    to: (&'static str, &str),
) -> Result<Answer, Answer> {
    call.may(from.0, "write")?;
    call.may(to.0, "write")?;
    strict::no_query(call.request).map_err(|why| refusal(&why))?;
    strict::no_body(call.request).map_err(|why| refusal(&why))?;
    let portal = call.portal(store);
    let place = |(kind, id): (&'static str, &str)| {
        let id = id.parse().ok().filter(|id| portal.get(kind, *id).is_some());
        id.map(|id: u64| (kind.to_owned(), id)).ok_or_else(missing)
    };
    let pair = (place(from)?, place(to)?);
    let ((_, one), (_, other)) = &pair;
    let told = json!({ "status": "COMPLETE", "results": [{ "from": { "id": one.to_string() }, "to": { "id": other.to_string() },
        "associationSpec": { "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1 } }] });
    let created = Created {
        kind: "link".to_owned(),
        id: format!("{}/{one}-{}/{other}", from.0, to.0),
        parent: format!("{}/{other}", to.0),
        content: json!({}),
    };
    let answer = Answer::json(200, &told);
    Ok(if portal.links.insert(pair) { answer.after(created) } else { answer })
}

/// The properties of a body: texts by name.
pub(super) fn sent(properties: Option<&Value>) -> Result<BTreeMap<String, String>, Answer> {
    let members: &Map<String, Value> =
        properties.and_then(Value::as_object).ok_or_else(|| refusal("properties must be an object"))?;
    let pair = |(name, value): (&String, &Value)| match value {
        Value::String(text) => Ok((name.clone(), cleaned(text))),
        _ => Err(refusal(&format!("the value of {name:?} must be a text"))),
    };
    members.iter().map(pair).collect()
}

/// HTML without what nobody is to see: comments and scripts.
fn cleaned(text: &str) -> String {
    let mut left = text.to_owned();
    for (open, close) in [("<!--", "-->"), ("<script", "</script>")] {
        while let Some((before, rest)) = left.split_once(open) {
            let after = rest.split_once(close).map(|(_, after)| after).unwrap_or_default();
            left = format!("{before}{after}");
        }
    }
    left
}

/// Whether these can be values of a record.
pub(super) fn check(
    portal: &Portal,
    kind: &str,
    properties: &BTreeMap<String, String>,
    new: bool,
) -> Result<(), Invalid> {
    for (name, value) in properties {
        if !portal.has(kind, name) {
            let message = format!("Property \"{name}\" does not exist");
            return Err(Invalid::of("PROPERTY_DOESNT_EXIST", name, &message));
        }
        if value.chars().count() > LONGEST {
            return Err(Invalid::of("INVALID_LENGTH", name, "Property value is too long"));
        }
    }
    let get = |name: &str| properties.get(name).map(String::as_str).filter(|value| !value.is_empty());
    if get("hubspot_owner_id").is_some_and(|id| !portal.owners.iter().any(|owner| owner["id"] == id)) {
        return Err(Invalid::of("INVALID_OWNER_ID", "hubspot_owner_id", "The owner does not exist"));
    }
    if get("email").is_some_and(|email| !email.contains('@') || email.ends_with(".invalid")) {
        return Err(Invalid::of("INVALID_EMAIL", "email", "Email address is invalid"));
    }
    let choice = |name: &'static str, known: &[&str]| match get(name) {
        Some(value) if !known.contains(&value) => {
            Err(Invalid::of("INVALID_OPTION", name, "This is not a known option"))
        }
        _ => Ok(()),
    };
    choice("hs_task_status", &["NOT_STARTED", "IN_PROGRESS", "WAITING", "COMPLETED", "DEFERRED"])?;
    choice("hs_task_priority", &["LOW", "MEDIUM", "HIGH"])?;
    choice("hs_task_type", &["TODO", "CALL", "EMAIL"])?;
    let is_moment = |value: &str| value.parse::<patchbay_model::Timestamp>().is_ok() || value.parse::<u64>().is_ok();
    if ["notes", "tasks"].contains(&kind) && (new || properties.contains_key("hs_timestamp")) {
        match get("hs_timestamp") {
            Some(value) if is_moment(value) => {}
            _ => return Err(Invalid::of("REQUIRED_FIELD", "hs_timestamp", "A timestamp is needed")),
        }
    }
    Ok(())
}

/// The record that has the value of a unique property already.
pub(super) fn taken(
    portal: &Portal,
    kind: &str,
    properties: &BTreeMap<String, String>,
    than: Option<u64>,
) -> Option<u64> {
    let unique = properties.iter().filter(|(name, _)| portal.is_unique(kind, name));
    let mut pairs = unique.flat_map(|pair| portal.of(kind).map(move |record| (pair, record)));
    let same = |((name, value), record): &((&String, &String), &super::data::Record)| {
        record.archived.is_none() && Some(record.id) != than && record.properties.get(*name) == Some(*value)
    };
    pairs.find(same).map(|(_, record)| record.id)
}

/// What one of `associations` links to.
fn linked(portal: &Portal, kind: &str, one: &Value) -> Result<(String, u64), Answer> {
    let wrong = || {
        refusal("an association is {\"to\": {\"id\"}, \"types\": [{\"associationCategory\", \"associationTypeId\"}]}")
    };
    let members = one.as_object().filter(|members| members.len() == 2).ok_or_else(wrong)?;
    let id = members.get("to").and_then(|to| to["id"].as_str()).ok_or_else(wrong)?;
    let [of] = members.get("types").and_then(Value::as_array).ok_or_else(wrong)?.as_slice() else {
        return Err(wrong());
    };
    if of["associationCategory"] != json!("HUBSPOT_DEFINED") {
        return Err(wrong());
    }
    let number = of["associationTypeId"].as_u64().ok_or_else(wrong)?;
    let link = LINKS.iter().find(|(from, _, known)| *from == kind && *known == number);
    let Some((_, to, _)) = link else {
        return Err(problem(400, "VALIDATION_ERROR", &format!("{number} is no association of {kind}")));
    };
    let id = id.parse().ok().filter(|id| portal.get(to, *id).is_some()).ok_or_else(missing)?;
    Ok(((*to).to_owned(), id))
}

/// What the journal has of something new.
pub(super) fn made(kind: &str, id: u64, parent: String, properties: &BTreeMap<String, String>) -> Created {
    let singular = match kind {
        "companies" => "company",
        _ => kind.trim_end_matches('s'),
    };
    Created { kind: singular.to_owned(), id: id.to_string(), parent, content: json!(properties) }
}

/// And of what was changed.
pub(super) fn changed(kind: &str, id: u64, properties: &BTreeMap<String, String>) -> Created {
    Created { kind: "change".to_owned(), parent: kind.to_owned(), ..made(kind, id, String::new(), properties) }
}
