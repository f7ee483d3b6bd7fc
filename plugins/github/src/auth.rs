//! Whose token it is, and which repositories it reaches.

use patchbay_sdk::{Account, Context, Identity, Result, http::Response, log, run, time};
use serde::Deserialize;

use crate::wire::{self, Api, ORIGIN, PER_PAGE};

/// The most accounts that the contract takes.
const ACCOUNTS: usize = 10_000;

#[derive(Deserialize)]
struct User {
    id: u64,
    login: String,
}

#[derive(Deserialize)]
struct Repository {
    id: u64,
    full_name: String,
    #[serde(default)]
    archived: bool,
}

pub(crate) fn identify(ctx: &Context) -> Result<Identity> {
    let api = Api::of(ctx)?;
    let answer = wire::ok(api.get(format!("{ORIGIN}/user")).send()?)?;
    let user: User = answer.json()?;
    Ok(Identity {
        scopes: scopes(&answer),
        credential_ends_ms: answer.header("github-authentication-token-expiration").and_then(ends),
        ..Identity::of(user.id, user.login.as_str()).login(user.login.as_str()).accounts(repositories(&api)?)
    })
}

/// All repositories that the token reaches; each is an account.
fn repositories(api: &Api) -> Result<Vec<Account>> {
    let list = format!("{ORIGIN}/user/repos");
    let mut accounts = Vec::new();
    let mut request = api.get(list.as_str()).query("per_page", PER_PAGE).query("sort", "full_name");
    loop {
        let answer = wire::ok(request.send()?)?;
        accounts.extend(answer.json::<Vec<Repository>>()?.into_iter().map(account));
        let Some(next) = wire::next_page(&answer, &list, None)? else { return Ok(accounts) };
        if accounts.len() >= ACCOUNTS || run::should_stop() {
            log::warn("not all repositories were listed", &[("listed", &accounts.len())]);
            accounts.truncate(ACCOUNTS);
            return Ok(accounts);
        }
        request = api.get(format!("{ORIGIN}{next}"));
    }
}

fn account(repository: Repository) -> Account {
    let account = Account::of(repository.id, repository.full_name.as_str()).fact("repo", repository.full_name);
    Account { note: repository.archived.then(|| "Archived: it can be read, not written.".to_owned()), ..account }
}

/// Only classic tokens tell their scopes.
fn scopes(answer: &Response) -> Option<Vec<String>> {
    let scopes = answer.header("x-oauth-scopes")?;
    Some(scopes.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect())
}

/// `2027-01-31 09:00:00 UTC`; another spelling tells nothing.
fn ends(text: &str) -> Option<u64> {
    time::parse_rfc3339(&text.strip_suffix(" UTC").map_or_else(|| text.to_owned(), |moment| format!("{moment}Z")))
}
