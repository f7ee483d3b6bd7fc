//! The time by which leases are judged: on PostgreSQL the server's, because several nodes share them.
//!
//! Each transaction begins with the server's time and tells it here; between two of them the difference to this
//! machine's clock is taken to stand still. So a node whose clock is an hour off neither steals a lease nor keeps one.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use patchbay_model::{Clock, Timestamp};

/// This machine's clock, corrected by what the database said last.
pub(crate) struct DatabaseClock {
    here: Arc<dyn Clock>,
    /// Microseconds by which the database is ahead.
    ahead: AtomicI64,
}

impl DatabaseClock {
    pub(crate) fn over(here: Arc<dyn Clock>) -> Self {
        Self { here, ahead: AtomicI64::new(0) }
    }

    /// What the database's clock shows at this moment, microseconds.
    pub(crate) fn told(&self, there: i64) {
        self.ahead.store(there.saturating_sub(self.here.now().as_micros()), Ordering::Relaxed);
    }
}

impl Clock for DatabaseClock {
    fn now(&self) -> Timestamp {
        let here = self.here.now().as_micros();
        Timestamp::from_micros(here.saturating_add(self.ahead.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use patchbay_model::ManualClock;

    use super::*;

    #[test]
    fn a_machine_whose_clock_is_wrong_goes_by_the_database() {
        let here = Arc::new(ManualClock::at(Timestamp::from_millis(1_000)));
        let clock = DatabaseClock::over(here.clone());
        clock.told(3_600_000_000);
        assert_eq!(clock.now(), Timestamp::from_millis(3_600_000));
        here.advance(Duration::from_secs(1));
        assert_eq!(clock.now(), Timestamp::from_millis(3_601_000));
        clock.told(10);
        assert_eq!(clock.now(), Timestamp::from_micros(10));
    }
}
