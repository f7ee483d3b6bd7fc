//! Pages of error codes.

pub(crate) mod get;
