//! What `cargo xtask soak` runs for longer: one test for each, whose short form is part of every test run.
//!
//! Rounds and seed come from the environment; both are printed, so that a failure is repeated by them.

use patchbay_test_support::Result;

use crate::{
    chaos, compile_bombs, disconnect, hostile, key_rotation, kill_both_databases, larger_engine, load, mutants, nodes,
    postgres_restart, push_kills, refresh, refresh_kill, refresh_nodes, reload,
};

/// How long, and where chance begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Soak {
    pub(crate) rounds: u64,
    pub(crate) seed: u64,
}

impl Soak {
    /// As the environment says; so many rounds where it says nothing.
    pub(crate) fn of(rounds: u64) -> Self {
        let soak = Self { rounds: asked("PATCHBAY_SOAK_ROUNDS", rounds), seed: asked("PATCHBAY_SOAK_SEED", 7) };
        println!("{} rounds, seed {}", soak.rounds, soak.seed);
        soak
    }
}

fn asked(name: &str, otherwise: u64) -> u64 {
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration file of their own")]
    let asked = std::env::var(name).ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn refresh() -> Result<()> {
    refresh::rounds(Soak::of(20))
}

#[test]
fn refresh_kill() -> Result<()> {
    refresh_kill::rounds(Soak::of(3))
}

#[test]
fn disconnect() -> Result<()> {
    // Two of three rounds go by a callback: fifty of those at least.
    disconnect::rounds(Soak::of(90))
}

#[test]
fn rotate_keys() -> Result<()> {
    key_rotation::rounds(Soak::of(5))
}

#[test]
fn kill_sqlite() -> Result<()> {
    kill_both_databases::on_sqlite(Soak::of(10))
}

#[test]
fn kill_postgres() -> Result<()> {
    kill_both_databases::on_postgres(Soak::of(10))
}

#[test]
fn nodes() -> Result<()> {
    nodes::rounds(Soak::of(5), nodes::SHORT_LEASE)
}

#[test]
fn nodes_slow() -> Result<()> {
    // Each round takes more than a minute: only when it is asked for.
    nodes::rounds(Soak::of(0), nodes::USUAL_LEASE)
}

#[test]
fn postgres_restart() -> Result<()> {
    postgres_restart::rounds(Soak::of(2))
}

#[test]
fn refresh_nodes() -> Result<()> {
    refresh_nodes::rounds(Soak::of(4))
}

#[test]
fn load() -> Result<()> {
    load::rounds(Soak::of(1_000))
}

#[test]
fn chaos() -> Result<()> {
    chaos::scripts::rounds(Soak::of(5))
}

#[test]
fn hostile() -> Result<()> {
    // Its lines are tests of their own in the short form.
    hostile::long::rounds(Soak::of(0))
}

#[test]
fn mutants() -> Result<()> {
    mutants::rounds(Soak::of(60))
}

#[test]
fn bombs() -> Result<()> {
    // The short form is a test of its own.
    compile_bombs::rounds(&Soak::of(0))
}

#[test]
fn push() -> Result<()> {
    push_kills::rounds(Soak::of(3))
}

#[test]
fn push_nodes() -> Result<()> {
    push_kills::node_rounds(Soak::of(1))
}

#[test]
fn reload() -> Result<()> {
    reload::rounds(Soak::of(300))
}

#[test]
fn starlingmonkey() -> Result<()> {
    // Its tools are large: only when it is asked for.
    larger_engine::rounds(Soak::of(0))
}
