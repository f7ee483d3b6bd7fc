//! Publishers of connectors, and their keys.

pub(crate) mod list;
pub(crate) mod revoke;
pub(crate) mod trust;
