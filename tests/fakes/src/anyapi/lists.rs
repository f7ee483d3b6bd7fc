//! The lists: one path for each style of paging, over the same bookings.

use patchbay_model::Timestamp;
use serde_json::{Value, json};

use super::{BASE, Data, Manner, ORIGIN, nothing, problem, refusal};
use crate::{
    exchange::{Answer, Incoming},
    journal::Served,
    strict,
};

/// Rows of a page at most.
const LARGEST: usize = 100;
/// Bytes of an answer that nobody takes.
const OVERSIZED: usize = 9 * 1024 * 1024;

/// Answers a list; none when the path is none.
pub(super) fn answer(
    data: &mut Data,
    request: &Incoming,
    segments: &[&str],
    manner: Manner,
    now: Timestamp,
) -> Result<Option<Answer>, Answer> {
    let known = |names: &[&str]| {
        let names: Vec<&str> = names.iter().copied().chain((manner == Manner::QueryKey).then_some("api_key")).collect();
        strict::params("query parameter", &request.query, &names).map_err(refusal)
    };
    let answer = match (request.method.as_str(), segments) {
        ("GET", ["me"]) => {
            known(&[])?;
            return Ok(Some(Answer::json(
                200,
                &json!({ "data": {
                "id": "acme", "company": "Acme Boekingen", "email": "els@acme.example" } }),
            )));
        }
        ("GET", ["locations"]) => {
            known(&[])?;
            let all = [("gent", "Gent", "active"), ("brugge", "Brugge", "active"), ("oostende", "Oostende", "closed")];
            let all = all.map(|(id, name, status)| json!({ "id": id, "name": name, "status": status }));
            return Ok(Some(Answer::json(200, &json!({ "data": all }))));
        }
        ("GET", ["locations", location, "rooms"]) => {
            known(&[])?;
            if !["gent", "brugge", "oostende"].contains(location) {
                return Err(nothing());
            }
            let rooms = rooms(location);
            return Ok(Some(Answer::json(200, &json!(rooms)).serving(served("room", &rooms))));
        }
        ("GET", ["bookings"]) => {
            known(&["page", "per_page", "updated_since", "include"])?;
            by_page(data, request)?
        }
        ("GET", ["offset", "bookings"]) => {
            known(&["offset", "limit"])?;
            by_offset(data, request)?
        }
        ("GET", ["cursor", "bookings"]) => {
            known(&["after", "size", "since"])?;
            by_cursor(data, request)?
        }
        ("GET", ["cursor", "bookings", "deleted"]) => {
            known(&["since"])?;
            let since = whole(request, "since")?.saturating_mul(1_000);
            let gone = data.rows.changed(|row| row.deleted && row.changed_ms() >= since);
            let ids: Vec<Value> = gone.iter().map(|row| json!({ "id": row.get("id") })).collect();
            return Ok(Some(Answer::json(200, &json!({ "rows": ids }))));
        }
        ("POST", ["search", "bookings"]) => {
            known(&[])?;
            by_body(data, request)?
        }
        ("GET", ["next", "bookings"]) => {
            known(&["since_day", "place"])?;
            by_next(data, request, manner)?
        }
        ("GET", ["link", "bookings"]) => {
            known(&["revision", "place"])?;
            by_link(data, request)?
        }
        ("GET", ["all", "bookings"]) => {
            known(&[])?;
            let rows = data.rows.present();
            Answer::json(200, &json!(rows)).serving(served("booking", &rows))
        }
        _ => return Ok(None),
    };
    if data.changes_between_pages {
        data.rows.touch_oldest(now);
    }
    if data.oversized > 0 {
        data.oversized -= 1;
        return Ok(Some(Answer::json(200, &json!({ "data": " ".repeat(OVERSIZED) }))));
    }
    Ok(Some(answer))
}

pub(super) fn rooms(location: &str) -> Vec<Value> {
    // A closed location has none.
    let rooms = if location == "oostende" { 0 } else { 3 };
    (1..=rooms).map(|n| json!({ "id": format!("{location}-{n}"), "name": format!("Zaal {n}") })).collect()
}

fn by_page(data: &Data, request: &Incoming) -> Result<Answer, Answer> {
    let page = strict::number(request, "page", 1, 100_000, 1).map_err(refusal)?;
    let size = strict::number(request, "per_page", 1, LARGEST, 25).map_err(refusal)?;
    strict::choice(request, "include", &["customer"]).map_err(refusal)?;
    let rows = match request.param("updated_since") {
        None => data.rows.present(),
        Some(text) => {
            let since: Timestamp = text.parse().map_err(|_| refusal(format!("{text:?} is no moment")))?;
            data.rows.changed(|row| row.changed_ms() >= since.as_millis())
        }
    };
    let (total, last) = (rows.len(), rows.len().div_ceil(size).max(1));
    let rows: Vec<Value> = rows.into_iter().skip((page - 1) * size).take(size).collect();
    let body = json!({ "data": rows, "meta": { "page": page, "last_page": last, "total": total } });
    Ok(Answer::json(200, &body).serving(served("booking", &rows)))
}

fn by_offset(data: &Data, request: &Incoming) -> Result<Answer, Answer> {
    let offset = strict::number(request, "offset", 0, 1_000_000, 0).map_err(refusal)?;
    let limit = strict::number(request, "limit", 1, LARGEST, 25).map_err(refusal)?;
    let all = data.rows.present();
    let total = all.len();
    let rows: Vec<Value> = all.into_iter().skip(offset).take(limit).collect();
    let body = json!({ "items": rows, "total": total });
    Ok(Answer::json(200, &body).serving(served("booking", &rows)))
}

