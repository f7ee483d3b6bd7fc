//! FID-Manager: clients, folders and document types are read; reports are put among the documents to approve.
//!
//! | file | what |
//! |---|---|
//! | `connector.toml` | what it is and asks for |
//! | `auth.rs` | whose access it is |
//! | `fetch.rs` | the streams, and the picker of folders |
//! | `walk.rs` | the way through the clients to their folders |
//! | `push.rs` | the action, and how a lost answer is found again |
//! | `docx.rs` | a text as a Word document |
//! | `wire.rs` | what every request needs, lists, and what FID-Manager's statuses mean |
//! | `assumed.rs` | paths, parameters and fields, which nobody documents |

mod assumed;
mod auth;
mod docx;
mod fetch;
mod push;
mod walk;
mod wire;

use patchbay_sdk::{
    Auth, Choices, Context, Fetch, Identity, Item, Object, Outcome, Page, PickRequest, Push, ReadRequest, Result,
};

/// The connector.
#[derive(Debug)]
pub struct FidManager;

impl Auth for FidManager {
    fn identify(ctx: &Context) -> Result<Identity> {
        auth::identify(ctx)
    }
}

impl Fetch for FidManager {
    fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
        fetch::read(ctx, request)
    }

    fn pick(ctx: &Context, request: &PickRequest) -> Result<Choices> {
        fetch::pick(ctx, request)
    }
}

impl Push for FidManager {
    fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
        push::push(ctx, item)
    }

    fn find(ctx: &Context, item: &Item, step: &str, sent_ms: u64) -> Result<Option<Object>> {
        push::find(ctx, item, step, sent_ms)
    }
}

patchbay_sdk::connector!(FidManager);
