//! Time, CPU time and memory of this process, and what is said of several measurements.

use std::time::{Duration, Instant, SystemTime};

use patchbay_model::{Clock, Timestamp};
use rustix::time::{ClockId, clock_gettime};

/// What something took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spent {
    pub(crate) wall: Duration,
    /// User and system time of all threads of this process.
    pub(crate) cpu: Duration,
}

/// A measurement under way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meter {
    begun: Instant,
    cpu: Duration,
}

impl Meter {
    pub(crate) fn start() -> Self {
        Self { cpu: cpu(), begun: Instant::now() }
    }

    pub(crate) fn stop(self) -> Spent {
        Spent { wall: self.begun.elapsed(), cpu: cpu().saturating_sub(self.cpu) }
    }
}

/// CPU time of this process so far, its children not counted.
pub(crate) fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Resident memory of this process, KiB (`VmRSS`).
pub(crate) fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// A clock that nobody sets while we measure: the time of the start and what went by since. The store's own marks
/// (when a run began and ended) are measurements by it.
pub(crate) struct Steady {
    start: Timestamp,
    begun: Instant,
}

impl Steady {
    pub(crate) fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one look at the clock of a program that measures")]
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { start: Timestamp::default().plus(now), begun: Instant::now() }
    }
}

impl Clock for Steady {
    fn now(&self) -> Timestamp {
        self.start.plus(self.begun.elapsed())
    }
}

/// Several measurements of one thing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures(Vec<f64>);

impl Figures {
    pub(crate) fn add(&mut self, figure: f64) {
        let place = self.0.partition_point(|other| *other < figure);
        self.0.insert(place, figure);
    }

    pub(crate) fn join(&mut self, more: &Self) {
        more.0.iter().for_each(|figure| self.add(*figure));
    }

    pub(crate) fn median(&self) -> f64 {
        let (half, count) = (self.0.len() / 2, self.0.len());
        let upper = self.0.get(half).copied().unwrap_or(f64::NAN);
        let lower = if count.is_multiple_of(2) { self.0.get(half.wrapping_sub(1)).copied() } else { None };
        lower.map_or(upper, |lower| f64::midpoint(lower, upper))
    }

    pub(crate) fn min(&self) -> f64 {
        self.0.first().copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn max(&self) -> f64 {
        self.0.last().copied().unwrap_or(f64::NAN)
    }

    /// How far apart the extremes lie, in percent of the median.
    pub(crate) fn spread(&self) -> f64 {
        (self.max() - self.min()) / self.median() * 100.0
    }

    /// Below it lie this many of a hundred.
    pub(crate) fn percentile(&self, of_hundred: usize) -> f64 {
        let at = self.0.len().saturating_mul(of_hundred) / 100;
        self.0.get(at).or(self.0.last()).copied().unwrap_or(f64::NAN)
    }
}

/// A count as a number to calculate with.
pub(crate) fn number(count: u64) -> f64 {
    // Exact far beyond anything that is counted here.
    f64::from(u32::try_from(count / 1_000).unwrap_or(u32::MAX)) * 1_000.0
        + f64::from(u32::try_from(count % 1_000).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_figures_have_a_median_and_a_spread() {
        let mut figures = Figures::default();
        for figure in [3.0, 1.0, 2.0] {
            figures.add(figure);
        }
        assert!((figures.median() - 2.0).abs() < 1e-9 && (figures.spread() - 100.0).abs() < 1e-9);
        figures.add(4.0);
        assert!((figures.median() - 2.5).abs() < 1e-9);
        assert!((figures.percentile(99) - 4.0).abs() < 1e-9 && (figures.min() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn work_costs_cpu_time_and_waiting_does_not() {
        let meter = Meter::start();
        let mut sum = 0_u64;
        while cpu() < meter.cpu + Duration::from_millis(5) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(meter.stop().cpu >= Duration::from_millis(5));
        assert!(resident() > 0);
        assert!((number(1_234_567) - 1_234_567.0).abs() < 1e-9);
    }
}
