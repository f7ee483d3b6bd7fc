//! Connections.

pub(crate) mod change;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod discover;
pub(crate) mod get;
pub(crate) mod identify;
pub(crate) mod import;
pub(crate) mod list;
pub(crate) mod streams;
