//! Owners and properties: short lists that are read whole. Owners who were deactivated are records too, since their deals still name
//! them.

use patchbay_sdk::{Context, Page, ReadRequest, Records, Result};
use serde::{Deserialize, Serialize};

use crate::{fetch::going_on, search::Listing, wire::Api};

/// The types whose properties are read.
const TYPES: [&str; 5] = ["contacts", "companies", "deals", "notes", "tasks"];

/// Where the list of owners stands.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Owners {
    /// Those who were deactivated come last.
    archived: bool,
    after: Option<String>,
}

/// Where the lists of properties stand.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Properties {
    /// Lists that were read.
    done: usize,
    after: Option<String>,
}

pub(crate) fn owners(ctx: &Context, request: &ReadRequest) -> Result<Page> {
    let api = Api::of(ctx)?;
    let at: Owners = request.cursor()?.unwrap_or_default();
    let size = request.page_size(api.assumed.page_size);
    let asked = api.get("owners", &[])?.query("limit", size).query_maybe("after", at.after.as_deref());
    let listing = Listing(api.ok(asked.query("archived", at.archived).send()?)?);
    let listed = listing.rows()?;
    let records = Records::from_raw(listed.results.iter().copied())?;
    match going_on(&listing, &listed, at.after.as_deref())? {
        Some(after) => Page::more(records, &Owners { after: Some(after), ..at }),
        None if at.archived => Page::complete(records, &Owners::default()),
        None => Page::more(records, &Owners { archived: true, after: None }),
    }
}

pub(crate) fn properties(ctx: &Context, request: &ReadRequest) -> Result<Page> {
    let api = Api::of(ctx)?;
    let at: Properties = request.cursor()?.unwrap_or_default();
    let Some(kind) = TYPES.get(at.done) else { return Page::complete(Records::empty(), &Properties::default()) };
    let asked = api.get("properties", &[kind])?.query_maybe("after", at.after.as_deref());
    let listing = Listing(api.ok(asked.send()?)?);
    let listed = listing.rows()?;
    let mut records = Records::empty();
    for row in &listed.results {
        records.push_with(row, &[("object_type", kind)])?;
    }
    let done = at.done + 1;
    match going_on(&listing, &listed, at.after.as_deref())? {
        Some(after) => Page::more(records, &Properties { after: Some(after), ..at }),
        None if done >= TYPES.len() => Page::complete(records, &Properties::default()),
        None => Page::more(records, &Properties { done, after: None }),
    }
}
