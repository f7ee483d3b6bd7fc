//! Channels and people in one list, so that a message can be sent to either. The host searches it while a person types: Slack
//! has no search of its own for an app, and may be asked for its lists only twenty times a minute.

use patchbay_sdk::{Page, RawValue, ReadRequest, Records, Result, run};
use serde::{Deserialize, Serialize};

use crate::{
    channels::{self, Channel, record},
    wire::{Api, Listing},
};

/// The user by which Slack itself speaks; nobody reads what is sent to it.
const SLACKBOT: &str = "USLACKBOT";

/// Where the list stands: channels first, then people.
#[derive(Serialize, Deserialize)]
struct Cursor {
    people: bool,
    next: Option<String>,
    size: u32,
    read: u64,
}

#[derive(Deserialize)]
struct Person {
    id: String,
    name: Option<String>,
    real_name: Option<String>,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    is_bot: bool,
    profile: Option<Profile>,
}

#[derive(Deserialize)]
struct Profile {
    email: Option<String>,
    real_name: Option<String>,
}

#[derive(Serialize)]
struct Destination<'a> {
    id: &'a str,
    kind: &'a str,
    label: &'a str,
    hint: &'a str,
}

pub(crate) fn read(api: &Api, request: &ReadRequest) -> Result<Page> {
    let start = || Cursor { people: false, next: None, size: request.page_size(api.assumed.page_size), read: 0 };
    let at = request.cursor::<Cursor>()?.unwrap_or_else(start);
    let asked = if at.people { api.ask_team("users.list")? } else { channels::ask(api)? };
    let listing = api.list(asked, at.size, at.next.as_deref())?;
    let mut records = Records::empty();
    for row in listing.rows()? {
        let destination = if at.people { person(&listing, row)? } else { channel(&listing, row)? };
        if let Some(destination) = destination {
            records.push(&destination)?;
        }
    }
    let read = at.read.saturating_add(u64::from(records.count()));
    run::progress(read, None);
    match listing.next()? {
        Some(next) => Page::more(records, &Cursor { next: Some(next), read, ..at }),
        None if at.people => Page::complete(records, &start()),
        None => Page::more(records, &Cursor { people: true, next: None, read, ..at }),
    }
}

/// A channel, unless nobody can post there any more.
fn channel(listing: &Listing, row: &RawValue) -> Result<Option<Box<RawValue>>> {
    let channel: Channel = listing.row(row)?;
    if channel.is_archived {
        return Ok(None);
    }
    let label = format!("#{}", channel.name.as_deref().unwrap_or(&channel.id));
    let hint = match (channel.is_private, channel.is_member) {
        (true, _) => "private channel",
        (false, true) => "channel",
        (false, false) => "channel, the app is not in it: no files",
    };
    record(&Destination { id: &channel.id, kind: "channel", label: &label, hint }).map(Some)
}

/// A person who still uses the workspace.
fn person(listing: &Listing, row: &RawValue) -> Result<Option<Box<RawValue>>> {
    let person: Person = listing.row(row)?;
    if person.deleted || person.is_bot || person.id == SLACKBOT {
        return Ok(None);
    }
    let named = |name: &Option<String>| name.clone().filter(|name| !name.trim().is_empty());
    let of_profile =
        |part: fn(&Profile) -> &Option<String>| person.profile.as_ref().and_then(|profile| named(part(profile)));
    let real = named(&person.real_name).or_else(|| of_profile(|profile| &profile.real_name));
    let short = named(&person.name);
    let label = real.or_else(|| short.clone()).unwrap_or_else(|| person.id.clone());
    let hint =
        of_profile(|profile| &profile.email).or_else(|| short.map(|name| format!("@{name}"))).unwrap_or_default();
    record(&Destination { id: &person.id, kind: "person", label: &label, hint: &hint }).map(Some)
}
