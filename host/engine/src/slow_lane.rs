//! How calls that compute for long leave room to everybody else.
//!
//! A guest gives way at each epoch, but so many guests as there are workers, each with its turn of milliseconds, would leave
//! the others late by one at every step they take. A call that has computed for [`LONG`] is therefore a **slow** one, and
//!
//! - goes on only with a place in this lane, which has one place fewer than there are workers, and gives it back whenever
//!   it waits;
//! - **pauses** after each slice, twice as long as that was, while it would be felt: where slow calls are more than a
//!   quarter of the workers, and a call that was not slow ended within the last second. A loop beside an office on two processors
//!   made every step of the office slower, whoever had which worker, because processors share more than their queue; with the
//!   pauses it cannot be told from a page that ends well (decision 20261124-a). Alone, or among more processors, nothing is lost.
//!
//! A slow call also **hands the sockets over** ([`hand_over`]): otherwise nobody looks at them during its next slice.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

/// Computing in one call that nobody has to be protected from. A page of a Rust connector takes a fraction of it.
pub(crate) const LONG: Duration = Duration::from_millis(20);
/// How long after its end a call that was not slow counts as somebody who is there.
const PRESENT: Duration = Duration::from_secs(1);
/// So many times as long as it has computed a slow call pauses.
const PAUSE: u32 = 2;
/// Slow calls pause where they are more than one of so many workers.
const SHARE: usize = 4;

/// The lane of one engine.
#[derive(Clone)]
pub(crate) struct SlowLane(Arc<Lane>);

struct Lane {
    workers: usize,
    places: Arc<Semaphore>,
    slow: AtomicUsize,
    /// When a call that was not slow ended last.
    quick: Mutex<Option<Instant>>,
}

/// A place in the lane, until it is dropped.
pub(crate) type Place = OwnedSemaphorePermit;

/// A call is a slow one, until this is dropped.
pub(crate) struct Slow(Arc<Lane>);

impl Drop for Slow {
    fn drop(&mut self) {
        self.0.slow.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for SlowLane {
    /// Of somebody who has nobody beside him: calls give way, and do not pause.
    fn default() -> Self {
        Self::with(1, usize::MAX)
    }
}

impl SlowLane {
    /// Of a host with so many workers: one place fewer, and one at least.
    pub(crate) fn of(workers: usize) -> Self {
        Self::with(workers.saturating_sub(1).max(1), workers)
    }

    fn with(places: usize, workers: usize) -> Self {
        let places = Arc::new(Semaphore::new(places));
        Self(Arc::new(Lane { workers, places, slow: AtomicUsize::new(0), quick: Mutex::default() }))
    }

    /// Whether a call that has computed so much is a slow one.
    pub(crate) fn slow(&self, computed: Duration) -> Option<Slow> {
        (computed > LONG).then(|| {
            self.0.slow.fetch_add(1, Ordering::Relaxed);
            Slow(Arc::clone(&self.0))
        })
    }

    /// A call that was not slow has ended.
    pub(crate) fn ended_quickly(&self) {
        *self.0.quick.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Gives way to the timers, sockets and tasks that wait; a slow call, which has just computed for `slice`, until it is its
    /// turn.
    pub(crate) async fn turn(&self, slice: Option<Duration>) -> Option<Place> {
        // tokio's own yield, which lets timers and sockets be served before the guest goes on.
        tokio::task::yield_now().await;
        let mut place = None;
        if let Some(slice) = slice {
            if self.is_felt() {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "a pause of milliseconds, as long as what was computed says"
                )]
                tokio::time::sleep(slice * PAUSE).await;
            }
            // The places are never closed.
            place = Arc::clone(&self.0.places).acquire_owned().await.ok();
            hand_over().await;
        }
        place
    }

    /// Whether somebody is there who would notice the slow calls, and those are enough to be noticed.
    fn is_felt(&self) -> bool {
        let quick = *self.0.quick.lock().unwrap_or_else(PoisonError::into_inner);
        let present = quick.is_some_and(|ended| ended.elapsed() <= PRESENT);
        present && self.0.slow.load(Ordering::Relaxed).saturating_mul(SHARE) > self.0.workers
    }
}

/// Lets another worker look at sockets and timers, once this one computes.
///
/// One worker waits for them, for all. Where that is the one that goes on with the guest, as after each pause, those that sleep
/// are told only by new tasks, so an answer that arrives meanwhile is found by nobody until the guest gives way again. A task that wakes
/// itself is put at the end of the queue, and somebody who sleeps is woken for it.
async fn hand_over() {
    let mut woken = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut woken, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
impl SlowLane {
    pub(crate) fn free(&self) -> usize {
        self.0.places.available_permits()
    }

    pub(crate) fn slow_calls(&self) -> usize {
        self.0.slow.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_slow_call_is_felt_where_somebody_is_there_and_workers_are_few() {
        let felt = |workers: usize, slow: usize| {
            let lane = SlowLane::of(workers);
            let calls: Vec<_> = (0..slow).filter_map(|_| lane.slow(LONG * 2)).collect();
            assert!(!lane.is_felt(), "nobody is there");
            lane.ended_quickly();
            let felt = lane.is_felt();
            drop(calls);
            assert!(!lane.is_felt(), "nobody is slow any more");
            felt
        };
        assert_eq!(
            [felt(1, 1), felt(2, 1), felt(3, 1), felt(4, 1), felt(4, 2), felt(16, 4), felt(16, 5)],
            [true, true, true, false, true, false, true]
        );
        assert!(SlowLane::of(2).slow(LONG).is_none(), "who computes no longer than that is not slow");
    }

    /// Fails where a worker that computes keeps what waits for sockets and timers to itself.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_timer_of_others_is_served_while_a_guest_computes() {
        let lane = SlowLane::of(2);
        let (tell, told) = std::sync::mpsc::channel();
        let other = tokio::spawn(async move {
            #[expect(clippy::disallowed_methods, reason = "the timer that has to be served")]
            tokio::time::sleep(Duration::from_millis(30)).await;
            tell.send(()).ok();
        });
        let guest = tokio::spawn(async move {
            // From a timer, as from a provider's answer: this worker is the one that waited for both.
            #[expect(clippy::disallowed_methods, reason = "what wakes a guest on that worker")]
            tokio::time::sleep(Duration::from_millis(5)).await;
            lane.ended_quickly();
            let _slow = lane.slow(LONG * 2);
            let _place = lane.turn(Some(Duration::from_millis(2))).await;
            // A slice without an end, but for the other's deed.
            told.recv_timeout(Duration::from_secs(20)).is_ok()
        });
        assert!(guest.await.unwrap_or_default(), "the other's timer was served meanwhile");
        other.await.unwrap_or_default();
    }
}
