//! How fast a provider may be asked, shared by the whole process.
//!
//! A window remembers when its last requests went, so no stretch of a second or a minute ever holds
//! more than the manifest says; a bucket that refills would let twice as many through at its edge.
//! A request takes its place in line at once, so those who wait go in the order they came.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::HeaderMap;
use patchbay_model::{
    Timestamp,
    manifest::{Rate, RateScope},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep_until},
};

use crate::{
    Grant,
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
    limiters: Mutex<HashMap<String, Arc<Limiter>>>,
    turnstile: Arc<Mutex<()>>,
}

/// What one request counts against.
pub(crate) struct Lane {
    /// In the order of their keys, so that no two requests wait for each other's concurrency.
    limiters: Vec<Shared>,
    /// Held while a place is found and taken in all lines, so that no two requests find the same.
    turnstile: Arc<Mutex<()>>,
    /// Told by the provider for this connection, whatever the manifest says about rates.
    pause: Arc<Limiter>,
}

/// A rate of the manifest.
struct Shared {
    key: String,
    limiter: Arc<Limiter>,
    /// Holds the pauses that the provider's counters ask for. Never shared by several connections: one
    /// answer must not stop the others.
    told: Arc<Limiter>,
    rate: Rate,
}

/// The right to send one request now.
pub(crate) struct Turn {
    _permits: Vec<OwnedSemaphorePermit>,
}

struct Limiter {
    line: Mutex<Line>,
    together: Option<Arc<Semaphore>>,
}

struct Line {
    second: Option<Window>,
    minute: Option<Window>,
    /// Nobody goes before; none when nobody was told to wait.
    paused: Option<Instant>,
}

struct Window {
    limit: usize,
    length: Duration,
    gone: VecDeque<Instant>,
}

impl Rates {
    /// The limiters that a request of this grant to this path shares with others.
    pub(crate) fn lane(&self, grant: &Grant, origin: &Origin, path: &str) -> Lane {
        let covered = |rate: &&Rate| rate.path.as_ref().is_none_or(|prefix| covers(prefix, &grant.placeholders, path));
        let mut all = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() > MANY {
            all.retain(|_, limiter| Arc::strong_count(limiter) > 1 || limiter.is_paused());
        }
        let entered = scope::is_entered(grant, origin).then_some(origin);
        let mut limiters: Vec<Shared> = Vec::new();
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
            limiters.push(Shared { key, limiter, told, rate: rate.clone() });
        }
        limiters.sort_by(|one, other| one.key.cmp(&other.key));
        limiters.dedup_by(|one, other| one.key == other.key);
        let key = format!("{} paused at {origin}", sharer(grant, RateScope::Connection));
        let pause = Arc::clone(all.entry(key).or_insert_with(|| Arc::new(Limiter::free())));
        Lane { limiters, turnstile: Arc::clone(&self.turnstile), pause }
    }
}

impl Lane {
    /// Waits for a turn; gives up at once, with the time it would take, when that passes `deadline`.
    pub(crate) async fn turn(&self, deadline: Instant) -> Result<Turn, Duration> {
        let mut permits = Vec::new();
        for Shared { limiter, .. } in &self.limiters {
            if let Some(together) = &limiter.together {
                let permit = tokio::time::timeout_at(deadline, Arc::clone(together).acquire_owned()).await;
                permits.push(permit.ok().and_then(Result::ok).ok_or(Duration::ZERO)?);
            }
        }
        let now = Instant::now();
        let start = self.place(now, deadline)?;
        if start > now {
            sleep_until(start).await;
        }
        Ok(Turn { _permits: permits })
    }

    fn place(&self, now: Instant, deadline: Instant) -> Result<Instant, Duration> {
        let _alone = self.turnstile.lock().unwrap_or_else(PoisonError::into_inner);
        let mut start = now.max(self.pause.line().paused.unwrap_or(now));
        for Shared { told, .. } in &self.limiters {
            start = start.max(told.line().paused.unwrap_or(start));
        }
        for Shared { limiter, .. } in &self.limiters {
            start = start.max(limiter.line().next(start));
        }
        if start > deadline {
            return Err(start.duration_since(now));
        }
        for Shared { limiter, .. } in &self.limiters {
            limiter.line().take(start);
        }
        Ok(start)
    }

    /// The provider asked to be left alone for so long: by this connection, at this origin.
    pub(crate) fn pause(&self, length: Duration) {
        self.pause.pause(length);
    }

    /// Reads the headers that say how many requests are left and until when. Whatever the rate's scope
    /// is, they hold for the connection that was told, for at most a quarter of an hour.
    pub(crate) fn learn(&self, headers: &HeaderMap, now: Timestamp) {
        for Shared { told, rate, .. } in &self.limiters {
            let number = |name: &Option<String>| {
                let value = headers.get(name.as_deref()?)?;
                value.to_str().ok()?.trim().parse::<u64>().ok()
            };
            if number(&rate.remaining_header) == Some(0)
                && let Some(reset) = number(&rate.reset_header).and_then(|seconds| i64::try_from(seconds).ok())
            {
                told.pause(Timestamp::from_millis(reset.saturating_mul(1_000)).since(now).min(LONGEST_RESET));
            }
        }
    }
}

impl Limiter {
    fn of(rate: &Rate) -> Self {
        let window = |limit: Option<u32>, length| {
            let limit = usize::try_from(limit?.max(1)).ok()?;
            Some(Window { limit, length, gone: VecDeque::new() })
        };
        let line = Line {
            second: window(rate.per_second, Duration::from_secs(1)),
            minute: window(rate.per_minute, Duration::from_secs(60)),
            paused: None,
        };
        let together = rate.concurrency.and_then(|many| usize::try_from(many.max(1)).ok());
        Self {
            line: Mutex::new(line),
            together: together.map(|many| Arc::new(Semaphore::new(many.min(Semaphore::MAX_PERMITS)))),
        }
    }

    fn free() -> Self {
        Self { line: Mutex::new(Line { second: None, minute: None, paused: None }), together: None }
    }

    fn line(&self) -> std::sync::MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pause(&self, length: Duration) {
        let until = Instant::now() + length.min(LONGEST_PAUSE);
        let mut line = self.line();
        line.paused = line.paused.max(Some(until));
    }

    fn is_paused(&self) -> bool {
        self.line().paused.is_some_and(|until| until > Instant::now())
    }
}

impl Line {
    /// The first moment from `from` on at which another request may go.
    fn next(&self, from: Instant) -> Instant {
        let windows = [&self.second, &self.minute].into_iter().flatten();
        windows.map(|window| window.next(from)).fold(from.max(self.paused.unwrap_or(from)), Instant::max)
    }

    fn take(&mut self, at: Instant) {
        for window in [&mut self.second, &mut self.minute].into_iter().flatten() {
            window.take(at);
        }
    }
}

impl Window {
    fn next(&self, from: Instant) -> Instant {
        let nth = self.gone.len().checked_sub(self.limit).and_then(|index| self.gone.get(index));
        nth.map_or(from, |gone| from.max(*gone + self.length))
    }

    fn take(&mut self, at: Instant) {
        self.gone.push_back(at);
        while self.gone.len() > self.limit {
            self.gone.pop_front();
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
