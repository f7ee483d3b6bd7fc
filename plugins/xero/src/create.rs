//! What is made anew: a contact, a draft of an invoice or bill.
//!
//! An amount is a text in the payload and a number in the request, with the same digits: it is never a binary fraction in between.

use patchbay_sdk::{
    Context, Error, Item, Object, Outcome, RawValue, Result,
    http::{Request, Response},
};
use serde::{Deserialize, Serialize, Serializer};

use crate::{
    push::{attach_all, check_files},
    target::Target,
    wire::{self, Api, Row},
};

const CONTACTS: &str = "Contacts";
const INVOICES: &str = "Invoices";
/// Digits of an amount before and behind its point.
const WHOLE: usize = 13;
const PLACES: usize = 4;

/// A contact, as it is asked for and as Xero wants it.
#[derive(Deserialize, Serialize)]
#[serde(rename_all(serialize = "PascalCase", deserialize = "snake_case"))]
struct Contact {
    /// The contact that an earlier item with this key made.
    #[serde(rename(serialize = "ContactID"), skip_deserializing, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    #[serde(rename(serialize = "EmailAddress"), skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_number: Option<String>,
    #[serde(rename(serialize = "ContactNumber"), skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_number: Option<String>,
}

/// An invoice or bill, likewise.
#[derive(Deserialize, Serialize)]
#[serde(rename_all(serialize = "PascalCase", deserialize = "snake_case"))]
struct Invoice {
    #[serde(default)]
    r#type: Kind,
    #[serde(skip_deserializing)]
    contact: Named,
    #[serde(skip_deserializing)]
    status: Draft,
    #[serde(rename(serialize = "InvoiceNumber"), skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(rename(serialize = "DueDate"), skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    #[serde(rename(serialize = "CurrencyCode"), skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    #[serde(rename(serialize = "LineAmountTypes"), default)]
    tax: Tax,
    #[serde(rename(serialize = "LineItems"))]
    lines: Vec<Line>,
}

#[derive(Default, Serialize)]
struct Named {
    #[serde(rename = "ContactID")]
    id: String,
}

/// Whoever keeps the books says when it counts.
#[derive(Default, Serialize)]
enum Draft {
    #[default]
    #[serde(rename = "DRAFT")]
    Draft,
}

#[derive(Default, Deserialize, Serialize)]
enum Kind {
    #[default]
    #[serde(rename(serialize = "ACCREC", deserialize = "sale"))]
    Sale,
    #[serde(rename(serialize = "ACCPAY", deserialize = "bill"))]
    Bill,
}

#[derive(Default, Deserialize, Serialize)]
enum Tax {
    #[default]
    #[serde(rename(serialize = "Exclusive", deserialize = "exclusive"))]
    Exclusive,
    #[serde(rename(serialize = "Inclusive", deserialize = "inclusive"))]
    Inclusive,
    #[serde(rename(serialize = "NoTax", deserialize = "none"))]
    None,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all(serialize = "PascalCase", deserialize = "snake_case"))]
struct Line {
    description: String,
    #[serde(default)]
    quantity: Amount,
    #[serde(rename(serialize = "UnitAmount"))]
    price: Amount,
    #[serde(rename(serialize = "AccountCode"), skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_type: Option<String>,
}

/// A decimal number with the digits that were written.
#[derive(Deserialize)]
struct Amount(String);

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    contacts: Option<[&'a Contact; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoices: Option<[&'a Invoice; 1]>,
}

/// What a write is answered with; one of the two lists.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Written {
    #[serde(default)]
    contacts: Vec<Row>,
    #[serde(default)]
    invoices: Vec<Row>,
}

