//! `/_fake/…`: what a test in another process tells the ledger, and asks of it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Change, reply::Reply, serve::Desk};
use crate::{control, exchange::Incoming};

/// Answers a control request; what it asks for is never in the journal.
pub(super) fn answer(desk: &Desk, request: &Incoming) -> Reply {
    match route(desk, request) {
        Some(Ok(body)) => Reply::json(200, &body),
        Some(Err(why)) => Reply::json(400, &json!({ "error": why })),
        None => Reply::json(404, &json!({ "error": "there is no such control" })),
    }
}

fn route(desk: &Desk, request: &Incoming) -> Option<Result<Value, String>> {
    let path = request.path.strip_prefix("/_fake/")?;
    let list = request.param("list").unwrap_or_default();
    match (request.method.as_str(), path) {
        ("GET", "journal") => {
            let after = request.param("after").and_then(|text| text.parse().ok()).unwrap_or_default();
            Some(Ok(json!({ "visits": desk.journal.since(after), "last": desk.journal.last() })))
        }
        ("GET", "newest") => Some(Ok(json!({ "records": by_text(desk.journal.newest(list)) }))),
        ("GET", "ever") => Some(Ok(json!({ "records": desk.journal.ever(list) }))),
        ("GET", "truth") => Some(Ok(json!({ "records": by_text(desk.ledger.truth(list)) }))),
        ("GET", "count") => {
            let target = request.param("target").unwrap_or_default();
            Some(Ok(json!({ "count": desk.journal.count(target) })))
        }
        ("POST", "changes") => Some(changes(&request.body).and_then(|changes| {
            desk.ledger.apply(&changes)?;
            Ok(json!({ "applied": changes.len() }))
        })),
        ("POST", "reset") => {
            desk.script.clear();
            desk.ledger.reset();
            desk.journal.forget();
            Some(Ok(json!({})))
        }
        _ => control::script(&desk.script, request),
    }
}

fn by_text(records: BTreeMap<u64, u32>) -> BTreeMap<String, u32> {
    records.into_iter().map(|(id, revision)| (id.to_string(), revision)).collect()
}

/// One change, or an array of them.
fn changes(body: &[u8]) -> Result<Vec<Change>, String> {
    let value: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let many = if value.is_array() { value } else { json!([value]) };
    serde_json::from_value(many).map_err(|error| error.to_string())
}
