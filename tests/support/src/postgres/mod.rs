//! PostgreSQL for tests: found on the machine (or installed, where that is allowed), run as a cluster that
//! is ours alone, removed again.
//!
//! `cargo xtask test` runs one [`Cluster`] for all suites and names it in `PATCHBAY_TEST_POSTGRES`; a test
//! asks [`url_or_skip`] and talks to it as a [`Server`]. A test that restarts PostgreSQL or ends its sessions
//! starts a cluster of its own, since others would feel it. SQL goes through `psql`: this crate is a client of
//! the product, and names no database library.

mod account;
mod cluster;
mod find;
mod install;
mod server;
mod watchdog;

use std::ffi::OsString;

pub use cluster::{Cluster, Settings};
pub use find::{Binaries, find};
pub use install::{Presence, ensure};
pub use server::Server;

/// Names the cluster that suites share: `postgres://patchbay@127.0.0.1:PORT/postgres`.
pub const URL: &str = "PATCHBAY_TEST_POSTGRES";
/// Names the folder of PostgreSQL's programs; nothing else is looked at then.
pub const BIN: &str = "PATCHBAY_TEST_POSTGRES_BIN";
/// When set (and not `0`), a test that needs PostgreSQL fails without it. So does `CI`, which CI services set.
pub const REQUIRE: &str = "PATCHBAY_REQUIRE_POSTGRES";

/// The cluster that the suites share. Without one a line is printed, and the test that asked leaves out what
/// needs it and passes.
///
/// # Panics
///
/// There is none, and [`required`] says that there has to be: the test fails.
#[must_use]
pub fn url_or_skip() -> Option<String> {
    choose(variable(URL), required())
}

fn choose(url: Option<OsString>, required: bool) -> Option<String> {
    let url = url.and_then(|url| url.into_string().ok()).filter(|url| !url.is_empty());
    #[expect(clippy::panic, reason = "the caller is a test, and a test that may not be left out has to fail")]
    if url.is_none() && required {
        panic!("{URL} is not set, and {REQUIRE} or CI says that it has to be: run `cargo xtask test`");
    }
    if url.is_none() {
        eprintln!("left out: it needs PostgreSQL, and {URL} is not set (`cargo xtask test` sets it)");
    }
    url
}

/// Whether tests that need PostgreSQL must not be left out, by [`REQUIRE`] or `CI`.
#[must_use]
pub fn required() -> bool {
    [REQUIRE, "CI"].into_iter().any(|name| says_yes(variable(name)))
}

pub(crate) fn says_yes(value: Option<OsString>) -> bool {
    value.is_some_and(|value| !["", "0", "false"].iter().any(|no| value == *no))
}

/// A variable; an empty one counts as none.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration file of their own")]
    std::env::var_os(name).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests;
