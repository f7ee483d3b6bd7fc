//! How fast a provider may be asked, shared by the whole process.
//!
//! A window remembers when its last requests went, so no stretch of a second or a minute ever holds
//! more than the manifest says; a bucket that refills would let twice as many through at its edge.
//! A request takes its place in line at once, so those who wait go in the order they came. Only a pause
//! that a provider asked for is waited out first: nobody who has to stay away anyway holds a place, or
//! a share of the concurrency, that others could use meanwhile.

mod counters;
mod line;
mod pauses;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::HeaderMap;
use patchbay_model::{
    Timestamp,
    manifest::{Rate, RateScope},
};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep_until},
};

pub(crate) use pauses::Pauses;

use line::Limiter;
use pauses::Paused;

use crate::{
    Grant,
    retry::SHORT_WAIT,
    scope::{self, covers},
    target::Origin,
};

/// A provider that asks for more in `Retry-After` is taken at this.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3_600);
/// A provider whose counters say more is taken at this: unlike `Retry-After` they come with every
/// answer, and the next one may say something else.
const LONGEST_RESET: Duration = Duration::from_secs(15 * 60);
/// Limiters before those that nobody uses are forgotten.
const MANY: usize = 10_000;

/// Every limiter of the process.
#[derive(Default)]
pub(crate) struct Rates {
    limiters: Mutex<Limiters>,
    turnstile: Arc<Mutex<()>>,
    pauses: Pauses,
}

#[derive(Default)]
struct Limiters {
    all: HashMap<String, Arc<Limiter>>,
    /// How many were left when they were looked through last.
    left: usize,
}

/// What one request counts against.
pub(crate) struct Lane {
    /// In the order of their keys, so that no two requests wait for each other's concurrency.
    limiters: Vec<Shared>,
    /// Held while a place is found and taken in all lines, so that no two requests find the same.
    turnstile: Arc<Mutex<()>>,
    /// Told by the provider for this connection, whatever the manifest says about rates.
    paused: Arc<Paused>,
    origin: Origin,
}

/// A rate of the manifest.
struct Shared {
    key: String,
    limiter: Arc<Limiter>,
    /// Holds the pauses that the provider's counters ask for where they are not those of the whole
    /// connection. Never shared by several connections: one answer must not stop the others.
    told: Arc<Limiter>,
    rate: Rate,
}

/// The right to send one request now.
pub(crate) struct Turn {
    _permits: Vec<OwnedSemaphorePermit>,
}

impl Rates {
    /// The limiters that a request of this grant to this path shares with others.
    pub(crate) fn lane(&self, grant: &Grant, origin: &Origin, path: &str) -> Lane {
        let covered = |rate: &&Rate| rate.path.as_ref().is_none_or(|prefix| covers(prefix, &grant.placeholders, path));
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        if limiters.all.len() >= MANY.max(limiters.left.saturating_mul(2)) {
            let now = Instant::now();
            limiters.all.retain(|_, limiter| Arc::strong_count(limiter) > 1 || limiter.remembers(now));
            limiters.left = limiters.all.len();
        }
        let all = &mut limiters.all;
        let entered = scope::is_entered(grant, origin).then_some(origin);
        let mut shared: Vec<Shared> = Vec::new();
        for rate in grant.rates.iter().filter(covered) {
            // Another limit in a newer release is another limiter.
            let what = format!("{rate:?} {:?}", filled(rate, &grant.placeholders));
            let mut key = format!("{} {what}", sharer(grant, rate.scope));
            if let (RateScope::Connector, Some(origin)) = (rate.scope, entered) {
                key = format!("{key} at {origin}");
            }
            let limiter = Arc::clone(all.entry(key.clone()).or_insert_with(|| Arc::new(Limiter::of(rate))));
            let told = if rate.scope == RateScope::Connector {
                let key = format!("{} told of {what} at {origin}", sharer(grant, RateScope::Connection));
                Arc::clone(all.entry(key).or_insert_with(|| Arc::new(Limiter::free())))
            } else {
                Arc::clone(&limiter)
            };
            shared.push(Shared { key, limiter, told, rate: rate.clone() });
        }
        shared.sort_by(|one, other| one.key.cmp(&other.key));
        shared.dedup_by(|one, other| one.key == other.key);
        let paused = self.pauses.of(grant);
        Lane { limiters: shared, turnstile: Arc::clone(&self.turnstile), paused, origin: origin.clone() }
    }

    pub(crate) fn pauses(&self) -> &Pauses {
        &self.pauses
    }
}

