//! Records.

pub(crate) mod list;
