//! When a stream is due: every so often, or by a cron expression in a time zone.
//!
//! **A slot is worked out, never remembered.** [`Schedule::next`] is a function of the schedule, a moment and
//! a phase, so a restart, another node and a test all find the same slot, and whoever asks from the moment at
//! which a run ended gets one slot for however many were missed meanwhile. What the store keeps is the next
//! slot in UTC; it is worked out again after each run, so a change of a zone's rules is followed.
//!
//! **Nobody starts together.** The phase is a hash of what is read ([`phase_of`]). It shifts the slots of an
//! interval by less than the interval, and those of a cron expression by less than its jitter: a thousand
//! connections that are read every 15 minutes are spread over the 15 minutes, the same way each time.
//!
//! **Daylight saving** follows the Open Cron Pattern Specification, as croner implements it. An expression with
//! one minute and one hour (`30 2 * * *`) names a time of day: when the clocks skip it, it is due as soon as
//! they have; when they repeat it, it is due the first time only. Any other expression (`*/15 * * * *`,
//! `0 2,14 * * *`) names what the clock shows: what is skipped is not due, what is repeated is due twice. An
//! interval does not look at clocks on walls.

mod cron;
mod written;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use self::written::Written;
pub(crate) use self::{cron::zone as zone_name, written::unchecked};
use crate::{ConnectionId, Timestamp};

/// What no interval goes below, should somebody make one without [`Schedule::parse`].
const SHORTEST: Duration = Duration::from_secs(1);

/// When a stream is due.
///
/// As JSON `{"every":"15m"}` or `{"cron":"30 2 * * *","zone":"Europe/Brussels","jitter":"1m"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum Schedule {
    /// Each time that so much time has passed, whatever the clocks on the walls show.
    Every(Duration),
    /// At what a cron expression says.
    Cron {
        /// Five fields: minute, hour, day of the month, month, day of the week.
        cron: String,
        /// The IANA name of the zone whose clock is meant.
        zone: String,
        /// A slot is due within so much time behind what the expression says.
        jitter: Duration,
    },
}

impl Schedule {
    /// Reads the JSON that [`Schedule::text`] writes, or a bare length of time such as `15m`.
    ///
    /// # Errors
    /// What is wrong with it, and what to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.starts_with('{') {
            let written: Written = serde_json::from_str(text).map_err(|error| {
                let remedy = r#"write {"every":"15m"} or {"cron":"30 2 * * *","zone":"Europe/Brussels"}"#;
                format!("this is no schedule: {error}; {remedy}")
            })?;
            written.try_into()
        } else {
            written::every(text)
        }
    }

    /// As JSON, always the same for the same schedule.
    #[must_use]
    pub fn text(&self) -> String {
        Written::from(self.clone()).json()
    }

    /// The first slot later than `after`.
    ///
    /// A schedule that [`Schedule::parse`] would not have let through is still due: an expression that cannot
    /// be read a day later, a zone that is not known as if it were UTC.
    #[must_use]
    pub fn next(&self, after: Timestamp, phase: u64) -> Timestamp {
        match self {
            Self::Every(interval) => every(*interval, after, phase),
            Self::Cron { cron, zone, jitter } => cron::Slots::of(cron, zone).next(after, shift(phase, *jitter)),
        }
    }

    /// The next `count` slots later than `after`, in their order.
    #[must_use]
    pub fn upcoming(&self, after: Timestamp, phase: u64, count: usize) -> Vec<Timestamp> {
        let mut next: Box<dyn FnMut(Timestamp) -> Timestamp> = match self {
            Self::Every(interval) => Box::new(|after| every(*interval, after, phase)),
            Self::Cron { cron, zone, jitter } => {
                let (slots, shift) = (cron::Slots::of(cron, zone), shift(phase, *jitter));
                Box::new(move |after| slots.next(after, shift))
            }
        };
        std::iter::successors(Some(after), |last| Some(next(*last))).skip(1).take(count).collect()
    }

    /// How far apart slots lie: the interval, or the distance of the two slots behind `after`.
    #[must_use]
    pub fn typical_gap(&self, after: Timestamp) -> Duration {
        match (self, self.upcoming(after, 0, 2).as_slice()) {
            (Self::Every(interval), _) => (*interval).max(SHORTEST),
            (Self::Cron { .. }, [first, second]) => second.since(*first),
            (Self::Cron { .. }, _) => cron::WITHOUT_SLOT,
        }
    }
}

/// The first moment behind `after` that is `phase` and a whole number of intervals away from the epoch.
fn every(interval: Duration, after: Timestamp, phase: u64) -> Timestamp {
    let interval = interval.max(SHORTEST);
    let length = i128::try_from(interval.as_micros()).unwrap_or(i128::MAX);
    let shift = i128::try_from(shift(phase, interval).as_micros()).unwrap_or(0);
    let passed = (i128::from(after.as_micros()) - shift).div_euclid(length);
    let slot = (passed + 1).saturating_mul(length).saturating_add(shift);
    Timestamp::from_micros(i64::try_from(slot).unwrap_or(i64::MAX))
}

/// How far a phase shifts within `window`: less than all of it, to the microsecond.
fn shift(phase: u64, window: Duration) -> Duration {
    let window = u64::try_from(window.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(phase.checked_rem(window).unwrap_or(0))
}

/// Where in its interval a stream of a connection lies: the same in every version, on every node.
#[must_use]
pub fn phase_of(connection: &ConnectionId, account: &str, stream: &str) -> u64 {
    let mut hash = Sha256::new();
    for part in [connection.as_str(), account, stream] {
        // With its length, so that no two different threes run together into the same bytes.
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let hash: [u8; 32] = hash.finalize().into();
    hash.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests;
