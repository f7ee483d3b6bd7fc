//! `cdc` (sheet 5.2): what changed since a moment of the last thirty days, a thousand objects at most, and what was deleted.

use std::time::Duration;

use patchbay_model::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    api::{self, Call},
    dated, faults, records, served,
};
use crate::{exchange::Answer, lock, strict};

/// How long changes are remembered.
const MEMORY: Duration = Duration::from_secs(30 * 86_400);
/// Objects in one answer, of all entities together.
const MOST: usize = 1_000;

/// `GET /cdc?entities=Customer,Invoice&changedSince=…`
pub(super) fn answer(call: &Call<'_>) -> Result<Answer, Answer> {
    strict::no_body(call.request).map_err(|why| faults::refusal(&why))?;
    let known = ["entities", "changedSince", "minorversion"];
    strict::params("query parameter", &call.request.query, &known).map_err(|why| faults::refusal(&why))?;
    let text = call.request.param("changedSince").unwrap_or_default();
    let since: Timestamp =
        text.parse().map_err(|_| faults::refusal(&format!("changedSince is no moment with an offset: {text:?}")))?;
    let now = call.fake.clock.now();
    if now.since(since) > MEMORY {
        return Err(faults::invalid("4001", "changedSince is more than 30 days ago"));
    }
    let mut kinds = Vec::new();
    for name in call.request.param("entities").unwrap_or_default().split(',') {
        kinds.push(records::of(name).ok_or_else(|| faults::refusal(&format!("there are no changes of {name:?}")))?);
    }
    let books = lock(&call.fake.books);
    let since = since.as_millis().div_euclid(1_000);
    let mut all: Vec<(i64, usize, Value)> = Vec::new();
    for (at, kind) in kinds.iter().enumerate() {
        let changed = books.list(call.company, kind).iter().map(|record| (record.updated, at, record.json()));
        let gone = books.gone.iter().filter(|(company, entity, ..)| *company == call.company && *entity == kind.entity);
        let gone = gone.map(|(_, _, id, when)| {
            let shown = json!({ "domain": "QBO", "status": "Deleted", "Id": id,
                "MetaData": { "LastUpdatedTime": dated(*when) } });
            (*when, at, shown)
        });
        all.extend(changed.chain(gone).filter(|(when, ..)| when.div_euclid(1_000) >= since));
    }
    all.sort_by_key(|(when, ..)| std::cmp::Reverse(*when));
    all.truncate(MOST);
    let mut list = Vec::new();
    let parts: Vec<Value> = kinds
        .iter()
        .enumerate()
        .map(|(at, kind)| {
            let rows: Vec<&Value> = all.iter().filter(|(_, of, _)| *of == at).map(|(_, _, row)| row).collect();
            if rows.is_empty() {
                return json!({});
            }
            list.extend(rows.iter().map(|row| served(kind.entity, row)));
            let members = [
                (kind.entity.to_owned(), json!(rows)),
                ("startPosition".to_owned(), json!(1)),
                ("maxResults".to_owned(), json!(rows.len())),
            ];
            Value::Object(Map::from_iter(members))
        })
        .collect();
    Ok(api::told(call, "CDCResponse", json!([{ "QueryResponse": parts }])).serving(list))
}
