//! `cargo xtask soak NAME`: a test of the suites, run for longer and from a seed.
//!
//! A soak is a test like any other whose length and randomness come from `PATCHBAY_SOAK_ROUNDS` and
//! `PATCHBAY_SOAK_SEED`, so that the short form runs in every `cargo xtask test` and a failure is repeated
//! by its seed.

use crate::{
    connectors, node,
    postgres::Postgres,
    shell::{Result, Run},
    suites,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which; without one, all names are printed.
    name: Option<String>,
    /// How many rounds; each soak has its own number.
    #[arg(long)]
    rounds: Option<u64>,
    /// Where randomness starts; printed, so that a failure can be repeated.
    #[arg(long)]
    seed: Option<u64>,
}

/// A test of `tests/it` that can run longer.
struct Soak {
    name: &'static str,
    test: &'static str,
    /// Rounds when nobody says how many.
    rounds: u64,
    /// Whether it is about PostgreSQL, and an error where there is none.
    postgres: bool,
    meaning: &'static str,
}

const POSTGRES_NOTE: &str = "\n  All are given a private PostgreSQL, installed first where it is missing and this is root; without it\n  those that need it do not run.\n";
const PACKAGE: &str = "patchbay-it";
const TARGET: &str = "it";

/// A line is `"name" rounds "test": "meaning";` or, for one that runs on PostgreSQL,
/// `"name" rounds "test" on postgres: "meaning";`.
macro_rules! soaks {
    ($($name:literal $rounds:literal $test:literal $(on $database:ident)?: $meaning:literal;)*) => {
        const SOAKS: &[Soak] = &[$(Soak {
            name: $name,
            test: $test,
            rounds: $rounds,
            postgres: soaks!(@needs $($database)?),
            meaning: $meaning,
        }),*];
    };
    (@needs postgres) => { true };
    (@needs) => { false };
}

