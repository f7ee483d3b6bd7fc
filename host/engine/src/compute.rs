//! How much a guest computes, and how those that compute for long leave room to everybody else.
//!
//! The time of a call is no measure of it: most of that is waiting for a provider. So the processor's own clock is read
//! around each piece of work that is done for the guest ([`Meter::during`]), and a call that used more than it may is ended
//! at the next epoch. What the host does on the guest's behalf counts: whoever has the host work, works.
//!
//! **Until then it must not be felt.** A guest gives way at each epoch, but so many guests as there are workers, each with
//! its ten milliseconds, would leave the others ten milliseconds late at every step they take. So a call that has computed
//! for [`LONG`] goes on only with a place in the slow lane, which has one place fewer than there are workers, and gives its
//! place back at each epoch. A page that is read and parsed takes a fraction of that.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rustix::time::{ClockId, clock_gettime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Computing in one call that nobody has to be protected from.
const LONG: Duration = Duration::from_millis(100);
/// What a call may compute where nobody says otherwise.
pub(crate) const STANDARD: Duration = Duration::from_secs(5);

/// The processor time of this thread, nanoseconds.
fn now() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or_default())
}

/// What one instance computes, call by call.
#[derive(Default)]
pub(crate) struct Meter {
    /// Nanoseconds of the present call until the piece of work that runs now.
    spent: AtomicU64,
    /// When that piece began, by the clock of the thread that does it.
    began: AtomicU64,
    /// Its place in the slow lane, while it has one.
    place: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Meter {
    /// A call begins.
    pub(crate) fn reset(&self) {
        self.spent.store(0, Ordering::Relaxed);
    }

    /// What the present call has computed, asked from within its work.
    pub(crate) fn so_far(&self) -> Duration {
        let running = now().saturating_sub(self.began.load(Ordering::Relaxed));
        Duration::from_nanos(self.spent.load(Ordering::Relaxed).saturating_add(running))
    }

    /// Does the work, piece by piece, and counts what each piece took. Whoever waits has no place in the slow lane.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        std::future::poll_fn(|context| {
            let began = now();
            self.began.store(began, Ordering::Relaxed);
            let done = work.as_mut().poll(context);
            self.spent.fetch_add(now().saturating_sub(began), Ordering::Relaxed);
            self.give_way();
            done
        })
        .await
    }

    fn give_way(&self) {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// The places for calls that compute for long.
#[derive(Clone)]
pub(crate) struct SlowLane(Arc<Semaphore>);

impl SlowLane {
    /// One place fewer than there are workers, and one at least.
    pub(crate) fn beside_others() -> Self {
        let workers = tokio::runtime::Handle::try_current().map(|runtime| runtime.metrics().num_workers());
        Self(Arc::new(Semaphore::new(workers.unwrap_or(1).saturating_sub(1).max(1))))
    }

    /// How a guest that computes gives way at an epoch: to the timers, sockets and tasks that wait, and where it has computed
    /// for long, until it is its turn among those that do.
    pub(crate) fn turn(&self, meter: &Arc<Meter>) -> impl Future<Output = ()> + Send + 'static {
        let slow = (meter.so_far() > LONG).then(|| (Arc::clone(&self.0), Arc::clone(meter)));
        async move {
            // tokio's own yield, which lets timers and sockets be served before the guest goes on.
            tokio::task::yield_now().await;
            if let Some((places, meter)) = slow {
                // The places are never closed.
                let place = places.acquire_owned().await.ok();
                *meter.place.lock().unwrap_or_else(PoisonError::into_inner) = place;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compute(until: Duration) {
        let began = now();
        while Duration::from_nanos(now() - began) < until {
            std::hint::black_box(began);
        }
    }

    #[tokio::test]
    async fn computing_counts_and_waiting_does_not() {
        let (meter, waits) = (Meter::default(), tokio::sync::Notify::new());
        let work = async {
            compute(Duration::from_millis(20));
            waits.notified().await;
            meter.so_far()
        };
        let wake = async {
            // Somebody else's work, on the same thread, while the guest waits.
            compute(Duration::from_millis(60));
            waits.notify_one();
        };
        let (spent, ()) = tokio::join!(meter.during(work), wake);
        assert!((20..60).contains(&spent.as_millis()), "{spent:?}");
        meter.reset();
        assert!(meter.during(async { meter.so_far() }).await < Duration::from_millis(20));
    }

    #[tokio::test]
    async fn whoever_computes_for_long_waits_for_a_place_and_gives_it_back_while_it_waits() {
        let lane = SlowLane(Arc::new(Semaphore::new(1)));
        let (first, second) = (Arc::new(Meter::default()), Arc::new(Meter::default()));
        let free = || lane.0.available_permits();
        // A short one passes without a place.
        second.during(async { lane.turn(&second).await }).await;
        assert_eq!(free(), 1);
        let turn = first.during(async {
            compute(LONG + Duration::from_millis(1));
            lane.turn(&first).await;
            assert_eq!(free(), 0, "it has the place while it computes");
            tokio::task::yield_now().await;
            assert_eq!(free(), 1, "and not any more once it waited");
        });
        turn.await;
    }
}
