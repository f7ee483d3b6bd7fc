//! Searches: rows by a filter, oldest change first, and where the next one begins.
//!
//! A search reaches so many rows and no more, and rows that change while it is read move to its end, so that the pages behind them
//! shift. So the next request asks for what changed since the newest row of this page, from its first row on: rows of that one
//! moment come twice, none is passed over, and how far a search reaches does not matter. Only rows of one moment, as an import
//! writes them, are followed page by page; where there are more of them than a search reaches, it says so.

use patchbay_sdk::{
    Context, RawValue, Result,
    http::{self, Effect, Response},
    time,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::wire::Api;

/// One page of rows.
pub(crate) struct Listing(pub(crate) Response);

#[derive(Deserialize)]
pub(crate) struct Listed<'a> {
    #[serde(borrow)]
    pub(crate) results: Vec<&'a RawValue>,
    paging: Option<Paging>,
    pub(crate) total: Option<u64>,
}

#[derive(Deserialize)]
struct Paging {
    next: Option<Next>,
}

#[derive(Deserialize)]
struct Next {
    after: Option<String>,
}

/// What is looked at in a record.
#[derive(Deserialize)]
pub(crate) struct Row {
    pub(crate) id: String,
    #[serde(rename = "createdAt")]
    created: Option<String>,
    #[serde(rename = "updatedAt")]
    updated: Option<String>,
    #[serde(rename = "archivedAt")]
    archived: Option<String>,
    #[serde(default)]
    pub(crate) properties: Properties,
}

/// Of the many properties those that are looked at.
#[derive(Default, Deserialize)]
pub(crate) struct Properties {
    lastmodifieddate: Option<String>,
    hs_lastmodifieddate: Option<String>,
    pub(crate) firstname: Option<String>,
    pub(crate) lastname: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) domain: Option<String>,
    pub(crate) dealname: Option<String>,
    pub(crate) hs_note_body: Option<String>,
    pub(crate) hs_task_body: Option<String>,
}

impl Listing {
    pub(crate) fn rows(&self) -> Result<Listed<'_>> {
        self.0.json()
    }

    pub(crate) fn row(&self, row: &RawValue) -> Result<Row> {
        serde_json::from_str(row.get()).map_err(|_| self.0.unreadable("a row of an unexpected shape"))
    }
}

impl Listed<'_> {
    /// Where the next page begins; nothing on the last one.
    pub(crate) fn next(&self) -> Option<&str> {
        self.paging.as_ref()?.next.as_ref()?.after.as_deref().filter(|after| !after.is_empty())
    }
}

impl Row {
    /// When it changed last, ms.
    pub(crate) fn changed(&self) -> Option<u64> {
        let own = self.properties.lastmodifieddate.as_ref().or(self.properties.hs_lastmodifieddate.as_ref());
        time::parse_rfc3339(own.or(self.updated.as_ref())?)
    }

    pub(crate) fn created(&self) -> Option<u64> {
        time::parse_rfc3339(self.created.as_deref()?)
    }

    pub(crate) fn archived(&self) -> Option<u64> {
        time::parse_rfc3339(self.archived.as_deref()?)
    }

    /// What people call a contact.
    pub(crate) fn person(&self) -> String {
        let part =
            |part: &Option<String>| part.as_deref().map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned);
        let names = [part(&self.properties.firstname), part(&self.properties.lastname)];
        let name = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
        match name.as_str() {
            "" => part(&self.properties.email).unwrap_or_else(|| format!("Contact {}", self.id)),
            _ => name,
        }
    }
}

/// The property that says when a record of this type changed last.
pub(crate) fn changed_by(kind: &str) -> &'static str {
    if kind == "contacts" { "lastmodifieddate" } else { "hs_lastmodifieddate" }
}

/// Where a search for what has changed goes on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Place {
    /// What changed at this moment or later, ms.
    pub(crate) since: u64,
    /// Behind so many rows of it.
    pub(crate) after: u32,
    /// Rows of a page, the same for the whole walk.
    pub(crate) size: u32,
}

/// What comes behind a page.
pub(crate) enum Behind {
    Nothing,
    More(Place),
    /// More rows of one moment than a search reaches.
    TooMany,
}

impl Place {
    pub(crate) fn of(since: u64, size: u32) -> Self {
        Self { since, after: 0, size }
    }

    /// The page at this place.
    pub(crate) fn ask(&self, api: &Api, kind: &str, properties: &[&str]) -> Result<Listing> {
        let by = changed_by(kind);
        let filter = json!({ "propertyName": by, "operator": "GTE", "value": self.since.to_string() });
        let sort = (by, "ASCENDING");
        search(api, kind, &json!([{ "filters": [filter] }]), sort, properties, self.size, self.after)
    }

    /// What comes behind a page whose rows changed at these moments.
    pub(crate) fn behind(&self, api: &Api, listed: &Listed<'_>, moments: &[u64]) -> Behind {
        let Some(next) = listed.next().filter(|_| !listed.results.is_empty()) else { return Behind::Nothing };
        let in_order = moments.len() == listed.results.len() && moments.is_sorted();
        if let Some(newest) = moments.last().filter(|newest| in_order && **newest > self.since) {
            return Behind::More(Self { since: *newest, after: 0, size: self.size });
        }
        let rows = u32::try_from(listed.results.len()).unwrap_or(u32::MAX);
        let after = next.parse().ok().filter(|after| *after > self.after);
        let after = after.unwrap_or_else(|| self.after.saturating_add(rows));
        if after.saturating_add(self.size) > api.assumed.search_reach {
            return Behind::TooMany;
        }
        Behind::More(Self { after, ..self.clone() })
    }
}

/// A page of a search.
pub(crate) fn search(
    api: &Api,
    kind: &str,
    groups: &Value,
    sort: (&str, &str),
    properties: &[&str],
    limit: u32,
    after: u32,
) -> Result<Listing> {
    let body = json!({
        "filterGroups": groups,
        "sorts": [{ "propertyName": sort.0, "direction": sort.1 }],
        "properties": properties,
        "limit": limit,
        "after": after.to_string(),
    });
    let request = http::post(api.crm("objects", &[kind, "search"])?).header("accept", "application/json");
    Ok(Listing(api.found(request.json(&body).effect(Effect::Read).send()?)?))
}

/// Names of the properties of a type that are read: those of the configuration, and those that the settings add.
pub(crate) fn properties(ctx: &Context, api: &Api, kind: &str) -> Result<Vec<String>> {
    #[derive(Default, Deserialize)]
    struct Settings {
        contact_properties: Option<String>,
        company_properties: Option<String>,
        deal_properties: Option<String>,
    }
    let settings: Settings = ctx.settings()?;
    let more = match kind {
        "contacts" => settings.contact_properties,
        "companies" => settings.company_properties,
        "deals" => settings.deal_properties,
        _ => None,
    };
    let mut names = api.assumed.properties.get(kind).cloned().unwrap_or_default();
    for name in more.unwrap_or_default().split([',', ' ']).filter(|name| !name.is_empty()) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}
