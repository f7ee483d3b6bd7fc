//! Which company it is, and who connected.
//!
//! The company's number comes with the callback of the login and never again: not with the tokens, not in any answer (the `Id` of
//! a company's own record is 1 in each of them). So it is the connection's identity, and the host refuses another one.

use patchbay_sdk::{Context, Identity, Result, log};
use serde::Deserialize;

use crate::wire::{self, Api};

#[derive(Deserialize)]
struct Told {
    #[serde(rename = "CompanyInfo")]
    company: Company,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Company {
    company_name: Option<String>,
    legal_name: Option<String>,
}

#[derive(Deserialize)]
struct Person {
    email: Option<String>,
}

pub(crate) fn identify(ctx: &Context) -> Result<Identity> {
    let realm = ctx.fact("realm")?;
    let api = Api::of(ctx)?;
    let answer = api.ok(api.company()?.send()?, None)?;
    let Told { company } = answer.json()?;
    let is_there = |name: &String| !name.trim().is_empty();
    let name = company.company_name.filter(is_there).or_else(|| company.legal_name.filter(is_there));
    let identity = Identity::of(realm, name.unwrap_or_else(|| format!("Company {realm}")));
    Ok(match login(&api) {
        Some(login) => identity.login(login),
        None => identity,
    })
}

/// The e-mail address of the person who connected. The connection is as good without it, whatever this is answered.
fn login(api: &Api) -> Option<String> {
    let answer = wire::person(api).send().ok()?;
    let person: Option<Person> = if answer.is_success() { answer.json().ok() } else { None };
    let Some(person) = person else {
        log::info("it is not told who connected", &[("status", &answer.status())]);
        return None;
    };
    person.email.filter(|email| email.contains('@'))
}
