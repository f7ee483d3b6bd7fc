//! What Xero's documents do not say for certain: sizes, limits, waits. An operator corrects them in the connector's
//! configuration; nothing else in this crate holds such a value.

use patchbay_sdk::{Context, Result};
use serde::Deserialize;

/// `[config]` of the manifest; what each one means stands in its schema. The address of the revocation is the host's.
#[derive(Debug, Deserialize)]
pub(crate) struct Assumed {
    /// Rows of a page.
    pub(crate) page_size: u32,
    /// How much before the newest change a run begins, seconds: Xero compares whole seconds.
    pub(crate) overlap_seconds: u64,
    /// After how many hours accounts and items are read whole again: what is deleted there leaves no trace.
    pub(crate) full_read_hours: u64,
    /// After how many days contacts and invoices are read whole again: their balances change without a new moment.
    pub(crate) full_read_days: u64,
    /// Characters of a note.
    pub(crate) note_limit: usize,
    /// Files that one record takes.
    pub(crate) files_limit: usize,
    /// Bytes of one file.
    pub(crate) file_bytes: u64,
    /// Bytes of all files of one item.
    pub(crate) files_bytes: u64,
    /// How long to wait when the requests of the day are used up and Xero names no time, minutes.
    pub(crate) day_wait_minutes: u64,
}

impl Assumed {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        ctx.config()
    }
}
