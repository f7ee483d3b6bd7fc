//! The catalog.

pub(crate) mod get;
pub(crate) mod list;
