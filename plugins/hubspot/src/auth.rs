//! Which account (HubSpot calls it a portal) it is, and who its owners are. One connection is one portal.

use patchbay_sdk::{Case, Context, Error, Identity, Result, run};
use serde::Deserialize;

use crate::{fetch::going_on, search::Listing, wire::Api};

/// Pages of owners that are looked through.
const PAGES: u32 = 50;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    portal_id: u64,
    account_type: Option<String>,
    utc_offset_milliseconds: Option<i64>,
}

/// Somebody who can own records.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Owner {
    pub(crate) id: String,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    user_id: Option<u64>,
}

pub(crate) fn identify(ctx: &Context) -> Result<Identity> {
    let api = Api::of(ctx)?;
    let account: Account = api.ok(api.account()?.send()?)?.json()?;
    let portal = account.portal_id.to_string();
    // Nothing that is asked for tells what people call the account.
    let name = match account.account_type.as_deref() {
        Some("SANDBOX") => format!("HubSpot {portal} (sandbox)"),
        Some("DEVELOPER_TEST") => format!("HubSpot {portal} (test account)"),
        Some("APP_DEVELOPER") => format!("HubSpot {portal} (developer account)"),
        _ => format!("HubSpot {portal}"),
    };
    let offset = account.utc_offset_milliseconds.unwrap_or_default();
    let identity = Identity::of(&portal, name).fact("portal", &portal).fact("utc_offset_ms", offset.to_string());
    let Some(user) = ctx.fact("user").ok().and_then(|user| user.parse::<u64>().ok()) else { return Ok(identity) };
    match owner(&api, |owner| owner.user_id == Some(user)) {
        Ok(Some(owner)) => {
            let identity = identity.fact("owner", owner.id);
            Ok(match owner.email {
                Some(email) => identity.login(email),
                None => identity,
            })
        }
        // Who connected need not own anything, and a portal may keep its owners to itself.
        Ok(None) => Ok(identity),
        Err(error) if error.case() == Case::PermissionDenied => Ok(identity),
        Err(error) => Err(error),
    }
}

/// The active owner with this e-mail address, id or full name; none when nobody is called so.
pub(crate) fn named(api: &Api, wanted: &str) -> Result<Option<String>> {
    let wanted = wanted.trim();
    let found = owner(api, |owner| {
        let names = [owner.first_name.as_deref(), owner.last_name.as_deref()];
        let full = names.into_iter().flatten().map(str::trim).collect::<Vec<_>>().join(" ");
        let same = |known: &str| !known.trim().is_empty() && known.trim().to_lowercase() == wanted.to_lowercase();
        owner.id == wanted || owner.email.as_deref().is_some_and(same) || same(&full)
    })?;
    Ok(found.map(|owner| owner.id))
}

/// The owner that a payload names.
///
/// # Errors
/// `invalid-input` when nobody is called so.
pub(crate) fn wanted(api: &Api, name: Option<&str>) -> Result<Option<String>> {
    let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else { return Ok(None) };
    match named(api, name)? {
        Some(id) => Ok(Some(id)),
        None => Err(Error::invalid_input("Nobody in HubSpot is called so.")
            .field("/owner", "There is no active owner with this e-mail address, name or id.")),
    }
}

fn owner(api: &Api, is_it: impl Fn(&Owner) -> bool) -> Result<Option<Owner>> {
    let mut after: Option<String> = None;
    for _ in 0..PAGES {
        let request = api.get("owners", &[])?.query("limit", api.assumed.page_size);
        let request = request.query_maybe("after", after.as_deref()).query("archived", false);
        let listing = Listing(api.ok(request.send()?)?);
        let listed = listing.rows()?;
        for row in &listed.results {
            let owner: Owner =
                serde_json::from_str(row.get()).map_err(|_| listing.0.unreadable("an owner of an unexpected shape"))?;
            if is_it(&owner) {
                return Ok(Some(owner));
            }
        }
        after = going_on(&listing, &listed, after.as_deref())?;
        if after.is_none() {
            return Ok(None);
        }
        if run::should_stop() {
            return Err(Error::transient("There was no time to look through all owners."));
        }
    }
    Ok(None)
}
