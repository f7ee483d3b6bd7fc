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
mod tests {
    use patchbay_model::manifest::Host;

    use super::*;

    fn grant(rate: Rate) -> Grant {
        Grant {
            connector: "a.b".to_owned(),
            connection: Some("con_1".to_owned()),
            rates: vec![rate],
            ..Grant::default()
        }
    }

    fn at(host: &str) -> Origin {
        Origin::parse(&format!("https://{host}.example.net")).expect("an origin")
    }

    fn used_up(until_seconds: u64) -> HeaderMap {
        HeaderMap::from_iter([
            (http::HeaderName::from_static("x-left"), http::HeaderValue::from_static("0")),
            (http::HeaderName::from_static("x-reset"), http::HeaderValue::from(until_seconds)),
        ])
    }

    fn counted() -> Rate {
        Rate { remaining_header: Some("x-left".to_owned()), reset_header: Some("x-reset".to_owned()), ..rate() }
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
            rates.lane(&grant, &at("o"), "/").turn(far).await.expect("a turn");
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
        let lane = rates.lane(&grant, &at("o"), "/");
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
        let grant = grant(counted());
        rates.lane(&grant, &at("o"), "/").learn(&used_up(1_040), Timestamp::from_millis(1_000_000));
        let soon = Instant::now() + Duration::from_secs(10);
        assert_eq!(rates.lane(&grant, &at("o"), "/").turn(soon).await.err(), Some(Duration::from_secs(40)));
        let other = Grant { connection: Some("con_2".to_owned()), ..grant };
        let lane = rates.lane(&other, &at("o"), "/");
        assert!(lane.turn(soon).await.is_ok());
        lane.pause(Duration::from_secs(100_000_000));
        assert_eq!(rates.lane(&other, &at("o"), "/").turn(soon).await.err(), Some(LONGEST_PAUSE));
        assert!(rates.lane(&other, &at("another"), "/").turn(soon).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn what_one_connection_is_told_never_stops_another() {
        for scope in [RateScope::Connector, RateScope::Connection, RateScope::Account] {
            let rates = Rates::default();
            let one = grant(Rate { scope, ..counted() });
            let soon = Instant::now() + Duration::from_secs(10);
            rates.lane(&one, &at("o"), "/").learn(&used_up(1_040), Timestamp::from_millis(1_000_000));
            let left = rates.lane(&one, &at("o"), "/").turn(soon).await.err();
            assert_eq!(left, Some(Duration::from_secs(40)), "{scope:?}: the one that was told waits");
            for other in [
                Grant { connection: Some("con_2".to_owned()), ..one.clone() },
                Grant { tenant: "another".to_owned(), ..one.clone() },
            ] {
                assert!(rates.lane(&other, &at("o"), "/").turn(soon).await.is_ok(), "{scope:?}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn counters_hold_a_connection_for_a_quarter_of_an_hour_at_most() {
        for scope in [RateScope::Connector, RateScope::Connection] {
            for far in [1_000 + 901, 1_000_000_000, u64::MAX] {
                let (rates, grant) = (Rates::default(), grant(Rate { scope, ..counted() }));
                let lane = rates.lane(&grant, &at("o"), "/");
                lane.learn(&used_up(far), Timestamp::from_millis(1_000_000));
                let left = lane.turn(Instant::now() + Duration::from_secs(10)).await.err();
                let expected = i64::try_from(far).ok().map(|_| Duration::from_secs(900));
                assert_eq!(left, expected, "{scope:?} until {far}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_a_person_entered_has_its_own_line_under_a_connectors_rate() {
        let rate = || Rate { scope: RateScope::Connector, per_minute: Some(1), concurrency: Some(1), ..rate() };
        let host = |origin: &str| Host {
            origin: origin.to_owned(),
            ports: Vec::new(),
            paths: vec!["/".to_owned()],
            methods: vec!["GET".to_owned()],
            slots: Vec::new(),
            reason: String::new(),
        };
        let soon = Instant::now() + Duration::from_secs(10);
        let of = |shop: &str, hosts: Vec<Host>| Grant {
            tenant: shop.to_owned(),
            hosts,
            placeholders: BTreeMap::from([("shop".to_owned(), shop.to_owned())]),
            ..grant(rate())
        };
        let rates = Rates::default();
        let entered = |shop| of(shop, vec![host("https://{shop}.example.net")]);
        let _held = rates.lane(&entered("slow"), &at("slow"), "/").turn(soon).await.expect("a turn");
        assert!(rates.lane(&entered("other"), &at("other"), "/").turn(soon).await.is_ok());
        assert!(rates.lane(&entered("slow"), &at("slow"), "/").turn(soon).await.is_err());

        let rates = Rates::default();
        let named = |shop| of(shop, vec![host("https://api.example.net"), host("https://{shop}.example.net")]);
        assert!(rates.lane(&named("one"), &at("api"), "/").turn(soon).await.is_ok());
        let left = rates.lane(&named("two"), &at("api"), "/").turn(soon).await.err();
        assert_eq!(left, Some(Duration::from_secs(60)), "a host that the manifest names is shared");
        // Nobody steps out of the line by entering the name that the manifest has.
        assert!(rates.lane(&named("api"), &at("api"), "/").turn(soon).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_go_at_the_same_time() {
        let rates = Rates::default();
        let grant = grant(Rate { concurrency: Some(2), path: Some("/slow".to_owned()), ..rate() });
        let soon = Instant::now() + Duration::from_secs(1);
        let lane = rates.lane(&grant, &at("o"), "/slow/x");
        let (one, _two) = (lane.turn(soon).await.ok(), lane.turn(soon).await.ok());
        assert!(lane.turn(soon).await.is_err());
        assert!(rates.lane(&grant, &at("o"), "/fast").turn(soon).await.is_ok());
        drop(one);
        assert!(lane.turn(Instant::now() + Duration::from_secs(1)).await.is_ok());
    }
}
