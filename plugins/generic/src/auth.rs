//! Ping, and the list of accounts.

use patchbay_definition::Accounts;
use patchbay_sdk::{Account, Context, Identity, RawValue, Result, http::Response};

use crate::{
    fetch,
    listing::{List, Listing, fingerprint},
    meaning::Asked,
    raw,
    values::Values,
    wire::{self, Api, Question},
};

/// Accounts that can be selected.
const MOST: usize = 10_000;

pub(crate) fn identify(ctx: &Context) -> Result<Identity> {
    let values = Values::of(ctx)?;
    let api = Api::of(ctx)?;
    let ping = &api.definition.ping;
    let url = wire::with_query(&api.url(&ping.path, &values)?, &values.parameters(&ping.query)?);
    let question = Question { method: "GET".to_owned(), url, headers: Vec::new(), body: None, asked: Asked::Thing };
    let answer = api.ask(&question, &values)?;
    let identity = identity(ctx, &api, answer.as_ref())?;
    match &api.definition.accounts {
        None => Ok(identity),
        Some(accounts) => Ok(identity.accounts(list(&api, &values, accounts)?)),
    }
}

/// Whose credential it is, as far as the answer says it.
fn identity(ctx: &Context, api: &Api, answer: Option<&Response>) -> Result<Identity> {
    let owner = &api.definition.ping.account;
    let named = |at: &Option<String>| -> Result<Option<String>> {
        let Some(at) = at else { return Ok(None) };
        let Some(answer) = answer else { return Ok(None) };
        let body: &RawValue = answer.json()?;
        Ok(raw::at(body, at).and_then(raw::text).map(|text| text.into_owned()).filter(|text| !text.trim().is_empty()))
    };
    let id = match (&owner.id, named(&owner.id)?, answer) {
        (Some(at), None, Some(answer)) => {
            return Err(answer.unreadable(&format!("nothing at {at:?}, where the account's id is due")));
        }
        (_, Some(id), _) => id,
        // The component never sees the secret, so that only what is told tells two connections apart.
        (_, None, _) => {
            let mut facts = ctx.facts.clone();
            facts.sort();
            let told: String = facts.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
            format!("{:016x}", fingerprint(format!("{}\n{told}", api.origin).as_bytes()))
        }
    };
    let name = named(&owner.name)?.unwrap_or_else(|| api.origin.trim_start_matches("https://").to_owned());
    let identity = Identity::of(id, name);
    Ok(match named(&owner.login)? {
        Some(login) => identity.login(login),
        None => identity,
    })
}

fn list(api: &Api, values: &Values<'_>, accounts: &Accounts) -> Result<Vec<Account>> {
    let list = List {
        method: "GET",
        path: &accounts.path,
        query: &accounts.query,
        headers: Some(&fetch::NONE),
        body: None,
        records: &accounts.records,
        paging: &accounts.paging,
        since: None,
        from_a_place: false,
    };
    fetch::whole(api, values, &list, MOST, |listing, row| account(listing, row, accounts))
}

fn account(listing: &Listing, row: &RawValue, accounts: &Accounts) -> Result<Account> {
    let text =
        |at: &str| raw::at(row, at).and_then(raw::text).map(|text| text.into_owned()).filter(|text| !text.is_empty());
    let id = text(&accounts.id).ok_or_else(|| listing.unreadable(&format!("an account without {:?}", accounts.id)))?;
    let name = text(&accounts.name).unwrap_or_else(|| id.clone());
    let account = Account::of(id, name);
    let status = accounts.status.as_deref().and_then(text);
    Ok(match status {
        Some(status) if !accounts.usable.is_empty() && !accounts.usable.contains(&status) => {
            account.unusable(format!("The API says: {status}."))
        }
        _ => account,
    })
}
