//! Xero: the books of organisations are read by change; notes and files are put on contacts
//! and documents; contacts and drafts of invoices are made.
//!
//! One login reaches several organisations (*tenants*): each is an account, and its id goes with every request in a header.
//!
//! | file | what |
//! |---|---|
//! | `connector.toml` | what it is and asks for |
//! | `assumed.rs` | what the documents do not say for certain, in one place |
//! | `auth.rs` | whose login it is, and which organisations it reaches |
//! | `create.rs` | what is made anew: a contact, a draft of an invoice |
//! | `streams.rs` | the streams: where each is read, and how |
//! | `fetch.rs` | reading: by change, or whole |
//! | `moment.rs` | Xero's two spellings of a moment |
//! | `push.rs` | the actions |
//! | `target.rs` | what an action is about: an organisation and a record in it |
//! | `text.rs` | what fits into a note, and what a file is called |
//! | `wire.rs` | what every request needs, lists, and what Xero's statuses mean |

mod assumed;
mod auth;
mod create;
mod fetch;
mod moment;
mod push;
mod streams;
mod target;
mod text;
mod wire;

use patchbay_sdk::{Auth, Context, Fetch, Identity, Item, Outcome, Page, Push, ReadRequest, Result};

/// The connector.
#[derive(Debug)]
pub struct Xero;

impl Auth for Xero {
    fn identify(ctx: &Context) -> Result<Identity> {
        auth::identify(ctx)
    }
}

impl Fetch for Xero {
    fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
        fetch::read(ctx, request)
    }
}

impl Push for Xero {
    fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
        push::push(ctx, item)
    }
}

patchbay_sdk::connector!(Xero);
