//! Which office the credential belongs to. No call says so: the office's own companies do, where they may be read.

use patchbay_sdk::{Account, Context, Error, Identity, Result, log, time};
use serde_json::{Map, Value};

use crate::wire::{Api, PROOF, probe, text};

/// What is tried, in this order: what any credential of some use can read.
const TRIES: [&str; 4] = ["/companies", "/users", "/tasks", "/relations"];
/// The id of an office that does not tell one.
const LIMITED: &str = "limited";

pub(crate) fn identify(ctx: &Context) -> Result<Identity> {
    let api = Api::of(ctx)?;
    for path in TRIES {
        let answer = probe(&api, path)?;
        if answer.status() == 401 {
            continue;
        }
        let answer = api.ok(answer)?;
        let companies: Vec<Map<String, Value>> = if path == "/companies" { answer.json()? } else { Vec::new() };
        let mut accounts = Vec::with_capacity(companies.len());
        for company in &companies {
            let id = text(company, "id").ok_or_else(|| answer.unreadable("a company without an id"))?;
            let name = text(company, "name").unwrap_or_else(|| id.clone());
            accounts.push(Account::of(id, name));
        }
        let identity = match accounts.first() {
            Some(first) => Identity::of(&first.id, first.name.as_str()),
            None => {
                log::info("the credential may not read the office's companies", &[("read", &path)]);
                Identity::of(LIMITED, "AdminPulse (limited key)")
            }
        };
        return Ok(Identity { credential_ends_ms: ends(ctx), ..identity.accounts(accounts).fact(PROOF, path) });
    }
    Err(Error::auth_required(
        "AdminPulse does not accept the login or key. A key that ended or was removed is refused like a wrong one; make \
         another one, with at least one right ticked.",
    )
    .http_status(401)
    .detail(format!("GET {} answered 401", TRIES.join(", "))))
}

/// The end of the day that the person entered: AdminPulse does not tell when a key ends.
fn ends(ctx: &Context) -> Option<u64> {
    time::parse_rfc3339(&format!("{}T23:59:59Z", ctx.fact("key_ends").ok()?))
}
