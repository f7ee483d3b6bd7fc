//! Brokercloud: an insurance broker's parties are read; reports are put with a party, under its files.
//!
//! | file | what |
//! |---|---|
//! | `connector.toml` | what it is and asks for |
//! | `assumed.rs` | what Brokercloud does not publish, read from the configuration |
//! | `auth.rs` | which office logged in |
//! | `fetch.rs` | the streams |
//! | `walk.rs` | the way through the parties to their files |
//! | `party.rs` | what a party is called, and the picker |
//! | `push.rs` | the action |
//! | `find.rs` | how a lost answer is found again |
//! | `wire.rs` | what every request needs, lists, and what Brokercloud's statuses mean |

mod assumed;
mod auth;
mod fetch;
mod find;
mod party;
mod push;
mod walk;
mod wire;

use patchbay_sdk::{
    Auth, Choices, Context, Fetch, Identity, Item, Object, Outcome, Page, PickRequest, Push, ReadRequest, Result,
};

/// The connector.
#[derive(Debug)]
pub struct Brokercloud;

impl Auth for Brokercloud {
    fn identify(ctx: &Context) -> Result<Identity> {
        auth::identify(ctx)
    }
}

impl Fetch for Brokercloud {
    fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
        fetch::read(ctx, request)
    }

    fn pick(ctx: &Context, request: &PickRequest) -> Result<Choices> {
        party::pick(ctx, request)
    }
}

impl Push for Brokercloud {
    fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
        push::push(ctx, item)
    }

    fn find(ctx: &Context, item: &Item, step: &str, sent_ms: u64) -> Result<Option<Object>> {
        find::find(ctx, item, step, sent_ms)
    }
}

patchbay_sdk::connector!(Brokercloud);
