//! `cargo xtask test`: every suite, each timed, all run even when one fails.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use patchbay_test_support::chromium;

use crate::{
    connectors::{self, Built},
    demo::table,
    generate, languages, node,
    postgres::{Postgres, store_tests},
    shell::{Result, Run, root, target},
    walls, web,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these suites (and the build, where they need it), separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "SUITE")]
    only: Vec<String>,
}

/// How a suite went.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Ending {
    Passed,
    Failed(String),
    /// This machine lacks what it needs, and nobody requires it: why.
    LeftOut(String),
    /// Another suite that it needs has failed.
    Skipped(&'static str),
}

/// Why a suite did not pass.
#[derive(Debug, PartialEq, Eq)]
enum Stop {
    Failed(String),
    LeftOut(String),
}

impl From<String> for Stop {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

/// What a suite finds when it begins.
#[derive(Default)]
struct Tree {
    built: Option<Built>,
    /// Started by the first suite that needs it; ends with this value.
    postgres: Option<Result<Postgres>>,
    /// The browser, looked for by the first suite that needs it.
    chromium: Option<Result<Option<PathBuf>>>,
}

impl Tree {
    fn postgres(&mut self) -> Result<&Postgres> {
        self.postgres.get_or_insert_with(|| Postgres::start(false)).as_ref().map_err(String::clone)
    }

    fn chromium(&mut self) -> Result<Option<PathBuf>> {
        self.chromium.get_or_insert_with(|| browser(chromium::ensure(), chromium::required())).clone()
    }
}

/// The browser; none where this machine has none and nobody requires it (CI).
fn browser(found: Result<PathBuf>, required: bool) -> Result<Option<PathBuf>> {
    match found {
        Ok(program) => Ok(Some(program)),
        Err(why) if required => Err(format!("{why}; it is required here")),
        Err(why) => {
            eprintln!("{why}: the tests in a browser are left out");
            Ok(None)
        }
    }
}

/// One suite.
struct Suite {
    name: &'static str,
    /// The suite without which it says nothing.
    needs: Option<&'static str>,
    run: fn(&mut Tree) -> std::result::Result<(), Stop>,
}

const WEB: &str = "web";
const BUILD: &str = "build";
const CONNECTORS: &str = "connectors";
const CONFORMANCE: &str = "conformance";
/// The profile of what suites run.
pub(crate) const DEBUG: &str = "debug";

/// Cheap ones first, so that a slip is told in seconds.
const SUITES: &[Suite] = &[
    Suite { name: "format", needs: None, run: |_| Ok(Run::cargo(&["fmt", "--all", "--check"]).status()?) },
    Suite { name: "walls", needs: None, run: |_| Ok(walls::run()?) },
    Suite { name: CONNECTORS, needs: None, run: build_connectors },
    // Before the build, which puts the web app into the binary.
    Suite { name: WEB, needs: None, run: |_| Ok(web::check().and_then(|()| web::build())?) },
    Suite { name: BUILD, needs: None, run: |_| Ok(Run::cargo(&["build", "--workspace"]).status()?) },
    Suite { name: CONFORMANCE, needs: Some(BUILD), run: conformance },
    Suite { name: "languages", needs: Some(BUILD), run: |_| Ok(languages::run()?) },
    Suite { name: "tests", needs: Some(BUILD), run: tests },
    Suite { name: "postgres", needs: Some(BUILD), run: store_on_postgres },
    Suite { name: "documentation", needs: None, run: |_| Ok(documentation()?) },
    Suite { name: "openapi", needs: Some(BUILD), run: |_| Ok(generate::check()?) },
    Suite { name: "clippy", needs: None, run: |_| Ok(clippy()?) },
    Suite { name: "as-released", needs: None, run: |_| Ok(as_released()?) },
];

pub(crate) fn run(args: &Args) -> Result<()> {
    if let Some(unknown) = args.only.iter().find(|name| !SUITES.iter().any(|suite| suite.name == name.as_str())) {
        let names: Vec<&str> = SUITES.iter().map(|suite| suite.name).collect();
        return Err(format!("there is no suite `{unknown}`; there are {}", names.join(", ")));
    }
    let mut tree = Tree::default();
    let mut results: Vec<(&str, Ending, Duration)> = Vec::new();
    for suite in SUITES.iter().filter(|suite| wanted(suite, &args.only)) {
        eprintln!("\n== {}", suite.name);
        let begun = Instant::now();
        let needed = suite
            .needs
            .filter(|needed| results.iter().any(|(name, result, _)| name == needed && *result != Ending::Passed));
        let result = match needed {
            Some(needed) => Ending::Skipped(needed),
            None => match (suite.run)(&mut tree) {
                Ok(()) => Ending::Passed,
                Err(Stop::LeftOut(why)) => Ending::LeftOut(why),
                Err(Stop::Failed(why)) => {
                    eprintln!("{why}");
                    Ending::Failed(why)
                }
            },
        };
        results.push((suite.name, result, begun.elapsed()));
    }
    print!("\n{}", summary(&results));
    let failed: Vec<&str> = results.iter().filter(|(_, result, _)| !fine(result)).map(|(name, ..)| *name).collect();
    if failed.is_empty() { Ok(()) } else { Err(format!("not passed: {}", failed.join(", "))) }
}

/// Whether the whole may still hold.
fn fine(result: &Ending) -> bool {
    matches!(result, Ending::Passed | Ending::LeftOut(_))
}

/// Whether a suite was asked for, or is needed by one that was. Tests and conformance need the connectors, too,
/// and tests the web app.
fn wanted(suite: &Suite, only: &[String]) -> bool {
    let asked = |name: &str| only.iter().any(|wanted| wanted == name);
    let needed = SUITES.iter().any(|other| other.needs == Some(suite.name) && asked(other.name));
    only.is_empty()
        || asked(suite.name)
        || needed
        || (suite.name == CONNECTORS && (asked("tests") || asked(CONFORMANCE)))
        || (suite.name == WEB && asked("tests"))
}

fn build_connectors(tree: &mut Tree) -> std::result::Result<(), Stop> {
    tree.built = Some(connectors::build()?);
    Ok(())
}

/// Each connector over its recorded answers, as its author runs it; all of them, even when one fails.
fn conformance(tree: &mut Tree) -> std::result::Result<(), Stop> {
    let built = tree.built.as_ref().ok_or_else(|| "the connectors were not built".to_owned())?;
    let patchbay = target().join(DEBUG).join("patchbay");
    let fails = |(name, packed): &(String, PathBuf)| {
        let fixtures = root().join("plugins").join(name).join("fixtures");
        let check = Run::program(&patchbay.to_string_lossy(), &["check"]).arg(packed).arg("--fixtures").arg(fixtures);
        check.status().err().map(|why| format!("{name}: {why}"))
    };
    let failed: Vec<String> = built.connectors.iter().filter_map(fails).collect();
    if failed.is_empty() { Ok(()) } else { Err(Stop::Failed(failed.join("\n"))) }
}

/// Unit and integration tests: with nextest where it is installed (in parallel across crates), else with
/// cargo's own runner. What needs PostgreSQL leaves itself out where there is none.
fn tests(tree: &mut Tree) -> std::result::Result<(), Stop> {
    node::check()?;
    let built = tree.built.clone();
    let chromium = tree.chromium()?;
    let postgres = tree.postgres()?;
    let runner = if has_nextest() {
        Run::cargo(&["nextest", "run", "--workspace", "--no-fail-fast"])
    } else {
        Run::cargo(&["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests"])
    };
    let runner = chromium.into_iter().fold(runner, |run, program| run.env(chromium::PROGRAM, program));
    let runner = runner.env("PATCHBAY_TEST_COMPILED", empty(&target().join("compiled"))?);
    Ok(environment(runner, DEBUG, built.as_ref(), Some(postgres)).status()?)
}

/// A folder with nothing in it: what another build of the host compiled is not this one's.
fn empty(folder: &Path) -> Result<PathBuf> {
    let made = std::fs::remove_dir_all(folder).or_else(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    });
    made.and_then(|()| std::fs::create_dir_all(folder)).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder.to_owned())
}

