//! How slow an upload may be. A client that sends a byte now and then would never stand still for long enough to be sent
//! away, and would hold its place for days; so it has to keep a pace on the whole. Only waiting for the client counts,
//! not what the host does with what came.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, timeout};

/// What every upload may wait, however little came.
const GRACE: Duration = Duration::from_secs(60);
/// Bytes of a second behind that: 50 MiB may take 54 minutes.
const SLOWEST: u64 = 16 * 1024;

/// How much of its time an upload has used.
#[derive(Debug, Default)]
pub(super) struct Pace {
    came: u64,
    waited: Duration,
}

impl Pace {
    /// Waits for what comes next; none when it comes too slowly.
    pub(super) async fn next<T>(&mut self, piece: impl Future<Output = T>) -> Option<T> {
        let began = Instant::now();
        let allowed = GRACE + Duration::from_secs(self.came / SLOWEST);
        let came = timeout(allowed.saturating_sub(self.waited), piece).await;
        self.waited += began.elapsed();
        came.ok()
    }

    /// So many bytes came.
    pub(super) fn came(&mut self, bytes: usize) {
        self.came = self.came.saturating_add(bytes as u64);
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    /// The client says nothing for so long.
    async fn silent(seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_a_byte_now_and_then_is_sent_away_after_a_minute() {
        let mut pace = Pace::default();
        for _ in 0..6 {
            assert!(pace.next(silent(9)).await.is_some());
            pace.came(1);
        }
        assert_eq!(pace.next(pending::<()>()).await, None);
        assert_eq!(pace.waited, Duration::from_secs(60));
    }

    #[tokio::test(start_paused = true)]
    async fn who_keeps_the_pace_may_take_an_hour_and_what_the_host_takes_is_not_counted() {
        let mut pace = Pace::default();
        for _ in 0..3_200 {
            assert!(pace.next(silent(1)).await.is_some());
            pace.came(16 * 1024);
            // The database is slow.
            silent(10).await;
            assert_eq!(pace.next(ready(1)).await, Some(1));
        }
        assert_eq!(pace.waited, Duration::from_secs(3_200));
    }
}
