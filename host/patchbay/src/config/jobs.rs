//! `[jobs]`: how much is done at the same time, and how work is handed on.
//!
//! The caps hold for all nodes of a database together; `jobs.workers` is a node's own.

use std::time::Duration;

use super::reader::Reader;

/// `[jobs]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Jobs {
    /// Runs and pushes at work at the same time.
    pub(crate) workers: usize,
    /// Runs of one tenant at the same time.
    pub(crate) per_tenant: u32,
    /// Runs of one connector at the same time.
    pub(crate) per_connector: u32,
    /// Runs of one connection at the same time.
    pub(crate) per_connection: u32,
    /// How long a silent worker keeps its run.
    pub(crate) lease: Duration,
    /// How often the queue is looked at when nothing wakes it.
    pub(crate) poll: Duration,
    /// How long requests and runs in flight may take to end.
    pub(crate) shutdown: Duration,
    /// Longest wait before a write whose answer was lost is looked up.
    pub(crate) settle: Duration,
    /// Time between two look-ups that must agree.
    pub(crate) settle_again: Duration,
}

impl Jobs {
    /// Reads the section.
    pub(super) fn read(from: &mut Reader<'_>) -> Self {
        let workers = from.number("jobs.workers", (1, 1_024), 8);
        // Without a cap, one tenant's long runs could fill every place, however fairly places are given out.
        let half = (workers / 2).max(2);
        Self {
            workers: usize::try_from(workers).unwrap_or(8),
            per_tenant: cap(from, "jobs.per_tenant", half),
            per_connector: cap(from, "jobs.per_connector", 0),
            per_connection: cap(from, "jobs.per_connection", 4),
            lease: from.seconds("jobs.lease_seconds", (1, 3_600), 30),
            poll: Duration::from_millis(from.number("jobs.poll_millis", (10, 60_000), 1_000)),
            shutdown: from.seconds("jobs.shutdown_seconds", (0, 600), 20),
            settle: from.seconds("jobs.settle_seconds", (0, 86_400), 3_600),
            settle_again: from.seconds("jobs.settle_again_seconds", (0, 86_400), 60),
        }
    }
}

/// A cap; 0 is none.
fn cap(from: &mut Reader<'_>, key: &str, default: u64) -> u32 {
    match from.number(key, (0, 100_000), default) {
        0 => u32::MAX,
        cap => u32::try_from(cap).unwrap_or(u32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::Path};

    use super::{super::Config, *};

    fn jobs(text: &str) -> Jobs {
        let text = format!("[jobs]\n{text}");
        Config::read(Some(&text), Path::new(""), &BTreeMap::new()).expect("a configuration").jobs
    }

    #[test]
    fn one_tenant_gets_half_of_the_places_unless_somebody_says_otherwise() {
        assert_eq!(jobs("").per_tenant, 4);
        assert_eq!(jobs("workers = 64").per_tenant, 32);
        assert_eq!(jobs("workers = 1").per_tenant, 2);
        assert_eq!(jobs("workers = 64\nper_tenant = 5").per_tenant, 5);
    }

    #[test]
    fn a_cap_of_zero_is_none() {
        let none = jobs("per_tenant = 0\nper_connector = 0\nper_connection = 0");
        assert_eq!((none.per_tenant, none.per_connector, none.per_connection), (u32::MAX, u32::MAX, u32::MAX));
        assert_eq!((jobs("").per_connector, jobs("").per_connection), (u32::MAX, 4));
    }
}
