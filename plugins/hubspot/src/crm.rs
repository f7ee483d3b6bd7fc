//! Contacts, which are known by their e-mail addresses, and companies and deals, which are not known by anything.

use std::collections::BTreeMap;

use patchbay_sdk::{Error, Item, Outcome, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    auth,
    push::{Settings, Target, change, upsert, write},
    text,
    wire::Api,
};

/// The steps that write a contact, a company and a deal.
const CONTACT: &str = "contact";
pub(crate) const COMPANY: &str = "company";
pub(crate) const DEAL: &str = "deal";

/// What an item says, in whichever of the three actions; the schema says which members there are.
#[derive(Deserialize)]
struct Said {
    owner: Option<String>,
    close_date: Option<String>,
    #[serde(default)]
    properties: BTreeMap<String, String>,
    #[serde(flatten)]
    rest: BTreeMap<String, String>,
}

impl Said {
    /// A text of the item.
    fn get(&self, name: &str) -> Option<&str> {
        self.rest.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    /// The properties, by HubSpot's names.
    fn properties(&self, api: &Api, names: &[(&str, &str)]) -> Result<Map<String, Value>> {
        let mut properties: Map<String, Value> =
            self.properties.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        for (name, property) in names {
            if let Some(value) = self.get(name) {
                properties.insert((*property).to_owned(), json!(value));
            }
        }
        if let Some(day) = self.close_date.as_deref() {
            let at = text::on_day(day, 12, api.offset_ms).ok_or_else(|| {
                Error::invalid_input("The closing day is none.").field("/close_date", "Write it like 2026-12-31.")
            })?;
            properties.insert("closedate".to_owned(), json!(patchbay_sdk::time::rfc3339(at)));
        }
        if let Some(owner) = auth::wanted(api, self.owner.as_deref())? {
            properties.insert("hubspot_owner_id".to_owned(), json!(owner));
        }
        Ok(properties)
    }
}

pub(crate) fn contact(api: &Api, item: &Item) -> Result<Outcome> {
    let said: Said = item.payload()?;
    let names = ["firstname", "lastname", "phone", "company", "jobtitle"].map(|name| (name, name));
    let mut properties = said.properties(api, &names)?;
    let email = said.get("email").map(str::to_lowercase).filter(|email| email.contains('@'));
    let email = email.ok_or_else(|| {
        Error::invalid_input("A contact needs an e-mail address.").field("/email", "This is no e-mail address.")
    })?;
    if let Some(written) = item.written() {
        properties.insert("email".to_owned(), json!(email));
        change(api, "contacts", &written.id, &properties)?;
        return Ok(Outcome::Updated(api.object(&written.id, "contacts", &written.id)));
    }
    let (id, new) = upsert(api, "contacts", CONTACT, ("email", &email), &properties)?;
    let object = api.object(&id, "contacts", &id);
    Ok(if new { Outcome::Created(object) } else { Outcome::Updated(object) })
}

pub(crate) fn company(api: &Api, settings: &Settings, item: &Item) -> Result<Outcome> {
    let said: Said = item.payload()?;
    let names = ["domain", "phone", "city", "country"].map(|name| (name, name));
    let mut properties = said.properties(api, &names)?;
    properties.insert("name".to_owned(), json!(name(item)?));
    made(api, settings, item, "companies", COMPANY, &properties, None)
}

pub(crate) fn deal(api: &Api, settings: &Settings, item: &Item) -> Result<Outcome> {
    let (said, target) = (item.payload::<Said>()?, Target::maybe(item)?);
    let names = [("amount", "amount"), ("stage", "dealstage"), ("pipeline", "pipeline")];
    let mut properties = said.properties(api, &names)?;
    properties.insert("dealname".to_owned(), json!(name(item)?));
    made(api, settings, item, "deals", DEAL, &properties, target.as_ref())
}

/// Writes the record, or changes the one that was written before.
fn made(
    api: &Api,
    settings: &Settings,
    item: &Item,
    kind: &str,
    step: &str,
    properties: &Map<String, Value>,
    target: Option<&Target>,
) -> Result<Outcome> {
    if let Some(written) = item.written() {
        change(api, kind, &written.id, properties)?;
        return Ok(Outcome::Updated(api.object(&written.id, kind, &written.id)));
    }
    let id = write(api, settings, item, kind, (step, step), properties, target)?;
    Ok(Outcome::Created(api.object(&id, kind, &id)))
}

/// What a company or a deal is called.
pub(crate) fn name(item: &Item) -> Result<String> {
    let said: Said = item.payload()?;
    let name = said.get("name").map(str::to_owned);
    name.ok_or_else(|| Error::invalid_input("It needs a name.").field("/name", "Write a name."))
}
