//! What HubSpot's documents do not say for certain, or change with their versions: read here from the operator's configuration, and
//! from nowhere else. The defaults stand in `connector.toml`; the version of the token address is the host's business.

use std::collections::BTreeMap;

use patchbay_sdk::{Context, Result};
use serde::Deserialize;

/// `[config]` of the manifest; what each one means stands in its schema.
#[derive(Debug, Deserialize)]
pub(crate) struct Assumed {
    /// Version of the interface for records: `v3`, or one with a date.
    pub(crate) crm_version: String,
    /// Version of the interface that links two records.
    pub(crate) association_version: String,
    pub(crate) files_version: String,
    /// Version of the interface that says which account it is.
    pub(crate) account_version: String,
    /// Rows of a page of a list.
    pub(crate) page_size: u32,
    /// Rows of a page of a search.
    pub(crate) search_page_size: u32,
    /// Rows that one search reaches.
    pub(crate) search_reach: u32,
    /// How much before the newest change a run begins, seconds.
    pub(crate) look_back_seconds: u64,
    /// How much before the last run what was archived is told again, minutes.
    pub(crate) archived_look_back_minutes: u64,
    /// Days after which everything is read again.
    pub(crate) whole_days: u64,
    pub(crate) rolling_wait_seconds: u64,
    pub(crate) search_wait_seconds: u64,
    pub(crate) locked_wait_seconds: u64,
    pub(crate) moving_wait_minutes: u64,
    /// Characters of a note or a task, with markup.
    pub(crate) note_limit: usize,
    /// Characters of a task's subject.
    pub(crate) subject_limit: usize,
    /// Hour of the account's day at which a task is due.
    pub(crate) due_hour: u64,
    /// Folder of files, where the settings name none.
    pub(crate) files_folder: String,
    pub(crate) file_access: String,
    /// What follows the last word of a search.
    pub(crate) wildcard: String,
    /// Numbers of links, by type of what is linked and of what it is linked to.
    pub(crate) association_types: BTreeMap<String, BTreeMap<String, u64>>,
    /// Where people see a record: `{portal}`, `{type}` and `{id}` are filled in; empty for nowhere.
    pub(crate) record_address: String,
    /// What a type is called there.
    pub(crate) record_types: BTreeMap<String, String>,
    /// Properties that are read, by stream.
    pub(crate) properties: BTreeMap<String, Vec<String>>,
}

impl Assumed {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        ctx.config()
    }
}
