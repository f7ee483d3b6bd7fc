//! Which organisation it is. A person may belong to several; the consent is for one.

use patchbay_sdk::{Account, Context, Identity, Result};
use serde::Deserialize;

use crate::wire::{Api, Text};

#[derive(Deserialize)]
struct Organisations {
    org: Vec<Organisation>,
}

#[derive(Deserialize)]
struct Organisation {
    zgid: Text,
    company_name: Option<String>,
    /// Its name in the addresses of pages.
    domain_name: Option<String>,
    primary_email: Option<String>,
}

#[derive(Deserialize)]
struct Users {
    users: Vec<User>,
}

/// A person of the organisation.
#[derive(Deserialize)]
pub(crate) struct User {
    pub(crate) id: Text,
    pub(crate) full_name: Option<String>,
    pub(crate) email: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    users: Vec<User>,
    info: Option<Info>,
}

#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    more_records: bool,
}

pub(crate) fn identify(ctx: &Context) -> Result<Identity> {
    let api = Api::of(ctx)?;
    let answer = api.get(&["org"])?.send()?;
    let answer = api.ok(answer)?;
    let Some(org) = answer.json::<Organisations>()?.org.into_iter().next() else {
        return Err(answer.unreadable("no organisation"));
    };
    let id = org.zgid.0;
    let name = org.company_name.filter(|name| !name.is_empty()).unwrap_or_else(|| id.clone());
    let answer = api.ok(api.get(&["users"])?.query("type", "CurrentUser").send()?)?;
    let user = answer.json::<Users>()?.users.into_iter().next();
    // The organisation is the one account: every module is reached through it.
    let mut identity = Identity::of(&id, name.as_str()).accounts(vec![Account::of(&id, name)]);
    if let Some(domain) = org.domain_name {
        identity = identity.fact("org_domain", domain);
    }
    Ok(match user.and_then(|user| user.email).or(org.primary_email) {
        Some(login) => identity.login(login),
        None => identity,
    })
}

/// The active user with this e-mail address, id or full name; none when nobody is called so.
pub(crate) fn user(api: &Api, wanted: &str) -> Result<Option<String>> {
    let wanted = wanted.trim();
    let same = |known: &Option<String>| known.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(wanted));
    for page in 1..=20 {
        let request = api.get(&["users"])?.query("type", "ActiveUsers").query("page", page).query("per_page", 200);
        let answer = request.send()?;
        if answer.status() == 204 {
            return Ok(None);
        }
        let answer = api.ok(answer)?;
        let listed: Listed = answer.json()?;
        let found =
            listed.users.into_iter().find(|user| user.id.0 == wanted || same(&user.email) || same(&user.full_name));
        if let Some(user) = found {
            return Ok(Some(user.id.0));
        }
        if !listed.info.is_some_and(|info| info.more_records) {
            return Ok(None);
        }
    }
    Ok(None)
}
