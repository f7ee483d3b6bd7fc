//! A circuit for each tenant and provider: a host that is down is left alone for a while.
//!
//! | state | what happens to a request | what ends it |
//! |---|---|---|
//! | closed | it goes | five failures of the host in a row within two minutes open it |
//! | open | it is not sent, and the run stops with the time that is left | 30 s, twice as long each time it opens again, at most 15 min |
//! | half open | the first one goes as a probe, the others as while it is open | the probe: answered, it closes; failed, it opens again |
//!
//! What counts is the *host*: no address, no connection, no TLS, a reset, one of the gate's own time
//! limits, a status of 5xx. Whatever else it answers proves that it is there, so it closes the circuit:
//! a refusal (4xx), 501, 429, an answer that is too large. Three things say nothing about it: a 503 that
//! names its own pause (`Retry-After` holds the connection back, see `rate`), what the gate itself
//! refused, and a request that was cut short by the guest's own limit, the run's time or a stop; a guest
//! that gives everybody a millisecond must not close a provider to its tenant.
//!
//! Only what a probe brings counts while the circuit is not closed: a request that left before it opened
//! tells of a time that is over. A probe that ends without a word, whatever dropped it, makes room for
//! the next.
//!
//! Other nodes and the time before a restart speak through [`BreakerState`]. Their word opens a circuit
//! and may end what only they knew; it never shortens what this process saw itself.

mod table;

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

pub(crate) use table::{Breakers, CircuitKey, Pass};

/// Failures in a row that open a circuit.
const FAILURES: usize = 5;
/// The failures that open it are no further apart.
const WITHIN: Duration = Duration::from_secs(120);
/// Open for so long the first time.
const FIRST: Duration = Duration::from_secs(30);
/// And never longer.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// What others wait while a probe is on its way; most are answered sooner.
const WHILE_PROBED: Duration = Duration::from_secs(10);
/// Times it opened from which on nothing changes.
const MANY_TIMES: u32 = 16;
/// Characters of an error that are kept.
const ERROR: usize = 200;

/// A circuit as others may see it: other nodes, the database, a page for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerState {
    /// Whose.
    pub tenant: String,
    /// `https://host`, with the port where it is not 443.
    pub origin: String,
    /// Failures in a row so far, while it is closed.
    pub failures: u32,
    /// How many times in a row it opened; 0 when it is closed.
    pub opened: u32,
    /// How long it stays open; zero when it waits for a probe, none when it is closed.
    pub open_for: Option<Duration>,
    /// The last failure, for the operator; without secrets.
    pub last_error: String,
}

/// One circuit; every moment is a parameter.
#[derive(Debug, Default)]
struct Circuit {
    /// Of late and in a row; empty unless it is closed.
    failures: VecDeque<Instant>,
    /// 0 when it is closed.
    opened: u32,
    /// Open until, by what this process saw.
    own: Option<Instant>,
    /// Open until, by what others said.
    told: Option<Instant>,
    /// The request that may find out.
    probe: Option<u64>,
    last_error: String,
}

impl Circuit {
    /// How long a request has to stay away; none when it may go.
    fn refusal(&self, now: Instant) -> Option<Duration> {
        if self.opened == 0 {
            return None;
        }
        let left = self.left(now);
        if left.is_zero() { self.probe.map(|_| WHILE_PROBED) } else { Some(left) }
    }

    /// Lets a request go: as the probe, where there has to be one.
    fn admit(&mut self, now: Instant, number: u64) -> Result<Option<u64>, Duration> {
        if let Some(left) = self.refusal(now) {
            return Err(left);
        }
        if self.opened > 0 {
            self.probe = Some(number);
        }
        Ok(self.probe)
    }

    /// The host failed; whether that opened the circuit.
    fn failed(&mut self, now: Instant, probe: Option<u64>, error: &str) -> bool {
        if self.opened > 0 {
            if probe.is_none() || self.probe != probe {
                return false;
            }
        } else {
            self.failures.push_back(now);
            self.forget(now);
            if self.failures.len() < FAILURES {
                self.remember(error);
                return false;
            }
        }
        self.remember(error);
        self.failures.clear();
        self.probe = None;
        self.opened = self.opened.saturating_add(1).min(MANY_TIMES);
        self.own = Some(now + length(self.opened));
        true
    }

    /// The host answered; whether nothing is left to remember.
    fn answered(&self, probe: Option<u64>) -> bool {
        self.opened == 0 || (probe.is_some() && self.probe == probe)
    }

    /// A probe ended without a word.
    fn released(&mut self, probe: u64) {
        if self.probe == Some(probe) {
            self.probe = None;
        }
    }

    /// Others say that it is open.
    fn told_open(&mut self, now: Instant, state: &BreakerState) {
        self.failures.clear();
        self.opened = self.opened.max(state.opened.clamp(1, MANY_TIMES));
        self.told = Some(now + state.open_for.unwrap_or_default().min(LONGEST));
        if self.last_error.is_empty() {
            self.remember(&state.last_error);
        }
    }

    /// Others say that it is closed; whether nothing is left to remember.
    fn told_closed(&mut self, now: Instant) -> bool {
        self.told = None;
        self.opened > 0 && self.probe.is_none() && self.own.is_none_or(|until| until <= now)
    }

    fn left(&self, now: Instant) -> Duration {
        self.own.max(self.told).map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    fn forget(&mut self, now: Instant) {
        while self.failures.front().is_some_and(|&first| now.saturating_duration_since(first) > WITHIN) {
            self.failures.pop_front();
        }
    }

    fn remember(&mut self, error: &str) {
        self.last_error = error.chars().take(ERROR).collect();
    }
}

fn length(opened: u32) -> Duration {
    FIRST.saturating_mul(1 << opened.saturating_sub(1).min(MANY_TIMES)).min(LONGEST)
}

#[cfg(test)]
mod tests;
