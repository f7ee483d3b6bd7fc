//! A tenant's users in the portal.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod enter;
