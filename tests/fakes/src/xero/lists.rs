//! Lists (sheet 5): pages that are counted, conditions, and what has changed since a moment. All in one envelope.

use patchbay_model::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    Xero, exception, iso,
    records::{self, Kind},
    refusal, served,
    wheres::{self, Clause},
    wire_date,
};
use crate::{
    exchange::{Answer, Incoming},
    journal::Served,
    lock, strict,
};

/// Records of a page, where nobody says how many, and at most.
const PAGE: usize = 100;
const LARGEST: usize = 1_000;
/// Journals of a page, always.
const JOURNALS: usize = 100;
/// What a summary leaves out.
const DETAILS: [&str; 4] = ["LineItems", "Addresses", "Phones", "Contact"];

/// What was asked of a list.
struct Asked {
    wheres: Vec<Clause>,
    ids: Option<Vec<String>>,
    /// Whole seconds.
    since: Option<i64>,
    descending: Option<bool>,
}

/// `GET /api.xro/2.0/{list}`.
pub(super) fn answer(xero: &Xero, request: &Incoming, body: usize, kind: &'static Kind) -> Result<Answer, Answer> {
    strict::no_body(request).map_err(refusal)?;
    let mut known = Vec::new();
    if kind.dated {
        known.extend(["order", "where"]);
    }
    if kind.paged {
        known.extend(["page", "pageSize", "IDs"]);
    }
    match kind.path {
        "Contacts" => known.extend(["includeArchived", "summaryOnly"]),
        "Invoices" => known.extend(["unitdp", "summaryOnly"]),
        "BankTransactions" | "CreditNotes" | "Items" => known.push("unitdp"),
        _ => {}
    }
    strict::params("query parameter", &request.query, &known).map_err(refusal)?;
    let flag = |name: &str| strict::choice(request, name, &["false", "true"]).map(|said| said == "true");
    let (archived, summary) = (flag("includeArchived").map_err(refusal)?, flag("summaryOnly").map_err(refusal)?);
    let exact = strict::choice(request, "unitdp", &["2", "4"]).map_err(refusal)? == "4";
    let asked = asked(request, kind)?;
    let books = lock(&xero.books);
    let mut found: Vec<(i64, Value)> = Vec::new();
    for record in books.list(body, kind) {
        let fits_id = asked.ids.as_ref().is_none_or(|ids| ids.contains(&record.id));
        let newer = asked.since.is_none_or(|since| record.updated.div_euclid(1_000) > since);
        let shown = archived || record.text("ContactStatus") != "ARCHIVED";
        let json = record.json(kind);
        if fits_id && newer && shown && asked.wheres.iter().all(|clause| clause.fits(&json)) {
            found.push((record.updated, json));
        }
    }
    if let Some(descending) = asked.descending {
        found.sort_by_key(|(updated, _)| *updated);
        if descending {
            found.reverse();
        }
    }
    let mut rows: Vec<Value> = found.into_iter().map(|(_, row)| row).collect();
    let counted = request.param("page").is_some();
    if summary || (kind.paged && !counted) {
        rows.iter_mut().for_each(|row| shorten(row, if summary { &DETAILS } else { &DETAILS[..1] }));
    }
    if !exact {
        rows.iter_mut().for_each(round);
    }
    let mut members = Map::new();
    if counted {
        let number = strict::number(request, "page", 1, 1_000_000, 1).map_err(refusal)?;
        let size = strict::number(request, "pageSize", 1, LARGEST, PAGE).map_err(refusal)?;
        let (items, pages) = (rows.len(), rows.len().div_ceil(size));
        rows = rows.into_iter().skip((number - 1) * size).take(size).collect();
        let info = json!({ "page": number, "pageSize": size, "pageCount": pages, "itemCount": items });
        members.insert("pagination".to_owned(), info);
    } else if request.param("pageSize").is_some() {
        return Err(refusal("pageSize without page".to_owned()));
    }
    let list = rows.iter().map(|row| served(kind, row)).collect();
    members.insert(kind.array.to_owned(), json!(rows));
    Ok(Answer::json(200, &envelope(xero, members)).serving(list))
}

