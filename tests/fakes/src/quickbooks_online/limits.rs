//! Rate limits (sheet 7), for each company: ten calls at a time always; 500 a minute when a test says so.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use patchbay_model::Timestamp;

use super::faults;
use crate::exchange::{Answer, Incoming};

const AT_A_TIME: usize = 10;
const A_MINUTE: usize = 500;
const MINUTE: Duration = Duration::from_secs(60);

/// What was called.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    pub(super) on: bool,
    calls: BTreeMap<String, VecDeque<Timestamp>>,
    running: BTreeMap<String, usize>,
}

/// The company that a path names.
fn realm(request: &Incoming) -> Option<&str> {
    request.path.strip_prefix("/v3/company/")?.split('/').next()
}

impl Limits {
    /// A call begins.
    pub(super) fn enter(&mut self, request: &Incoming) -> Result<(), Answer> {
        let Some(realm) = realm(request) else { return Ok(()) };
        let running = self.running.entry(realm.to_owned()).or_default();
        if *running >= AT_A_TIME {
            return Err(faults::throttled());
        }
        *running += 1;
        Ok(())
    }

    /// A call that began is over.
    pub(super) fn leave(&mut self, request: &Incoming) {
        if let Some(running) = realm(request).and_then(|realm| self.running.get_mut(realm)) {
            *running = running.saturating_sub(1);
        }
    }

    /// Counts a call.
    pub(super) fn count(&mut self, realm: &str, now: Timestamp) -> Result<(), Answer> {
        if !self.on {
            return Ok(());
        }
        let calls = self.calls.entry(realm.to_owned()).or_default();
        calls.retain(|at| now.since(*at) < MINUTE);
        if calls.len() >= A_MINUTE {
            return Err(faults::throttled());
        }
        calls.push_back(now);
        Ok(())
    }
}
