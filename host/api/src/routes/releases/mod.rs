//! Releases of connectors.

pub(crate) mod approve;
pub(crate) mod canary;
pub(crate) mod get;
pub(crate) mod promote;
