//! Releases of connectors.

pub(crate) mod approve;
pub(crate) mod get;
