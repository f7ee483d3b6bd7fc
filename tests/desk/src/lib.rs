//! The connector of the fake provider `desk` (`tests/fakes/src/desk`): honest, and as a good connector would be. What is
//! odd in a test comes from the provider.
//!
//! | action | how a lost answer is resolved | besides |
//! |---|---|---|
//! | `letter` | key | |
//! | `note` | find | `update`: other content under the same key changes it |
//! | `task` | find, by a search that may lag | |
//! | `card` | upsert | |
//! | `call` | none | |
//! | `entry` | find | `ordered` |
//! | `report` | find | two steps: `upload` the file, then `report` |
//!
//! Streams `clients` and `folders` are read by change; the pickers of the same names search them,
//! `search_clients` and `search_folders` ask the desk.

mod find;
mod lists;
mod push;
mod wire;

use patchbay_sdk::{
    Auth, Choices, Context, Fetch, Identity, Item, Object, Outcome, Page, PickRequest, Push, ReadRequest, Result, http,
};
use serde::Deserialize;

/// The connector.
#[derive(Debug)]
pub struct Desk;

#[derive(Deserialize)]
struct Me {
    id: String,
    name: String,
    login: String,
}

impl Auth for Desk {
    fn identify(_: &Context) -> Result<Identity> {
        let answer = http::get(wire::address(&["me"])?).send()?.ok()?;
        let me: Me = answer.json()?;
        Ok(Identity::of(me.id, me.name).login(me.login))
    }
}

impl Fetch for Desk {
    fn read(_: &Context, request: &ReadRequest) -> Result<Page> {
        match request.stream.as_str() {
            "clients" | "folders" => lists::by_change(request),
            _ => Err(request.unsupported()),
        }
    }

    fn pick(_: &Context, request: &PickRequest) -> Result<Choices> {
        lists::pick(request)
    }
}

impl Push for Desk {
    fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
        push::push(ctx, item)
    }

    fn find(_: &Context, item: &Item, step: &str, _: u64) -> Result<Option<Object>> {
        find::find(item, step)
    }
}

patchbay_sdk::connector!(Desk);
