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

use crate::{Grant, scope::covers};

/// A provider that asks for more is taken at this.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3_600);
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
    limiters: Vec<(String, Arc<Limiter>, Rate)>,
    /// Held while a place is found and taken in all lines, so that no two requests find the same.
    turnstile: Arc<Mutex<()>>,
    /// Told by the provider for this connection, whatever the manifest says about rates.
    pause: Arc<Limiter>,
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
    pub(crate) fn lane(&self, grant: &Grant, origin: &str, path: &str) -> Lane {
        let covered = |rate: &&Rate| rate.path.as_ref().is_none_or(|prefix| covers(prefix, &grant.placeholders, path));
        let mut all = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() > MANY {
            all.retain(|_, limiter| Arc::strong_count(limiter) > 1 || limiter.is_paused());
        }
        let mut limiters = Vec::new();
        for rate in grant.rates.iter().filter(covered) {
            // Another limit in a newer release is another limiter.
            let key = format!("{} {rate:?} {:?}", sharer(grant, rate.scope), filled(rate, &grant.placeholders));
            let limiter = all.entry(key.clone()).or_insert_with(|| Arc::new(Limiter::of(rate)));
            let limiter = Arc::clone(limiter);
            limiters.push((key, limiter, rate.clone()));
        }
        limiters.sort_by(|(one, ..), (other, ..)| one.cmp(other));
        limiters.dedup_by(|(one, ..), (other, ..)| one == other);
        let key = format!("{} paused at {origin}", sharer(grant, RateScope::Connection));
        let pause = Arc::clone(all.entry(key).or_insert_with(|| Arc::new(Limiter::free())));
        Lane { limiters, turnstile: Arc::clone(&self.turnstile), pause }
    }
}

impl Lane {
    /// Waits for a turn; gives up at once, with the time it would take, when that passes `deadline`.
    pub(crate) async fn turn(&self, deadline: Instant) -> Result<Turn, Duration> {
        let mut permits = Vec::new();
        for (_, limiter, _) in &self.limiters {
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
        for (_, limiter, _) in &self.limiters {
            start = start.max(limiter.line().next(start));
        }
        if start > deadline {
            return Err(start.duration_since(now));
        }
        for (_, limiter, _) in &self.limiters {
            limiter.line().take(start);
        }
        Ok(start)
    }

    /// The provider asked to be left alone for so long.
    pub(crate) fn pause(&self, length: Duration) {
        self.pause.pause(length);
    }

    /// Reads the headers that say how many requests are left and until when.
    pub(crate) fn learn(&self, headers: &HeaderMap, now: Timestamp) {
        for (_, limiter, rate) in &self.limiters {
            let number = |name: &Option<String>| {
                let value = headers.get(name.as_deref()?)?;
                value.to_str().ok()?.trim().parse::<u64>().ok()
            };
            if number(&rate.remaining_header) == Some(0)
                && let Some(reset) = number(&rate.reset_header).and_then(|seconds| i64::try_from(seconds).ok())
            {
                limiter.pause(Timestamp::from_millis(reset.saturating_mul(1_000)).since(now));
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
mod tests {
    use super::*;

    fn grant(rate: Rate) -> Grant {
        Grant {
            connector: "a.b".to_owned(),
            connection: Some("con_1".to_owned()),
            rates: vec![rate],
            ..Grant::default()
        }
    }

    fn rate() -> Rate {
        Rate {
            scope: RateScope::Connection,
            path: None,
            per_second: None,
            per_minute: None,
            concurrency: None,
            remaining_header: None,
            reset_header: None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_stretch_of_a_minute_holds_more_than_the_limit() {
        let rates = Rates::default();
        let grant = grant(Rate { per_minute: Some(5), per_second: Some(2), ..rate() });
        let far = Instant::now() + Duration::from_secs(3_600);
        let mut gone = Vec::new();
        for _ in 0..23 {
            rates.lane(&grant, "o", "/").turn(far).await.expect("a turn");
            gone.push(Instant::now());
        }
        for (many, length) in [(5, 60), (2, 1)] {
            for stretch in gone.windows(many + 1) {
                assert!(stretch[many] - stretch[0] >= Duration::from_secs(length), "{many} in {length} s");
            }
        }
        assert!(gone[22] - gone[0] <= Duration::from_secs(4 * 60 + 5), "and not slower than that");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_beyond_the_deadline_is_told_and_takes_no_place_in_line() {
        let rates = Rates::default();
        let grant = grant(Rate { per_minute: Some(1), ..rate() });
        let lane = rates.lane(&grant, "o", "/");
        let soon = Instant::now() + Duration::from_secs(10);
        assert!(lane.turn(soon).await.is_ok());
        for _ in 0..5 {
            assert_eq!(lane.turn(soon).await.err(), Some(Duration::from_secs(60)));
        }
        assert!(lane.turn(Instant::now() + Duration::from_secs(60)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_provider_says_holds_for_all_of_the_connection() {
        let rates = Rates::default();
        let reset =
            Rate { remaining_header: Some("x-left".to_owned()), reset_header: Some("x-reset".to_owned()), ..rate() };
        let grant = grant(reset);
        let headers = HeaderMap::from_iter([
            (http::HeaderName::from_static("x-left"), http::HeaderValue::from_static("0")),
            (http::HeaderName::from_static("x-reset"), http::HeaderValue::from_static("1040")),
        ]);
        rates.lane(&grant, "o", "/").learn(&headers, Timestamp::from_millis(1_000_000));
        let soon = Instant::now() + Duration::from_secs(10);
        assert_eq!(rates.lane(&grant, "o", "/").turn(soon).await.err(), Some(Duration::from_secs(40)));
        let other = Grant { connection: Some("con_2".to_owned()), ..grant };
        let lane = rates.lane(&other, "o", "/");
        assert!(lane.turn(soon).await.is_ok());
        lane.pause(Duration::from_secs(100_000_000));
        assert_eq!(rates.lane(&other, "o", "/").turn(soon).await.err(), Some(LONGEST_PAUSE));
        assert!(rates.lane(&other, "another", "/").turn(soon).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_go_at_the_same_time() {
        let rates = Rates::default();
        let grant = grant(Rate { concurrency: Some(2), path: Some("/slow".to_owned()), ..rate() });
        let soon = Instant::now() + Duration::from_secs(1);
        let lane = rates.lane(&grant, "o", "/slow/x");
        let (one, _two) = (lane.turn(soon).await.ok(), lane.turn(soon).await.ok());
        assert!(lane.turn(soon).await.is_err());
        assert!(rates.lane(&grant, "o", "/fast").turn(soon).await.is_ok());
        drop(one);
        assert!(lane.turn(Instant::now() + Duration::from_secs(1)).await.is_ok());
    }
}
