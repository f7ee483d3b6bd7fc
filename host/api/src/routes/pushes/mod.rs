//! Pushes: items to be written to providers, what became of them, and what a person decides about them.

pub(crate) mod batch;
pub(crate) mod create;
pub(crate) mod dry_run;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod resolve;
pub(crate) mod send;
pub(crate) mod withdraw;
