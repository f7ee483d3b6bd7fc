//! Keys of those who run the host.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod revoke;
