//! A tenant's users in the portal.

pub(crate) mod create;
pub(crate) mod enter;