/// The store's own tests once more, on the other database.
fn store_on_postgres(tree: &mut Tree) -> std::result::Result<(), Stop> {
    let built = tree.built.clone();
    let postgres = tree.postgres()?;
    if let Postgres::Absent(why) = postgres {
        return Err(Stop::LeftOut(why.clone()));
    }
    let runner = if has_nextest() {
        // A filter of the workspace, not a package by itself: that would be built again, since crates of
        // others have fewer features there.
        Run::cargo(&["nextest", "run", "--workspace", "--no-fail-fast", "--filterset", "package(patchbay-store)"])
    } else {
        Run::cargo(&["test", "--package", "patchbay-store", "--no-fail-fast", "--lib", "--tests"])
    };
    Ok(store_tests(environment(runner, DEBUG, built.as_ref(), Some(postgres))).status()?)
}

fn has_nextest() -> bool {
    Run::cargo(&["nextest", "--version"]).succeeds()
}

/// Where tests find what was built and started for them; `profile` is a folder of the target folder.
pub(crate) fn environment(run: Run, profile: &str, built: Option<&Built>, postgres: Option<&Postgres>) -> Run {
    let run = run.env("PATCHBAY_BIN", target().join(profile).join("patchbay"));
    let run = postgres.into_iter().fold(run, |run, postgres| postgres.environment(run));
    match built {
        None => run,
        Some(built) => {
            let guests = built.guests.first().and_then(|guest| guest.parent());
            let run = run.env("PATCHBAY_CONNECTORS", &built.folder);
            guests.into_iter().fold(run, |run, folder| run.env("PATCHBAY_GUESTS", folder))
        }
    }
}

