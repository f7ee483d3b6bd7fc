//! Time, randomness and reporting of the run that a call belongs to.

use crate::host;

/// The host's clock, milliseconds since 1970. The only clock to use: the one of the sandbox stands still.
#[must_use]
pub fn now_ms() -> u64 {
    host::now_ms()
}

/// Random bytes of the host, at most 1,024 a call.
#[must_use]
pub fn random(len: u32) -> Vec<u8> {
    host::random(len)
}

/// Milliseconds until the host ends this run.
#[must_use]
pub fn remaining_ms() -> u64 {
    host::remaining_ms()
}

/// Whether to return what is there, with a cursor: the run was cancelled, or its time is nearly over.
#[must_use]
pub fn should_stop() -> bool {
    host::should_stop()
}

/// Says how far the run is, for people who wait.
pub fn progress(done: u64, total: Option<u64>) {
    host::progress(done, total);
}

/// The idempotency key of a step of this item: the same on every attempt and for ever. In `push` and `find`;
/// empty elsewhere.
#[must_use]
pub fn step_key(step: &str) -> String {
    host::step_key(step)
}

/// To be called when the provider refused a write inside a success status: the step may then be sent again.
pub fn step_refused(step: &str) {
    host::step_refused(step);
}
