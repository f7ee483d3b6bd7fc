//! TEMPORARY (T1, 22 Nov): only my modules, so that a half-written neighbour does not stop me. Never to be committed.
#![cfg(test)]
#![allow(dead_code)]
#[path = "it/kill_both_databases.rs"]
mod kill_both_databases;
#[path = "it/nodes.rs"]
mod nodes;
#[path = "it/postgres_restart.rs"]
mod postgres_restart;
#[path = "it/refresh.rs"]
mod refresh;
#[path = "it/refresh_nodes.rs"]
mod refresh_nodes;
#[path = "it/cursor_moves_only_with_its_records.rs"]
mod cursor_moves_only_with_its_records;
mod soak {
    use patchbay_test_support::Result;
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct Soak {
        pub(crate) rounds: u64,
        pub(crate) seed: u64,
    }
    impl Soak {
        pub(crate) fn of(rounds: u64) -> Self {
            let soak = Self { rounds: asked("PATCHBAY_SOAK_ROUNDS", rounds), seed: asked("PATCHBAY_SOAK_SEED", 7) };
            println!("{} rounds, seed {}", soak.rounds, soak.seed);
            soak
        }
    }
    fn asked(name: &str, otherwise: u64) -> u64 {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    }
    #[test]
    fn kill_sqlite() -> Result<()> {
        crate::kill_both_databases::on_sqlite(Soak::of(10))
    }
    #[test]
    fn kill_postgres() -> Result<()> {
        crate::kill_both_databases::on_postgres(Soak::of(10))
    }
    #[test]
    fn nodes() -> Result<()> {
        crate::nodes::rounds(Soak::of(5), crate::nodes::SHORT_LEASE)
    }
    #[test]
    fn nodes_slow() -> Result<()> {
        crate::nodes::rounds(Soak::of(0), crate::nodes::USUAL_LEASE)
    }
    #[test]
    fn postgres_restart() -> Result<()> {
        crate::postgres_restart::rounds(Soak::of(2))
    }
    #[test]
    fn refresh_nodes() -> Result<()> {
        crate::refresh_nodes::rounds(Soak::of(4))
    }
}
