//! Syncs.

pub(crate) mod change;
pub(crate) mod list;
pub(crate) mod run;
