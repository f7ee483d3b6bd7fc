//! Silverfin: companies, periods, working papers and remarks are read; notes, to-dos and reports are written as remarks,
//! files into a company's folders.
//!
//! | file | what |
//! |---|---|
//! | `connector.toml` | what it is and asks for |
//! | `auth.rs` | which firm was authorised |
//! | `fetch.rs` | the streams |
//! | `walk.rs` | the way through companies and periods to what lies below them |
//! | `push.rs` | the actions, and how a lost answer is found again |
//! | `document.rs` | files |
//! | `period.rs` | which period a note goes to |
//! | `wire.rs` | what every request needs, lists, and what Silverfin's statuses mean |

mod auth;
mod document;
mod fetch;
mod period;
mod push;
mod walk;
mod wire;

use patchbay_sdk::{Auth, Context, Fetch, Identity, Item, Object, Outcome, Page, Push, ReadRequest, Result};

/// The connector.
#[derive(Debug)]
pub struct Silverfin;

impl Auth for Silverfin {
    fn identify(ctx: &Context) -> Result<Identity> {
        auth::identify(ctx)
    }
}

impl Fetch for Silverfin {
    fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
        fetch::read(ctx, request)
    }
}

impl Push for Silverfin {
    fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
        push::push(ctx, item)
    }

    fn find(ctx: &Context, item: &Item, step: &str, sent_ms: u64) -> Result<Option<Object>> {
        push::find(ctx, item, step, sent_ms)
    }
}

patchbay_sdk::connector!(Silverfin);