/// Makes a contact, or changes the one that the same key made.
pub(crate) fn contact(api: &Api, ctx: &Context, item: &Item) -> Result<Outcome> {
    let tenant = Target::organisation(ctx, item)?;
    let mut contact: Contact = item.payload()?;
    if contact.name.trim().is_empty() {
        return Err(Error::invalid_input("A contact needs a name.").field("/name", "Write a name."));
    }
    contact.id = item.written().map(|object| object.id);
    let is_there = contact.id.is_some();
    let step = "contact";
    let request = if is_there { api.post(&tenant, &[CONTACTS], step)? } else { api.put(&tenant, &[CONTACTS], step)? };
    let answer = send(api, request.json(&Body { contacts: Some([&contact]), invoices: None }))?;
    let object = Object::of(id(&answer, step, |written| written.contacts)?);
    Ok(if is_there { Outcome::Updated(object) } else { Outcome::Created(object) })
}

/// Makes a draft for a contact, and puts the files on it.
pub(crate) fn invoice(api: &Api, ctx: &Context, item: &Item) -> Result<Outcome> {
    let target = Target::contact(ctx, item)?;
    let mut invoice: Invoice = item.payload()?;
    for (at, line) in invoice.lines.iter().enumerate() {
        for (name, amount) in [("quantity", &line.quantity), ("price", &line.price)] {
            if !amount.is_plain() {
                return Err(Error::invalid_input("An amount of this invoice is none.").field(
                    format!("/lines/{at}/{name}"),
                    "Write a number with a point and at most four digits behind it, such as 99.95.",
                ));
            }
        }
    }
    check_files(api, &item.attachments)?;
    invoice.contact = Named { id: target.id.clone() };
    let step = "invoice";
    let id = match item.found(step) {
        Some(found) => found.id,
        None => {
            // Prices keep their four places.
            let request = api.put(&target.tenant, &[INVOICES], step)?.query("unitdp", 4);
            let answer = send(api, request.json(&Body { contacts: None, invoices: Some([&invoice]) }))?;
            id(&answer, step, |written| written.invoices)?
        }
    };
    attach_all(api, item, &Target { list: INVOICES, id: id.clone(), ..target })?;
    Ok(Outcome::Created(Object::of(id)))
}

fn send(api: &Api, request: Request) -> Result<Response> {
    api.ok(request.send()?)
}

/// The id of the one row that was written.
fn id(answer: &Response, step: &str, rows: impl Fn(Written) -> Vec<Row>) -> Result<String> {
    let row = wire::accepted(answer, step, rows(answer.json()?))?;
    match row.id {
        Some(id) if wire::is_uuid(&id) => Ok(id),
        _ => Err(answer.unreadable("no id of what was written")),
    }
}

impl Amount {
    fn is_plain(&self) -> bool {
        let digits = self.0.strip_prefix('-').unwrap_or(&self.0);
        let (whole, places) = digits.split_once('.').unwrap_or((digits, "0"));
        let are = |text: &str, most: usize| {
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        let is_json = whole == "0" || !whole.starts_with('0');
        are(whole, WHOLE) && are(places, PLACES) && is_json
    }
}

impl Default for Amount {
    fn default() -> Self {
        Self("1".to_owned())
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let number = RawValue::from_string(self.0.clone()).map_err(serde::ser::Error::custom)?;
        number.serialize(to)
    }
}

#[cfg(test)]
mod tests {
    use super::Amount;

    #[test]
    fn an_amount_keeps_its_digits() {
        for text in ["0", "1", "-12.5", "99.9999", "0.10", "9999999999999.0001"] {
            let amount = Amount(text.to_owned());
            assert!(amount.is_plain(), "{text}");
            assert_eq!(serde_json::to_string(&amount).unwrap(), text);
        }
    }

    #[test]
    fn what_is_no_plain_number_is_no_amount() {
        for text in ["", "-", "1,5", "1e3", "01", ".5", "1.", "1.23456", "12345678901234", "NaN", "1 ", "--1", "{}"] {
            assert!(!Amount(text.to_owned()).is_plain(), "{text}");
        }
    }
}
