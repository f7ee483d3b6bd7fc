//! Any plain JSON API: what it is stands in a definition, which is packaged as this component's configuration.
//!
//! | file | what |
//! |---|---|
//! | `definition.toml` | the example that this folder packs as; the reference of its keys is in the README |
//! | `auth.rs` | ping, and the list of accounts |
//! | `fetch.rs` | the streams: one page a call, and what the pass has to remember |
//! | `listing.rs` | one answer of a list: its rows, and where the next one is |
//! | `moment.rs` | how moments are written, and which is the later one |
//! | `push.rs` | the actions |
//! | `values.rs` | what `{placeholders}` are, and where which value may go |
//! | `render.rs` | bodies with placeholders |
//! | `raw.rs` | places in JSON whose numbers stay as they were written |
//! | `meaning.rs` | what an answer means: the error table |
//! | `wire.rs` | what every request needs, and which addresses are followed |

mod auth;
mod fetch;
mod listing;
mod meaning;
mod moment;
mod push;
mod raw;
mod render;
mod values;
mod wire;

use patchbay_sdk::{Auth, Context, Fetch, Identity, Item, Outcome, Page, Push, ReadRequest, Result};

/// The connector.
#[derive(Debug)]
pub struct Generic;

impl Auth for Generic {
    fn identify(ctx: &Context) -> Result<Identity> {
        auth::identify(ctx)
    }
}

impl Fetch for Generic {
    fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
        fetch::read(ctx, request)
    }
}

impl Push for Generic {
    fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
        push::push(ctx, item)
    }
}

patchbay_sdk::connector!(Generic);
