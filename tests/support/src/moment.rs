//! A test's hold on time: of the host by the file of its clock and the mark where it stands still, which it
//! reads only in a build with debug assertions; of the fakes by a clock that is moved with it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use patchbay_model::{Clock, SystemClock, Timestamp};

use crate::Result;

/// The clock of the fakes where the host has a test clock: the wall's, and as far ahead as it was moved.
#[derive(Debug, Clone, Default)]
pub struct TestTime(Arc<RwLock<Duration>>);

impl TestTime {
    /// Moves it on, for all who share it, together with the clocks of the hosts. No fake reads the time in between: what a
    /// host got at the new time would be of the old one for its provider, and a token refused that the host takes for young
    /// is a login that has ended.
    ///
    /// # Errors
    ///
    /// Those of `hosts`; then it stays where it is.
    pub fn advance_with(&self, by: Duration, hosts: impl FnOnce() -> Result<()>) -> Result<()> {
        let mut ahead = self.0.write().unwrap_or_else(PoisonError::into_inner);
        hosts()?;
        *ahead = ahead.saturating_add(by);
        Ok(())
    }
}

impl Clock for TestTime {
    fn now(&self) -> Timestamp {
        let ahead = self.0.read().unwrap_or_else(PoisonError::into_inner);
        SystemClock.now().plus(*ahead)
    }
}

/// Names the file that holds how far the clock is ahead, milliseconds as text.
pub(crate) const CLOCK: &str = "PATCHBAY_TEST_CLOCK";
/// Names the place where the host stands still.
pub(crate) const FAILPOINT: &str = "PATCHBAY_TEST_FAILPOINT";
/// Names the file that the host writes when it stands there.
pub(crate) const MARK: &str = "PATCHBAY_TEST_FAILPOINT_MARK";

/// Names the folder in which all hosts of a test run keep what they compile, for each other.
pub(crate) const COMPILED: &str = "PATCHBAY_TEST_COMPILED";

/// Takes the variables of the test tools from a host that is started: it would take them for its configuration. What was
/// compiled before stays its to use.
pub fn without_tools(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PATCHBAY_") && name != COMPILED {
            command.env_remove(name);
        }
    }
}

/// The file of the clock.
pub(crate) fn clock(folder: &Path) -> PathBuf {
    folder.join("test-clock")
}

/// The file of the mark.
pub(crate) fn mark(folder: &Path) -> PathBuf {
    folder.join("failpoint-mark")
}

/// How far the clock is ahead.
pub(crate) fn offset(folder: &Path) -> Result<Duration> {
    Ok(Duration::from_millis(fs::read_to_string(clock(folder))?.trim().parse()?))
}

/// Sets the clock; the host sees the old text or the new one, never a part.
pub(crate) fn set_offset(folder: &Path, ahead: Duration) -> Result<()> {
    let next = folder.join("test-clock.next");
    fs::write(&next, ahead.as_millis().to_string())?;
    Ok(fs::rename(next, clock(folder))?)
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread};

    use super::*;
    use crate::Trouble;

    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn no_fake_reads_a_time_while_the_hosts_are_moved() {
        let (time, before) = (TestTime::default(), SystemClock.now());
        let (sender, heard) = mpsc::channel();
        let other = time.clone();
        let mut early = None;
        time.advance_with(DAY, || {
            thread::spawn(move || sender.send(other.now()));
            early = heard.recv_timeout(Duration::from_millis(50)).ok();
            Ok(())
        })
        .expect("moved");
        assert_eq!(early, None);
        assert!(heard.recv().expect("a time").since(before) >= DAY);
    }

    #[test]
    fn it_stays_where_it_is_when_a_host_cannot_be_moved() {
        let (time, before) = (TestTime::default(), SystemClock.now());
        assert!(time.advance_with(DAY, || Err(Trouble::new("no test clock".to_owned()))).is_err());
        assert!(time.now().since(before) < DAY);
    }
}
