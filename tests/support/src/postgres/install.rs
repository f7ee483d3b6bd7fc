//! Installing PostgreSQL from the distribution, where that is allowed ([`apt`](crate::apt)).
//!
//! Debian's package would make a cluster and start it, which is nobody's wish here: a file beside its
//! configuration forbids it for the time of the installation.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::find::{Binaries, find};
use crate::{Result, apt::Apt};

const PACKAGE: &str = "postgresql";
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
        Ok(None) => obtain(&Installer { apt: Apt::of_this_machine(), settings: PathBuf::from(SETTINGS) }),
        Err(why) => Presence::Absent(format!("PostgreSQL is not here: {why}")),
    }
}

fn obtain(installer: &Installer) -> Presence {
    if !installer.apt.may_install() {
        return Presence::Absent(format!(
            "PostgreSQL is not here and may not be installed (install it yourself: `apt-get install {PACKAGE}`)"
        ));
    }
    eprintln!("PostgreSQL is not here: installing it with apt-get (package {PACKAGE})");
    match installer.install().and_then(|()| find()) {
        Ok(Some(found)) => Presence::Here(found),
        Ok(None) => {
            Presence::Absent("PostgreSQL was installed, and its programs are not where Debian puts them".to_owned())
        }
        Err(why) => Presence::Absent(format!("PostgreSQL is not here and could not be installed: {why}")),
    }
}

/// The distribution's installer, kept from making a cluster.
struct Installer {
    apt: Apt,
    settings: PathBuf,
}

impl Installer {
    fn install(&self) -> Result<()> {
        let _kept = NoMainCluster::set(&self.settings)?;
        self.apt.install(&[PACKAGE])
    }
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
    use super::*;

    /// A program in the place of apt-get.
    fn apt(folder: &Path, script: &str) -> Installer {
        let apt = crate::apt::testing::in_place_of(folder, script);
        Installer { apt, settings: folder.join("etc/createcluster.d") }
    }

    #[test]
    fn nothing_is_installed_without_the_right_and_one_line_says_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let called = folder.path().join("called");
        let mut here = apt(folder.path(), &format!("touch {}", called.display()));
        here.apt.root = false;
        let mut nowhere = apt(folder.path(), "true");
        nowhere.apt.program = folder.path().join("nothing");
        for installer in [&here, &nowhere] {
            let Presence::Absent(line) = obtain(installer) else { panic!("it was installed") };
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
        let Presence::Absent(line) = obtain(&failing) else { panic!("it was installed") };
        assert!(line.contains("E: Unable to locate package") && !line.contains('\n'), "{line}");
    }
}
