//! Contacts and invoices that are made (`PUT`), or made or changed (`POST`), several at a time (sheet 6).
//!
//! One that cannot be taken refuses all, unless `summarizeErrors=false` asks to be told one by one.

use patchbay_model::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    api::{self, Call},
    invalid, iso,
    records::{KINDS, Kind},
    refusal, wire_date,
};
use crate::{exchange::Answer, journal::Created, lock, strict};

/// Records in one call.
const MOST: usize = 50;
const CONTACT: [&str; 14] = [
    "ContactID",
    "ContactNumber",
    "AccountNumber",
    "ContactStatus",
    "Name",
    "FirstName",
    "LastName",
    "EmailAddress",
    "TaxNumber",
    "Addresses",
    "Phones",
    "IsSupplier",
    "IsCustomer",
    "DefaultCurrency",
];
const INVOICE: [&str; 11] = [
    "InvoiceID",
    "Type",
    "InvoiceNumber",
    "Reference",
    "Status",
    "LineAmountTypes",
    "Contact",
    "Date",
    "DueDate",
    "LineItems",
    "CurrencyCode",
];
const LINE: [&str; 5] = ["Description", "Quantity", "UnitAmount", "AccountCode", "TaxType"];

/// `PUT` and `POST /api.xro/2.0/Contacts`.
pub(super) fn contacts(call: &Call<'_>) -> Result<Answer, Answer> {
    made(call, &KINDS[0], "contact", "Name", &CONTACT)
}

/// `PUT` and `POST /api.xro/2.0/Invoices`.
pub(super) fn invoices(call: &Call<'_>) -> Result<Answer, Answer> {
    made(call, &KINDS[1], "invoice", "InvoiceNumber", &INVOICE)
}

fn made(call: &Call<'_>, kind: &'static Kind, called: &str, unique: &str, known: &[&str]) -> Result<Answer, Answer> {
    call.scope(kind.scope)?;
    strict::params("query parameter", &call.request.query, &["summarizeErrors", "unitdp"]).map_err(refusal)?;
    let all = strict::choice(call.request, "summarizeErrors", &["true", "false"]).map_err(refusal)? == "true";
    let body = strict::object(call.request, &[kind.array]).map_err(refusal)?;
    let rows = body.get(kind.array).and_then(Value::as_array).filter(|rows| (1..=MOST).contains(&rows.len()));
    let rows = rows.ok_or_else(|| refusal(format!("{} must be a list of 1 to 50", kind.array)))?;
    let now = call.xero.clock.now().as_millis();
    let mut books = lock(&call.xero.books);
    let mut checked = Vec::new();
    for row in rows {
        let row = row.as_object().ok_or_else(|| refusal("a record must be an object".to_owned()))?;
        named(row, known)?;
        let given = row.get(kind.key).and_then(Value::as_str);
        let said = row.get(unique).and_then(Value::as_str).unwrap_or_default();
        let same =
            |one: &&super::books::Record| given.map_or(!said.is_empty() && one.text(unique) == said, |id| one.id == id);
        let found = books.list(call.body, kind).iter().find(same).map(|one| one.id.clone());
        let wrong = wrong(row, kind, found.is_some(), call.request.method == "PUT");
        let no_contact = kind.path == "Invoices"
            && found.is_none()
            && !books
                .list(call.body, &KINDS[0])
                .iter()
                .any(|one| row.get("Contact").and_then(|contact| contact.get("ContactID")) == Some(&json!(one.id)));
        let wrong = wrong.or(no_contact.then_some("A valid Contact must be specified."));
        if let (Some(wrong), true) = (wrong, all) {
            return Err(invalid(&[wrong]));
        }
        checked.push((row.clone(), found, wrong));
    }
    let (mut shown, mut object) = (Vec::new(), None);
    for (row, found, wrong) in checked {
        if let Some(wrong) = wrong {
            let mut row = row;
            row.insert("StatusAttributeString".to_owned(), json!("ERROR"));
            row.insert("ValidationErrors".to_owned(), json!([{ "Message": wrong }]));
            shown.push(Value::Object(row));
            continue;
        }
        let content = Value::Object(row.clone());
        let row = with_dates(row);
        let id = if let Some(id) = found {
            books.change(call.body, kind, &id, row, now);
            id
        } else {
            let name = row.get(kind.named).and_then(Value::as_str).unwrap_or_default().to_owned();
            books.add(call.body, kind, &name, row, now)
        };
        let parent = super::tenants::tenant_id(call.body);
        object = Some(Created { kind: called.to_owned(), id: id.clone(), parent, content });
        let mut json = books.get(call.body, kind, &id).map(|record| record.json(kind)).unwrap_or_default();
        if let (Some(members), false) = (json.as_object_mut(), all) {
            members.insert("StatusAttributeString".to_owned(), json!("OK"));
        }
        shown.push(json);
    }
    let answer = api::told(call.xero, kind.array, json!(shown));
    Ok(match object {
        Some(object) => answer.after(object),
        None => answer,
    })
}

/// That all members of a record, and of its lines, are known.
fn named(row: &Map<String, Value>, known: &[&str]) -> Result<(), Answer> {
    let lines = row.get("LineItems").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    let of_lines = lines.flat_map(|line| line.keys()).find(|name| !LINE.contains(&name.as_str()));
    match row.keys().find(|name| !known.contains(&name.as_str())).or(of_lines) {
        Some(name) => Err(refusal(format!("body field {name:?} is not in the sheet"))),
        None => Ok(()),
    }
}

/// Days come as `2026-03-02` and are told as all moments are, with their ISO twin.
fn with_dates(mut row: Map<String, Value>) -> Map<String, Value> {
    for name in ["Date", "DueDate"] {
        let day = row.get(name).and_then(Value::as_str).and_then(day);
        if let Some(millis) = day {
            row.insert(name.to_owned(), json!(wire_date(millis)));
            row.insert(format!("{name}String"), json!(iso(millis)));
        }
    }
    row
}

fn day(text: &str) -> Option<i64> {
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { format!("{text}Z") };
    whole.parse::<Timestamp>().ok().map(Timestamp::as_millis)
}

/// Why a record cannot be taken.
fn wrong(row: &Map<String, Value>, kind: &Kind, is_there: bool, create: bool) -> Option<&'static str> {
    let text = |name: &str| row.get(name).and_then(Value::as_str);
    if is_there && create {
        return Some("There is such a record already.");
    }
    if !is_there && row.contains_key(kind.key) {
        return Some("There is no such record.");
    }
    if kind.path == "Contacts" {
        let email = text("EmailAddress").filter(|email| !email.is_empty());
        if !is_there && text("Name").is_none_or(str::is_empty) {
            return Some("The contact name must be specified.");
        }
        return email.filter(|email| !email.contains('@')).map(|_| "Email address must be valid.");
    }
    if ["Date", "DueDate"].iter().filter_map(|name| text(name)).any(|said| day(said).is_none()) {
        return Some("The date is not valid.");
    }
    let lines = row.get("LineItems").and_then(Value::as_array).is_some_and(|lines| !lines.is_empty());
    if !is_there && !text("Type").is_some_and(|kind| ["ACCREC", "ACCPAY"].contains(&kind)) {
        return Some("Invoice type must be ACCREC or ACCPAY.");
    }
    (!is_there && !lines).then_some("One or more line items must be specified.")
}
