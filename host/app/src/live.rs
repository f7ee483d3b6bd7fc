//! The runs that this node works on, as somebody sees them who asks, and the way to stop one at once.
//!
//! What is stored with each page (pages, records, changes) is read from the database, by any node. Only what the
//! connector said about its progress stands here, and the hand on the brake.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use patchbay_model::{RunId, Timestamp};
use patchbay_store::LogLine;
use tokio::sync::{Notify, watch};

/// Lines that wait to be stored; a run that says more in one page loses the rest.
const LINES: usize = 300;
/// Delays that are kept to say how late runs start.
const DELAYS: usize = 1_000;

/// All of them.
pub(crate) struct LiveRuns {
    runs: Mutex<HashMap<RunId, Arc<LiveRun>>>,
    delays: Mutex<Vec<u64>>,
    claimed: AtomicU64,
    /// Since when this process works.
    pub(crate) started_at: Timestamp,
    /// Woken when one of them stored a page, said how far it is, or ended.
    pub(crate) changed: Arc<Notify>,
}

/// One of them.
pub(crate) struct LiveRun {
    pub(crate) epoch: i64,
    cancelled: watch::Sender<bool>,
    /// What the connector said: done and, where it knows, of how many (`u64::MAX` where it does not).
    done: AtomicU64,
    total: AtomicU64,
    /// What it said since its last page; here, so that it is kept when the run is cut off.
    lines: Mutex<Vec<LogLine>>,
    changed: Arc<Notify>,
}

/// Taken out of the list when the run ends, however it ends.
pub(crate) struct Listed<'a> {
    all: &'a LiveRuns,
    id: RunId,
    pub(crate) run: Arc<LiveRun>,
}

impl LiveRuns {
    pub(crate) fn since(started_at: Timestamp) -> Self {
        let (runs, delays) = (Mutex::default(), Mutex::default());
        Self { runs, delays, claimed: AtomicU64::new(0), started_at, changed: Arc::new(Notify::new()) }
    }

