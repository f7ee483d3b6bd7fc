//! What Slack's documents do not say for certain, and what differs between its places. An operator corrects it in the
//! connector's configuration; nothing else in this crate holds such a value.

use patchbay_sdk::{Context, Result};
use serde::Deserialize;

/// `[config]` of the manifest, as far as the code reads it; what each one means stands in its schema.
#[derive(Debug, Deserialize)]
pub(crate) struct Assumed {
    /// Server of the API.
    pub(crate) api_origin: String,
    /// Server that takes the bytes of files.
    pub(crate) upload_origin: String,
    /// What the addresses for uploads begin with, on that server.
    pub(crate) upload_path: String,
    /// Rows of a page.
    pub(crate) page_size: u32,
    /// Messages of a page, where the settings say nothing.
    pub(crate) messages_page_size: u32,
    /// Requests for messages in a minute, where the settings say nothing.
    pub(crate) messages_per_minute: u32,
    /// How much of what was read is read again, hours.
    pub(crate) reread_hours: u64,
    /// Characters of a message.
    pub(crate) text_limit: usize,
    /// Member of a message that says when its thread was last answered.
    pub(crate) newest_reply: String,
    /// Member of a message that lists its files.
    pub(crate) message_files: String,
    /// Member of the identification that says that the app was installed for a whole organisation.
    pub(crate) org_wide: String,
    /// How much before a lost message the search for it begins, seconds.
    pub(crate) find_before_seconds: u64,
    /// How much behind a lost message the search for it ends, seconds: the time in which it may still arrive, and what clocks
    /// are apart.
    pub(crate) find_after_seconds: u64,
    /// Pages that are looked through for a lost message.
    pub(crate) find_pages: u32,
    /// Where people see a message: `{workspace}`, `{channel}` and `{moment}` are filled in; empty for nowhere.
    pub(crate) message_link: String,
}

impl Assumed {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        ctx.config()
    }
}
