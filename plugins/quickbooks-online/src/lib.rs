//! QuickBooks Online: the books of one company are read by change; notes and files are attached to customers, vendors and
//! documents; customers are made.
//!
//! One connection is one company (*realm*), which only the callback of the login names; it stands in every address.
//!
//! | file | what |
//! |---|---|
//! | `connector.toml` | what it is and asks for |
//! | `assumed.rs` | what the documents do not say for certain, in one place |
//! | `auth.rs` | which company it is, and who connected |
//! | `streams.rs` | the streams and their entities |
//! | `fetch.rs` | reading by change: what changed, and what is gone |
//! | `walk.rs` | reading whole: oldest change first |
//! | `push.rs` | the actions that attach notes and files |
//! | `customer.rs` | the actions that make and change a customer |
//! | `target.rs` | what a note or file is attached to |
//! | `text.rs` | what fits into a note |
//! | `wire.rs` | what every request needs, and what answers hold |
//! | `fault.rs` | what QuickBooks' faults and statuses mean |

mod assumed;
mod auth;
mod customer;
mod fault;
mod fetch;
mod push;
mod streams;
mod target;
mod text;
mod walk;
mod wire;

use patchbay_sdk::{Auth, Context, Fetch, Identity, Item, Outcome, Page, Push, ReadRequest, Result};

/// The connector.
#[derive(Debug)]
pub struct QuickbooksOnline;

impl Auth for QuickbooksOnline {
    fn identify(ctx: &Context) -> Result<Identity> {
        auth::identify(ctx)
    }
}

impl Fetch for QuickbooksOnline {
    fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
        fetch::read(ctx, request)
    }
}

impl Push for QuickbooksOnline {
    fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
        push::push(ctx, item)
    }
}

patchbay_sdk::connector!(QuickbooksOnline);
