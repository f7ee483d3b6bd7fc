//! Meetings: one event that becomes several items.

pub(crate) mod create;