impl Lane {
    /// Waits for a turn; gives up at once, with the time it would take, when that passes `deadline`.
    pub(crate) async fn turn(&self, deadline: Instant) -> Result<Turn, Duration> {
        loop {
            let now = Instant::now();
            if let Some(until) = self.paused(now) {
                // Nobody comes before those who wait in line, pause or not.
                let start = self.next(until);
                // The queue begins nothing for a connection that waits; of what waits alone it knows nothing, so such a
                // run would sit here. A counter that runs out is another matter: a page may need more than one window.
                let long = self.alone_until(now).is_some_and(|until| until > now + SHORT_WAIT);
                if start > deadline || long {
                    return Err(start.duration_since(now));
                }
                sleep_until(until).await;
                continue;
            }
            let mut permits = Vec::new();
            for Shared { limiter, .. } in &self.limiters {
                if let Some(together) = &limiter.together {
                    let permit = tokio::time::timeout_at(deadline, Arc::clone(together).acquire_owned()).await;
                    permits.push(permit.ok().and_then(Result::ok).ok_or(Duration::ZERO)?);
                }
            }
            let now = Instant::now();
            if self.paused(now).is_some() {
                continue;
            }
            let start = self.place(now, deadline)?;
            if start > now {
                sleep_until(start).await;
            }
            // Somebody may have been told meanwhile.
            if self.paused(Instant::now()).is_none() {
                return Ok(Turn { _permits: permits });
            }
        }
    }

    /// Until when the provider wants to be left alone, if it does.
    fn paused(&self, now: Instant) -> Option<Instant> {
        let told = self.limiters.iter().filter_map(|shared| shared.told.line().paused);
        told.chain(self.paused.at(&self.origin)).max().filter(|until| *until > now)
    }

    /// The first moment from `from` on at which all lines have a place.
    fn next(&self, from: Instant) -> Instant {
        self.limiters.iter().fold(from, |start, shared| start.max(shared.limiter.line().next(start)))
    }

    fn place(&self, now: Instant, deadline: Instant) -> Result<Instant, Duration> {
        let _alone = self.turnstile.lock().unwrap_or_else(PoisonError::into_inner);
        let start = self.next(now);
        if start > deadline {
            return Err(start.duration_since(now));
        }
        for Shared { limiter, .. } in &self.limiters {
            limiter.line().take(start);
        }
        Ok(start)
    }

    /// Too many requests: the provider asked to be left alone for so long, by those who share a rate that waits alone,
    /// else by the whole connection.
    pub(crate) fn throttle(&self, length: Duration) {
        let mut held = false;
        for Shared { told, .. } in self.alone() {
            told.throttle(length);
            held = true;
        }
        if !held {
            self.pause(length);
        }
    }

    /// Whether what is held back now is no more than what shares a rate that waits alone.
    pub(crate) fn waits_alone(&self, now: Instant) -> bool {
        self.alone_until(now).is_some_and(|alone| self.paused.at(&self.origin).is_none_or(|until| until < alone))
    }

    fn alone_until(&self, now: Instant) -> Option<Instant> {
        self.alone().filter_map(|shared| shared.told.line().throttled).max().filter(|until| *until > now)
    }

    fn alone(&self) -> impl Iterator<Item = &Shared> {
        self.limiters.iter().filter(|shared| shared.rate.alone)
    }

    /// The provider asked to be left alone for so long: by this connection, at this origin.
    pub(crate) fn pause(&self, length: Duration) {
        self.paused.pause(&self.origin, length);
    }

    /// Reads the headers that say how many requests are left and until when. What they count belongs to
    /// the connection that was told, whatever the rate's scope is, and at most to one account or some
    /// paths of it; for at most a quarter of an hour.
    pub(crate) fn learn(&self, headers: &HeaderMap, now: Timestamp) {
        for Shared { told, rate, .. } in &self.limiters {
            let Some(length) = counters::used_up(headers, rate, now) else { continue };
            let length = length.min(LONGEST_RESET);
            if rate.path.is_none() && rate.scope != RateScope::Account {
                self.pause(length);
            } else {
                told.pause(length);
            }
        }
    }
}

/// Who counts together.
fn sharer(grant: &Grant, scope: RateScope) -> String {
    let connection = grant.connection.as_deref().unwrap_or_default();
    match scope {
        RateScope::Connector => format!("{:?}", [&grant.connector]),
        RateScope::Connection => format!("{:?}", [&grant.connector, &grant.tenant, connection]),
        RateScope::Account => {
            let account = grant.account.as_deref().unwrap_or_default();
            format!("{:?}", [&grant.connector, &grant.tenant, connection, account])
        }
    }
}

fn filled(rate: &Rate, placeholders: &BTreeMap<String, String>) -> Option<String> {
    crate::template::fill(rate.path.as_deref()?, |name| placeholders.get(name).cloned()).ok()
}

#[cfg(test)]
mod tests;
