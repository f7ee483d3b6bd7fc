//! A sign of life for anything over a second: on standard error, and only where a person looks.

use std::{
    io::{IsTerminal, Write},
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// Shows what is being done until it is dropped.
pub(super) struct Progress(Option<(Sender<()>, JoinHandle<()>)>);

impl Progress {
    /// Begins; nothing is shown in the first second, nor where standard error is not a terminal.
    pub(super) fn begin(what: impl Into<String>) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let what = what.into();
        let (end, ended) = mpsc::channel();
        let shown = std::thread::spawn(move || {
            let begun = Instant::now();
            let mut any = false;
            while ended.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
                any = true;
                eprint!("\r{what} … {} s", begun.elapsed().as_secs());
                let _ = std::io::stderr().flush();
            }
            if any {
                eprint!("\r\x1b[2K");
            }
        });
        Self(Some((end, shown)))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((end, shown)) = self.0.take() {
            drop(end);
            let _ = shown.join();
        }
    }
}
