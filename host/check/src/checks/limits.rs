//! What the whole suite says about a connector: its words and its figures.

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::Suite;
use crate::{Finding, perform::microseconds, player::Twist, stage::Opening};

/// Instances that are opened to see how long one takes; the middle one counts.
const STARTS: usize = 5;

/// How long it takes until a fresh instance is there: a language with a runtime of its own brings that along each time.
pub(super) async fn starts(suite: &mut Suite<'_>) {
    let Some(placed) = suite.folder.fixtures.first() else { return };
    let Ok(setting) = suite.stage.setting(&suite.folder, placed) else { return };
    let used = BTreeSet::new();
    let mut took = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        let begun = Instant::now();
        let opening = Opening {
            setting: &setting,
            exchanges: &[],
            used: &used,
            twist: Twist::None,
            writer: None,
            stopped: false,
        };
        if suite.stage.open(opening).await.is_ok() {
            took.push(microseconds(begun.elapsed()));
        }
    }
    took.sort_unstable();
    suite.figures.start_us = took.get(took.len() / 2).copied().unwrap_or_default();
}

pub(super) fn says_nothing_private(suite: &mut Suite<'_>) {
    let findings = std::mem::take(&mut suite.said);
    let seen = format!("{} log lines and error texts", suite.spoken);
    suite.judge("words", "no credential and no personal data in logs and errors", seen, findings);
}

pub(super) fn within(suite: &mut Suite<'_>) {
    let most = suite.stage.memory_bytes();
    let used = suite.figures.memory_bytes;
    let mut findings = Vec::new();
    if used > most / 4 * 3 {
        let what = format!("{used} of {most} bytes of memory are used for small fixtures");
        findings.push(Finding::of(what, "[limits] memory-mib", "ask for more memory, or hold less at once"));
    }
    let seen = format!("{} KiB of {} MiB", used / 1024, most >> 20);
    suite.judge("limits", "memory is a quarter below what the manifest asks for", seen, findings);
    let (ms, calls) = (suite.figures.call_ms, suite.figures.host_calls);
    let mut findings = Vec::new();
    if ms > 5_000 {
        let what = format!("one call took {ms} ms with a provider that answers at once");
        findings.push(Finding::of(what, "time", "do less in one call, and return a cursor"));
    }
    if calls > 10_000 {
        let what = format!("one call made {calls} calls of the host; 100,000 end it");
        findings.push(Finding::of(what, "host calls", "log less, and ask for the time and the keys once"));
    }
    suite.judge("limits", "time and host calls are far from their bounds", format!("{ms} ms, {calls} calls"), findings);
}
