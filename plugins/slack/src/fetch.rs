//! The streams that are plain lists. Slack cannot be asked what changed in them, so each pass reads all of it, and what it did
//! not meet is gone. Whoever was deactivated, archived or disabled still stands in them, and says so.

use patchbay_sdk::{Context, Page, RawValue, ReadRequest, Records, Result, run};
use serde::{Deserialize, Serialize};

use crate::{
    channels, destinations,
    refusal::{self, Doing},
    talk::{self, Goal},
    wire::Api,
};

/// Where a list stands.
#[derive(Serialize, Deserialize)]
struct Cursor {
    next: Option<String>,
    /// The same for the whole pass.
    size: u32,
    /// Rows read so far.
    read: u64,
}

/// A list with pages.
enum List {
    Users,
    Channels,
}

pub(crate) fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
    let api = Api::of(ctx)?;
    match request.stream.as_str() {
        "users" => list(&api, request, &List::Users),
        "channels" => list(&api, request, &List::Channels),
        "channel_members" => channels::members(&api, request),
        "messages" => talk::read(&api, request, Goal::Messages),
        "replies" => talk::read(&api, request, Goal::Replies),
        "usergroups" => usergroups(&api),
        "team" => team(&api),
        "destinations" => destinations::read(&api, request),
        _ => Err(request.unsupported()),
    }
}

fn list(api: &Api, request: &ReadRequest, list: &List) -> Result<Page> {
    let start = || Cursor { next: None, size: request.page_size(api.assumed.page_size), read: 0 };
    let at = request.cursor::<Cursor>()?.unwrap_or_else(start);
    let asked = match list {
        List::Users => api.ask_team("users.list")?,
        List::Channels => channels::ask(api)?,
    };
    let listing = api.list(asked, at.size, at.next.as_deref())?;
    let records = Records::from_raw(listing.rows()?)?;
    let read = at.read.saturating_add(u64::from(records.count()));
    run::progress(read, None);
    match listing.next()? {
        Some(next) => Page::more(records, &Cursor { next: Some(next), read, ..at }),
        None => Page::complete(records, &start()),
    }
}

fn usergroups(api: &Api) -> Result<Page> {
    let asked = api.ask_team("usergroups.list")?.query("include_disabled", true).query("include_count", true);
    let listing = api.whole_list(asked)?;
    Page::complete(Records::from_raw(listing.rows()?)?, &())
}

fn team(api: &Api) -> Result<Page> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        team: &'a RawValue,
    }
    let answer = refusal::ok(api.ask("team.info")?.send()?, Doing::Reading)?;
    let team = answer.json::<Answer<'_>>()?.team;
    Page::complete(Records::from_raw([team])?, &())
}
