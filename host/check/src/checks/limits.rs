//! What the whole suite says about a connector: its words and its figures.

use super::Suite;
use crate::Finding;

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