// The soaks of this tree. A test reads rounds and seed before it is listed here; one on PostgreSQL starts a
// durable cluster of its own when it restarts it, else takes the one of `PATCHBAY_TEST_POSTGRES`.
soaks! {
    "kill" 1_000 "cursor_moves_only_with_its_records::killed_at_any_page_nothing_is_lost_and_nothing_is_stored_twice":
        "SIGKILL at random pages of a sync, then the provider's journal against the feed";
    "kill-sqlite" 50 "soak::kill_sqlite":
        "SIGKILL at random moments of all kinds of syncs, then what the provider served against the feed";
    "kill-postgres" 50 "soak::kill_postgres" on postgres:
        "the same on PostgreSQL";
    "nodes" 50 "soak::nodes" on postgres:
        "three nodes, lease 2 s: one is killed, one stands still for two leases; one owner at any time";
    "nodes-slow" 3 "soak::nodes_slow" on postgres:
        "the same with the usual lease of 30 s: taken over within 35 s";
    "postgres-restart" 20 "soak::postgres_restart" on postgres:
        "PostgreSQL restarted at once and its sessions ended under load: writes resume within 30 s";
    "load" 10_000 "soak::load":
        "so many connections, due every five minutes for ten minutes: each slot is read once, soon after";
    "refresh-nodes" 50 "soak::refresh_nodes" on postgres:
        "eight tasks on each of four nodes refresh one connection, the holder is killed: one call, no revocation";
    "refresh" 200 "soak::refresh":
        "eight tasks refresh one connection at once under strict rotation: one call a round, no revocation";
    "refresh-kill" 20 "soak::refresh_kill":
        "SIGKILL at each point of a refresh: the stored token is good, or the connection asks for its owner";
    "rotate-keys" 50 "soak::rotate_keys":
        "new sealing keys under load with SIGKILL: every credential stays readable, no request fails";
    "chaos" 1_000 "soak::chaos":
        "random scripts of a provider that misbehaves: after each, every feed is what the provider has";
    "push" 100 "soak::push":
        "SIGKILL and lost answers at each step of four kinds of provider: no item twice, none lost, none guessed";
    "push-nodes" 30 "soak::push_nodes" on postgres:
        "the same with two nodes on PostgreSQL, one of which is killed: no push is sent by both";
    "hostile" 20 "soak::hostile":
        "the hostile set beside an office that works: each limit fires, p99 of the others rises by a fifth at most";
    "mutants" 2_000 "soak::mutants":
        "connectors that were changed at random: refused with a reason, or installed and run; the host lives on";
    "bombs" 1 "soak::bombs":
        "components that busy a compiler, also those that are given two minutes: the child ends, nobody notices";
    "reload" 10_000 "soak::reload":
        "two releases take each other's place while calls run: no call sees both, none fails, memory does not grow";
    "starlingmonkey" 1 "soak::starlingmonkey":
        "the example in TypeScript around SpiderMonkey, whose tools are 385 MB: built, and checked without a finding";
    "disconnect" 900 "soak::disconnect":
        "browsers that leave at random during a callback: nothing is half done";
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let Some(name) = &args.name else {
        print!("{}", names());
        return Ok(());
    };
    let soak = SOAKS.iter().find(|soak| soak.name == name);
    let soak = soak.ok_or_else(|| format!("there is no soak `{name}`; there are:\n{}", names()))?;
    let (rounds, seed) =
        (args.rounds.unwrap_or(soak.rounds), args.seed.unwrap_or_else(|| u64::from(std::process::id())));
    println!("{}: {rounds} rounds from seed {seed}", soak.name);
    node::check()?;
    let built = connectors::build()?;
    Run::cargo(&["build", "--workspace"]).status()?;
    // Cargo's own runner: nextest would end what runs for hours. Of the whole workspace, because of the package alone its libraries
    // would be built once more; the other packages' tests of this target have no test of that name.
    let test = Run::cargo(&["test", "--workspace", "--test", TARGET, soak.test, "--", "--exact", "--nocapture"])
        .env("PATCHBAY_SOAK_ROUNDS", rounds.to_string())
        .env("PATCHBAY_SOAK_SEED", seed.to_string());
    let postgres = Postgres::start(true)?;
    if let (true, Postgres::Absent(why)) = (soak.postgres, &postgres) {
        return Err(format!("{why}; {} runs on it", soak.name));
    }
    let test = suites::environment(test, suites::DEBUG, Some(&built), Some(&postgres));
    let listed = test.clone().arg("--list").output()?;
    if !lists(&listed, soak.test) {
        return Err(format!("{PACKAGE} has no test {}; soak.rs of xtask names it", soak.test));
    }
    test.status()
}

/// Whether a runner's list has the test: without it the runner would run nothing and call that a success.
fn lists(listed: &str, test: &str) -> bool {
    listed.lines().any(|line| line.strip_suffix(": test") == Some(test))
}

fn names() -> String {
    let row = |soak: &Soak| {
        let needs = if soak.postgres { " (needs PostgreSQL)" } else { "" };
        format!("  {:<14} {:>5} rounds  {}{needs}\n", soak.name, soak.rounds, soak.meaning)
    };
    SOAKS.iter().map(row).chain([POSTGRES_NOTE.to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_soak_is_an_error_that_names_the_known_ones() {
        let args = Args { name: Some("nothing".to_owned()), rounds: Some(1), seed: Some(1) };
        let error = run(&args).expect_err("unknown");
        assert!(error.contains("there is no soak `nothing`"), "{error}");
        assert!(SOAKS.iter().all(|soak| error.contains(soak.name)), "{error}");
    }

    #[test]
    fn a_test_that_is_not_there_is_no_success() {
        let listed = "soak::refresh_kill: test\nsoak::refresh: test\n\n2 tests, 0 benchmarks\n";
        assert!(lists(listed, "soak::refresh"));
        assert!(!lists("soak::refresh_kill: test\n", "soak::refresh"));
        assert!(!lists("0 tests, 0 benchmarks\n", "soak::refresh"));
    }

    #[test]
    fn each_soak_has_a_name_and_a_test_of_its_own() {
        for (place, soak) in SOAKS.iter().enumerate() {
            let others = SOAKS.get(..place).unwrap_or_default();
            assert!(others.iter().all(|other| other.name != soak.name && other.test != soak.test), "{}", soak.name);
            assert!(soak.rounds > 0);
        }
    }
}
