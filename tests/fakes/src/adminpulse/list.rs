//! The common list form: zero-based pages of at most 400, in an envelope with `pageCount`.

use serde_json::{Value, json};

use super::{Adminpulse, day, problem, refusal};
use crate::{
    exchange::{Answer, Incoming},
    journal::Served,
    lock, strict,
};

const PAGE: usize = 400;

/// Answers a list.
pub(super) fn answer(fake: &Adminpulse, request: &Incoming, kind: &'static str) -> Result<Answer, Answer> {
    strict::no_body(request).map_err(refusal)?;
    let own: &[&str] = match kind {
        "relation" => &["page", "pageSize", "search", "vatNumber"],
        "task" => &["page", "pageSize", "relationId", "deadlineFrom", "deadlineUntil", "languageCode"],
        "email" => &["page", "pageSize", "LastSyncTime"],
        "registration" => &["page", "pageSize", "invoiced"],
        "company" => &[],
        _ => &["page", "pageSize"],
    };
    strict::params("query parameter", &request.query, own).map_err(refusal)?;
    let data = lock(&fake.data);
    let all = data.of(kind);
    let mut records: Vec<Value> = all.to_vec();
    let text = |record: &Value, member: &str| record.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(wanted) = request.param("search") {
        let wanted = wanted.to_lowercase();
        let says = |record: &Value, member: &str| text(record, member).to_lowercase().contains(&wanted);
        records.retain(|record| ["name", "code", "vatNumber"].iter().any(|member| says(record, member)));
    }
    if let Some(number) = request.param("vatNumber") {
        if !(9..=10).contains(&number.len()) || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(problem(400, "vatNumber has 9 or 10 digits"));
        }
        records.retain(|record| text(record, "vatNumber") == number);
    }
    if let Some(id) = request.param("relationId") {
        let relation = data.with("relation", "id", id);
        let unique = relation.map(|relation| text(relation, "uniqueIdentifier")).unwrap_or_default();
        records.retain(|record| text(record, "relationUniqueIdentifier") == unique && !unique.is_empty());
    }
    let day = |name: &str| request.param(name).map(|text| day::of_query(name, text)).transpose().map_err(refusal);
    let of_day = |record: &Value, member: &str| text(record, member).chars().take(10).collect::<String>();
    if let Some(from) = day("deadlineFrom")? {
        records.retain(|record| of_day(record, "deadline") >= from);
    }
    if let Some(until) = day("deadlineUntil")? {
        records.retain(|record| of_day(record, "deadline") <= until);
    }
    if let Some(since) = day("LastSyncTime")? {
        records.retain(|record| of_day(record, "createDate") >= since);
    }
    strict::choice(request, "languageCode", &["nl", "fr", "en"]).map_err(refusal)?;
    if kind == "registration" && strict::choice(request, "invoiced", &["false", "true"]).map_err(refusal)? == "false" {
        records.retain(|record| record.get("invoiced") == Some(&json!(false)));
    }
    drop(data);
    if kind == "company" {
        let served = records.iter().map(|record| Served::of(kind, record)).collect();
        return Ok(Answer::json(200, &Value::Array(records)).serving(served));
    }
    page(request, kind, records)
}

fn page(request: &Incoming, kind: &str, records: Vec<Value>) -> Result<Answer, Answer> {
    // More than 400 is not refused: the provider gives 400.
    let size = strict::number(request, "pageSize", 1, 100_000, PAGE).map_err(refusal)?.min(PAGE);
    let number = strict::number(request, "page", 0, usize::MAX / 100_000, 0).map_err(refusal)?;
    let pages = records.len().div_ceil(size);
    let records: Vec<Value> = records.into_iter().skip(number * size).take(size).collect();
    let served = records.iter().map(|record| Served::of(kind, record)).collect();
    Ok(Answer::json(200, &json!({ "results": records, "pageCount": pages })).serving(served))
}
