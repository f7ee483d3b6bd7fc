//! Pickers.

mod asked;
pub(crate) mod pick;
pub(crate) mod refresh;
