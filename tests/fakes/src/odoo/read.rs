//! The methods that read.

use serde_json::{Map, Value, json};

use super::{
    call::Call,
    data::{Data, has_active},
    domain::{Search, names},
    exception::Exception,
    model::{self, Field},
};
use crate::journal::Served;

/// What a method answers, and the records in it.
pub(super) type Told = (Value, Vec<Served>);

/// None when the method is another.
pub(super) fn answer(data: &Data, call: &Call) -> Option<Result<Told, Exception>> {
    let bare = |value: Result<Value, Exception>| Some(value.map(|value| (value, Vec::new())));
    match call.method.as_str() {
        "search_read" => Some(found(data, call).and_then(|ids| records(data, call, &ids))),
        "search" => bare(found(data, call).map(|ids| json!(ids))),
        "search_count" => bare(found(data, call).map(|ids| json!(ids.len()))),
        "read" => Some(read(data, call)),
        "fields_get" => bare(fields_get(call)),
        "context_get" => bare(Ok(json!({ "lang": "nl_BE", "tz": "Europe/Brussels", "uid": call.user.id }))),
        _ => None,
    }
}

/// The ids that a search finds.
fn found(data: &Data, call: &Call) -> Result<Vec<u64>, Exception> {
    let (model, nothing) = (call.model.as_str(), json!([]));
    let fields = model::fields(model, data.version).unwrap_or_default();
    let domain = call.args.get("domain").unwrap_or(&nothing);
    let archived = call.context.archived || names(domain, "active") || !has_active(model, data.version);
    let search = Search { data, model, fields: &fields };
    let mut ids = Vec::new();
    for id in data.ids(model) {
        let Some(row) = data.row(model, id) else { continue };
        let active = row.values.get("active") != Some(&json!(false));
        let app = model == "ir.model"
            && row.values.get("model").and_then(Value::as_str).is_some_and(|name| data.uninstalled.contains(name));
        let seen = data.is_of(model, id, call.companies()) && (archived || active) && !app;
        if search.fits(domain, id, row)? && seen {
            ids.push(id);
        }
    }
    search.sort(&mut ids, call.text("order")?)?;
    if call.args.get("limit").is_some_and(|limit| limit.as_i64().is_some_and(|limit| limit < 0)) {
        return Err(Exception::value("LIMIT must not be negative\n"));
    }
    let from = usize::try_from(call.number("offset")?.unwrap_or_default()).unwrap_or(usize::MAX);
    let most = call.number("limit")?.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    Ok(ids.into_iter().skip(from).take(most).collect())
}

fn read(data: &Data, call: &Call) -> Result<Told, Exception> {
    let ids = call.ids.clone().unwrap_or_default();
    let there: Vec<u64> = ids.into_iter().filter(|id| data.row(&call.model, *id).is_some()).collect();
    if there.iter().any(|id| !data.is_of(&call.model, *id, call.companies())) {
        return Err(Exception::company(&call.model));
    }
    // Of one that is gone nothing is said: an empty list, not an error.
    records(data, call, &there)
}

fn records(data: &Data, call: &Call, ids: &[u64]) -> Result<Told, Exception> {
    let known = model::fields(&call.model, data.version).unwrap_or_default();
    let wanted: Vec<Field> = match call.names("fields")? {
        None => known,
        Some(names) => {
            let field = |name: &str| {
                let found = known.iter().find(|field| field.name == name).copied();
                found.ok_or_else(|| Exception::value(format!("Invalid field '{name}' on '{}'", call.model)))
            };
            names.into_iter().map(field).collect::<Result<_, _>>()?
        }
    };
    let rows: Vec<Value> = ids.iter().map(|id| data.served(&call.model, *id, &wanted)).collect();
    let version = |row: &Value| row.get("write_date").and_then(Value::as_str).unwrap_or_default().to_owned();
    let served = rows.iter().map(|row| Served { version: version(row), ..Served::of(&call.model, row) }).collect();
    Ok((Value::Array(rows), served))
}

fn fields_get(call: &Call) -> Result<Value, Exception> {
    let only = call.names("allfields")?;
    let attributes = call.names("attributes")?.unwrap_or(vec!["type", "string", "relation", "required", "readonly"]);
    let mut all = Map::new();
    for field in model::fields(&call.model, call.version).unwrap_or_default() {
        if only.as_ref().is_some_and(|only| !only.contains(&field.name)) {
            continue;
        }
        let mut told = Map::new();
        for attribute in &attributes {
            let value = match *attribute {
                "type" => json!(field.kind),
                "string" => json!(field.name.trim_start_matches("x_").replace('_', " ")),
                "required" => json!(field.name == "name"),
                "readonly" => json!(field.name == "id" || field.name.ends_with("_uid")),
                "relation" if field.relation.is_empty() => continue,
                "relation" => json!(field.relation),
                "selection" if field.kind != "selection" => continue,
                "selection" => {
                    let values = model::selection(&call.model, field.name, call.version).iter();
                    values.map(|value| json!([value, value])).collect()
                }
                other => return Err(Exception::value(format!("attribute {other:?} is not in the sheet"))),
            };
            told.insert((*attribute).to_owned(), value);
        }
        all.insert(field.name.to_owned(), Value::Object(told));
    }
    Ok(Value::Object(all))
}
