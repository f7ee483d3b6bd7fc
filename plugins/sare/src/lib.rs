//! SARE and SAREhub: groups, contacts, newsletters and reports are read; e-mails are sent, contacts kept, and the hub is told
//! events.
//!
//! | file | what |
//! |---|---|
//! | `connector.toml` | what it is and asks for |
//! | `auth.rs` | whose account it is |
//! | `fetch.rs` | the streams |
//! | `walk.rs` | the way through the groups to their contacts |
//! | `reports.rs` | sends and events |
//! | `push.rs` | e-mails and contacts |
//! | `hub.rs` | events of SAREhub |
//! | `wire.rs` | what every request needs, pages, and what SARE's answers mean |
//! | `assumed.rs` | addresses, paths and names that nobody documents |

mod assumed;
mod auth;
mod edge;
mod fetch;
mod hub;
mod push;
mod reports;
mod walk;
mod wire;

use patchbay_sdk::{Auth, Context, Fetch, Identity, Item, Outcome, Page, Push, ReadRequest, Result};

/// The connector.
#[derive(Debug)]
pub struct Sare;

impl Auth for Sare {
    fn identify(ctx: &Context) -> Result<Identity> {
        auth::identify(ctx)
    }
}

impl Fetch for Sare {
    fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
        fetch::read(ctx, request)
    }
}

impl Push for Sare {
    fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
        push::push(ctx, item)
    }
}

patchbay_sdk::connector!(Sare);
