//! Odoo, versions 14 to 19: contacts, leads, events, projects, tasks, companies, invoices and the database's own models are
//! read; notes, reports, to-dos, tasks and files are written.
//!
//! | file | what |
//! |---|---|
//! | `connector.toml` | what it is and asks for |
//! | `assumed.rs` | what the sheet does not know for certain, and what a person sets |
//! | `call.rs` | one call of a model's method, as JSON-2 and JSON-RPC write it |
//! | `wire.rs` | what every request needs, and how an answer is opened |
//! | `meaning.rs` | what Odoo's exceptions and statuses mean |
//! | `auth.rs` | who logs in, and which companies there are |
//! | `models.rs` | which model a stream is, and which of its fields are wanted |
//! | `fetch.rs` | the streams |
//! | `walk.rs` | the way through a model: all of it, and what has changed since |
//! | `record.rs` | records without `false` for what is empty |
//! | `discover.rs` | which streams a database has, with their schemas |
//! | `pick.rs` | the pickers |
//! | `push.rs` | the actions |
//! | `find.rs` | how a lost answer is found again |
//! | `text.rs` | HTML, marks and links |
//! | `sha1.rs` | what Odoo knows a file's content by |

mod assumed;
mod auth;
mod call;
mod discover;
mod fetch;
mod find;
mod meaning;
mod models;
mod pick;
mod push;
mod record;
mod sha1;
mod text;
mod walk;
mod wire;

use patchbay_sdk::{
    Auth, Choices, Context, Fetch, Identity, Item, Object, Outcome, Page, PickRequest, Push, ReadRequest, Result,
    StreamInfo,
};

/// The connector.
#[derive(Debug)]
pub struct Odoo;

impl Auth for Odoo {
    fn identify(ctx: &Context) -> Result<Identity> {
        auth::identify(ctx)
    }
}

impl Fetch for Odoo {
    fn discover(ctx: &Context) -> Result<Vec<StreamInfo>> {
        discover::discover(ctx)
    }

    fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
        fetch::read(ctx, request)
    }

    fn pick(ctx: &Context, request: &PickRequest) -> Result<Choices> {
        pick::pick(ctx, request)
    }
}

impl Push for Odoo {
    fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
        push::push(ctx, item)
    }

    fn find(ctx: &Context, item: &Item, step: &str, sent_ms: u64) -> Result<Option<Object>> {
        find::find(ctx, item, step, sent_ms)
    }
}

patchbay_sdk::connector!(Odoo);
