//! Writes that are done once for each `requestid`, and records that are made, changed and deleted (sheet 6).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    api::{self, Call},
    companies::realm_of,
    faults::{self, invalid},
    records::{KINDS, Kind},
};
use crate::{
    exchange::{Answer, Incoming},
    journal::Created,
    lock, seed, strict,
};

/// Characters of a `requestid`.
const LETTERS: usize = 50;
/// Characters of a name, and of notes.
const NAME: usize = 500;
const NOTES: usize = 2_000;
/// What names a record in a write.
const HANDLE: [&str; 3] = ["Id", "SyncToken", "sparse"];
const CUSTOMER: [&str; 9] = [
    "DisplayName",
    "CompanyName",
    "GivenName",
    "FamilyName",
    "PrimaryEmailAddr",
    "PrimaryPhone",
    "BillAddr",
    "Active",
    "Notes",
];
const INVOICE: [&str; 7] = ["CustomerRef", "DocNumber", "TxnDate", "DueDate", "CurrencyRef", "Line", "PrivateNote"];

/// What was answered under each id, by company.
#[derive(Debug, Default)]
pub(crate) struct Answered(BTreeMap<(usize, String), (String, Answer)>);

/// Writes, unless it was written before under this id: then the first answer comes again.
pub(super) fn once(call: &Call<'_>, write: impl FnOnce(&Call<'_>) -> Result<Answer, Answer>) -> Result<Answer, Answer> {
    let known = ["requestid", "minorversion", "operation"];
    strict::params("query parameter", &call.request.query, &known).map_err(|why| faults::refusal(&why))?;
    let Some(id) = call.request.param("requestid") else { return write(call) };
    let is_id = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if id.is_empty() || id.len() > LETTERS || !is_id {
        return Err(faults::refusal("requestid must be 1 to 50 letters, digits or dashes"));
    }
    let place = (call.company, id.to_owned());
    let sent = fingerprint(call.request);
    // Held while it is written, so that two at a time are one after the other.
    let mut answered = lock(&call.fake.answered);
    if let Some((before, answer)) = answered.0.get(&place) {
        return if *before == sent { Ok(answer.clone()) } else { Err(invalid("600", "Duplicate Request ID")) };
    }
    let answer = write(call)?;
    // The journal has the object once, whoever asks again.
    let kept = Answer { trace: Box::default(), ..answer.clone() };
    answered.0.insert(place, (sent, kept));
    Ok(answer)
}

fn fingerprint(request: &Incoming) -> String {
    let body = match &request.upload {
        Some(parts) => seed::sha256(format!("{parts:?}").as_bytes()),
        None => seed::sha256(&request.body),
    };
    format!("{} {} {body}", request.path, request.param("operation").unwrap_or_default())
}

/// `POST /{entity}`: makes a record, or changes or deletes the one that the body names.
pub(super) fn write(call: &Call<'_>, kind: &'static Kind) -> Result<Answer, Answer> {
    let own: &[&str] = match kind.entity {
        "Customer" => &CUSTOMER,
        "Invoice" => &INVOICE,
        _ => &[],
    };
    let known: Vec<&str> = HANDLE.iter().chain(own).copied().collect();
    let mut body = strict::object(call.request, &known).map_err(|why| faults::refusal(&why))?;
    let deletes = match call.request.param("operation") {
        None => false,
        Some("delete") if !kind.listed => true,
        Some(other) => return Err(faults::refusal(&format!("operation {other:?} of {}", kind.entity))),
    };
    let content = Value::Object(body.clone());
    let text =
        |body: &mut Map<String, Value>, name: &str| body.remove(name).and_then(|said| said.as_str().map(str::to_owned));
    let (id, state) = (text(&mut body, "Id"), text(&mut body, "SyncToken"));
    let sparse = body.remove("sparse") == Some(json!(true));
    let (parent, now) = (realm_of(call.company), call.now());
    let mut books = lock(&call.fake.books);
    if let Some(id) = &id {
        let Some(record) = books.get(call.company, kind, id) else { return Err(invalid("610", "Object Not Found")) };
        if state.as_deref() != Some(record.token.to_string().as_str()) {
            return Err(invalid("5010", "Stale Object Error"));
        }
        if deletes {
            books.delete(call.company, kind, id, now);
            let made = Created { kind: "deletion".to_owned(), id: id.clone(), parent, content };
            return Ok(
                api::told(call, kind.entity, json!({ "domain": "QBO", "status": "Deleted", "Id": id })).after(made)
            );
        }
    } else if deletes {
        return Err(invalid("2020", "Required param missing"));
    }
    if own.is_empty() {
        return Err(faults::refusal(&format!("the fake makes and changes no {}", kind.entity)));
    }
    if let Some(wrong) = wrong(&books, call.company, kind, &body, id.as_deref()) {
        return Err(wrong);
    }
    let id = match id {
        Some(id) => {
            if !sparse {
                // Not sparse: what is left out is cleared.
                let old: Vec<String> = own.iter().map(|name| (*name).to_owned()).collect();
                old.into_iter().filter(|name| name != "Active").for_each(|name| {
                    body.entry(name).or_insert(Value::Null);
                });
            }
            books.change(call.company, kind, &id, body, now);
            id
        }
        None => {
            let name = body.get(kind.named).and_then(Value::as_str).unwrap_or_default().to_owned();
            books.add(call.company, kind, &name, body, now)
        }
    };
    let made = Created { kind: kind.entity.to_ascii_lowercase(), id: id.clone(), parent, content };
    let shown = books.get(call.company, kind, &id).map(super::books::Record::json).unwrap_or_default();
    Ok(api::told(call, kind.entity, shown).after(made))
}

/// Why a record cannot be taken.
fn wrong(
    books: &super::books::Books,
    company: usize,
    kind: &Kind,
    body: &Map<String, Value>,
    id: Option<&str>,
) -> Option<Answer> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    if kind.entity == "Customer" {
        let name = text("DisplayName");
        if id.is_none() && name.is_none_or(str::is_empty) {
            return Some(invalid("2020", "Required param missing"));
        }
        let taken = |name: &str| {
            let mut all = KINDS[..2].iter().flat_map(|kind| books.list(company, kind));
            all.any(|one| one.text("DisplayName") == name && Some(one.id.as_str()) != id)
        };
        if name.is_some_and(taken) {
            return Some(invalid("6240", "Duplicate Name Exists Error"));
        }
        let long = name.is_some_and(|name| name.chars().count() > NAME || name.contains(':'))
            || text("Notes").is_some_and(|notes| notes.chars().count() > NOTES);
        return long.then(|| invalid("6000", "A business validation error has occurred"));
    }
    let customer = body.get("CustomerRef").and_then(|one| one.get("value")).and_then(Value::as_str);
    if customer.is_some_and(|customer| books.get(company, &KINDS[0], customer).is_none()) {
        return Some(invalid("2500", "Invalid Reference Id"));
    }
    let has_lines = body.get("Line").and_then(Value::as_array).is_some_and(|lines| !lines.is_empty());
    (id.is_none() && (customer.is_none() || !has_lines)).then(|| invalid("2020", "Required param missing"))
}
