//! What a connector said while it was tried.
//!
//! A trap tells functions of the sandbox by their numbers, which helps nobody who writes TypeScript or Python. What the
//! connector said before it broke down does: an SDK logs the author's lines as errors, and behind that a language's runtime
//! prints why it gave up. So a finding about a trap ends with the last of both.

use std::sync::{Mutex, MutexGuard, PoisonError};

use patchbay_engine::LogSink;
use patchbay_model::Failure;

/// The level of errors.
const ERROR: u8 = 1;
/// Lines that a trap ends with.
const LINES: usize = 5;
/// Of them, those that were logged as errors, where there are some: the innermost calls and the exception.
const ERRORS: usize = 3;
/// Longest line there, in characters; the whole of it is in the log of `patchbay run`.
const LINE: usize = 1_000;

/// Keeps what a connector logs.
#[derive(Default)]
pub(crate) struct Lines(Mutex<Vec<(u8, String)>>);

impl Lines {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.kept().iter().map(|(_, line)| line.clone()).collect()
    }

    /// A trap with the last that the connector said; every other failure as it is, because it says itself what it is.
    pub(crate) fn explain(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Trap(text) => {
                let said = self.last();
                if said.is_empty() {
                    Failure::Trap(text)
                } else {
                    Failure::Trap(format!("{text}\n{}", said.join("\n")))
                }
            }
            other => other,
        }
    }

    fn last(&self) -> Vec<String> {
        let kept = self.kept();
        let lines: Vec<&(u8, String)> = kept.iter().filter(|(_, line)| !line.trim().is_empty()).collect();
        let cut = |(_, line): &(u8, String)| match line.char_indices().nth(LINE) {
            Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
            None => line.clone(),
        };
        let Some(last_error) = lines.iter().rposition(|(level, _)| *level == ERROR) else {
            return lines.iter().skip(lines.len().saturating_sub(LINES)).map(|line| cut(line)).collect();
        };
        let errors = || lines.iter().take(last_error + 1).filter(|(level, _)| *level == ERROR);
        let (before, behind) = (errors().count().saturating_sub(ERRORS), lines.iter().skip(last_error + 1));
        errors().skip(before).chain(behind.take(LINES - ERRORS)).map(|line| cut(line)).collect()
    }

    fn kept(&self) -> MutexGuard<'_, Vec<(u8, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogSink for Lines {
    fn line(&self, level: u8, message: &str, fields: &[(String, String)]) {
        let fields: String = fields.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        self.kept().push((level, format!("{message}{fields}")));
    }

    fn progress(&self, _done: u64, _total: Option<u64>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a trap says behind its own text.
    fn said(lines: &[(u8, &str)]) -> Vec<String> {
        let log = Lines::default();
        for (level, line) in lines {
            log.line(*level, line, &[]);
        }
        let Failure::Trap(text) = log.explain(Failure::Trap("unreachable".to_owned())) else {
            panic!("it is a trap as before")
        };
        let mut told = text.lines().map(str::to_owned);
        assert_eq!(told.next().as_deref(), Some("unreachable"));
        told.collect()
    }

    #[test]
    fn a_trap_ends_with_the_logged_stack_and_the_reason_of_the_runtime_behind_it() {
        let lines = [
            (3, "began"),
            (1, "the connector has a mistake; innermost call last:"),
            (1, "connector.py:41 in read: records = self.shorter()"),
            (1, "connector.py:57 in shorter: return row[\"text\"]"),
            (1, "KeyError: 'text'"),
            (2, ""),
            (2, "thread '<unnamed>' panicked at runtime/src/lib.rs:1"),
            (2, "Python function threw an unexpected exception"),
            (2, "note: run with a backtrace"),
        ];
        let [_, _, outer, inner, exception, _, thread, why, _] = lines.map(|(_, line)| line);
        assert_eq!(said(&lines), [outer, inner, exception, thread, why]);
    }

    #[test]
    fn without_a_logged_error_the_last_five_lines_are_told_each_of_them_bounded() {
        let long = "é".repeat(5_000);
        let told = said(&[(3, "1"), (3, "2"), (2, "3"), (2, " "), (2, "4"), (2, "5"), (2, &long)]);
        assert_eq!(told.get(..4), Some(["2", "3", "4", "5"].map(str::to_owned).as_slice()));
        assert_eq!(told.get(4).map(|line| line.chars().count()), Some(LINE + 1));
        assert_eq!(said(&[]), Vec::<String>::new());
    }

    #[test]
    fn a_failure_that_is_no_trap_stays_as_it_is() {
        let log = Lines::default();
        log.line(ERROR, "said", &[]);
        assert!(matches!(log.explain(Failure::CallTimeout), Failure::CallTimeout));
    }
}
