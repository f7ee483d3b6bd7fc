//! Chromium for tests of pages: Debian's, found on the machine or installed where that is allowed.
//!
//! `cargo xtask test` looks once and names it in `PATCHBAY_CHROMIUM`.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use crate::{apt::Apt, postgres};

/// Names the browser's program; nothing else is looked at then.
pub const PROGRAM: &str = "PATCHBAY_CHROMIUM";
/// When set (and not `0`), a test that needs a browser fails without it. So does `CI`, which CI services set.
pub const REQUIRE: &str = "PATCHBAY_REQUIRE_CHROMIUM";
/// The browser, and letters for what it shows.
const PACKAGES: &[&str] = &["chromium", "fonts-dejavu-core"];
/// What it is called in a folder of `PATH`.
const NAMES: [&str; 2] = ["chromium", "chromium-browser"];

/// The browser; where there is none, one line that says why.
///
/// # Errors
///
/// It is not here, and may not be or could not be installed.
pub fn ensure() -> Result<PathBuf, String> {
    find().map_or_else(|| obtain(&Apt::of_this_machine(), find), Ok)
}

/// The browser of [`PROGRAM`], or of `PATH`.
#[must_use]
pub fn find() -> Option<PathBuf> {
    look(postgres::variable(PROGRAM).as_deref(), postgres::variable("PATH").as_deref())
}

/// The browser for a test. Without one a line is printed, and the test that asked leaves itself out.
///
/// # Panics
///
/// There is none, and [`required`] says that there has to be: the test fails.
#[must_use]
pub fn program_or_skip() -> Option<PathBuf> {
    let found = find();
    #[expect(clippy::panic, reason = "the caller is a test, and a test that may not be left out has to fail")]
    if found.is_none() && required() {
        panic!("Chromium is not here, and {REQUIRE} or CI says that it has to be: run `cargo xtask test`");
    }
    if found.is_none() {
        eprintln!("left out: it needs Chromium (`cargo xtask test` installs it where it may)");
    }
    found
}

/// Whether tests that need a browser must not be left out, by [`REQUIRE`] or `CI`.
#[must_use]
pub fn required() -> bool {
    [REQUIRE, "CI"].into_iter().any(|name| postgres::says_yes(postgres::variable(name)))
}

fn look(named: Option<&OsStr>, path: Option<&OsStr>) -> Option<PathBuf> {
    if let Some(named) = named {
        return Some(PathBuf::from(named)).filter(|program| program.is_file());
    }
    let path = path.map(OsString::from).unwrap_or_default();
    std::env::split_paths(&path).find_map(|folder| at(&folder))
}

fn at(folder: &Path) -> Option<PathBuf> {
    NAMES.iter().map(|name| folder.join(name)).find(|program| program.is_file())
}

fn obtain(apt: &Apt, find: impl Fn() -> Option<PathBuf>) -> Result<PathBuf, String> {
    if !apt.may_install() {
        return Err(format!(
            "Chromium is not here and may not be installed (install it yourself: `apt-get install {}`)",
            PACKAGES.join(" ")
        ));
    }
    eprintln!("Chromium is not here: installing it with apt-get");
    apt.install(PACKAGES).map_err(|why| format!("Chromium is not here and could not be installed: {why}"))?;
    find().ok_or_else(|| "Chromium was installed, and its program is not where Debian puts it".to_owned())
}

#[cfg(test)]
mod promises {
    use std::fs;

    use super::*;
    use crate::apt::testing::in_place_of;

    #[test]
    fn the_named_browser_is_the_only_one_that_is_looked_at() {
        let folder = tempfile::tempdir().expect("a folder");
        let here = folder.path().join("chromium");
        fs::write(&here, "").expect("a program");
        let path = folder.path().as_os_str();
        assert_eq!(look(None, Some(path)), Some(here.clone()));
        assert_eq!(look(Some(here.as_os_str()), None), Some(here));
        assert_eq!(look(Some(OsStr::new("/nowhere/chromium")), Some(path)), None);
        assert_eq!(look(None, None), None);
    }

    #[test]
    fn it_is_installed_only_where_that_is_allowed_and_what_went_wrong_is_one_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join("chromium");
        let found = || Some(program.clone()).filter(|program| program.is_file());
        let mut apt = in_place_of(folder.path(), &format!("touch {}", program.display()));
        apt.root = false;
        let why = obtain(&apt, found).expect_err("not allowed");
        assert!(why.contains("may not be installed") && !program.exists(), "{why}");
        apt.root = true;
        assert_eq!(obtain(&apt, found), Ok(program.clone()));
        let failing = in_place_of(folder.path(), "echo 'E: Unable to locate package'; exit 100");
        let why = obtain(&failing, found).expect_err("it failed");
        assert!(why.contains("E: Unable to locate package") && !why.contains('\n'), "{why}");
    }
}
