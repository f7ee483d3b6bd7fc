//! What the suite says.

use serde::Serialize;

/// One rule, asked of one thing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// What it was asked of: `manifest`, `streams/notes`, `actions/note`.
    pub of: String,
    /// The rule, in plain words; the same for every connector.
    pub rule: String,
    /// How it ended.
    pub state: State,
    /// What was seen, in a few words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub seen: String,
    /// Why it failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It holds.
    Passed,
    /// It does not.
    Failed,
    /// It cannot be asked here; `seen` says why.
    NotAsked,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What is wrong.
    pub what: String,
    /// The file, the request or the member that shows it.
    #[serde(rename = "where")]
    pub at: String,
    /// What helps.
    pub remedy: String,
}

impl Finding {
    pub(crate) fn of(what: impl Into<String>, at: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), at: at.into(), remedy: remedy.into() }
    }
}

/// What the runs of the suite used at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Linear memory of one instance.
    pub memory_bytes: usize,
    /// Calls of the host in one call of the connector.
    pub host_calls: u32,
    /// Bytes of one page of records.
    pub page_bytes: usize,
    /// Records of one page.
    pub page_records: u32,
    /// Milliseconds of one call of the connector.
    pub call_ms: u64,
    /// Milliseconds that making the component ready took: compiling, where it was not compiled before.
    pub load_ms: u64,
    /// Milliseconds of it that compiling took.
    pub compile_ms: u64,
    /// Microseconds until a fresh instance is there: the middle of several.
    pub start_us: u64,
    /// Requests that reading all streams took.
    pub read_requests: u64,
    /// Records that came of it.
    pub records: u64,
    /// Calls of the connector in all.
    pub calls: u64,
}

/// What the suite found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// In the order in which they were asked.
    pub checks: Vec<Check>,
    /// What it took.
    pub figures: Figures,
}

impl Report {
    /// Whether nothing failed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failed() == 0
    }

    /// How many checks failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.count(State::Failed)
    }

    /// How many checks ended so.
    #[must_use]
    pub fn count(&self, state: State) -> usize {
        self.checks.iter().filter(|check| check.state == state).count()
    }

    /// Aligned lines for people, one a check; what failed is explained below.
    #[must_use]
    pub fn text(&self) -> String {
        let wide = |of: fn(&Check) -> usize| self.checks.iter().map(of).max().unwrap_or_default();
        let (first, second) = (wide(|check| check.of.chars().count()), wide(|check| check.rule.chars().count()));
        let mut text = String::new();
        for Check { of, rule, state, seen, .. } in &self.checks {
            let word = match state {
                State::Passed => "ok  ",
                State::Failed => "FAIL",
                State::NotAsked => "-   ",
            };
            let line = format!("{word}  {of:<first$}  {rule:<second$}  {seen}");
            text.push_str(line.trim_end());
            text.push('\n');
        }
        for check in self.checks.iter().filter(|check| check.state == State::Failed) {
            for Finding { what, at, remedy } in &check.findings {
                let what = indented(what);
                text.push_str(&format!("\nFAIL {}: {}\n  {what}\n", check.of, check.rule));
                text.push_str(&format!("  where: {}\n  remedy: {}\n", indented(at), indented(remedy)));
            }
        }
        text.push_str(&format!("\n{}\n", self.figures.text()));
        text.push_str(&format!(
            "{} checks passed, {} failed, {} not asked\n",
            self.count(State::Passed),
            self.failed(),
            self.count(State::NotAsked)
        ));
        text
    }
}

fn indented(text: &str) -> String {
    text.trim_end().replace('\n', "\n    ")
}

impl Figures {
    fn text(&self) -> String {
        let mib = |bytes: usize| format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20);
        format!(
            "memory at most {}, host calls in one call at most {}, one call at most {} ms, page at most {} records and {} bytes\n\
             {} records in {} requests, {} calls of the connector in all, made ready in {} ms, a fresh instance is there in {} µs",
            mib(self.memory_bytes),
            self.host_calls,
            self.call_ms,
            self.page_records,
            self.page_bytes,
            self.records,
            self.read_requests,
            self.calls,
            self.load_ms,
            self.start_us
        )
    }
}
