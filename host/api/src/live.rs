//! Telling live how far runs are: one stream of server-sent events for each client that looks on.
//!
//! A stream looks when something may have changed, at most four times a second, and at least once a second for what
//! other nodes do; it sends what is different from what it said last ([`Said`]). It ends when its one run has ended,
//! when it cannot look any more, and when the host stops, because a host that waits for its onlookers never stops. A
//! client that comes back is told everything as it is then, and how the runs of the last half minute ended, so it
//! misses no end. How many may look on at the same time is counted ([`Places`]).

mod happenings;
mod places;
mod said;

use std::{collections::VecDeque, convert::Infallible, future::Future, pin::Pin, sync::Arc, time::Duration};

use axum::response::sse::Event;
use futures_util::{Stream, stream};
use patchbay_model::Fault;
use tokio::{
    sync::{Notify, futures::OwnedNotified, watch},
    time::{Instant, Interval, MissedTickBehavior, interval, timeout},
};

use self::said::{Said, Told};
pub(crate) use self::{
    happenings::Happenings,
    places::{Full, Place, Places},
};
use crate::wire::RunProgress;

/// The least time between two looks.
const PACE: Duration = Duration::from_millis(250);
/// The longest time between two looks: what other nodes do wakes nobody here.
const LOOK: Duration = Duration::from_secs(1);

/// What a stream needs.
pub(crate) struct Live<L> {
    /// Looks how far runs are.
    pub(crate) look: L,
    /// Woken when that may have changed.
    pub(crate) changed: Arc<Notify>,
    /// Turns true when the host is to stop; none where it never does.
    pub(crate) stop: Option<watch::Receiver<bool>>,
    /// Whether the stream is about one run, and ends with it.
    pub(crate) one_run: bool,
    /// Held as long as somebody looks on.
    #[expect(dead_code, reason = "it is given back when it is dropped")]
    pub(crate) place: Place,
}

/// A stream that goes on.
struct Going<L> {
    live: Live<L>,
    said: Said,
    waiting: VecDeque<Told>,
    pace: Interval,
    /// Over when something changed since the last look began.
    changed: Pin<Box<OwnedNotified>>,
    over: bool,
}

impl<L, F> Live<L>
where
    L: FnMut() -> F + Send + 'static,
    F: Future<Output = Result<Vec<RunProgress>, Fault>> + Send,
{
    /// The events, from the first look (which the caller has had) on.
    pub(crate) fn events(self, first: Vec<RunProgress>) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        stream::unfold(self.told_from(first), |mut going| async move {
            let told = going.next().await?;
            Some((Ok(event(&told)), going))
        })
    }

    fn told_from(self, first: Vec<RunProgress>) -> Going<L> {
        // The first look was a moment ago.
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        pace.reset();
        let changed = changing(&self.changed);
        let (said, waiting) = (Said::default(), VecDeque::new());
        let mut going = Going { live: self, said, waiting, pace, changed, over: false };
        going.take(first);
        going
    }
}

impl<L, F> Going<L>
where
    L: FnMut() -> F + Send + 'static,
    F: Future<Output = Result<Vec<RunProgress>, Fault>> + Send,
{
    /// What is told next; none at the end.
    async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some(told) = self.waiting.pop_front() {
                return Some(told);
            }
            if self.over {
                return None;
            }
            let stopped = stopped(self.live.stop.clone());
            let seen = tokio::select! {
                biased;
                () = stopped => return None,
                seen = self.look() => seen,
            };
            match seen {
                Ok(seen) => self.take(seen),
                Err(fault) => {
                    // The client comes back, and is told as an answer what is wrong then.
                    tracing::info!("a stream of progress ends early: {fault:?}");
                    return None;
                }
            }
        }
    }

    /// Looks when it is time to.
    async fn look(&mut self) -> Result<Vec<RunProgress>, Fault> {
        self.pace.tick().await;
        // Whichever comes first.
        let _ = timeout(LOOK - PACE, self.changed.as_mut()).await;
        // Before the look, so that what changes while it reads is looked for again.
        self.changed = changing(&self.live.changed);
        (self.live.look)().await
    }

    fn take(&mut self, seen: Vec<RunProgress>) {
        self.over = self.live.one_run && seen.iter().all(RunProgress::ended);
        self.waiting.extend(self.said.news(seen, Instant::now()));
    }
}

/// Notices a change from now on.
fn changing(changed: &Arc<Notify>) -> Pin<Box<OwnedNotified>> {
    let mut changing = Box::pin(Arc::clone(changed).notified_owned());
    changing.as_mut().enable();
    changing
}

/// Waits until the host is to stop. A sender that is gone means the same as one that says so.
async fn stopped(stop: Option<watch::Receiver<bool>>) {
    match stop {
        Some(mut stop) => {
            let _ = stop.wait_for(|stop| *stop).await;
        }
        None => std::future::pending().await,
    }
}

fn event(told: &Told) -> Event {
    let event = Event::default().event(if told.ended { "ended" } else { "run" });
    // JSON of our own has no line breaks, which an event cannot have.
    event.data(serde_json::to_string(&told.progress).unwrap_or_default())
}

#[cfg(test)]
mod tests;
