//! What makes and changes customers.
//!
//! A change names the state that it is a change of (`SyncToken`), and is refused when somebody was faster. So the customer is read
//! first, and once more after such a refusal. What is wanted and there already is not written again: so it is known after a lost
//! answer, too, that the change arrived.

use patchbay_sdk::{Case, Error, Item, Object, Outcome, Result, http::Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    target::{Target, is_id},
    wire::Api,
};

/// Characters of a customer's notes.
const NOTES: usize = 2_000;
/// How often a change is tried: somebody may be faster once.
const TRIES: u32 = 2;

/// A customer, as it is asked for and as QuickBooks wants it.
#[derive(Deserialize, Serialize)]
#[serde(rename_all(serialize = "PascalCase", deserialize = "snake_case"))]
struct Asked {
    #[serde(rename(serialize = "DisplayName"))]
    name: String,
    #[serde(rename(serialize = "CompanyName"), skip_serializing_if = "Option::is_none")]
    company: Option<String>,
    #[serde(rename(serialize = "GivenName"), skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(rename(serialize = "FamilyName"), skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<String>,
    #[serde(skip_serializing)]
    email: Option<String>,
    #[serde(skip_serializing)]
    phone: Option<String>,
    #[serde(skip_serializing)]
    street: Option<String>,
    #[serde(skip_serializing)]
    postal_code: Option<String>,
    #[serde(skip_serializing)]
    city: Option<String>,
}

#[derive(Deserialize)]
struct Remark {
    text: String,
    date: Option<String>,
}

/// What a write is answered with.
#[derive(Deserialize)]
struct Written {
    #[serde(rename = "Customer")]
    customer: Value,
}

/// Makes a customer, or changes the one that the same key made.
pub(crate) fn customer(api: &Api, item: &Item) -> Result<Outcome> {
    let asked: Asked = item.payload()?;
    if asked.name.trim().is_empty() {
        return Err(Error::invalid_input("A customer needs a name.").field("/name", "Write a name."));
    }
    // A colon stands between a customer and its project there.
    if asked.name.contains([':', '\t', '\n', '\r']) {
        return Err(Error::invalid_input("QuickBooks does not take this name.")
            .field("/name", "Leave out colons, tabs and line breaks."));
    }
    let wanted = asked.members()?;
    if let Some(object) = item.written() {
        return change(api, &object.id, |_| Ok(Some(wanted.clone())));
    }
    let step = "customer";
    let answer = api.ok(api.post("customer", step)?.json(&wanted).send()?, Some(step))?;
    Ok(Outcome::Created(Object::of(written(&answer)?)))
}

/// Adds to the notes of a customer.
pub(crate) fn remark(api: &Api, item: &Item) -> Result<Outcome> {
    let target = Target::of_customer(item)?;
    let remark: Remark = item.payload()?;
    let text = remark.text.trim();
    if text.is_empty() {
        return Err(Error::invalid_input("There is nothing to send.").field("/text", "Write something."));
    }
    let text = match remark.date.as_deref().map(str::trim).filter(|date| !date.is_empty()) {
        Some(date) => format!("{date}: {text}"),
        None => text.to_owned(),
    };
    change(api, &target.id, |customer| {
        let notes = customer.get("Notes").and_then(Value::as_str).unwrap_or_default();
        let notes = notes.replace("\r\n", "\n");
        let notes = notes.trim_end();
        if notes == text || notes.ends_with(&format!("\n{text}")) {
            return Ok(None);
        }
        let notes = if notes.is_empty() { text.clone() } else { format!("{notes}\n{text}") };
        if notes.chars().count() > NOTES {
            return Err(Error::invalid_input("The notes of this customer have no room for that text.")
                .field("/text", "Shorten it, shorten the notes in QuickBooks, or send it as a note of its own."));
        }
        Ok(Some(Map::from_iter([("Notes".to_owned(), json!(notes))])))
    })
}

/// Changes a customer to what is wanted of it as it is now; nothing where it is so already.
fn change(
    api: &Api,
    id: &str,
    wanted: impl Fn(&Map<String, Value>) -> Result<Option<Map<String, Value>>>,
) -> Result<Outcome> {
    let mut tries = 0;
    loop {
        let customer = find(api, id)?;
        let wanted = wanted(&customer)?.filter(|wanted| !holds(&customer, wanted));
        let Some(mut body) = wanted else { return Ok(Outcome::Exists(Object::of(id))) };
        let state = customer.get("SyncToken").and_then(Value::as_str).filter(|state| is_id(state));
        let Some(state) = state else {
            return Err(Error::invalid_response("QuickBooks does not say in which state the customer is."));
        };
        body.insert("sparse".to_owned(), json!(true));
        body.insert("Id".to_owned(), json!(id));
        body.insert("SyncToken".to_owned(), json!(state));
        // A change of another state is another write.
        let step = format!("change-{state}");
        let sent = api.ok(api.post("customer", &step)?.json(&body).send()?, Some(&step));
        tries += 1;
        match sent {
            Ok(answer) => return Ok(Outcome::Updated(Object::of(written(&answer)?))),
            Err(error) if is_stale(&error) && tries < TRIES => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether somebody was faster. A fault says so, and never the status 409.
fn is_stale(error: &Error) -> bool {
    error.case() == Case::Conflict && matches!(error.status(), Some(200 | 400))
}

/// The customer as it is now, inactive ones too.
fn find(api: &Api, id: &str) -> Result<Map<String, Value>> {
    let none = || Error::not_found("QuickBooks does not have this customer any more.");
    if !is_id(id) {
        return Err(none());
    }
    let listing = api.query(&format!("SELECT * FROM Customer WHERE Id = '{id}' AND Active IN (true, false)"))?;
    let Some(row) = listing.found("Customer")?.into_iter().next() else { return Err(none()) };
    listing.row(row)
}

/// The id of what was written.
fn written(answer: &Response) -> Result<String> {
    let written: Written = answer.json()?;
    match written.customer.get("Id").and_then(Value::as_str) {
        Some(id) if is_id(id) => Ok(id.to_owned()),
        _ => Err(answer.unreadable("no id of the customer")),
    }
}

/// Whether everything that is wanted is so already.
fn holds(found: &Map<String, Value>, wanted: &Map<String, Value>) -> bool {
    wanted.iter().all(|(name, wanted)| match (found.get(name), wanted) {
        (Some(Value::Object(found)), Value::Object(wanted)) => holds(found, wanted),
        (found, wanted) => found == Some(wanted),
    })
}

impl Asked {
    fn members(&self) -> Result<Map<String, Value>> {
        let members = serde_json::to_value(self);
        let Ok(Value::Object(mut members)) = members else {
            return Err(Error::other("The request could not be written."));
        };
        let one = |name: &str, value: &Option<String>| value.as_ref().map(|value| (name.to_owned(), json!(value)));
        for (name, parts) in [
            ("PrimaryEmailAddr", vec![one("Address", &self.email)]),
            ("PrimaryPhone", vec![one("FreeFormNumber", &self.phone)]),
            (
                "BillAddr",
                vec![one("Line1", &self.street), one("PostalCode", &self.postal_code), one("City", &self.city)],
            ),
        ] {
            let parts: Map<String, Value> = parts.into_iter().flatten().collect();
            if !parts.is_empty() {
                members.insert(name.to_owned(), Value::Object(parts));
            }
        }
        Ok(members)
    }
}
