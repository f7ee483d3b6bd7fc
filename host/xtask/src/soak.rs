//! `cargo xtask soak NAME`: a test of the suites, run for longer and from a seed.
//!
//! A soak is a test like any other whose length and randomness come from `PATCHBAY_SOAK_ROUNDS` and
//! `PATCHBAY_SOAK_SEED`, so that the short form runs in every `cargo xtask test` and a failure is repeated
//! by its seed.

use crate::{
    connectors,
    shell::{Result, Run},
    suites,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which; without one, all names are printed.
    name: Option<String>,
    /// How many rounds.
    #[arg(long, default_value_t = 1_000)]
    rounds: u64,
    /// Where randomness starts; printed, so that a failure can be repeated.
    #[arg(long)]
    seed: Option<u64>,
}

/// A soak by name: the package and the test that runs longer.
struct Soak {
    name: &'static str,
    package: &'static str,
    test: &'static str,
    meaning: &'static str,
}

/// The soaks of this tree. A test reads rounds and seed before it is listed here.
const SOAKS: &[Soak] = &[Soak {
    name: "kill",
    package: "patchbay-it",
    test: "cursor_moves_only_with_its_records::killed_at_any_page_nothing_is_lost_and_nothing_is_stored_twice",
    meaning: "SIGKILL at random pages of a sync, then the provider's journal against the feed",
}];

pub(crate) fn run(args: &Args) -> Result<()> {
    let Some(name) = &args.name else {
        print!("{}", names());
        return Ok(());
    };
    let soak = SOAKS.iter().find(|soak| soak.name == name);
    let soak = soak.ok_or_else(|| format!("there is no soak `{name}`; there are:\n{}", names()))?;
    let seed = args.seed.unwrap_or_else(|| u64::from(std::process::id()));
    println!("{}: {} rounds from seed {seed}", soak.name, args.rounds);
    let built = connectors::build()?;
    Run::cargo(&["build", "--workspace"]).status()?;
    let test = Run::cargo(&["test", "--package", soak.package, soak.test, "--", "--exact", "--nocapture"])
        .env("PATCHBAY_SOAK_ROUNDS", args.rounds.to_string())
        .env("PATCHBAY_SOAK_SEED", seed.to_string());
    suites::environment(test, Some(&built)).status()
}

fn names() -> String {
    if SOAKS.is_empty() {
        return "  (none yet)\n".to_owned();
    }
    SOAKS.iter().map(|soak| format!("  {:<20} {}\n", soak.name, soak.meaning)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_soak_is_an_error() {
        let args = Args { name: Some("nothing".to_owned()), rounds: 1, seed: Some(1) };
        assert!(run(&args).expect_err("unknown").contains("there is no soak `nothing`"));
    }
}
