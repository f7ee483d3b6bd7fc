//! Lists of connectors that this host follows.

pub(crate) mod connectors;
pub(crate) mod list;
pub(crate) mod refresh;
pub(crate) mod updates;
