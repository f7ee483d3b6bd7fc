//! `cargo xtask bench NAME`: how fast it is, built as it is released. The only verb that builds for release,
//! which takes minutes the first time.

use crate::{
    connectors, languages,
    postgres::Postgres,
    shell::{Result, Run, target},
    suites,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which; without one, all names are printed.
    name: Option<String>,
    /// How often each side is measured, in turns; of `push`, how many hundreds.
    #[arg(long, default_value_t = 5)]
    rounds: u64,
    /// Records of each measurement.
    #[arg(long, default_value_t = 1_000_000)]
    records: u64,
    /// `sync` into PostgreSQL rather than SQLite.
    #[arg(long)]
    postgres: bool,
}

/// The package whose program measures.
const PACKAGE: &str = "patchbay-bench";
/// What has to be as fast as it is released.
const RELEASED: [&str; 3] = ["patchbay", "patchbay-fakes", PACKAGE];
const PROFILE: &str = "release";
const LANGUAGES: &str = "languages";

/// Name and meaning of each.
const BENCHES: &[(&str, &str)] = &[
    ("sync", "records a second and CPU time through the real host, beside the same loop in native Rust"),
    ("call", "a fresh guest, one call, and its end"),
    ("store", "storing pages alone, on each database that is here"),
    (LANGUAGES, "the example connector in each language: size, compiling, start, memory, speed; into sdk/figures.json"),
    ("push", "an item from the call to its stored end, beside the provider's own answer and a commit of the same disk"),
    ("api", "the list of 10,000 connections while 20 syncs run, and what the idle host holds"),
];

pub(crate) fn run(args: &Args) -> Result<()> {
    let Some(name) = &args.name else {
        print!("{}", names());
        return Ok(());
    };
    if !BENCHES.iter().any(|(known, _)| known == name) {
        return Err(format!("there is no bench `{name}`; there are:\n{}", names()));
    }
    if args.postgres && name != "sync" {
        return Err("--postgres is for `sync`; `store` measures each database that is here".to_owned());
    }
    let built = connectors::build()?;
    let build = Run::cargo(&["build", "--release"]);
    RELEASED.iter().fold(build, |build, package| build.arg("--package").arg(package)).status()?;
    if name == LANGUAGES {
        return languages::measure(&target().join(PROFILE));
    }
    // As people run it: a commit is on the disk.
    let postgres = Postgres::start(true)?;
    let program = target().join(PROFILE).join(PACKAGE);
    let measure = Run::program(&program.to_string_lossy(), &[name.as_str()]);
    let measure = measure.arg("--rounds").arg(args.rounds.to_string()).arg("--records").arg(args.records.to_string());
    let measure = if args.postgres { measure.arg("--postgres") } else { measure };
    suites::environment(measure, PROFILE, Some(&built), Some(&postgres)).status()
}

fn names() -> String {
    BENCHES.iter().map(|(name, meaning)| format!("  {name:<14} {meaning}\n")).collect()
}

#[cfg(test)]
mod promises {
    use super::*;

    #[test]
    fn an_unknown_bench_is_an_error_that_names_the_known_ones() {
        let args = Args { name: Some("nothing".to_owned()), rounds: 1, records: 1, postgres: false };
        let error = run(&args).expect_err("unknown");
        assert!(error.contains("there is no bench `nothing`") && error.contains("sync"), "{error}");
    }
}
