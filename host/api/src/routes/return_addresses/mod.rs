//! Return addresses of connect sessions.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod list;
