//! Connect sessions.

pub(crate) mod complete;
pub(crate) mod create;
pub(crate) mod get;
