//! Who logs in, which database it is, and which companies there are.

use patchbay_sdk::{Account, Case, Context, Error, Identity, Result, time};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    call::Call,
    wire::{Api, JSON2_FROM, OLDEST},
};

#[derive(Deserialize)]
struct Me {
    uid: u64,
}

#[derive(Deserialize)]
struct User {
    login: Value,
    email: Value,
    company_id: Value,
    company_ids: Vec<u64>,
}

#[derive(Deserialize)]
struct Company {
    id: u64,
    name: Value,
}

pub(crate) fn identify(ctx: &Context) -> Result<Identity> {
    let api = Api::with(ctx, 0)?;
    let version = version(&api, ctx.auth == "login")?;
    let api = match ctx.auth.as_str() {
        "login" => {
            let user = api.login(ctx.fact("user")?).map_err(switched_off)?.ok_or_else(|| {
                Error::auth_required(
                    "Odoo does not accept this login and password for this database. With two-factor login only an API key works.",
                )
            })?;
            Api::with(ctx, user)?
        }
        _ => api,
    };
    let uid = match ctx.auth.as_str() {
        "login" => api.uid(),
        _ => api.ask(&Call::of("res.users", "context_get"))?.value::<Me>()?.uid,
    };
    let call = Call::of("res.users", "read").on(uid);
    let told = api.ask(&call.named("fields", ["login", "email", "company_id", "company_ids"]))?;
    let users: Vec<User> = told.value()?;
    let user = users.into_iter().next().ok_or_else(|| told.unreadable("nobody with the number of the person"))?;
    let domain = json!([["id", "in", user.company_ids]]);
    let companies: Vec<Company> = api.search("res.company", domain, &["name"], "id asc", 1_000)?;
    let accounts = companies.iter().map(|company| account(&api, company)).collect();
    let host = api.server.trim_start_matches("https://");
    let main = user.company_id.get(1).and_then(Value::as_str).unwrap_or(&api.database);
    let mut identity = Identity::of(format!("{host}/{}", api.database), main)
        .accounts(accounts)
        .fact("uid", uid.to_string())
        .fact("version", version.to_string());
    if let Some(login) = user.login.as_str().or(user.email.as_str()) {
        identity = identity.login(login);
    }
    // The day is the person's to tell: Odoo does not say when a key ends.
    let ends = ctx.fact("key_ends").ok().and_then(|day| time::parse_rfc3339(&format!("{day}T00:00:00Z")));
    identity.credential_ends_ms = ends;
    Ok(identity)
}

fn account(api: &Api, company: &Company) -> Account {
    let id = company.id;
    let name = company.name.as_str().map_or_else(|| format!("Company {id}"), str::to_owned);
    Account::of(format!("{}:{id}", api.database), name).fact("company", id.to_string())
}

/// Servers behind version 19 may tell their version to anybody, and log nobody in this way any more.
fn switched_off(error: Error) -> Error {
    match error.case() {
        Case::NotFound => {
            error.message("This server takes no logins this way any more. Choose API key, and enter one.")
        }
        _ => error,
    }
}

/// The version, when this way to log in works with it.
fn version(api: &Api, rpc: bool) -> Result<u64> {
    let version = match api.version() {
        Err(error) if !rpc && error.case() == Case::NotFound => Err(error.message(
            "There is no Odoo 19 or newer at this address. For an older one choose Login and password, with the API key as the password.",
        )),
        Err(error) if matches!(error.case(), Case::NotFound | Case::InvalidResponse) => Err(error.message(
            "No Odoo answers at this address. Enter the address that the browser shows after you have logged in, without what follows the first slash.",
        )),
        other => other,
    }?;
    let least = if rpc { OLDEST } else { JSON2_FROM };
    if version < least {
        return Err(Error::invalid_config(format!(
            "This is Odoo {version}. This way to log in needs Odoo {least} or newer."
        ))
        .field("/server", "This server is too old."));
    }
    Ok(version)
}
