//! Pickers.

pub(crate) mod pick;
pub(crate) mod refresh;