fn by_cursor(data: &Data, request: &Incoming) -> Result<Answer, Answer> {
    let size = strict::number(request, "size", 1, LARGEST, 25).map_err(refusal)?;
    let since =
        if request.param("since").is_some() { whole(request, "since")?.saturating_mul(1_000) } else { i64::MIN };
    let rows: Vec<Value> = present(data.rows.changed(|row| row.changed_ms() >= since));
    let (rows, next) = cut(rows, place(request.param("after"))?, size);
    let body = json!({ "rows": rows, "paging": { "next": next, "has_more": next.is_some() } });
    Ok(Answer::json(200, &body).serving(served("booking", &rows)))
}

fn by_body(data: &Data, request: &Incoming) -> Result<Answer, Answer> {
    let body = Value::Object(strict::object(request, &["filter", "page"]).map_err(refusal)?);
    for (pointer, names) in [("/filter", ["since_ms", "currency"].as_slice()), ("/page", &["token", "size"])] {
        let members = body.pointer(pointer).and_then(Value::as_object);
        if let Some(odd) = members.into_iter().flat_map(|all| all.keys()).find(|name| !names.contains(&name.as_str())) {
            return Err(refusal(format!("body field {odd:?} is not in the sheet")));
        }
    }
    let since = body.pointer("/filter/since_ms").and_then(Value::as_i64).unwrap_or(i64::MIN);
    let size = body.pointer("/page/size").and_then(Value::as_u64).unwrap_or(25);
    let size = usize::try_from(size).ok().filter(|size| (1..=LARGEST).contains(size));
    let size = size.ok_or_else(|| refusal(format!("a page has 1 to {LARGEST} rows")))?;
    let rows = data.rows.changed(|row| row.changed_ms() >= since);
    let rows = if since == i64::MIN { present(rows) } else { rows };
    let (rows, next) = cut(rows, place(body.pointer("/page/token").and_then(Value::as_str))?, size);
    // An empty text says that it was the last.
    let body = json!({ "result": { "rows": rows, "token": next.unwrap_or_default() } });
    Ok(Answer::json(200, &body).serving(served("booking", &rows)))
}

fn by_next(data: &Data, request: &Incoming, manner: Manner) -> Result<Answer, Answer> {
    let day = request.param("since_day").unwrap_or_default();
    let rows = data.rows.changed(|row| Timestamp::from_millis(row.changed_ms()).to_string().as_str() >= day);
    let rows = if day.is_empty() { present(rows) } else { rows };
    let (rows, next) = cut(rows, place(request.param("place"))?, LARGEST);
    // As careless APIs do: the key that was sent stands in the next address too.
    let key = match (manner, request.param("api_key")) {
        (Manner::QueryKey, Some(key)) => format!("&api_key={key}"),
        _ => String::new(),
    };
    let since = if day.is_empty() { String::new() } else { format!("&since_day={day}") };
    let next = next.map(|place| format!("{ORIGIN}{BASE}/next/bookings?place={place}{since}{key}"));
    Ok(Answer::json(200, &json!({ "value": rows, "next": next })).serving(served("booking", &rows)))
}

fn by_link(data: &Data, request: &Incoming) -> Result<Answer, Answer> {
    let since: u64 = match request.param("revision") {
        None => 0,
        Some(text) => text.parse().map_err(|_| refusal(format!("{text:?} is no revision")))?,
    };
    let rows = data.rows.changed(|row| row.revision >= since);
    let rows = if since == 0 { present(rows) } else { rows };
    let (rows, next) = cut(rows, place(request.param("place"))?, LARGEST);
    let answer = Answer::json(200, &json!(rows)).serving(served("booking", &rows));
    Ok(match next {
        None => answer,
        Some(place) => {
            let revision = request.param("revision").map(|text| format!("&revision={text}")).unwrap_or_default();
            let first = format!("<{ORIGIN}{BASE}/link/bookings>; rel=\"first\"");
            let next = format!("<{ORIGIN}{BASE}/link/bookings?place={place}{revision}>; rel=\"next\"");
            answer.with("link", &format!("{first}, {next}"))
        }
    })
}

fn present(rows: Vec<Value>) -> Vec<Value> {
    rows.into_iter().filter(|row| row.get("deleted") == Some(&json!(false))).collect()
}

/// So many rows from a place, and the next place where there is more.
fn cut(rows: Vec<Value>, from: usize, size: usize) -> (Vec<Value>, Option<String>) {
    let more = rows.len() > from.saturating_add(size);
    let rows = rows.into_iter().skip(from).take(size).collect();
    (rows, more.then(|| format!("p/{}==", from + size)))
}

/// Places look like base64, so that whoever does not encode them gets a 400.
fn place(text: Option<&str>) -> Result<usize, Answer> {
    let Some(text) = text else { return Ok(0) };
    let number = text.strip_prefix("p/").and_then(|rest| rest.strip_suffix("=="));
    number
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| problem(410, "place_gone", "This place is not known any more"))
}

fn whole(request: &Incoming, name: &str) -> Result<i64, Answer> {
    let text = request.param(name).unwrap_or_default();
    text.parse().map_err(|_| refusal(format!("query parameter {name:?} must be a whole number, not {text:?}")))
}

fn served(kind: &str, rows: &[Value]) -> Vec<Served> {
    rows.iter().map(|row| Served::of(kind, row)).collect()
}
