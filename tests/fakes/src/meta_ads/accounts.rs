//! Who asks, and the ad accounts of that person: all, and those of a business (sheet 4). At most three stand on a page, and
//! the second page is empty.

use serde_json::{Map, Value, json};

use super::{
    MetaAds,
    data::Account,
    lists::{self, Asked},
    problem::{self, problem, refusal},
    tokens::Caller,
};
use crate::{
    exchange::{Answer, Incoming},
    journal::Served,
    lock, strict,
};

/// The business that owns most of the accounts.
pub(super) const BUSINESS: &str = "9001";
/// Accounts on one page, whatever was asked for.
const PAGE: usize = 3;
const FIELDS: [&str; 11] = [
    "id",
    "account_id",
    "name",
    "account_status",
    "currency",
    "timezone_name",
    "timezone_offset_hours_utc",
    "business",
    "disable_reason",
    "amount_spent",
    "business{id,name}",
];

impl MetaAds {
    /// Id and name of a person.
    pub(super) fn person(&self, who: &str) -> (&'static str, &'static str) {
        match who {
            "owner" => ("10158000000000001", "An Peeters"),
            "other" => ("10158000000000002", "Bart Claes"),
            _ => ("100088000000003", "Rapportage"),
        }
    }

    /// Numbers of the accounts that a person sees.
    pub(super) fn seen_by(&self, who: &str) -> Vec<String> {
        let data = lock(&self.data);
        let sees = |account: &&Account| !account.lost && (who != "other" || account.number == "1010102");
        data.accounts().filter(sees).map(|account| account.number.clone()).collect()
    }

    /// Numbers of the accounts that a caller sees: of a person's, only those that were ticked.
    fn reaches(&self, caller: &Caller) -> Vec<String> {
        let mut seen = self.seen_by(caller.person);
        if let Some(ticked) = &caller.accounts {
            seen.retain(|number| ticked.contains(number));
        }
        seen
    }

    /// That a caller sees this account: without it the answer is that a permission is missing.
    pub(super) fn granted(&self, caller: &Caller, number: &str) -> Result<(), Answer> {
        if lock(&self.data).account(number).is_none() {
            return Err(gone(number));
        }
        if caller.scopes.iter().any(|scope| scope == "ads_read") && self.reaches(caller).iter().any(|one| one == number)
        {
            return Ok(());
        }
        let text = "(#200) Ad account owner has NOT grant ads_management or ads_read permission";
        Err(problem(403, problem::PERMISSION, 0, text))
    }
}

/// There is nothing of this id, or not for this token.
pub(super) fn gone(id: &str) -> Answer {
    let text = format!("Unsupported get request. Object with ID '{id}' does not exist or cannot be loaded.");
    problem(400, problem::PARAMETER, problem::GONE, &text)
}

/// `GET /me`
pub(super) fn me(meta: &MetaAds, request: &Incoming, caller: &Caller) -> Result<Answer, Answer> {
    strict::no_body(request).map_err(|why| refusal(&why))?;
    strict::params("query parameter", &request.query, &["fields", "access_token", "appsecret_proof"])
        .map_err(|why| refusal(&why))?;
    let fields = lists::fields(request, &["id", "name"])?;
    let (id, name) = meta.person(caller.person);
    let mut me = Map::new();
    me.insert("id".to_owned(), json!(id));
    if fields.contains(&"name") {
        me.insert("name".to_owned(), json!(name));
    }
    Ok(Answer::json(200, &Value::Object(me)))
}

/// `GET /me/adaccounts`, or those of a business.
pub(super) fn list(meta: &MetaAds, request: &Incoming, caller: &Caller, of: &str) -> Result<Answer, Answer> {
    let asked = Asked::of(request, &["fields", "limit", "after", "before"], &FIELDS)?;
    let right = if of == "adaccounts" { "ads_read" } else { "business_management" };
    if !caller.scopes.iter().any(|scope| scope == right) {
        let text = format!("(#200) Requires {right} permission to manage the object");
        return Err(problem(403, problem::PERMISSION, 0, &text));
    }
    let seen = meta.reaches(caller);
    let data = lock(&meta.data);
    let fits = |account: &&Account| {
        let owned = of == "adaccounts" || (of == "owned_ad_accounts") == account.is_owned();
        owned && seen.contains(&account.number)
    };
    let rows: Vec<(Value, Served)> = data
        .accounts()
        .filter(fits)
        .map(|account| {
            let record = asked.choose(&account.record());
            let served = Served { id: account.number.clone(), ..Served::of("account", &record) };
            (record, served)
        })
        .collect();
    asked.page(request, of, rows, PAGE)
}
