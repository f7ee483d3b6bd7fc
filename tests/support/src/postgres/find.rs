//! Where PostgreSQL's programs are.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use super::{BIN, variable};
use crate::{Result, Trouble};

/// What a cluster and its tests run.
const PROGRAMS: [&str; 3] = ["initdb", "postgres", "psql"];
/// Debian keeps the programs of each version apart, and out of PATH.
const DEBIAN: &str = "/usr/lib/postgresql";

/// A folder that holds PostgreSQL's programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    /// The folder, if all programs are in it. Links are followed: a folder of links may lack what the other
    /// programs look for beside themselves.
    fn at(folder: &Path) -> Option<Self> {
        let server = fs::canonicalize(folder.join("postgres")).ok()?;
        let folder = server.parent()?;
        PROGRAMS.iter().all(|program| folder.join(program).is_file()).then(|| Self { folder: folder.to_owned() })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// PostgreSQL's programs: in the folder that `PATCHBAY_TEST_POSTGRES_BIN` names and nowhere else when it is
/// set, else in a folder of `PATH`, else where Debian keeps them (the newest version).
///
/// `None`: this machine has none.
///
/// # Errors
///
/// The named folder does not hold them.
pub fn find() -> Result<Option<Binaries>> {
    look(variable(BIN).as_deref(), variable("PATH").as_deref(), Path::new(DEBIAN))
}

fn look(named: Option<&OsStr>, path: Option<&OsStr>, debian: &Path) -> Result<Option<Binaries>> {
    if let Some(named) = named {
        let found = Binaries::at(Path::new(named));
        let why = || Trouble::new(format!("{BIN} is {}, which does not hold {PROGRAMS:?}", Path::new(named).display()));
        return found.ok_or_else(why).map(Some);
    }
    let on_path = path.and_then(|path| std::env::split_paths(path).find_map(|folder| Binaries::at(&folder)));
    Ok(on_path.or_else(|| newest(debian)))
}

/// Of the folders `15/bin`, `17/bin`, ….
fn newest(debian: &Path) -> Option<Binaries> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(debian)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    versions.into_iter().rev().find_map(|(_, folder)| Binaries::at(&folder))
}

#[cfg(test)]
mod promises {
    use super::*;

    fn installed(folder: &Path, programs: &[&str]) -> PathBuf {
        fs::create_dir_all(folder).expect("a folder");
        for program in programs {
            fs::write(folder.join(program), "").expect("a program");
        }
        fs::canonicalize(folder).expect("a path")
    }

    fn folder(found: Option<Binaries>) -> Option<PathBuf> {
        found.map(|found| found.folder().to_owned())
    }

    #[test]
    fn the_named_folder_comes_before_the_path_and_that_before_the_newest_of_debian() {
        let root = tempfile::tempdir().expect("a folder");
        let at = |name: &str| root.path().join(name);
        let (debian, nothing) = (at("debian"), at("nothing"));
        installed(&debian.join("9/bin"), &PROGRAMS);
        let newest = installed(&debian.join("15/bin"), &PROGRAMS);
        installed(&debian.join("17/bin"), &["psql"]);
        let on_path = installed(&at("path"), &PROGRAMS);
        let named = installed(&at("named"), &PROGRAMS);

        let path = std::env::join_paths([&nothing, &on_path]).expect("a PATH");
        let all = look(Some(named.as_os_str()), Some(&path), &debian);
        assert_eq!(folder(all.expect("named")), Some(named));
        assert_eq!(folder(look(None, Some(&path), &debian).expect("on the path")), Some(on_path));
        assert_eq!(folder(look(None, Some(nothing.as_os_str()), &debian).expect("Debian's")), Some(newest));
        assert_eq!(look(None, None, &nothing).expect("none"), None);
    }

    #[test]
    fn a_named_folder_without_the_programs_is_an_error_and_hides_no_other() {
        let root = tempfile::tempdir().expect("a folder");
        let here = installed(&root.path().join("15/bin"), &PROGRAMS);
        let wrong = look(Some(OsStr::new("/nowhere")), Some(here.as_os_str()), root.path());
        assert!(wrong.expect_err("it is wrong").to_string().contains("/nowhere"));
    }

    #[test]
    fn links_are_followed_to_where_the_programs_are() {
        let root = tempfile::tempdir().expect("a folder");
        let real = installed(&root.path().join("real"), &PROGRAMS);
        let links = installed(&root.path().join("links"), &[]);
        std::os::unix::fs::symlink(real.join("postgres"), links.join("postgres")).expect("a link");
        assert_eq!(folder(look(None, Some(links.as_os_str()), root.path()).expect("found")), Some(real));
    }
}
