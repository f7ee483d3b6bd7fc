//! Google Workspace: calendars and their events, and the directory of a company; events, notes, reports and to-dos into a
//! calendar.
//!
//! There are two ways to log in, and each has its own streams: `calendar` for anybody, `directory` for administrators.
//!
//! | file | what |
//! |---|---|
//! | `connector.toml` | what it is and asks for |
//! | `assumed.rs` | what the documents do not say for certain, in one place |
//! | `auth.rs` | who it is: a person with calendars, or a company |
//! | `fetch.rs` | which stream belongs to which login |
//! | `sync.rs` | calendars and events, read by change |
//! | `directory.rs` | users and groups, read whole |
//! | `walk.rs` | what belongs to each group and each user |
//! | `pick.rs` | events to choose from |
//! | `push.rs` | the actions |
//! | `append.rs` | something more at the end of an event's description |
//! | `note.rs` | what notes, reports and to-dos say |
//! | `event.rs` | an event that is made here |
//! | `refusal.rs` | what Google's errors mean, by their reason |
//! | `wire.rs` | what every request needs, lists, addresses |

mod append;
mod assumed;
mod auth;
mod directory;
mod event;
mod fetch;
mod note;
mod pick;
mod push;
mod refusal;
mod sync;
mod walk;
mod wire;

use patchbay_sdk::{
    Auth, Choices, Context, Fetch, Identity, Item, Object, Outcome, Page, PickRequest, Push, ReadRequest, Result,
};

/// The connector.
#[derive(Debug)]
pub struct GoogleWorkspace;

impl Auth for GoogleWorkspace {
    fn identify(ctx: &Context) -> Result<Identity> {
        auth::identify(ctx)
    }
}

impl Fetch for GoogleWorkspace {
    fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
        fetch::read(ctx, request)
    }

    fn pick(ctx: &Context, request: &PickRequest) -> Result<Choices> {
        pick::pick(ctx, request)
    }
}

impl Push for GoogleWorkspace {
    fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
        push::push(ctx, item)
    }

    fn find(ctx: &Context, item: &Item, step: &str, _sent_ms: u64) -> Result<Option<Object>> {
        push::find(ctx, item, step)
    }
}

patchbay_sdk::connector!(GoogleWorkspace);
