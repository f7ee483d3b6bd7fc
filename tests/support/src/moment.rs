//! A test's hold on time: of the host by the file of its clock and the mark where it stands still, which it
//! reads only in a build with debug assertions; of the fakes by a clock that is moved with it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use patchbay_model::{Clock, SystemClock, Timestamp};

use crate::Result;

/// The clock of the fakes where the host has a test clock: the wall's, and as far ahead as it was moved.
#[derive(Debug, Clone, Default)]
pub struct TestTime(Arc<AtomicU64>);

impl TestTime {
    /// Moves it on, for all who share it.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

impl Clock for TestTime {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus(Duration::from_millis(self.0.load(Ordering::Relaxed)))
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
