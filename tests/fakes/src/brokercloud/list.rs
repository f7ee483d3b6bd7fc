//! Lists as DataTables asks for them: `start`, `length` (at most 100 are given), `search[value]`, one column to order by.

use serde_json::{Value, json};

use super::refusal;
use crate::{
    exchange::{Answer, Incoming},
    journal::Served,
    strict,
};

const LENGTH: usize = 100;
const PARAMS: [&str; 7] =
    ["draw", "start", "length", "search[value]", "columns[0][data]", "order[0][column]", "order[0][dir]"];

/// One page of what somebody sees.
pub(super) fn page(request: &Incoming, kind: &str, all: Vec<Value>) -> Result<Answer, Answer> {
    strict::no_body(request).map_err(refusal)?;
    strict::params("query parameter", &request.query, &PARAMS).map_err(refusal)?;
    let start = strict::number(request, "start", 0, usize::MAX, 0).map_err(refusal)?;
    // More than 100 are not refused: 100 are given.
    let length = strict::number(request, "length", 1, 1_000_000, LENGTH).map_err(refusal)?.min(LENGTH);
    let draw = strict::number(request, "draw", 0, usize::MAX, 0).map_err(refusal)?;
    let total = all.len();
    let mut rows = all;
    if let Some(wanted) = request.param("search[value]") {
        let wanted = wanted.to_lowercase();
        rows.retain(|row| says(row).contains(&wanted));
    }
    let filtered = rows.len();
    order(request, &mut rows)?;
    let rows: Vec<Value> = rows.into_iter().skip(start).take(length).collect();
    let served = rows.iter().map(|row| Served::of(kind, row)).collect();
    let body = json!({ "draw": draw, "recordsTotal": total, "recordsFiltered": filtered, "data": rows });
    Ok(Answer::json(200, &body).serving(served))
}

/// All that a search looks through, in lower case.
fn says(row: &Value) -> String {
    let values = row.as_object().into_iter().flat_map(|row| row.values());
    values.filter_map(Value::as_str).collect::<Vec<_>>().join(" ").to_lowercase()
}

fn order(request: &Incoming, rows: &mut [Value]) -> Result<(), Answer> {
    let named = ["columns[0][data]", "order[0][column]", "order[0][dir]"].map(|name| request.param(name));
    let [Some(column), Some("0"), Some(direction @ ("asc" | "desc"))] = named else {
        return if named == [None, None, None] {
            Ok(())
        } else {
            Err(refusal("an order is columns[0][data], order[0][column]=0 and order[0][dir]=asc or desc".to_owned()))
        };
    };
    let place = |row: &Value| match row.get(column) {
        Some(Value::Number(number)) => format!("{:020}", number.as_u64().unwrap_or_default()),
        Some(Value::String(text)) => text.to_lowercase(),
        _ => String::new(),
    };
    rows.sort_by_key(place);
    if direction == "desc" {
        rows.reverse();
    }
    Ok(())
}
