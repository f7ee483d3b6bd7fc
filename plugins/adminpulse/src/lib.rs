//! AdminPulse: an accounting office's relations, tasks and e-mails are read; meetings become interactions on a relation's
//! timeline, with their reports and to-dos.
//!
//! | file | what |
//! |---|---|
//! | `connector.toml` | what it is and asks for |
//! | `assumed.rs` | what AdminPulse does not publish, read from the configuration |
//! | `auth.rs` | which office the credential belongs to |
//! | `fetch.rs` | the streams |
//! | `pick.rs` | the picker of relations |
//! | `push.rs` | the actions |
//! | `todo.rs` | how a to-do becomes a task, and how one is found again |
//! | `text.rs` | days, HTML, names |
//! | `wire.rs` | what every request needs, lists, and what AdminPulse's statuses mean |

mod assumed;
mod auth;
mod fetch;
mod pick;
mod push;
mod text;
mod todo;
mod wire;

use patchbay_sdk::{
    Auth, Choices, Context, Fetch, Identity, Item, Object, Outcome, Page, PickRequest, Push, ReadRequest, Result,
};

/// The connector.
#[derive(Debug)]
pub struct Adminpulse;

impl Auth for Adminpulse {
    fn identify(ctx: &Context) -> Result<Identity> {
        auth::identify(ctx)
    }
}

impl Fetch for Adminpulse {
    fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
        fetch::read(ctx, request)
    }

    fn pick(ctx: &Context, request: &PickRequest) -> Result<Choices> {
        pick::pick(ctx, request)
    }
}

impl Push for Adminpulse {
    fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
        push::push(ctx, item)
    }

    fn find(ctx: &Context, item: &Item, step: &str, _sent_ms: u64) -> Result<Option<Object>> {
        todo::find(ctx, item, step)
    }
}

patchbay_sdk::connector!(Adminpulse);
