//! What Zoho's documents do not say for certain: paths, names, limits. An operator corrects them in the connector's
//! configuration; nothing else in this crate holds such a value.

use std::collections::BTreeMap;

use patchbay_sdk::{Context, Result};
use serde::Deserialize;

/// `[config]` of the manifest; what each one means stands in its schema.
#[derive(Debug, Deserialize)]
pub(crate) struct Assumed {
    /// Path of the CRM's API, with its version.
    pub(crate) crm_path: String,
    /// Path of the list of modules, below `crm_path`.
    pub(crate) modules_path: String,
    /// Path of WorkDrive's API, with its version.
    pub(crate) drive_path: String,
    /// What a team's folders are called in addresses.
    pub(crate) team_folders: String,
    /// Rows of a page.
    pub(crate) page_size: u32,
    /// Rows that can be reached by the number of a page; behind them a page token is needed.
    pub(crate) rows_by_number: u32,
    /// Fields that can be asked for at once.
    pub(crate) fields_limit: usize,
    /// How much before the newest change a run begins, seconds.
    pub(crate) look_back_seconds: u64,
    /// How long to wait when the organisation's credits of the day are used up, minutes.
    pub(crate) credits_wait_minutes: u64,
    /// Characters of a note's title.
    pub(crate) note_title_limit: usize,
    /// Characters of a note.
    pub(crate) note_text_limit: usize,
    /// Characters of a task's subject.
    pub(crate) subject_limit: usize,
    /// The role of a link that anyone can open to read.
    pub(crate) link_role: String,
    /// Whether a file's name is encoded as a value and then once more as a parameter.
    pub(crate) filename_encoded_twice: bool,
    /// Where people see a record: `{tld}`, `{org}`, `{module}` and `{id}` are filled in; empty for nowhere.
    pub(crate) record_address: String,
    /// The fields that are read, by stream.
    pub(crate) fields: BTreeMap<String, Vec<String>>,
}

impl Assumed {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        ctx.config()
    }
}