/// `GET /api.xro/2.0/Journals`: those after a number, a hundred at a time.
pub(super) fn journals(xero: &Xero, request: &Incoming, body: usize) -> Result<Answer, Answer> {
    strict::no_body(request).map_err(refusal)?;
    strict::params("query parameter", &request.query, &["offset"]).map_err(refusal)?;
    let offset = strict::number(request, "offset", 0, 1_000_000_000, 0).map_err(refusal)?;
    since(request)?;
    let all = if body == 0 { 250 } else { 14 };
    let rows: Vec<Value> = (offset + 1..=all)
        .take(JOURNALS)
        .map(|number| {
            json!({ "JournalID": format!("1b31{number:04}-{body:04}-4000-8000-000000000001"), "JournalNumber": number,
                "JournalDate": wire_date(1_772_438_400_000), "CreatedDateUTC": wire_date(1_772_438_400_000),
                "JournalLines": [] })
        })
        .collect();
    let of = |row: &Value| Served {
        kind: "journal".to_owned(),
        id: row.get("JournalID").and_then(Value::as_str).unwrap_or_default().to_owned(),
        version: String::new(),
        sha256: crate::seed::sha256(row.to_string().as_bytes()),
    };
    let list = rows.iter().map(of).collect();
    let members = Map::from_iter([("Journals".to_owned(), json!(rows))]);
    Ok(Answer::json(200, &envelope(xero, members)).serving(list))
}

/// What stands around every answer.
pub(super) fn envelope(xero: &Xero, members: Map<String, Value>) -> Value {
    let mut all = Map::from_iter([
        ("Id".to_owned(), json!("0a5e0000-0000-4000-8000-000000000098")),
        ("Status".to_owned(), json!("OK")),
        ("ProviderName".to_owned(), json!("Patchbay")),
        ("DateTimeUTC".to_owned(), json!(format!("/Date({})/", xero.clock.now().as_millis()))),
    ]);
    all.extend(members);
    Value::Object(all)
}

fn asked(request: &Incoming, kind: &Kind) -> Result<Asked, Answer> {
    let since = since(request)?;
    if since.is_some() && !kind.dated {
        return Err(refusal(format!("{} knows no If-Modified-Since", kind.path)));
    }
    let wheres = request.param("where").map(wheres::parse).transpose().map_err(|why| query(16, &why))?;
    let descending = match request.param("order") {
        None => None,
        Some("UpdatedDateUTC" | "UpdatedDateUTC ASC") => Some(false),
        Some("UpdatedDateUTC DESC") => Some(true),
        Some(other) => return Err(query(17, &format!("order {other:?} is not in the sheet"))),
    };
    let ids = request.param("IDs").map(|ids| ids.split(',').map(str::to_owned).collect());
    Ok(Asked { wheres: wheres.unwrap_or_default(), ids, since, descending })
}

/// A condition or an order that cannot be read: the connector's fault.
fn query(number: u16, why: &str) -> Answer {
    Answer::json(400, &exception(number, "QueryParseException", why, &[])).refused(why)
}

/// `If-Modified-Since`: a moment in UTC, of which whole seconds count.
fn since(request: &Incoming) -> Result<Option<i64>, Answer> {
    let Some(text) = request.header("if-modified-since") else { return Ok(None) };
    let zoned = if text.ends_with('Z') { text.to_owned() } else { format!("{text}Z") };
    let at = zoned.parse::<Timestamp>().ok().map(Timestamp::as_millis);
    match at {
        Some(at) if text.get(..19) == Some(iso(at).as_str()) => Ok(Some(at.div_euclid(1_000))),
        _ => {
            let why = format!("if-modified-since is no moment in UTC: {text:?}");
            Err(super::problem(412, &why).refused(&why))
        }
    }
}

fn shorten(row: &mut Value, without: &[&str]) {
    if let Some(members) = row.as_object_mut() {
        members.retain(|name, _| !without.contains(&name.as_str()));
    }
}

/// Unit prices have two digits behind the point unless four are asked for.
fn round(row: &mut Value) {
    match row {
        Value::Object(members) => {
            for (name, value) in members {
                match value.as_f64() {
                    Some(price) if ["UnitAmount", "UnitPrice"].contains(&name.as_str()) => {
                        *value = json!((price * 100.0).round() / 100.0);
                    }
                    _ => round(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(round),
        _ => {}
    }
}

/// The list of a path, where a record of it can have notes and files.
pub(super) fn with_notes(path: &str) -> Option<&'static Kind> {
    const WITH: [&str; 6] = ["Contacts", "Invoices", "BankTransactions", "CreditNotes", "Payments", "Items"];
    records::of(path).filter(|kind| WITH.contains(&kind.path))
}
