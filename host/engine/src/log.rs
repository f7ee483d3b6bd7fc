//! What a guest says: bounded, one line a line, and harmless to the terminal that shows it.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{LogSink, limits::LOG_BYTES};

/// Longest message, in bytes.
const MESSAGE: usize = 2 * 1024;
/// Longest name or value of a field, in bytes.
const FIELD: usize = 512;
/// Fields of one line.
const FIELDS: usize = 32;

/// The levels of `run.log`.
const WARNING: u8 = 2;
const INFO: u8 = 3;
const DEBUG: u8 = 4;

/// The log of one run. Clones share one budget; when the last goes, a line says how much was dropped.
#[derive(Clone)]
pub(crate) struct RunLog(Arc<Mutex<Budget>>);

/// Which of a guest's own outputs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Output {
    Stdout,
    Stderr,
}

struct Budget {
    sink: Arc<dyn LogSink>,
    left: usize,
    dropped: u64,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl RunLog {
    pub(crate) fn to(sink: Arc<dyn LogSink>) -> Self {
        let budget = Budget { sink, left: LOG_BYTES, dropped: 0, stdout: Vec::new(), stderr: Vec::new() };
        Self(Arc::new(Mutex::new(budget)))
    }

    /// A line of `run.log`; an unknown level is the least important.
    pub(crate) fn line(&self, level: u8, message: &str, fields: &[(String, String)]) {
        let level = if (1..=DEBUG).contains(&level) { level } else { DEBUG };
        self.budget().line(level, message, fields);
    }

    /// Bytes that a language runtime printed.
    pub(crate) fn output(&self, output: Output, bytes: &[u8]) {
        self.budget().output(output, bytes);
    }

    pub(crate) fn progress(&self, done: u64, total: Option<u64>) {
        self.budget().sink.progress(done, total);
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Budget {
    fn line(&mut self, level: u8, message: &str, fields: &[(String, String)]) {
        let message = one_line(message, MESSAGE);
        let fields: Vec<(String, String)> =
            fields.iter().take(FIELDS).map(|(name, value)| (one_line(name, FIELD), one_line(value, FIELD))).collect();
        let size = message.len() + fields.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() + 1;
        match self.left.checked_sub(size) {
            // Once one line is dropped all are: a log with holes misleads.
            Some(left) if self.dropped == 0 => {
                self.left = left;
                self.sink.line(level, &message, &fields);
            }
            _ => self.dropped = self.dropped.saturating_add(1),
        }
    }

    fn output(&mut self, output: Output, bytes: &[u8]) {
        let mut held = std::mem::take(self.held(output));
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = MESSAGE.saturating_sub(held.len());
            held.extend(piece.iter().take(room));
            if piece.ends_with(b"\n") {
                self.print(output, &held);
                held.clear();
            }
        }
        *self.held(output) = held;
    }

    fn print(&mut self, output: Output, bytes: &[u8]) {
        let level = match output {
            Output::Stdout => INFO,
            Output::Stderr => WARNING,
        };
        let text = String::from_utf8_lossy(bytes);
        self.line(level, text.trim_end_matches(['\n', '\r']), &[]);
    }

    fn held(&mut self, output: Output) -> &mut Vec<u8> {
        match output {
            Output::Stdout => &mut self.stdout,
            Output::Stderr => &mut self.stderr,
        }
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        for output in [Output::Stdout, Output::Stderr] {
            let held = std::mem::take(self.held(output));
            if !held.is_empty() {
                self.print(output, &held);
            }
        }
        if self.dropped > 0 {
            self.sink.line(WARNING, &format!("dropped {} lines: the run's log is full", self.dropped), &[]);
        }
    }
}

/// At most `most` bytes of a guest's text, in which nothing moves a cursor, starts a line or turns the
/// direction of writing.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    let mut line = String::with_capacity(text.len().min(most));
    for c in text.chars() {
        let before = line.len();
        if c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}') {
            // Writing to a String does not fail.
            let _ = write!(line, "{}", c.escape_default());
        } else {
            line.push(c);
        }
        if line.len() > most {
            line.truncate(before);
            line.push('…');
            break;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Kept(Mutex<Vec<(u8, String)>>);

    impl LogSink for Kept {
        fn line(&self, level: u8, message: &str, _fields: &[(String, String)]) {
            self.0.lock().expect("a lock").push((level, message.to_owned()));
        }

        fn progress(&self, _done: u64, _total: Option<u64>) {}
    }

    #[test]
    fn escapes_and_forged_lines_come_out_as_text() {
        assert_eq!(one_line("a\u{1b}[2Jb\r\nERROR forged\u{202e}", 100), "a\\u{1b}[2Jb\\r\\nERROR forged\\u{202e}");
        assert_eq!(one_line("é".repeat(100).as_str(), 9), "éééé…");
    }

    #[test]
    fn a_full_log_says_once_how_much_was_dropped() {
        let kept = Arc::new(Kept::default());
        let log = RunLog::to(kept.clone());
        for _ in 0..1_000 {
            log.line(1, &"x".repeat(1_023), &[]);
        }
        drop(log);
        let lines = kept.0.lock().expect("a lock");
        assert_eq!(lines.len(), 256 + 1);
        assert_eq!(lines.last(), Some(&(WARNING, "dropped 744 lines: the run's log is full".to_owned())));
    }

    #[test]
    fn what_a_guest_prints_becomes_lines_however_it_is_cut() {
        let kept = Arc::new(Kept::default());
        let log = RunLog::to(kept.clone());
        log.output(Output::Stderr, b"panicked ");
        log.output(Output::Stdout, b"one\ntw");
        log.output(Output::Stderr, b"here\n");
        log.output(Output::Stdout, &[b'o'; 10_000]);
        drop(log);
        let lines = kept.0.lock().expect("a lock");
        assert_eq!(lines[0], (INFO, "one".to_owned()));
        assert_eq!(lines[1], (WARNING, "panicked here".to_owned()));
        assert_eq!((lines[2].0, lines[2].1.len()), (INFO, MESSAGE));
        assert_eq!(lines.len(), 3);
    }
}
