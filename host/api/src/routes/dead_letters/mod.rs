//! Records that could not be read.

pub(crate) mod list;
