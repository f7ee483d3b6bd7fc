//! `POST /crm/v3/objects/{type}/search`: filters, one order, and an `after` that reaches so many rows and no more (section 5).

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::{
    api::Call,
    data::{Record, Store},
    lists,
    problem::{problem, refusal},
    served,
};
use crate::{exchange::Answer, strict};

const MEMBERS: [&str; 5] = ["filterGroups", "sorts", "properties", "limit", "after"];
const LIMIT: u64 = 200;

/// Answers a search.
pub(super) fn answer(call: &Call<'_>, store: &mut Store, kind: &'static str) -> Result<Answer, Answer> {
    call.may(kind, "read")?;
    strict::no_query(call.request).map_err(|why| refusal(&why))?;
    let body = strict::object(call.request, &MEMBERS).map_err(|why| refusal(&why))?;
    let limit = match body.get("limit") {
        None => 10,
        Some(limit) => limit
            .as_u64()
            .filter(|limit| (1..=LIMIT).contains(limit))
            .ok_or_else(|| refusal("limit must be a whole number from 1 to 200"))?,
    };
    let after = match body.get("after") {
        None => 0,
        Some(after) => {
            let number = after.as_str().and_then(|text| text.parse::<usize>().ok());
            number.ok_or_else(|| refusal("after must be a number as text"))?
        }
    };
    let limit = usize::try_from(limit).unwrap_or_default();
    if after + limit > store.reach {
        // What the real one says of it: 400 and nothing that could be read by a program.
        return Err(problem(400, "VALIDATION_ERROR", "There was a problem with the request.")
            .refused("a search reaches only so many rows"));
    }
    let properties: Vec<&str> = match body.get("properties") {
        None => Vec::new(),
        Some(names) => texts(names).ok_or_else(|| refusal("properties must be a list of texts"))?,
    };
    let groups = groups(&body)?;
    let sort = sort(&body)?;
    let hidden = store.hidden.clone();
    let portal = call.portal(store);
    let is_seen = |record: &&Record| record.archived.is_none() && !hidden.contains(&(kind.to_owned(), record.id));
    let fits =
        |record: &&Record| groups.is_empty() || groups.iter().any(|all| all.iter().all(|one| one.fits(record, kind)));
    let mut found: Vec<&Record> = portal.of(kind).filter(is_seen).filter(fits).collect();
    if let Some((name, descending)) = sort {
        found.sort_by(|one, other| {
            let order = compare(one.value(kind, name).as_deref(), other.value(kind, name).as_deref());
            if descending { order.reverse() } else { order }
        });
    }
    let total = found.len();
    let shown: Vec<Value> =
        found.iter().skip(after).take(limit).map(|record| record.json(portal, kind, &properties)).collect();
    let next = Some(after + shown.len()).filter(|next| *next < total).map(|next| next.to_string());
    let mut told = lists::paged(&shown, next.as_deref());
    told.insert("total".to_owned(), json!(total));
    Ok(Answer::json(200, &Value::Object(told)).serving(shown.iter().map(|record| served(kind, record)).collect()))
}

struct Filter {
    property: String,
    operator: String,
    value: String,
}

impl Filter {
    fn of(filter: &Value) -> Result<Self, Answer> {
        let members = filter.as_object().ok_or_else(|| refusal("a filter must be an object"))?;
        if let Some(name) = members.keys().find(|name| !["propertyName", "operator", "value"].contains(&name.as_str()))
        {
            return Err(refusal(&format!("member {name:?} of a filter is not in the sheet")));
        }
        let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let filter = Self { property: text("propertyName"), operator: text("operator"), value: text("value") };
        let operators = ["EQ", "NEQ", "LT", "LTE", "GT", "GTE", "HAS_PROPERTY", "NOT_HAS_PROPERTY", "CONTAINS_TOKEN"];
        if filter.property.is_empty() || !operators.contains(&filter.operator.as_str()) {
            return Err(refusal("a filter needs propertyName and an operator that the fake knows"));
        }
        Ok(filter)
    }

    fn fits(&self, record: &Record, kind: &str) -> bool {
        let value = record.value(kind, &self.property);
        let order = || compare(value.as_deref(), Some(&self.value));
        match (self.operator.as_str(), &value) {
            ("HAS_PROPERTY", value) => value.is_some(),
            ("NOT_HAS_PROPERTY", value) => value.is_none(),
            ("NEQ", _) => order() != Ordering::Equal,
            (_, None) => false,
            ("EQ", _) => order() == Ordering::Equal,
            ("LT", _) => order() == Ordering::Less,
            ("LTE", _) => order() != Ordering::Greater,
            ("GT", _) => order() == Ordering::Greater,
            ("GTE", _) => order() != Ordering::Less,
            (_, Some(value)) => contains(value, &self.value),
        }
    }
}

/// Whether one of the words of a value is this one, or begins with it where a star follows.
fn contains(value: &str, wanted: &str) -> bool {
    let (value, wanted) = (value.to_lowercase(), wanted.to_lowercase());
    let words = || value.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    match wanted.strip_suffix('*') {
        Some(begin) => words().any(|word| word.starts_with(begin)) || value.starts_with(begin),
        None => words().any(|word| word == wanted) || value == wanted,
    }
}

/// Numbers by their size, all else as texts; what has no value comes first.
fn compare(one: Option<&str>, other: Option<&str>) -> Ordering {
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<i64>().ok());
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => one.cmp(&other),
    }
}

fn groups(body: &Map<String, Value>) -> Result<Vec<Vec<Filter>>, Answer> {
    let wrong = || refusal("filterGroups must be a list of {\"filters\": […]}");
    let groups = match body.get("filterGroups") {
        None => return Ok(Vec::new()),
        Some(groups) => groups.as_array().ok_or_else(wrong)?,
    };
    let group = |group: &Value| {
        let members = group.as_object().filter(|members| members.len() == 1).ok_or_else(wrong)?;
        let filters = members.get("filters").and_then(Value::as_array).ok_or_else(wrong)?;
        filters.iter().map(Filter::of).collect()
    };
    groups.iter().map(group).collect()
}

/// The property of the one order, and whether it is descending.
fn sort(body: &Map<String, Value>) -> Result<Option<(&str, bool)>, Answer> {
    let wrong = || refusal("sorts must be a list of one {\"propertyName\", \"direction\"}");
    let Some(sorts) = body.get("sorts") else { return Ok(None) };
    let [sort] = sorts.as_array().ok_or_else(wrong)?.as_slice() else { return Err(wrong()) };
    let members = sort.as_object().filter(|members| members.len() == 2).ok_or_else(wrong)?;
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    match (text("propertyName"), text("direction")) {
        (Some(name), Some("ASCENDING")) => Ok(Some((name, false))),
        (Some(name), Some("DESCENDING")) => Ok(Some((name, true))),
        _ => Err(wrong()),
    }
}

fn texts(value: &Value) -> Option<Vec<&str>> {
    value.as_array()?.iter().map(Value::as_str).collect()
}
