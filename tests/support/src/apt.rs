//! Installing from the distribution: only for root, only with apt-get, without a question and within a bound of time.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, geteuid, kill_process};

use crate::{Result, Trouble, launch::tail, wait_until};

const APT: &str = "/usr/bin/apt-get";
/// All of it; a mirror that is slow to answer counts, too.
const LONGEST: Duration = Duration::from_secs(600);
/// After SIGTERM, which lets dpkg finish the package that it is at.
const PATIENCE: Duration = Duration::from_secs(60);

/// The distribution's installer.
pub(crate) struct Apt {
    pub(crate) program: PathBuf,
    /// Whether this is root.
    pub(crate) root: bool,
}

impl Apt {
    pub(crate) fn of_this_machine() -> Self {
        Self { program: PathBuf::from(APT), root: geteuid().is_root() }
    }

    /// Whether it is there, and we may.
    pub(crate) fn may_install(&self) -> bool {
        self.root && self.program.is_file()
    }

    /// Installs packages; the error is one line.
    pub(crate) fn install(&self, packages: &[&str]) -> Result<()> {
        // A machine that has never asked knows no package; one that cannot ask now may have asked before.
        drop(self.run(&["update"]));
        self.run(&[&["install", "--yes", "--no-install-recommends"], packages].concat())
    }

    /// Runs it out of sight; the error has the end of what it said.
    fn run(&self, args: &[&str]) -> Result<()> {
        let folder = tempfile::tempdir()?;
        let log_path = folder.path().join("apt.log");
        let log = File::create(&log_path)?;
        let mut command = Command::new(&self.program);
        command.args(["--quiet", "-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=2"]);
        command.args(["-o", "Acquire::http::Timeout=30", "-o", "Dpkg::Options::=--force-confold"]).args(args);
        command.env("DEBIAN_FRONTEND", "noninteractive").current_dir("/");
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let mut child = command.spawn()?;
        let mut ended = wait_until("apt-get", LONGEST, || Ok(child.try_wait()?));
        if ended.is_err() {
            kill_process(Pid::from_child(&child), Signal::TERM)?;
            if wait_until("apt-get's end", PATIENCE, || Ok(child.try_wait()?)).is_err() {
                child.kill()?;
            }
            child.wait()?;
        }
        match &mut ended {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Trouble::new(format!("apt-get ended with {status}: {}", last_words(&log_path)))),
            Err(why) => Err(Trouble::new(format!("{why}: {}", last_words(&log_path)))),
        }
    }
}

/// The lines that begin with `E:`, or the last one: what goes into a single line.
fn last_words(log: &Path) -> String {
    let text = tail(log);
    let errors: Vec<&str> = text.lines().filter(|line| line.starts_with("E: ")).collect();
    if errors.is_empty() { text.lines().next_back().unwrap_or_default().to_owned() } else { errors.join(" ") }
}

#[cfg(test)]
pub(crate) mod testing {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    /// A script in the place of apt-get.
    pub(crate) fn in_place_of(folder: &Path, script: &str) -> Apt {
        let program = folder.join("apt-get");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a script");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a program");
        Apt { program, root: true }
    }
}
