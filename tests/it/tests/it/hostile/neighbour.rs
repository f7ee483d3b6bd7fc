//! A neighbour that means no harm: as many asks as a hostile connector was asked, as often, of the same component.
//!
//! Whoever is served beside somebody else waits for the processor now and then, whatever that somebody does with what it is
//! asked. What a hostile connector adds to this is what is told apart here: [`Stand::beside_quiet`] is the same office, beside
//! the same asks of the API, with a page that ends well where the other one did its worst.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use patchbay_test_support::{Result, Trouble, wait_until};
use serde_json::json;

use super::{Guest, LIMIT, Stand, traffic::Served};

/// How often a connector was asked for something, how often the API was asked meanwhile how it goes, and in how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) asks: u64,
    pub(super) looks: u64,
    pub(super) within: Duration,
}

impl Stand {
    /// The office works beside a quiet neighbour that is asked at this pace, and no longer than `most`.
    pub(super) fn beside_quiet(&self, neighbour: &Guest<'_>, pace: Pace, most: Duration) -> Result<Served> {
        let (begun, enough) = (Instant::now(), pace.within.min(most));
        let before = self.looked.load(Ordering::SeqCst);
        // Who waits for the end of a loop asks how it goes; so does who waits here for the next ask, as often as was asked there.
        let due = || pace.looks as f64 * begun.elapsed().as_secs_f64() / pace.within.as_secs_f64().max(0.001);
        let looking_until = |run: &str, moment: Duration| {
            let moment = moment.min(enough);
            wait_until("the next ask", LIMIT, || {
                if (self.looked.load(Ordering::SeqCst) - before) as f64 + 1.0 <= due() {
                    self.looked.fetch_add(1, Ordering::SeqCst);
                    neighbour.tenant.get(&format!("/v1/runs/{run}"))?.expect(200)?;
                }
                Ok((begun.elapsed() >= moment).then_some(()))
            })
        };
        self.worked(|| {
            let mut last = String::new();
            for ask in 0..pace.asks.max(1) {
                let moment = pace.within.mul_f64(ask as f64 / pace.asks.max(1) as f64);
                if moment > enough {
                    break;
                }
                if ask > 0 {
                    looking_until(&last, moment)?;
                }
                let page = json!({ "records": [{ "id": "quiet", "n": ask }], "end": ask.to_string() });
                let run = neighbour.reads(&format!("say:{page}"))?;
                if run["state"] != json!("done") {
                    return Err(Trouble::new(format!("a quiet neighbour is not served: {run}")));
                }
                run["id"].as_str().unwrap_or_default().clone_into(&mut last);
            }
            looking_until(&last, enough)
        })
    }
}

impl Served {
    /// Of both as many as the one has that has fewer, evenly from their whole time: so that what is put together from several
    /// pairs has the same share of each on both sides.
    pub(super) fn paired(&self, other: &Self) -> (Self, Self) {
        let (runs, pushes) = (self.runs.len().min(other.runs.len()), self.pushes.len().min(other.pushes.len()));
        let of = |served: &Self| Self { runs: evenly(&served.runs, runs), pushes: evenly(&served.pushes, pushes) };
        (of(self), of(other))
    }
}

/// So many of them, from the first to the last.
fn evenly(times: &[Duration], count: usize) -> Vec<Duration> {
    (0..count).filter_map(|number| times.get(number * times.len() / count).copied()).collect()
}

#[test]
fn a_pair_has_as_many_of_each_and_those_from_its_whole_time() {
    let served = |count: u64| Served {
        runs: (0..count).map(Duration::from_secs).collect(),
        pushes: (0..count / 2).map(Duration::from_secs).collect(),
    };
    let (few, many) = served(4).paired(&served(12));
    assert_eq!((few.runs, few.pushes), (served(4).runs, served(4).pushes));
    let seconds = |times: &[Duration]| times.iter().map(Duration::as_secs).collect::<Vec<_>>();
    assert_eq!((seconds(&many.runs), seconds(&many.pushes)), (vec![0, 3, 6, 9], vec![0, 3]));
    let (none, nothing) = served(0).paired(&served(3));
    assert_eq!((none.runs.len(), nothing.runs.len()), (0, 0));
}
