//! Which firm was authorised. The person may choose any firm at the login, so the callback's is the one that counts.

use patchbay_sdk::{Account, Context, Identity, Result};
use serde::Deserialize;

use crate::wire::{self, Api};

#[derive(Deserialize)]
struct Firm {
    id: u64,
    name: String,
}

#[derive(Deserialize)]
struct User {
    name: Option<String>,
    username: Option<String>,
    email: Option<String>,
}

pub(crate) fn identify(ctx: &Context) -> Result<Identity> {
    let api = Api::of(ctx)?;
    let answer = wire::ok(api.get(&["user", "firm"])?.send()?)?;
    let firm: Firm = answer.json()?;
    if firm.id.to_string() != ctx.fact("firm_id")? {
        return Err(answer.unreadable("a firm other than the one that was authorised"));
    }
    let user: User = wire::ok(api.get(&["user"])?.send()?)?.json()?;
    // The firm is the one account: every company is reached through it.
    let identity = Identity::of(firm.id, firm.name.as_str()).accounts(vec![Account::of(firm.id, firm.name)]);
    Ok(match user.email.or(user.username).or(user.name) {
        Some(login) => identity.login(login),
        None => identity,
    })
}
