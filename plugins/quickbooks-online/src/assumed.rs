//! What Intuit's documents do not say for certain: addresses of the sandbox, sizes, limits, waits. An operator corrects them in
//! the connector's configuration; nothing else in this crate holds such a value.

use patchbay_sdk::{Context, Result};
use serde::Deserialize;

/// `[config]` of the manifest; what each one means stands in its schema. The address of the revocation is the host's.
#[derive(Debug, Deserialize)]
pub(crate) struct Assumed {
    /// Where the books are.
    pub(crate) api_origin: String,
    /// Where it is told who connected.
    pub(crate) userinfo_origin: String,
    /// Minor version of the API.
    pub(crate) minor_version: u32,
    /// Rows of a page.
    pub(crate) page_size: u32,
    /// How much before the last answer changes are asked for, seconds.
    pub(crate) overlap_seconds: u64,
    /// How many days back changes are told.
    pub(crate) changes_days: u64,
    /// How many changes are told at once; with so many, some may be missing.
    pub(crate) changes_limit: usize,
    /// Characters of a note.
    pub(crate) note_limit: usize,
    /// Bytes of one file.
    pub(crate) file_bytes: u64,
    /// How long to wait when too much was asked and no time is named, seconds.
    pub(crate) throttle_seconds: u64,
}

impl Assumed {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        ctx.config()
    }
}
