//! The feed of changes.

pub(crate) mod list;
pub(crate) mod of_connection;
