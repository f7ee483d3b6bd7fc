//! Whose account it is: the number that was entered with a key, or what the account address tells of a token.

use patchbay_sdk::{Context, Error, Identity, Result};
use serde::Deserialize;

use crate::{
    assumed::Assumed,
    wire::{self, Api},
};

#[derive(Deserialize)]
struct Account {
    uid: Uid,
    name: Option<String>,
    email: Option<String>,
}

/// A text in the sheet; a number would do as well.
#[derive(Deserialize)]
#[serde(untagged)]
enum Uid {
    Text(String),
    Number(u64),
}

pub(crate) fn identify(ctx: &Context) -> Result<Identity> {
    if ctx.auth == "oauth" { of_token(ctx) } else { of_key(ctx) }
}

/// No call tells the account of a key: that its groups can be listed says that the two belong together.
fn of_key(ctx: &Context) -> Result<Identity> {
    let api = Api::of(ctx)?;
    api.get(&["group", "list"])?.rows()?;
    let uid = ctx.fact("uid")?;
    Ok(Identity::of(uid, format!("SARE {uid}")))
}

fn of_token(ctx: &Context) -> Result<Identity> {
    let assumed = Assumed::of(ctx)?;
    let answer = wire::ok(wire::account(&assumed)?.send()?)?;
    let account: Account = answer.json()?;
    let uid = match account.uid {
        Uid::Text(uid) => uid,
        Uid::Number(uid) => uid.to_string(),
    };
    // It becomes a part of every address.
    if uid.is_empty() || !uid.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(answer.unreadable("an account whose uid is no number"));
    }
    let name = account.name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| format!("SARE {uid}"));
    let identity = Identity::of(uid.as_str(), name).fact("uid", uid);
    Ok(match account.email {
        Some(email) => identity.login(email),
        None => identity,
    })
}

/// The error for a number that is none.
pub(crate) fn no_uid() -> Error {
    Error::invalid_config("The number of the SARE account is not one.").field("/uid", "Write the UID, a number.")
}
