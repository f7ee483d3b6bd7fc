//! What a stream said last about each run, and how fast the run went meanwhile.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

use crate::wire::RunProgress;

/// Over how long a rate is taken.
const WINDOW: Duration = Duration::from_secs(10);

/// What was said, by run.
#[derive(Default)]
pub(super) struct Said {
    runs: HashMap<String, Run>,
}

/// Something to tell.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    /// Whether this is how the run ended.
    pub(super) ended: bool,
    /// How far it is.
    pub(super) progress: RunProgress,
}

struct Run {
    /// As it was said, without rate and estimate.
    said: RunProgress,
    /// Whether it was said to move.
    moved: bool,
    /// When how many records were read, oldest first; the first one is where the window begins.
    marks: VecDeque<(Instant, u64)>,
}

impl Said {
    /// What is different from what was said before, in the order in which it is seen.
    pub(super) fn news(&mut self, seen: Vec<RunProgress>, now: Instant) -> Vec<Told> {
        let mut before = std::mem::take(&mut self.runs);
        let mut news = Vec::new();
        for mut progress in seen {
            let id = progress.run.clone();
            let known = before.remove(&id);
            let mut marks = known.as_ref().map(|run| run.marks.clone()).unwrap_or_default();
            let rate = rate(&mut marks, now, progress.records);
            let moves = rate.is_some_and(|rate| rate > 0.0);
            // One that moved and moves no longer is different too, until it has ended.
            let stopped = |run: &Run| run.moved && !moves && !progress.ended();
            let different = known.is_none_or(|run| run.said != progress || stopped(&run));
            self.runs.insert(id, Run { said: progress.clone(), moved: moves, marks });
            if different {
                progress.records_per_second = rate;
                progress.estimate_seconds = estimate(&progress, rate);
                news.push(Told { ended: progress.ended(), progress });
            }
        }
        news
    }
}

/// Records per second since the beginning of the window, to a tenth.
fn rate(marks: &mut VecDeque<(Instant, u64)>, now: Instant, records: u64) -> Option<f64> {
    marks.push_back((now, records));
    // One that is older than the window stays, as its beginning.
    while marks.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= WINDOW) {
        marks.pop_front();
    }
    let (since, had) = marks.front()?;
    let seconds = now.duration_since(*since).as_secs_f64();
    let read = u32::try_from(records.saturating_sub(*had)).unwrap_or(u32::MAX);
    (seconds > 0.0).then(|| (f64::from(read) / seconds * 10.0).round() / 10.0)
}

/// How long it goes on at this rate.
fn estimate(progress: &RunProgress, rate: Option<f64>) -> Option<u64> {
    let left = progress.total?.saturating_sub(progress.records);
    let rate = rate.filter(|rate| *rate > 0.0 && !progress.ended())?;
    let left = f64::from(u32::try_from(left).unwrap_or(u32::MAX));
    Duration::try_from_secs_f64((left / rate).ceil()).ok().map(|left| left.as_secs())
}
