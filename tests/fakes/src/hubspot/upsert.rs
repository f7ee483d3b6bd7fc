//! `POST /crm/v3/objects/{type}/batch/upsert`: by a property whose values are unique; 207 when some rows are refused.

use serde_json::{Value, json};

use super::{
    api::Call,
    data::{Portal, Store},
    iso,
    problem::{Invalid, refusal},
    writes::{changed, check, made, sent, taken},
};
use crate::{exchange::Answer, journal::Created, strict};

/// Rows of a batch.
const ROWS: usize = 100;

/// Answers a batch.
pub(super) fn answer(call: &Call<'_>, store: &mut Store, kind: &'static str) -> Result<Answer, Answer> {
    call.may(kind, "write")?;
    strict::no_query(call.request).map_err(|why| refusal(&why))?;
    let body = strict::object(call.request, &["inputs"]).map_err(|why| refusal(&why))?;
    let inputs = body.get("inputs").and_then(Value::as_array).filter(|all| (1..=ROWS).contains(&all.len()));
    let inputs = inputs.ok_or_else(|| refusal("inputs must be a list of 1 to 100"))?;
    let (mut results, mut errors, mut trace) = (Vec::new(), Vec::new(), None);
    let portal = call.portal(store);
    for input in inputs {
        match row(portal, kind, input, call.now)? {
            Ok((told, created)) => {
                results.push(told);
                trace = created.or(trace);
            }
            Err(invalid) => errors.push(json!({ "status": "error", "category": "VALIDATION_ERROR",
                "message": invalid.message, "code": invalid.code,
                "context": { "propertyName": [invalid.property], "ids": [input["id"]] } })),
        }
    }
    let status = if errors.is_empty() { 200 } else { 207 };
    let mut told =
        json!({ "status": "COMPLETE", "results": results, "startedAt": iso(call.now), "completedAt": iso(call.now) });
    if let (false, Some(members)) = (errors.is_empty(), told.as_object_mut()) {
        members.insert("numErrors".to_owned(), json!(errors.len()));
        members.insert("errors".to_owned(), json!(errors));
    }
    let answer = Answer::json(status, &told);
    Ok(match trace {
        Some(created) => answer.after(created),
        None => answer,
    })
}

type Told = (Value, Option<Created>);

fn row(portal: &mut Portal, kind: &'static str, input: &Value, now: i64) -> Result<Result<Told, Invalid>, Answer> {
    let members = input.as_object().ok_or_else(|| refusal("an input must be an object"))?;
    if let Some(name) = members.keys().find(|name| !["idProperty", "id", "properties"].contains(&name.as_str())) {
        return Err(refusal(&format!("member {name:?} of an input is not in the sheet")));
    }
    let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (by, id) = (text("idProperty"), text("id"));
    if id.is_empty() {
        return Err(refusal("an input needs an id"));
    }
    let mut properties = sent(members.get("properties"))?;
    properties.insert(by.clone(), id.clone());
    if !portal.is_unique(kind, &by) {
        let message = format!("{by} is no property with unique values");
        return Ok(Err(Invalid::of("INVALID_ID_PROPERTY", &by, &message)));
    }
    let of_key = [(by, id)].into();
    let there = taken(portal, kind, &of_key, None);
    if let Err(invalid) = check(portal, kind, &properties, there.is_none()) {
        return Ok(Err(invalid));
    }
    let (number, created) = match there {
        Some(number) => {
            let other = portal.change(kind, number, &properties, now);
            (number, other.then(|| changed(kind, number, &properties)))
        }
        None => {
            let number = portal.make(kind, properties.clone(), now);
            (number, Some(made(kind, number, String::new(), &properties)))
        }
    };
    let names: Vec<&str> = properties.keys().map(String::as_str).collect();
    let mut told = portal.get(kind, number).map(|record| record.json(portal, kind, &names)).unwrap_or_default();
    if let Some(members) = told.as_object_mut() {
        members.insert("new".to_owned(), json!(there.is_none()));
    }
    Ok(Ok((told, created)))
}
