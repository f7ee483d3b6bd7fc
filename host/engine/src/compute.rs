//! How much a guest computes.
//!
//! The time of a call is no measure of it: most of that is waiting for a provider. So the processor's own clock is read
//! around each piece of work that is done for the guest ([`Meter::during`]), and a call that used more than it may is ended
//! at the next epoch. What the host does on the guest's behalf counts: whoever has the host work, works.
//!
//! How it leaves room to others until then is told in [`slow_lane`](crate::slow_lane).

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rustix::time::{ClockId, clock_gettime};

use crate::slow_lane::{Place, Slow, SlowLane};

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
    lane: SlowLane,
    held: Mutex<Held>,
}

/// What a call has of the slow lane.
#[derive(Default)]
struct Held {
    /// It is one of the slow ones, until it ends.
    slow: Option<Slow>,
    /// Its place, while it computes.
    place: Option<Place>,
    /// What it had computed when it last gave way.
    gave_way: Duration,
}

impl Meter {
    /// Of an instance whose long calls are in this lane.
    pub(crate) fn of(lane: SlowLane) -> Self {
        Self { lane, ..Self::default() }
    }

    /// A call begins.
    pub(crate) fn reset(&self) {
        self.spent.store(0, Ordering::Relaxed);
        *self.held() = Held::default();
    }

    /// What the present call has computed, asked from within its work.
    pub(crate) fn so_far(&self) -> Duration {
        let running = now().saturating_sub(self.began.load(Ordering::Relaxed));
        Duration::from_nanos(self.spent.load(Ordering::Relaxed).saturating_add(running))
    }

    /// Does the work, piece by piece, and counts what each piece took. Whoever waits has no place in the slow lane.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let done = std::future::poll_fn(|context| {
            let began = now();
            self.began.store(began, Ordering::Relaxed);
            let done = work.as_mut().poll(context);
            self.spent.fetch_add(now().saturating_sub(began), Ordering::Relaxed);
            self.held().place = None;
            done
        })
        .await;
        if self.held().slow.take().is_none() {
            self.lane.ended_quickly();
        }
        done
    }

    /// Gives way at an epoch, as the lane says.
    pub(crate) fn turn(self: &Arc<Self>) -> impl Future<Output = ()> + Send + 'static {
        let (meter, so_far) = (Arc::clone(self), self.so_far());
        let slice = {
            let mut held = self.held();
            if held.slow.is_none() {
                held.slow = self.lane.slow(so_far);
            }
            let slice = so_far.saturating_sub(std::mem::replace(&mut held.gave_way, so_far));
            held.slow.is_some().then_some(slice)
        };
        async move {
            let place = meter.lane.turn(slice).await;
            meter.held().place = place;
        }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slow_lane::LONG;

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
        let lane = SlowLane::of(2);
        let (first, second) = (Arc::new(Meter::of(lane.clone())), Arc::new(Meter::of(lane.clone())));
        // A short one passes without a place.
        second.during(async { second.turn().await }).await;
        assert_eq!(lane.free(), 1);
        let turn = first.during(async {
            compute(LONG + Duration::from_millis(1));
            first.turn().await;
            assert_eq!(lane.free(), 0, "it has the place while it computes");
            tokio::task::yield_now().await;
            assert_eq!(lane.free(), 1, "and not any more once it waited");
            assert_eq!(lane.slow_calls(), 1);
        });
        turn.await;
        assert_eq!(lane.slow_calls(), 0, "the next call begins anew");
    }

    #[tokio::test(start_paused = true)]
    async fn who_computes_for_long_beside_somebody_who_does_not_pauses_twice_as_long_as_it_computes() {
        let lane = SlowLane::of(2);
        let (slow, quick) = (Arc::new(Meter::of(lane.clone())), Meter::of(lane));
        let paused = async || {
            let before = tokio::time::Instant::now();
            slow.reset();
            let turns = slow.during(async {
                for _ in 0..2 {
                    compute(LONG + Duration::from_millis(1));
                    slow.turn().await;
                }
            });
            turns.await;
            before.elapsed()
        };
        assert_eq!(paused().await, Duration::ZERO, "nobody else is there");
        quick.during(async {}).await;
        // Both slices were of 21 ms and a little; a timer goes by whole milliseconds.
        let both = paused().await;
        assert!((84..130).contains(&both.as_millis()), "{both:?}");
        tokio::time::advance(Duration::from_millis(1_001)).await;
        assert_eq!(paused().await, Duration::ZERO, "nobody has been there for a second; what is slow itself is nobody");
    }
}
