//! Installed connectors.

pub(crate) mod client;
pub(crate) mod get;
pub(crate) mod install;
pub(crate) mod list;
