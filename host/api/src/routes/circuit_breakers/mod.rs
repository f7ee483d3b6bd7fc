//! Hosts of providers that are left alone for a while.

pub(crate) mod close;
pub(crate) mod list;
