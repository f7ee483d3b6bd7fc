//! Syncs.

pub(crate) mod approve_deletions;
pub(crate) mod backfill;
pub(crate) mod change;
pub(crate) mod drifts;
pub(crate) mod list;
pub(crate) mod reset;
pub(crate) mod run;
pub(crate) mod schema;
