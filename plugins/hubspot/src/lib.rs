//! HubSpot: contacts, companies, deals, notes and tasks by change, with what was archived; reports, notes and to-dos of a meeting on
//! a record; contacts, companies and deals that are created or updated.
//!
//! | file | what |
//! |---|---|
//! | `connector.toml` | what it is and asks for |
//! | `assumed.rs` | what the documents do not say for certain, in one place |
//! | `auth.rs` | which account it is, and its owners |
//! | `fetch.rs` | the streams of records: whole, by change, then what was archived |
//! | `lists.rs` | owners and properties, which are read whole |
//! | `search.rs` | searches, and where they go on behind what one of them reaches |
//! | `pick.rs` | the picker that searches contacts, companies and deals at once |
//! | `push.rs` | the actions, their targets, and how a lost answer is found again |
//! | `note.rs` | notes, files and reports |
//! | `todo.rs` | tasks |
//! | `crm.rs` | contacts, companies and deals |
//! | `text.rs` | texts as HubSpot shows them, and names of files |
//! | `wire.rs` | what every request needs, and what HubSpot's statuses and categories mean |

mod assumed;
mod auth;
mod crm;
mod fetch;
mod lists;
mod note;
mod pick;
mod push;
mod search;
mod text;
mod todo;
mod wire;

use patchbay_sdk::{
    Auth, Choices, Context, Fetch, Identity, Item, Object, Outcome, Page, PickRequest, Push, ReadRequest, Result,
};

/// The connector.
#[derive(Debug)]
pub struct Hubspot;

impl Auth for Hubspot {
    fn identify(ctx: &Context) -> Result<Identity> {
        auth::identify(ctx)
    }
}

impl Fetch for Hubspot {
    fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
        fetch::read(ctx, request)
    }

    fn pick(ctx: &Context, request: &PickRequest) -> Result<Choices> {
        pick::pick(ctx, request)
    }
}

impl Push for Hubspot {
    fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
        push::push(ctx, item)
    }

    fn find(ctx: &Context, item: &Item, step: &str, sent_ms: u64) -> Result<Option<Object>> {
        push::find(ctx, item, step, sent_ms)
    }
}

patchbay_sdk::connector!(Hubspot);
