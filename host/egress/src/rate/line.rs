//! One limiter: what went of late, and who may go at the same time.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use patchbay_model::manifest::Rate;
use tokio::{sync::Semaphore, time::Instant};

use super::LONGEST_PAUSE;

pub(super) struct Limiter {
    line: Mutex<Line>,
    pub(super) together: Option<Arc<Semaphore>>,
}

pub(super) struct Line {
    second: Option<Window>,
    minute: Option<Window>,
    /// Nobody goes before; none when nobody was told to wait.
    pub(super) paused: Option<Instant>,
    /// As far as an answer said so, and not a counter that runs out.
    pub(super) throttled: Option<Instant>,
}

struct Window {
    limit: usize,
    length: Duration,
    gone: VecDeque<Instant>,
}

impl Limiter {
    pub(super) fn of(rate: &Rate) -> Self {
        let window = |limit: Option<u32>, length| {
            let limit = usize::try_from(limit?.max(1)).ok()?;
            Some(Window { limit, length, gone: VecDeque::new() })
        };
        let line = Line {
            second: window(rate.per_second, Duration::from_secs(1)),
            minute: window(rate.per_minute, Duration::from_secs(60)),
            paused: None,
            throttled: None,
        };
        let together = rate.concurrency.and_then(|many| usize::try_from(many.max(1)).ok());
        Self {
            line: Mutex::new(line),
            together: together.map(|many| Arc::new(Semaphore::new(many.min(Semaphore::MAX_PERMITS)))),
        }
    }

    pub(super) fn free() -> Self {
        Self { line: Mutex::new(Line { second: None, minute: None, paused: None, throttled: None }), together: None }
    }

    pub(super) fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn pause(&self, length: Duration) {
        let until = Instant::now() + length.min(LONGEST_PAUSE);
        let mut line = self.line();
        line.paused = line.paused.max(Some(until));
    }

    /// The same, because an answer refused a request and said until when.
    pub(super) fn throttle(&self, length: Duration) {
        self.pause(length);
        let mut line = self.line();
        line.throttled = line.throttled.max(line.paused);
    }

    /// Whether it would be missed: somebody waits, or its windows are not empty yet.
    pub(super) fn remembers(&self, now: Instant) -> bool {
        let line = self.line();
        let windows = [&line.second, &line.minute].into_iter().flatten();
        let gone = windows.filter_map(|window| Some(*window.gone.back()? + window.length));
        gone.chain(line.paused).any(|until| until > now)
    }
}

impl Line {
    /// The first moment from `from` on at which another request may go.
    pub(super) fn next(&self, from: Instant) -> Instant {
        let windows = [&self.second, &self.minute].into_iter().flatten();
        windows.map(|window| window.next(from)).fold(from, Instant::max)
    }

    pub(super) fn take(&mut self, at: Instant) {
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
