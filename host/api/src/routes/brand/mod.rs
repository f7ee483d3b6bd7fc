//! How a tenant looks to its own people and end users.

pub(crate) mod change;
pub(crate) mod files;
pub(crate) mod get;
