//! Whose login it is, and which ad accounts it reaches.
//!
//! People can untick permissions while they log in, so what was granted is asked for. All accounts are told, the closed ones
//! too; only those that can be read can be selected. An account that lists itself in several places is told once.

use std::collections::HashSet;

use patchbay_sdk::{
    Account, Case, Context, Error, Identity, Result,
    http::{Request, Response},
    log, run,
};
use serde::Deserialize;
use serde_json::Number;

use crate::{
    assumed::Assumed,
    wire::{self, Api, Listing, Work},
};

/// The most accounts that the contract takes.
const ACCOUNTS: usize = 10_000;
/// Without one of these nothing can be read.
const NEEDED: [&str; 2] = ["ads_read", "ads_management"];

#[derive(Deserialize)]
struct Person {
    id: String,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Permission {
    permission: String,
    status: String,
}

#[derive(Deserialize)]
struct AdAccount {
    id: String,
    name: Option<String>,
    account_status: Option<u32>,
    currency: Option<String>,
    timezone_name: Option<String>,
    timezone_offset_hours_utc: Option<Number>,
}

pub(crate) fn identify(ctx: &Context) -> Result<Identity> {
    let api = Api::of(ctx, Work::Objects)?;
    let answer = api.send(api.get(&["me"])?.query("fields", "id,name"))?;
    let person: Person = answer.json()?;
    if person.id.is_empty() {
        return Err(answer.unreadable("a person without an id"));
    }
    let scopes = granted(&api)?;
    if scopes.as_ref().is_some_and(|scopes| !scopes.iter().any(|scope| NEEDED.contains(&scope.as_str()))) {
        return Err(Error::permission_denied(
            "The login does not allow *ads_read*. Connect again, and leave it ticked at Facebook.",
        ));
    }
    let name = person.name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| format!("Meta {}", person.id));
    Ok(Identity { scopes, ..Identity::of(person.id, name).accounts(accounts(ctx, &api)?) })
}

/// What was granted; none where Meta does not say so.
fn granted(api: &Api) -> Result<Option<Vec<String>>> {
    let answer = match api.send(api.get(&["me", "permissions"])?) {
        Ok(answer) => answer,
        // From memory only: where it is not served, the streams say what may not be read.
        Err(error) if matches!(error.case(), Case::NotFound | Case::Other) => return Ok(None),
        Err(error) => return Err(error),
    };
    let listing = Listing::of(&answer)?;
    let all: Vec<Permission> = listing.data.iter().map(|row| wire::row(&answer, row)).collect::<Result<_>>()?;
    Ok(Some(all.into_iter().filter(|one| one.status == "granted").map(|one| one.permission).collect()))
}

/// All ad accounts: the person's own, and those of the business that was entered.
fn accounts(ctx: &Context, api: &Api) -> Result<Vec<Account>> {
    let mut found = Found::default();
    found.list(api, &["me", "adaccounts"])?;
    if let Ok(business) = ctx.fact("business") {
        if !wire::is_number(business) {
            return Err(Error::invalid_config("The number of the business is not one.")
                .field("/business", "Write digits only; it stands in the settings of the business at Meta."));
        }
        for list in ["owned_ad_accounts", "client_ad_accounts"] {
            found.list(api, &[business, list]).map_err(of_business)?;
        }
    }
    Ok(found.accounts)
}

/// What the list of a business needs besides what everything needs.
fn of_business(error: Error) -> Error {
    match error.case() {
        Case::PermissionDenied => error.message(
            "Meta does not list the ad accounts of this business to the system user. Its token needs *business_management*; or leave the number of the business empty.",
        ),
        _ => error,
    }
}

#[derive(Default)]
struct Found {
    accounts: Vec<Account>,
    ids: HashSet<String>,
}

impl Found {
    /// Adds what a list holds.
    fn list(&mut self, api: &Api, path: &[&str]) -> Result<()> {
        let mut after: Option<String> = None;
        loop {
            let answer = api.send(page(api, path, after.as_deref())?)?;
            let listing = Listing::of(&answer)?;
            for row in &listing.data {
                let one = account(&api.assumed, &answer, wire::row(&answer, row)?)?;
                if self.ids.insert(one.id.clone()) {
                    self.accounts.push(one);
                }
            }
            after = listing.after(&answer, after.as_deref())?;
            if after.is_none() {
                return Ok(());
            }
            if self.accounts.len() >= ACCOUNTS {
                log::warn("not all ad accounts were listed", &[("listed", &self.accounts.len())]);
                self.accounts.truncate(ACCOUNTS);
                return Ok(());
            }
            if run::should_stop() {
                // Half a list would say that access to the others was lost.
                return Err(Error::transient("There was no time to list all ad accounts."));
            }
        }
    }
}

fn page(api: &Api, path: &[&str], after: Option<&str>) -> Result<Request> {
    Ok(api
        .get(path)?
        .query("fields", api.assumed.fields("accounts"))
        .query("limit", api.assumed.accounts_page_size)
        .query_maybe("after", after))
}

fn account(assumed: &Assumed, answer: &Response, told: AdAccount) -> Result<Account> {
    if !wire::is_node(&told.id) {
        return Err(answer.unreadable("an ad account whose id is not act_ and digits"));
    }
    let name = told.name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| told.id.clone());
    let offset = told.timezone_offset_hours_utc.as_ref().and_then(offset_minutes).unwrap_or_default();
    let facts = [("currency", told.currency), ("zone", told.timezone_name)];
    let account = Account::of(told.id, name).fact("offset_minutes", offset.to_string());
    let account = facts.into_iter().fold(account, |account, (name, value)| match value {
        Some(value) => account.fact(name, value),
        None => account,
    });
    let Some(status) = told.account_status else { return Ok(account) };
    let word = assumed.account_statuses.get(&status.to_string()).map_or("in a state that is not known", String::as_str);
    if !assumed.usable_statuses.contains(&status) {
        return Ok(account.unusable(format!("This ad account is {word} at Meta.")));
    }
    let note = (status != 1).then(|| format!("This ad account is {word} at Meta. It can be read."));
    Ok(Account { note, ..account })
}

/// Hours with a fraction, `1`, `-3.5` or `5.75`, as minutes.
fn offset_minutes(hours: &Number) -> Option<i64> {
    let text = hours.to_string();
    let (sign, digits) = text.strip_prefix('-').map_or((1, text.as_str()), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let hundredths: i64 = format!("{fraction:0<2}").get(..2)?.parse().ok()?;
    let hours: i64 = whole.parse().ok().filter(|hours| *hours <= 14)?;
    Some(sign * (hours * 60 + hundredths * 60 / 100))
}
