//! Zoho CRM with WorkDrive under one consent: modules are read by change, custom ones too; reports, notes and tasks of a
//! meeting are written to its event.
//!
//! | file | what |
//! |---|---|
//! | `connector.toml` | what it is and asks for |
//! | `assumed.rs` | what the documents do not say for certain, in one place |
//! | `place.rs` | the data centres, and which host is whose |
//! | `auth.rs` | which organisation it is |
//! | `event.rs` | the event of a meeting, and what it is about |
//! | `fetch.rs` | the streams: changes, then what was deleted |
//! | `module.rs` | modules and their fields; custom ones are discovered |
//! | `name.rs` | names of files, and the folder that the settings mean |
//! | `pick.rs` | the pickers of WorkDrive's folders |
//! | `push.rs` | the actions, and how a lost answer is found again |
//! | `report.rs` | a report: files to WorkDrive and to the event, then a note with their links |
//! | `todo.rs` | a task, with what its event is about |
//! | `drive.rs` | WorkDrive: folders, uploads, links |
//! | `wire.rs` | what every request needs, lists, and what the CRM's statuses and rows mean |

mod assumed;
mod auth;
mod drive;
mod event;
mod fetch;
mod module;
mod name;
mod pick;
mod place;
mod push;
mod report;
mod todo;
mod wire;

use patchbay_sdk::{
    Auth, Choices, Context, Fetch, Identity, Item, Object, Outcome, Page, PickRequest, Push, ReadRequest, Result,
    StreamInfo,
};

/// The connector.
#[derive(Debug)]
pub struct ZohoCrm;

impl Auth for ZohoCrm {
    fn identify(ctx: &Context) -> Result<Identity> {
        auth::identify(ctx)
    }
}

impl Fetch for ZohoCrm {
    fn discover(ctx: &Context) -> Result<Vec<StreamInfo>> {
        module::discover(ctx)
    }

    fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
        fetch::read(ctx, request)
    }

    fn pick(ctx: &Context, request: &PickRequest) -> Result<Choices> {
        pick::pick(ctx, request)
    }
}

impl Push for ZohoCrm {
    fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
        push::push(ctx, item)
    }

    fn find(ctx: &Context, item: &Item, step: &str, sent_ms: u64) -> Result<Option<Object>> {
        push::find(ctx, item, step, sent_ms)
    }
}

patchbay_sdk::connector!(ZohoCrm);
