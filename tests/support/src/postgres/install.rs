//! Installing PostgreSQL from the distribution: only for root, only with apt-get, without a question and
//! within a bound of time.
//!
//! Debian's package would make a cluster and start it, which is nobody's wish here: a file beside its
//! configuration forbids it for the time of the installation.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, geteuid, kill_process};

use super::find::{Binaries, find};
use crate::{Result, Trouble, launch::tail, wait_until};

const PACKAGE: &str = "postgresql";
const APT: &str = "/usr/bin/apt-get";
/// All of it; a mirror that is slow to answer counts, too.
const LONGEST: Duration = Duration::from_secs(600);
/// After SIGTERM, which lets dpkg finish the package that it is at.
const PATIENCE: Duration = Duration::from_secs(60);
/// Debian's pg_createcluster(8) reads every file here.
const SETTINGS: &str = "/etc/postgresql-common/createcluster.d";

/// Whether PostgreSQL is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    Here(Binaries),
    /// It is not; one line for the person that says why.
    Absent(String),
}

/// Finds PostgreSQL, or installs it where that is allowed.
#[must_use]
pub fn ensure() -> Presence {
    match find() {
        Ok(Some(found)) => Presence::Here(found),
        Ok(None) => {
            obtain(&Apt { program: PathBuf::from(APT), settings: PathBuf::from(SETTINGS) }, geteuid().is_root())
        }
        Err(why) => Presence::Absent(format!("PostgreSQL is not here: {why}")),
    }
}

fn obtain(apt: &Apt, root: bool) -> Presence {
    if !root || !apt.program.is_file() {
        return Presence::Absent(format!(
            "PostgreSQL is not here and may not be installed (install it yourself: `apt-get install {PACKAGE}`)"
        ));
    }
    eprintln!("PostgreSQL is not here: installing it with apt-get (package {PACKAGE})");
    match apt.install().and_then(|()| find()) {
        Ok(Some(found)) => Presence::Here(found),
        Ok(None) => {
            Presence::Absent("PostgreSQL was installed, and its programs are not where Debian puts them".to_owned())
        }
        Err(why) => Presence::Absent(format!("PostgreSQL is not here and could not be installed: {why}")),
    }
}

/// The distribution's installer.
struct Apt {
    program: PathBuf,
    settings: PathBuf,
}

impl Apt {
    fn install(&self) -> Result<()> {
        let _kept = NoMainCluster::set(&self.settings)?;
        // A machine that has never asked knows no package; one that cannot ask now may have asked before.
        drop(self.run(&["update"]));
        self.run(&["install", "--yes", "--no-install-recommends", PACKAGE])
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

/// While this lives, Debian's package makes no cluster.
struct NoMainCluster {
    file: PathBuf,
    /// Folders that were not there before, inner first.
    made: Vec<PathBuf>,
}

impl NoMainCluster {
    fn set(folder: &Path) -> Result<Self> {
        let made = folder.ancestors().take_while(|folder| !folder.exists()).map(Path::to_owned).collect();
        fs::create_dir_all(folder)?;
        let set = Self { file: folder.join("patchbay-tests.conf"), made };
        fs::write(&set.file, "create_main_cluster = false\n")?;
        Ok(set)
    }
}

impl Drop for NoMainCluster {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.file));
        for folder in &self.made {
            // The package may have put something there by now: then it stays.
            drop(fs::remove_dir(folder));
        }
    }
}

#[cfg(test)]
mod promises {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A program in the place of apt-get.
    fn apt(folder: &Path, script: &str) -> Apt {
        let program = folder.join("apt-get");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a script");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a program");
        Apt { program, settings: folder.join("etc/createcluster.d") }
    }

    #[test]
    fn nothing_is_installed_without_the_right_and_one_line_says_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let called = folder.path().join("called");
        let here = apt(folder.path(), &format!("touch {}", called.display()));
        let nowhere = Apt { program: folder.path().join("nothing"), settings: folder.path().join("etc") };
        for (apt, root) in [(&here, false), (&nowhere, true)] {
            let Presence::Absent(line) = obtain(apt, root) else { panic!("it was installed") };
            assert!(line.contains("is not here and may not be installed") && !line.contains('\n'), "{line}");
        }
        assert!(!called.exists());
    }

    #[test]
    fn no_cluster_is_made_meanwhile_and_no_trace_of_that_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let seen = folder.path().join("seen");
        let settings = folder.path().join("etc/createcluster.d");
        let script = format!(
            "[ \"$DEBIAN_FRONTEND\" = noninteractive ] && cat {}/*.conf >>{}",
            settings.display(),
            seen.display()
        );
        apt(folder.path(), &script).install().expect("installed");
        assert_eq!(fs::read_to_string(seen).expect("it ran twice"), "create_main_cluster = false\n".repeat(2));
        assert!(!folder.path().join("etc").exists());
    }

    #[test]
    fn a_failed_installation_is_told_in_one_line_with_what_apt_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let failing = apt(folder.path(), "echo Reading lists; echo 'E: Unable to locate package'; echo done; exit 100");
        let Presence::Absent(line) = obtain(&failing, true) else { panic!("it was installed") };
        assert!(line.contains("E: Unable to locate package") && !line.contains('\n'), "{line}");
    }
}
