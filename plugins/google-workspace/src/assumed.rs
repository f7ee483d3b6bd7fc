//! What Google's documents do not say for certain: sizes, limits, names. An operator corrects them in the connector's
//! configuration; nothing else in this crate holds such a value.

use patchbay_sdk::{Context, Result};
use serde::Deserialize;

/// `[config]` of the manifest; what each one means stands in its schema.
#[derive(Debug, Deserialize)]
pub(crate) struct Assumed {
    /// Calendars of a page.
    pub(crate) calendars_page_size: u32,
    /// Events of a page.
    pub(crate) events_page_size: u32,
    /// Users of a page.
    pub(crate) users_page_size: u32,
    /// Groups of a page.
    pub(crate) groups_page_size: u32,
    /// Members of a group in a page.
    pub(crate) members_page_size: u32,
    /// Whether users that were deleted lately are read too.
    pub(crate) deleted_users: bool,
    /// Characters of an event's description.
    pub(crate) description_limit: usize,
    /// What the ids of Google's own calendars end with.
    pub(crate) automatic_calendars: Vec<String>,
    /// Reasons of status 403 that ask to wait.
    pub(crate) throttle_reasons: Vec<String>,
    /// How many days back events can be chosen.
    pub(crate) picker_past_days: u64,
    /// How many days ahead.
    pub(crate) picker_future_days: u64,
}

impl Assumed {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        ctx.config()
    }
}
