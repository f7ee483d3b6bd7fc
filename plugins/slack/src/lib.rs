//! Slack: who uses the workspace, its channels, and what is said in those that the app was invited to; messages and files
//! to a channel or a person.
//!
//! | file | what |
//! |---|---|
//! | `connector.toml` | what it is and asks for |
//! | `assumed.rs` | what the documents do not say for certain, in one place |
//! | `auth.rs` | which workspace it is |
//! | `fetch.rs` | the streams that are plain lists |
//! | `channels.rs` | the channels that a pass goes through, and who belongs to them |
//! | `talk.rs` | what is said: messages, and answers in threads |
//! | `marks.rs` | channels in a cursor, as short as it has to be |
//! | `walk.rs` | one channel, walked from newest to oldest |
//! | `destinations.rs` | channels and people in one list, for the picker |
//! | `push.rs` | the actions, and how a lost answer is found again |
//! | `compose.rs` | what a message says |
//! | `files.rs` | files, in three steps |
//! | `text.rs` | what Slack takes for markup, and lengths |
//! | `refusal.rs` | what Slack's errors mean, most of which come with status 200 |
//! | `wire.rs` | what every request needs, lists, moments |

mod assumed;
mod auth;
mod channels;
mod compose;
mod destinations;
mod fetch;
mod files;
mod marks;
mod push;
mod refusal;
mod talk;
mod text;
mod walk;
mod wire;

use patchbay_sdk::{Auth, Context, Fetch, Identity, Item, Object, Outcome, Page, Push, ReadRequest, Result};

/// The connector.
#[derive(Debug)]
pub struct Slack;

impl Auth for Slack {
    fn identify(ctx: &Context) -> Result<Identity> {
        auth::identify(ctx)
    }
}

impl Fetch for Slack {
    fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
        fetch::read(ctx, request)
    }
}

impl Push for Slack {
    fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
        push::push(ctx, item)
    }

    fn find(ctx: &Context, item: &Item, step: &str, sent_ms: u64) -> Result<Option<Object>> {
        push::find(ctx, item, step, sent_ms)
    }
}

patchbay_sdk::connector!(Slack);
