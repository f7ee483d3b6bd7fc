//! GitHub: the tutorial connector. Repositories, issues and comments are read; issues and comments are written.
//!
//! | file | what |
//! |---|---|
//! | `connector.toml` | what it is and asks for |
//! | `auth.rs` | whose token it is, which repositories it reaches |
//! | `fetch.rs` | the streams |
//! | `push.rs` | the actions, and how a lost answer is found again |
//! | `wire.rs` | what every request needs, and what GitHub's statuses mean |

mod auth;
mod fetch;
mod push;
mod wire;

use patchbay_sdk::{Auth, Context, Fetch, Identity, Item, Object, Outcome, Page, Push, ReadRequest, Result};

/// The connector.
#[derive(Debug)]
pub struct GitHub;

impl Auth for GitHub {
    fn identify(ctx: &Context) -> Result<Identity> {
        auth::identify(ctx)
    }
}

impl Fetch for GitHub {
    fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
        fetch::read(ctx, request)
    }
}

impl Push for GitHub {
    fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
        push::push(ctx, item)
    }

    fn find(ctx: &Context, item: &Item, step: &str, sent_ms: u64) -> Result<Option<Object>> {
        push::find(ctx, item, step, sent_ms)
    }
}

patchbay_sdk::connector!(GitHub);
