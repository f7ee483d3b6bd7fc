//! What `cargo xtask soak` runs for longer: one test for each, whose short form is part of every test run.
//!
//! Rounds and seed come from the environment; both are printed, so that a failure is repeated by them.

use patchbay_test_support::Result;

use crate::{disconnect, key_rotation, refresh, refresh_kill};

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
