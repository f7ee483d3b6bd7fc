//! Installed connectors.

pub(crate) mod client;
pub(crate) mod clients;
pub(crate) mod config;
pub(crate) mod fetch;
pub(crate) mod get;
pub(crate) mod grant;
pub(crate) mod install;
pub(crate) mod list;
pub(crate) mod rollback;
pub(crate) mod upgrades;
