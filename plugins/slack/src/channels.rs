//! The channels that a pass goes through, a page of the list at a time, and who belongs to them.

use std::collections::VecDeque;

use patchbay_sdk::{PAGE_RECORDS, Page, RawValue, ReadRequest, Records, Result, http::Request, log, run};
use serde::{Deserialize, Serialize};
use serde_json::value::to_raw_value;

use crate::{
    refusal::Open,
    wire::{Api, is_id, no_id},
};

/// Requests of one call of `read`, so that what was read is stored from time to time.
pub(crate) const REQUESTS: u32 = 25;

/// A channel, as far as it matters here.
#[derive(Deserialize)]
pub(crate) struct Channel {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) is_archived: bool,
    #[serde(default)]
    pub(crate) is_member: bool,
    #[serde(default)]
    pub(crate) is_private: bool,
}

/// Those that are still to come.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Channels {
    next: Option<String>,
    /// The whole list was read.
    listed: bool,
    to_come: VecDeque<String>,
}

/// The list of all channels that the app can see, archived ones among them.
pub(crate) fn ask(api: &Api) -> Result<Request> {
    let asked = api.ask_team("conversations.list")?;
    Ok(asked.query("types", "public_channel,private_channel").query("exclude_archived", false))
}

impl Channels {
    /// The next one; none when another page has to be listed first, or none is left.
    pub(crate) fn take(&mut self) -> Option<String> {
        self.to_come.pop_front()
    }

    pub(crate) fn is_listed(&self) -> bool {
        self.listed
    }

    /// Lists a page more: one request.
    pub(crate) fn list(&mut self, api: &Api, wanted: impl Fn(&Channel) -> bool) -> Result<()> {
        let listing = api.list(ask(api)?, api.assumed.page_size, self.next.as_deref())?;
        for row in listing.rows()? {
            let channel: Channel = listing.row(row)?;
            if !is_id(&channel.id, "CGD") {
                return Err(no_id("a channel"));
            }
            if wanted(&channel) {
                self.to_come.push_back(channel.id);
            }
        }
        self.next = listing.next()?;
        self.listed = self.next.is_none();
        Ok(())
    }
}

/// Where reading the members stands.
#[derive(Serialize, Deserialize)]
struct Cursor {
    channels: Channels,
    /// The channel that is being read, and where in it.
    at: Option<At>,
    size: u32,
    read: u64,
    /// One was closed to the app: who is in it is not known, which is no sign that nobody is.
    #[serde(default)]
    closed: bool,
}

#[derive(Serialize, Deserialize)]
struct At {
    channel: String,
    next: Option<String>,
}

#[derive(Serialize)]
struct Member<'a> {
    channel_id: &'a str,
    user_id: &'a str,
}

/// Who belongs to which channel. Slack names the people of one channel at a time, by their ids. An archived one has none.
pub(crate) fn members(api: &Api, request: &ReadRequest) -> Result<Page> {
    let size = request.page_size(api.assumed.page_size);
    let start = || Cursor { channels: Channels::default(), at: None, size, read: 0, closed: false };
    let mut cursor = request.cursor::<Cursor>()?.unwrap_or_else(start);
    let room = request.page_hint.clamp(cursor.size, PAGE_RECORDS);
    let mut records = Records::empty();
    for _ in 0..REQUESTS {
        let Some(at) = cursor.at.take().or_else(|| Some(At { channel: cursor.channels.take()?, next: None })) else {
            if cursor.channels.is_listed() {
                return if cursor.closed { Page::end(records, &start()) } else { Page::complete(records, &start()) };
            }
            cursor.channels.list(api, |channel| !channel.is_archived)?;
            continue;
        };
        cursor.at = match step(api, at, cursor.size, &mut records)? {
            Some(at) => at,
            None => {
                cursor.closed = true;
                None
            }
        };
        if records.count().saturating_add(cursor.size) > room || run::should_stop() {
            break;
        }
    }
    cursor.read = cursor.read.saturating_add(u64::from(records.count()));
    run::progress(cursor.read, None);
    Page::more(records, &cursor)
}

/// One page of the members of a channel; where in it to go on, if there is more. None where it is closed.
fn step(api: &Api, at: At, size: u32, records: &mut Records) -> Result<Option<Option<At>>> {
    let asked = api.ask("conversations.members")?.query("channel", &at.channel);
    let listing = match api.list_if_open(asked, size, at.next.as_deref())? {
        Open::Yes(listing) => listing,
        Open::Gone => {
            log::info("a channel that is hidden or gone was passed over", &[("channel", &at.channel)]);
            return Ok(Some(None));
        }
        Open::Closed => return Ok(None),
    };
    for row in listing.rows()? {
        let user: String = listing.row(row)?;
        records.push(&record(&Member { channel_id: &at.channel, user_id: &user })?)?;
    }
    Ok(Some(listing.next()?.map(|next| At { next: Some(next), ..at })))
}

/// A record of our own making, where Slack has none.
pub(crate) fn record(of: &impl Serialize) -> Result<Box<RawValue>> {
    to_raw_value(of).map_err(|_| no_id("something in a list"))
}
