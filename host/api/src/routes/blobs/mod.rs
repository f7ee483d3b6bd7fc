//! Files.

pub(crate) mod content;
pub(crate) mod create;
pub(crate) mod delete;
mod disposition;
pub(crate) mod get;
pub(crate) mod list;
mod pace;
