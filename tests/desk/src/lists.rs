//! Clients and folders: read by change, and searched.

use patchbay_sdk::{Choice, Choices, Error, Page, PickRequest, RawValue, ReadRequest, Records, Result, http};
use serde::{Deserialize, Serialize};

use crate::wire;

/// What the desk gives at most.
const PER_PAGE: u32 = 1_000;
/// Choices to ask for at once.
const HITS: u32 = 50;

/// Where reading stands.
#[derive(Serialize, Deserialize)]
struct Cursor {
    /// Everything that changed before was read; as the desk wrote it.
    since: Option<String>,
    /// The desk's own place behind the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

/// A page, with the text of the list as it came.
#[derive(Deserialize)]
struct Listing<'a> {
    #[serde(borrow)]
    items: &'a RawValue,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Changed {
    changed_at: String,
}

/// One page of `clients` or `folders`.
pub(crate) fn by_change(request: &ReadRequest) -> Result<Page> {
    let start = || Cursor { since: request.since_ms.map(patchbay_sdk::time::rfc3339), after: None };
    let cursor: Cursor = request.cursor()?.unwrap_or_else(start);
    let answer = wire::ok(
        http::get(wire::address(&[&request.stream])?)
            .query_maybe("changed_since", cursor.since.as_deref())
            .query_maybe("after", cursor.after.as_deref())
            .query("size", request.page_size(PER_PAGE))
            .send()?,
    )?;
    let listing: Listing<'_> = answer.json()?;
    let rows: Vec<Changed> = serde_json::from_str(listing.items.get())
        .map_err(|_| answer.unreadable("a record without the moment of its change"))?;
    let records = Records::from_array(listing.items.get().as_bytes().to_vec())?;
    match listing.next {
        Some(after) => Page::more(records, &Cursor { after: Some(after), ..cursor }),
        None => {
            // Oldest change first: the last one is where the next pass begins.
            let newest = rows.into_iter().next_back().map(|row| row.changed_at);
            Page::end(records, &Cursor { since: newest.or(cursor.since), after: None })
        }
    }
}

#[derive(Deserialize)]
struct Hits {
    items: Vec<Hit>,
    next: Option<u64>,
}

#[derive(Deserialize)]
struct Hit {
    id: String,
    name: String,
    code: Option<String>,
}

/// `search_clients`, and `search_folders` of the client that was chosen there.
pub(crate) fn pick(request: &PickRequest) -> Result<Choices> {
    let address = match request.picker.as_str() {
        "search_clients" => wire::address(&["search", "clients"])?,
        "search_folders" => wire::address(&["search", "folders"])?,
        picker => return Err(Error::unsupported(format!("This connector has no picker `{picker}`."))),
    };
    let page: u64 = request.cursor()?.unwrap_or(1);
    let mut search = http::get(address).query("q", &request.query).query("page", page).query("size", HITS);
    if request.picker == "search_folders" {
        let client = request.parent("search_clients");
        search = search.query("client", client.ok_or_else(|| Error::invalid_input("Choose a client first."))?);
    }
    let answer = wire::ok(search.send()?)?;
    let hits: Hits = answer.json()?;
    let choices = hits.items.into_iter().map(|hit| Choice { id: hit.id, label: hit.name, hint: hit.code }).collect();
    match hits.next {
        Some(next) => Choices::of(choices).next(&next),
        None => Ok(Choices::of(choices)),
    }
}
