//! `/_fake/…` on the plain port: reading the journal, setting rules, changing data.

use serde_json::{Value, json};

use crate::{
    behaviour::{Rule, Script},
    exchange::{Answer, Incoming},
    fake::Fake,
};

/// Answers a control request; what it asks for is never in the journal.
pub(crate) fn answer(fake: &Fake, request: &Incoming) -> Answer {
    match route(fake, request) {
        Some(Ok(body)) => Answer::json(200, &body),
        Some(Err(why)) => Answer::json(400, &json!({ "error": why })),
        None => Answer::json(404, &json!({ "error": "there is no such control" })),
    }
}

fn route(fake: &Fake, request: &Incoming) -> Option<Result<Value, String>> {
    let path = request.path.strip_prefix("/_fake/")?;
    match (request.method.as_str(), path) {
        ("GET", "journal") => {
            let after = request.param("after").and_then(|text| text.parse().ok()).unwrap_or_default();
            Some(Ok(json!({ "entries": fake.journal.since(after), "last": fake.journal.last() })))
        }
        ("GET", "objects") => Some(Ok(json!({ "objects": fake.journal.objects() }))),
        ("GET", "records") => {
            let kind = request.param("kind").unwrap_or_default();
            let records = fake.provider.records(kind);
            Some(records.map(|records| json!({ "records": records })).ok_or_else(|| format!("no kind {kind:?}")))
        }
        ("POST", "reset") => {
            fake.script.clear();
            fake.provider.reset();
            fake.journal.forget();
            Some(Ok(json!({})))
        }
        _ => script(&fake.script, request).or_else(|| fake.provider.control(request)),
    }
}

/// The controls of a chaos script.
pub(crate) fn script(script: &Script, request: &Incoming) -> Option<Result<Value, String>> {
    let path = request.path.strip_prefix("/_fake/")?;
    match (request.method.as_str(), path) {
        ("GET", "behaviour") => Some(Ok(json!({ "rules": script.rules() }))),
        ("DELETE", "behaviour") => {
            script.clear();
            Some(Ok(json!({})))
        }
        ("POST", "behaviour") => Some(add_rules(script, &request.body)),
        ("GET", "behaviour/holding") => {
            let name = request.param("name").unwrap_or_default();
            Some(Ok(json!({ "holding": script.holding(name) })))
        }
        ("POST", "behaviour/release") => Some(field(&request.body, "name").map(|name| {
            script.release(&name);
            json!({})
        })),
        _ => None,
    }
}

/// One rule, or an array of them.
fn add_rules(script: &Script, body: &[u8]) -> Result<Value, String> {
    let value: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let many = if value.is_array() { value } else { json!([value]) };
    let rules: Vec<Rule> = serde_json::from_value(many).map_err(|error| error.to_string())?;
    let count = rules.len();
    rules.into_iter().for_each(|rule| script.add(rule));
    Ok(json!({ "added": count }))
}

/// A text field of a JSON body.
pub(crate) fn field(body: &[u8], name: &str) -> Result<String, String> {
    let value: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let text = value.get(name).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| format!("the body needs a text {name:?}"))
}