    /// Puts a run on the list that began `late` after it was due.
    pub(crate) fn list(&self, id: &RunId, epoch: i64, late: std::time::Duration) -> Listed<'_> {
        let run = Arc::new(LiveRun {
            epoch,
            cancelled: watch::Sender::new(false),
            done: AtomicU64::new(0),
            total: AtomicU64::new(u64::MAX),
            lines: Mutex::default(),
            changed: Arc::clone(&self.changed),
        });
        let at = usize::try_from(self.claimed.fetch_add(1, Ordering::Relaxed)).unwrap_or(0) % DELAYS;
        let late = u64::try_from(late.as_millis()).unwrap_or(u64::MAX);
        let mut delays = self.delays.lock().unwrap_or_else(PoisonError::into_inner);
        match delays.get_mut(at) {
            Some(place) => *place = late,
            None => delays.push(late),
        }
        drop(delays);
        self.runs().insert(id.clone(), Arc::clone(&run));
        Listed { all: self, id: id.clone(), run }
    }

    /// Stops a run of this node; nothing happens to one of another.
    pub(crate) fn cancel(&self, id: &RunId) {
        if let Some(run) = self.runs().get(id) {
            run.cancelled.send_replace(true);
        }
    }

    /// The same of one claim of it: what is known of an earlier one says nothing about the next.
    pub(crate) fn cancel_claim(&self, id: &RunId, epoch: i64) {
        if let Some(run) = self.runs().get(id).filter(|run| run.epoch == epoch) {
            run.cancelled.send_replace(true);
        }
    }

    pub(crate) fn get(&self, id: &RunId) -> Option<Arc<LiveRun>> {
        self.runs().get(id).cloned()
    }

    /// Each with its epoch.
    pub(crate) fn all(&self) -> Vec<(RunId, i64)> {
        self.runs().iter().map(|(id, run)| (id.clone(), run.epoch)).collect()
    }

    /// Runs that were begun here so far.
    pub(crate) fn claimed(&self) -> u64 {
        self.claimed.load(Ordering::Relaxed)
    }

    /// How late runs begin: 99 of 100 of the last thousand began sooner, milliseconds.
    pub(crate) fn late_p99_ms(&self) -> Option<u64> {
        let mut delays = self.delays.lock().unwrap_or_else(PoisonError::into_inner).clone();
        delays.sort_unstable();
        delays.get(delays.len().saturating_mul(99) / 100).or(delays.last()).copied()
    }

    fn runs(&self) -> std::sync::MutexGuard<'_, HashMap<RunId, Arc<LiveRun>>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LiveRun {
    /// It was no stop after all.
    pub(crate) fn goes_on(&self) {
        self.cancelled.send_replace(false);
    }

    /// Waits until somebody stops it.
    pub(crate) async fn cancelled(&self) {
        // The sender is ours: it cannot go before us.
        let _ = self.cancelled.subscribe().wait_for(|cancelled| *cancelled).await;
    }

    /// The connector says how far it is.
    pub(crate) fn progress(&self, done: u64, total: Option<u64>) {
        self.done.store(done, Ordering::Relaxed);
        self.total.store(total.unwrap_or(u64::MAX), Ordering::Relaxed);
        self.changed.notify_waiters();
    }

    /// Of how many, where the connector said it.
    pub(crate) fn total(&self) -> Option<u64> {
        Some(self.total.load(Ordering::Relaxed)).filter(|total| *total != u64::MAX)
    }

    /// Keeps a line of its log until it is stored.
    pub(crate) fn said(&self, line: LogLine) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < LINES {
            lines.push(line);
        }
    }

    /// The lines since this was asked last.
    pub(crate) fn take_lines(&self) -> Vec<LogLine> {
        std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A page was stored.
    pub(crate) fn moved(&self) {
        self.changed.notify_waiters();
    }
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        let mut runs = self.all.runs();
        // The same run may have been claimed again here under another epoch.
        if runs.get(&self.id).is_some_and(|there| Arc::ptr_eq(there, &self.run)) {
            runs.remove(&self.id);
        }
        drop(runs);
        self.all.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use patchbay_model::{ManualClock, SeededRandom};

    use super::*;

    #[tokio::test]
    async fn a_run_is_listed_while_it_works_and_stops_when_it_is_told() {
        let (clock, random) = (ManualClock::default(), SeededRandom::new(1));
        let (id, live) = (RunId::fresh(&clock, &random), LiveRuns::since(Timestamp::default()));
        let listed = live.list(&id, 1, Duration::from_millis(7));
        assert_eq!(live.all(), [(id.clone(), 1)]);
        live.cancel(&id);
        listed.run.cancelled().await;
        let again = live.list(&id, 2, Duration::from_millis(9));
        drop(listed);
        assert_eq!(live.all(), [(id.clone(), 2)], "the later claim stays");
        live.cancel_claim(&id, 1);
        let told = tokio::time::timeout(Duration::ZERO, again.run.cancelled()).await;
        assert!(told.is_err(), "what was found out about the earlier claim does not stop it");
        live.cancel_claim(&id, 2);
        again.run.cancelled().await;
        again.run.goes_on();
        assert!(tokio::time::timeout(Duration::ZERO, again.run.cancelled()).await.is_err());
        drop(again);
        assert!(live.all().is_empty());
        assert_eq!((live.claimed(), live.late_p99_ms()), (2, Some(9)));
    }

    #[test]
    fn one_late_start_in_a_thousand_does_not_show() {
        let (clock, random) = (ManualClock::default(), SeededRandom::new(1));
        let live = LiveRuns::since(Timestamp::default());
        for n in 0..1_000 {
            let late = if n == 500 { Duration::from_secs(60) } else { Duration::from_millis(n % 10) };
            drop(live.list(&RunId::fresh(&clock, &random), 1, late));
        }
        assert_eq!(live.late_p99_ms(), Some(9));
    }
}