/// The examples in the SDK's documentation are what strangers copy first.
fn documentation() -> Result<()> {
    Run::cargo(&["test", "--doc", "--package", "patchbay-sdk"]).status()
}

fn clippy() -> Result<()> {
    Run::cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]).status()
}

/// Whether the rooms that hold test hooks still compile where the hooks are left out, as in a release build,
/// which would take minutes. (`walls` sees to it that they are left out.)
fn as_released() -> Result<()> {
    for product in [["--package", "patchbay-model", "--lib"], ["--package", "patchbay", "--bin=patchbay"]] {
        let check = product.into_iter().fold(Run::cargo(&["rustc", "--profile=check"]), |run, arg| run.arg(arg));
        ["--", "-Cdebug-assertions=off", "-Dwarnings"].into_iter().fold(check, |run, arg| run.arg(arg)).status()?;
    }
    Ok(())
}

fn summary(results: &[(&str, Ending, Duration)]) -> String {
    let mut rows: Vec<[String; 3]> = results
        .iter()
        .map(|(name, result, took)| {
            let result = match result {
                Ending::Passed => "passed".to_owned(),
                Ending::Failed(_) => "FAILED".to_owned(),
                Ending::LeftOut(why) => format!("left out: {why}"),
                Ending::Skipped(needed) => format!("skipped: {needed} failed"),
            };
            [(*name).to_owned(), table::seconds(*took), result]
        })
        .collect();
    let all: Duration = results.iter().map(|(_, _, took)| *took).sum();
    rows.push(["all".to_owned(), table::seconds(all), String::new()]);
    table::lay_out(["suite", "time", "result"], &rows)
}

#[cfg(test)]
mod promises {
    use super::*;

    #[test]
    fn what_a_suite_needs_stands_before_it() {
        for (place, suite) in SUITES.iter().enumerate() {
            let before = SUITES.get(..place).unwrap_or_default();
            assert!(suite.needs.is_none_or(|needed| before.iter().any(|other| other.name == needed)), "{}", suite.name);
        }
    }

    #[test]
    fn one_suite_brings_what_it_needs_and_nothing_else() {
        let only = ["tests".to_owned()];
        let names: Vec<&str> = SUITES.iter().filter(|suite| wanted(suite, &only)).map(|suite| suite.name).collect();
        assert_eq!(names, [CONNECTORS, WEB, BUILD, "tests"]);
        let only = [CONFORMANCE.to_owned()];
        let names: Vec<&str> = SUITES.iter().filter(|suite| wanted(suite, &only)).map(|suite| suite.name).collect();
        assert_eq!(names, [CONNECTORS, BUILD, CONFORMANCE]);
        let only = ["postgres".to_owned()];
        let names: Vec<&str> = SUITES.iter().filter(|suite| wanted(suite, &only)).map(|suite| suite.name).collect();
        assert_eq!(names, [BUILD, "postgres"]);
        assert!(SUITES.iter().all(|suite| wanted(suite, &[])));
    }

    #[test]
    fn an_unknown_suite_is_an_error_that_names_the_known_ones() {
        let error = run(&Args { only: vec!["tets".to_owned()] }).expect_err("unknown");
        assert!(error.contains("there is no suite `tets`") && error.contains("clippy"), "{error}");
    }

    #[test]
    fn the_summary_names_what_failed() {
        let second = Duration::from_millis(1_500);
        let text = summary(&[("a", Ending::Passed, second), ("b", Ending::Failed("x".to_owned()), second)]);
        assert!(text.contains("FAILED") && text.contains("3.0 s"), "{text}");
    }

    #[test]
    fn a_suite_that_was_left_out_is_shown_with_its_reason_and_fails_nothing() {
        let why = "PostgreSQL is not here".to_owned();
        let text = summary(&[("a", Ending::LeftOut(why.clone()), Duration::ZERO)]);
        assert!(text.contains("left out: PostgreSQL is not here"), "{text}");
        assert!(fine(&Ending::LeftOut(why.clone())) && fine(&Ending::Passed));
        assert!(!fine(&Ending::Failed(why)) && !fine(&Ending::Skipped(BUILD)));
    }

    #[test]
    fn without_a_browser_the_rest_runs_unless_it_is_required() {
        let absent = || Err("Chromium is not here".to_owned());
        assert_eq!(browser(absent(), false), Ok(None));
        assert_eq!(browser(absent(), true), Err("Chromium is not here; it is required here".to_owned()));
        assert_eq!(browser(Ok(PathBuf::from("chromium")), true), Ok(Some(PathBuf::from("chromium"))));
    }

    #[test]
    fn without_postgresql_its_suite_is_left_out_and_not_run() {
        let why = "PostgreSQL is not here".to_owned();
        let mut tree = Tree { postgres: Some(Ok(Postgres::Absent(why.clone()))), ..Tree::default() };
        assert_eq!(store_on_postgres(&mut tree), Err(Stop::LeftOut(why)));
    }
}
