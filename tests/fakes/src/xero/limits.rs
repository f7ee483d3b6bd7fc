//! Rate limits (sheet 7), for each organisation: five calls at a time always; 60 a minute and 5 000 a day when a test says so.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use patchbay_model::Timestamp;

use crate::exchange::{Answer, Incoming};

const AT_A_TIME: usize = 5;
const A_MINUTE: usize = 60;
const A_DAY: usize = 5_000;
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// What was called.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    pub(super) on: bool,
    /// Organisations whose day is used up, whatever was counted.
    pub(super) used_up: BTreeSet<String>,
    calls: BTreeMap<String, VecDeque<Timestamp>>,
    running: BTreeMap<String, usize>,
}

impl Limits {
    /// A call begins.
    pub(super) fn enter(&mut self, request: &Incoming) -> Result<(), Answer> {
        let Some(tenant) = request.header("xero-tenant-id") else { return Ok(()) };
        let running = self.running.entry(tenant.to_owned()).or_default();
        if *running >= AT_A_TIME {
            return Err(too_many("concurrent", 1));
        }
        *running += 1;
        Ok(())
    }

    /// A call that began is over.
    pub(super) fn leave(&mut self, request: &Incoming) {
        let running = request.header("xero-tenant-id").and_then(|tenant| self.running.get_mut(tenant));
        if let Some(running) = running {
            *running = running.saturating_sub(1);
        }
    }

    /// Counts a call: what is left of the minute and of the day, or that there is nothing.
    pub(super) fn count(&mut self, tenant: &str, now: Timestamp) -> Result<(usize, usize), Answer> {
        if self.used_up.contains(tenant) {
            return Err(too_many("day", 40_000));
        }
        if !self.on {
            return Ok((A_MINUTE - 1, A_DAY - 1));
        }
        let calls = self.calls.entry(tenant.to_owned()).or_default();
        calls.retain(|at| now.since(*at) < DAY);
        let recent = calls.iter().filter(|at| now.since(**at) < MINUTE).count();
        let wait = |first: Option<&Timestamp>, span: Duration| {
            let passed = first.map_or(Duration::ZERO, |first| now.since(*first));
            span.saturating_sub(passed).as_secs().max(1)
        };
        if calls.len() >= A_DAY {
            return Err(too_many("day", wait(calls.front(), DAY)));
        }
        if recent >= A_MINUTE {
            return Err(too_many("minute", wait(calls.get(calls.len() - recent), MINUTE)));
        }
        calls.push_back(now);
        Ok((A_MINUTE - recent - 1, A_DAY - calls.len()))
    }
}

fn too_many(problem: &str, wait: u64) -> Answer {
    Answer { status: 429, ..Answer::default() }
        .with("retry-after", &wait.to_string())
        .with("x-rate-limit-problem", problem)
}
