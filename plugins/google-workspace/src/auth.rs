//! Who it is. With a calendar it is the person, and each calendar is an account; with the directory it is the company.
//!
//! The two are never the same connection, also where one person made both: their ids differ, so that connecting the directory
//! does not take a calendar's place. The e-mail address is the login of both, by which the host knows that giving one token back
//! would end the other connection as well.

use patchbay_sdk::{Account, Context, Error, Identity, Result};
use serde::Deserialize;

use crate::{
    refusal::{self, Side},
    wire::{self, Api, Listing, Profile, directory, person},
};

#[derive(Deserialize)]
struct Person {
    id: String,
    email: Option<String>,
    /// The company's domain; private accounts have none.
    hd: Option<String>,
}

/// A calendar, as far as it matters here.
#[derive(Deserialize)]
struct Calendar {
    id: String,
    summary: Option<String>,
    /// What the person calls it.
    #[serde(rename = "summaryOverride")]
    own_name: Option<String>,
    #[serde(rename = "accessRole")]
    role: Option<String>,
    #[serde(default)]
    primary: bool,
    #[serde(default)]
    deleted: bool,
}

#[derive(Deserialize)]
struct Member {
    #[serde(rename = "customerId")]
    customer: Option<String>,
}

/// Calendars that can be accounts; the host takes no more than some thousands, and nobody chooses among those.
const CALENDARS: usize = 1_000;

pub(crate) fn identify(ctx: &Context) -> Result<Identity> {
    let api = Api::of(ctx)?;
    let answer = api.ok(person().send()?, Side::Person)?;
    let who: Person = answer.json()?;
    if who.id.is_empty() {
        return Err(answer.unreadable("a person without an id"));
    }
    match api.profile {
        Profile::Calendar => calendars(&api, who),
        Profile::Directory => company(&api, who),
    }
}

/// The person, with a calendar for each account. Where the box for the list was not ticked, there is the main calendar.
fn calendars(api: &Api, who: Person) -> Result<Identity> {
    let name = who.email.clone().unwrap_or_else(|| who.id.clone());
    let mut accounts = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let asked = wire::calendar_list()?.query("maxResults", api.assumed.calendars_page_size);
        let answer = asked.query_maybe("pageToken", next.as_deref()).send()?;
        if refusal::is_unticked(&answer) {
            break;
        }
        next = take(api, &Listing::of(api.ok(answer, Side::Calendar)?), &mut accounts)?;
        if next.is_none() || accounts.len() >= CALENDARS {
            break;
        }
    }
    if accounts.is_empty() {
        accounts.push((true, Account::of(who.email.as_deref().unwrap_or("primary"), name.as_str())));
    }
    // The main calendar first; else as Google lists them.
    accounts.sort_by_key(|(primary, _)| !primary);
    let accounts = accounts.into_iter().map(|(_, account)| account).collect();
    Ok(with_login(Identity::of(&who.id, name).accounts(accounts), who))
}

/// The accounts of a page of the list; where it goes on.
fn take(api: &Api, listing: &Listing, accounts: &mut Vec<(bool, Account)>) -> Result<Option<String>> {
    for row in listing.rows()? {
        let one: Calendar = listing.row(row)?;
        if one.deleted || one.id.is_empty() {
            continue;
        }
        let own = matches!(one.role.as_deref(), Some("owner" | "writer"));
        let automatic = api.assumed.automatic_calendars.iter().any(|end| one.id.ends_with(end.as_str()));
        let name = one.own_name.or(one.summary).unwrap_or_else(|| one.id.clone());
        let account = Account::of(&one.id, name);
        // What others share was hardly meant, and holidays are nobody's events: both wait until somebody chooses them.
        accounts.push((one.primary, if own && !automatic { account } else { account.unselected() }));
    }
    listing.next()
}

/// The company. Only an administrator may ask for its users, so that a login without that right does not come in.
fn company(api: &Api, who: Person) -> Result<Identity> {
    let asked = directory(&["users"])?.query("customer", "my_customer").query("maxResults", 1);
    let listing = api.list(asked, Side::Directory)?;
    let rows = listing.rows()?;
    let first = rows.first().map(|row| listing.row::<Member>(row)).transpose()?;
    let Some(id) = first.and_then(|user| user.customer).filter(|id| !id.is_empty()).or_else(|| who.hd.clone()) else {
        return Err(Error::permission_denied(
            "This Google account belongs to no company, so it has no directory. Log in as an administrator of Google Workspace.",
        ));
    };
    let name = who.hd.clone().unwrap_or_else(|| id.clone());
    let id = format!("directory/{id}");
    Ok(with_login(Identity::of(&id, name.as_str()).accounts(vec![Account::of(&id, name)]), who))
}

fn with_login(identity: Identity, who: Person) -> Identity {
    let identity = match who.hd {
        Some(domain) => identity.fact("domain", domain),
        None => identity,
    };
    match who.email {
        Some(email) => identity.login(email),
        None => identity,
    }
}
