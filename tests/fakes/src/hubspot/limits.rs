//! How often an account may be called (section 7), when a test says so: in ten seconds, and searches in a second; the day is used up, or
//! the account is being moved, as long as a test says so.

use std::{collections::VecDeque, time::Duration};

use patchbay_model::Timestamp;
use serde_json::json;

use crate::exchange::Answer;

const WINDOW: Duration = Duration::from_secs(10);
const SECOND: Duration = Duration::from_secs(1);
/// What is told as long as nobody counts.
const A_WINDOW: usize = 110;
const A_DAY: usize = 250_000;
const SEARCHES: usize = 5;

/// What was called.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    /// Calls in ten seconds; none when nobody counts.
    pub(super) most: Option<usize>,
    pub(super) day_is_over: bool,
    /// Being moved to another data centre, for so many seconds more.
    pub(super) moving: Option<u64>,
    calls: VecDeque<Timestamp>,
    searches: VecDeque<Timestamp>,
}

impl Limits {
    /// Counts a call, or refuses it; with the headers of an answer.
    pub(super) fn count(&mut self, search: bool, now: Timestamp) -> Result<Vec<(String, String)>, Answer> {
        if let Some(seconds) = self.moving {
            let body = json!({ "status": "error", "message": "This account is being migrated between data hosting locations." });
            return Err(Answer::json(477, &body).with("retry-after", &seconds.to_string()));
        }
        if self.day_is_over {
            return Err(too_many("DAILY", "You have reached your daily limit."));
        }
        let Some(most) = self.most else { return Ok(if search { Vec::new() } else { told(A_WINDOW, A_WINDOW - 1) }) };
        self.calls.retain(|at| now.since(*at) < WINDOW);
        self.searches.retain(|at| now.since(*at) < SECOND);
        if search && self.searches.len() >= SEARCHES {
            return Err(too_many("SECONDLY", "You have reached your secondly limit."));
        }
        if self.calls.len() >= most {
            return Err(too_many("TEN_SECONDLY_ROLLING", "You have reached your ten_secondly_rolling limit."));
        }
        self.calls.push_back(now);
        if search {
            self.searches.push_back(now);
            // Searches carry none of the headers.
            return Ok(Vec::new());
        }
        Ok(told(most, most - self.calls.len()))
    }
}

fn told(most: usize, left: usize) -> Vec<(String, String)> {
    let header = |name: &str, value: usize| (format!("x-hubspot-ratelimit-{name}"), value.to_string());
    vec![
        header("daily", A_DAY),
        header("daily-remaining", A_DAY - 1),
        header("interval-milliseconds", 10_000),
        header("max", most),
        header("remaining", left),
    ]
}

/// Without a `Retry-After`, as it mostly is.
fn too_many(policy: &str, message: &str) -> Answer {
    let body = json!({ "status": "error", "message": message, "errorType": "RATE_LIMIT", "policyName": policy,
        "correlationId": "5a1f0000-0000-4000-8000-000000000078" });
    Answer::json(429, &body)
}
