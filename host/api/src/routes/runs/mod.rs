//! Runs.

pub(crate) mod cancel;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod log;
