//! Operators who sign in with a browser.

pub(crate) mod create;
pub(crate) mod invite;
