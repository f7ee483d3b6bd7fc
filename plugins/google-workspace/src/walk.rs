//! What belongs to each group and to each user: the parents are listed a page at a time, and asked one by one.

use std::collections::VecDeque;

use patchbay_sdk::{PAGE_RECORDS, Page, ReadRequest, Records, Result, http::Request, log, run};
use serde::{Deserialize, Serialize};

use crate::{
    directory::{ask_groups, ask_users},
    refusal::Side,
    wire::{Api, directory},
};

/// Requests of one call of `read`, so that what was read is stored from time to time.
const REQUESTS: u32 = 25;

/// Where a walk stands.
#[derive(Default, Serialize, Deserialize)]
struct Cursor {
    /// The next page of parents, and whether all were listed.
    next: Option<String>,
    listed: bool,
    to_come: VecDeque<String>,
    /// The parent that is being read, and where in it.
    at: Option<At>,
    read: u64,
}

#[derive(Serialize, Deserialize)]
struct At {
    parent: String,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Parent {
    id: String,
}

/// How the parents are listed, and how one of them is asked.
struct Way<'a> {
    parents: &'a dyn Fn() -> Result<Request>,
    children: &'a dyn Fn(&str) -> Result<Request>,
    /// The member of a child that names its parent.
    member: &'a str,
    /// Rows that a request may bring.
    size: u32,
}

pub(crate) fn members(api: &Api, request: &ReadRequest) -> Result<Page> {
    let size = request.page_size(api.assumed.members_page_size);
    let way = Way {
        parents: &|| Ok(ask_groups()?.query("maxResults", api.assumed.groups_page_size)),
        children: &|group| Ok(directory(&["groups", group, "members"])?.query("maxResults", size)),
        member: "group_id",
        size,
    };
    read(api, request, &way)
}

/// The apps that each user let in: one answer for each, without pages.
pub(crate) fn tokens(api: &Api, request: &ReadRequest) -> Result<Page> {
    let way = Way {
        parents: &|| Ok(ask_users()?.query("maxResults", api.assumed.users_page_size)),
        children: &|user| directory(&["users", user, "tokens"]),
        member: "userKey",
        size: 100,
    };
    read(api, request, &way)
}

fn read(api: &Api, request: &ReadRequest, way: &Way<'_>) -> Result<Page> {
    let mut cursor = request.cursor::<Cursor>()?.unwrap_or_default();
    let room = request.page_hint.clamp(way.size, PAGE_RECORDS);
    let mut records = Records::empty();
    for _ in 0..REQUESTS {
        let Some(at) = cursor.at.take().or_else(|| Some(At { parent: cursor.to_come.pop_front()?, next: None })) else {
            if cursor.listed {
                return Page::complete(records, &Cursor::default());
            }
            list(api, way, &mut cursor)?;
            continue;
        };
        cursor.at = step(api, way, at, &mut records)?;
        if records.count().saturating_add(way.size) > room || run::should_stop() {
            break;
        }
    }
    cursor.read = cursor.read.saturating_add(u64::from(records.count()));
    run::progress(cursor.read, None);
    Page::more(records, &cursor)
}

/// Lists a page more of the parents: one request.
fn list(api: &Api, way: &Way<'_>, cursor: &mut Cursor) -> Result<()> {
    let listing = api.list((way.parents)()?.query_maybe("pageToken", cursor.next.as_deref()), Side::Directory)?;
    for row in listing.rows()? {
        cursor.to_come.push_back(listing.row::<Parent>(row)?.id);
    }
    cursor.next = listing.next()?;
    cursor.listed = cursor.next.is_none();
    Ok(())
}

/// One page of a parent; where in it to go on, if there is more.
fn step(api: &Api, way: &Way<'_>, at: At, records: &mut Records) -> Result<Option<At>> {
    let asked = (way.children)(&at.parent)?.query_maybe("pageToken", at.next.as_deref());
    let Some(listing) = api.list_if_there(asked, Side::Directory)? else {
        log::info("a group or user that is gone by now was passed over", &[(way.member, &at.parent)]);
        return Ok(None);
    };
    for row in listing.rows()? {
        records.push_with(row, &[(way.member, &at.parent)])?;
    }
    Ok(listing.next()?.map(|next| At { next: Some(next), ..at }))
}
