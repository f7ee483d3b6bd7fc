//! The connector of the fake provider `ledger` (`tests/fakes/src/ledger`): honest, and as a good connector would be. What is
//! odd in a test comes from the provider, or from the connection's settings.
//!
//! | stream | how it is read |
//! |---|---|
//! | `entries`, `lines` (per account) | by change; cursor `{"since":…,"page":…}` |
//! | `removals` | the same, after what the provider says is gone |
//! | `snapshot` | everything, `complete` at the end |
//! | `reports` | a job that is waited for |
//! | `bulk` | everything again in each run, passed through; never `complete` |
//! | `tick` | one record |

mod jobs;
mod lists;
mod wire;

use patchbay_sdk::{Account, Auth, Context, Fetch, Identity, Page, ReadRequest, Result, http};
use serde::Deserialize;

/// The connector.
#[derive(Debug)]
pub struct Ledger;

#[derive(Deserialize)]
struct Me {
    id: String,
    name: String,
    login: String,
}

#[derive(Deserialize)]
struct Named {
    id: String,
    name: String,
}

impl Auth for Ledger {
    fn identify(_: &Context) -> Result<Identity> {
        let answer = http::get(wire::address("/me")).send()?.ok()?;
        let me: Me = answer.json()?;
        let answer = http::get(wire::address("/accounts")).send()?.ok()?;
        let accounts: wire::Items<Named> = answer.json()?;
        let accounts = accounts.items.into_iter().map(|account| Account::of(account.id, account.name)).collect();
        Ok(Identity::of(me.id, me.name).login(me.login).accounts(accounts))
    }
}

impl Fetch for Ledger {
    fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
        match request.stream.as_str() {
            "entries" => lists::by_change(ctx, request, "/entries"),
            "lines" => lists::by_change(ctx, request, &wire::lines(ctx.account()?)?),
            "removals" => lists::with_removals(ctx, request),
            "snapshot" => lists::everything(ctx, request),
            "reports" => jobs::report(ctx, request),
            "bulk" => lists::bulk(ctx, request),
            "tick" => lists::tick(),
            _ => Err(request.unsupported()),
        }
    }
}

patchbay_sdk::connector!(Ledger: auth, fetch);
