//! `[refresh]`: how credentials are kept fresh.

use std::time::Duration;

use super::reader::Reader;

/// `[refresh]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refresh {
    /// How long one refresh keeps the others away.
    pub(crate) lease: Duration,
    /// Longest request of a refresh.
    pub(crate) exchange: Duration,
    /// Pause after the first failure.
    pub(crate) cool_down: Duration,
    /// Longest pause after a failure.
    pub(crate) longest_cool_down: Duration,
    /// Separate days of failure, after which the connection is broken.
    pub(crate) failing_days: u32,
    /// How often an unused credential is refreshed where the provider drops idle ones.
    pub(crate) idle: Duration,
}

const LEASE: &str = "refresh.lease_seconds";
const EXCHANGE: &str = "refresh.exchange_seconds";
const COOL_DOWN: &str = "refresh.cool_down_seconds";
const LONGEST: &str = "refresh.longest_cool_down_seconds";

/// What storing the answer may take after the request has ended.
const TO_STORE: Duration = Duration::from_secs(5);

impl Refresh {
    /// Reads the section.
    pub(super) fn read(from: &mut Reader<'_>) -> Self {
        let refresh = Self {
            lease: from.seconds(LEASE, (7, 600), 30),
            exchange: from.seconds(EXCHANGE, (1, 300), 20),
            cool_down: from.seconds(COOL_DOWN, (1, 3_600), 30),
            longest_cool_down: from.seconds(LONGEST, (1, 86_400), 3_600),
            failing_days: u32::try_from(from.number("refresh.failing_days", (1, 60), 4)).unwrap_or(4),
            idle: from.seconds("refresh.idle_hours", (1, 720), 24) * 3_600,
        };
        // An answer that comes after the lease has ended belongs to nobody: another refresh may be under way,
        // and a provider that rotates would take the two for a thief.
        if refresh.exchange + TO_STORE >= refresh.lease
            && let Some(place) = from.place(EXCHANGE).or_else(|| from.place(LEASE))
        {
            from.complain(&place, format!("`{EXCHANGE}` has to be at least 6 seconds less than `{LEASE}`"));
        }
        if refresh.cool_down > refresh.longest_cool_down
            && let Some(place) = from.place(COOL_DOWN).or_else(|| from.place(LONGEST))
        {
            from.complain(&place, format!("`{COOL_DOWN}` must not be more than `{LONGEST}`"));
        }
        refresh
    }
}
