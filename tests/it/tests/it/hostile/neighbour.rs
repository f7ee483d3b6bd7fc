//! A neighbour that means no harm: as many asks as a hostile connector was asked, as often, of the same component.
//!
//! Whoever is served beside somebody else waits for the processor now and then, whatever that somebody does with what it is
//! asked. What a hostile connector adds to this is what is told apart here: [`Stand::beside_quiet`] is the same office, beside
//! the same asks of the API, with a page that ends well where the other one did its worst.

use std::time::{Duration, Instant};

use patchbay_test_support::{Result, Trouble, wait_until};
use serde_json::{Value, json};

use super::{Guest, LIMIT, Stand, traffic::Served};

/// How often a connector was asked, and in how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) asks: u64,
    pub(super) within: Duration,
}

impl Stand {
    /// The office works beside a quiet neighbour that is asked at this pace, and no longer than `most`.
    pub(super) fn beside_quiet(&self, neighbour: &Guest<'_>, pace: Pace, most: Duration) -> Result<Served> {
        let (begun, enough) = (Instant::now(), pace.within.min(most));
        // Who waits for the end of a deed asks for it again and again; so does who waits here for the next ask.
        let asking_until = |run: &Value, moment: Duration| {
            let path = format!("/v1/runs/{}", run["id"].as_str().unwrap_or_default());
            wait_until("the next ask", LIMIT, || {
                neighbour.tenant.get(&path)?.expect(200)?;
                Ok((begun.elapsed() >= moment).then_some(()))
            })
        };
        self.worked(|| {
            let mut run = Value::Null;
            for ask in 0..pace.asks {
                let moment = pace.within.mul_f64(ask as f64 / pace.asks.max(1) as f64);
                if moment > enough {
                    break;
                }
                if ask > 0 {
                    asking_until(&run, moment)?;
                }
                let page = json!({ "records": [{ "id": "quiet", "n": ask }], "end": ask.to_string() });
                run = neighbour.reads(&format!("say:{page}"))?;
                if run["state"] != json!("done") {
                    return Err(Trouble::new(format!("a quiet neighbour is not served: {run}")));
                }
            }
            if pace.asks > 0 { asking_until(&run, enough) } else { Ok(()) }
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
