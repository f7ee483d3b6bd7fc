//! Users and groups. The directory tells no changes, so each pass reads all of it, and what it did not meet is gone.

use patchbay_sdk::{Page, ReadRequest, Records, Result, http::Request, run};
use serde::{Deserialize, Serialize};

use crate::{
    refusal::Side,
    wire::{Api, directory},
};

/// Where a list stands.
#[derive(Serialize, Deserialize)]
struct Cursor {
    /// The second list of users: those that were deleted lately.
    deleted: bool,
    next: Option<String>,
    /// The same for the whole pass.
    size: u32,
    read: u64,
}

/// Users of the own company, in pages.
pub(crate) fn ask_users() -> Result<Request> {
    Ok(directory(&["users"])?.query("customer", "my_customer").query("projection", "full").query("orderBy", "email"))
}

/// Groups of the own company, in pages.
pub(crate) fn ask_groups() -> Result<Request> {
    Ok(directory(&["groups"])?.query("customer", "my_customer"))
}

pub(crate) fn users(api: &Api, request: &ReadRequest) -> Result<Page> {
    page(api, request, api.assumed.users_page_size, api.assumed.deleted_users, |deleted| {
        let asked = ask_users()?;
        Ok(if deleted { asked.query("showDeleted", true) } else { asked })
    })
}

pub(crate) fn groups(api: &Api, request: &ReadRequest) -> Result<Page> {
    page(api, request, api.assumed.groups_page_size, false, |_| ask_groups())
}

fn page(
    api: &Api,
    request: &ReadRequest,
    ceiling: u32,
    and_deleted: bool,
    ask: impl Fn(bool) -> Result<Request>,
) -> Result<Page> {
    let start = || Cursor { deleted: false, next: None, size: request.page_size(ceiling), read: 0 };
    let at = request.cursor::<Cursor>()?.unwrap_or_else(start);
    let asked = ask(at.deleted)?.query("maxResults", at.size).query_maybe("pageToken", at.next.as_deref());
    let listing = api.list(asked, Side::Directory)?;
    let records = Records::from_raw(listing.rows()?)?;
    let read = at.read.saturating_add(u64::from(records.count()));
    run::progress(read, None);
    match listing.next()? {
        Some(next) => Page::more(records, &Cursor { next: Some(next), read, ..at }),
        None if and_deleted && !at.deleted => Page::more(records, &Cursor { deleted: true, next: None, read, ..at }),
        None => Page::complete(records, &start()),
    }
}
