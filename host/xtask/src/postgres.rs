//! PostgreSQL for suites, soaks and benches: one cluster for a whole run, named in their environment, removed
//! when the run ends.

use patchbay_test_support::postgres::{BIN, Cluster, Presence, Settings, URL, ensure, required};

use crate::shell::{Result, Run};

/// Says to the store's tests which database they run on.
const STORE_TESTS: &str = "PATCHBAY_STORE_TESTS";

/// A run's PostgreSQL.
pub(crate) enum Postgres {
    /// Ours; ends with this value.
    Runs(Box<Cluster>),
    /// This machine has none, and it may not be installed: one line that says so.
    Absent(String),
}

impl Postgres {
    /// Finds PostgreSQL, installs it where that is allowed, and starts a cluster.
    ///
    /// An error: it does not start, or there is none and somebody requires it (CI).
    pub(crate) fn start(durable: bool) -> Result<Self> {
        Self::of(ensure(), required(), durable)
    }

    fn of(presence: Presence, required: bool, durable: bool) -> Result<Self> {
        match presence {
            Presence::Absent(why) if required => Err(format!("{why}; it is required here")),
            Presence::Absent(why) => {
                eprintln!("{why}: its tests are left out");
                Ok(Self::Absent(why))
            }
            Presence::Here(_) => {
                let cluster = Cluster::start_with(&Settings { durable, ..Settings::default() });
                cluster.map(|cluster| Self::Runs(Box::new(cluster))).map_err(|why| why.to_string())
            }
        }
    }

    /// Where what is run finds it.
    pub(crate) fn environment(&self, run: Run) -> Run {
        match self {
            // One that somebody named for another run is not this run's.
            Self::Absent(_) => run.env(URL, ""),
            Self::Runs(cluster) => {
                run.env(URL, cluster.url("postgres")).env(BIN, cluster.binaries().folder().as_os_str())
            }
        }
    }
}

/// The tests of the store, which then run on PostgreSQL.
pub(crate) fn store_tests(run: Run) -> Run {
    run.env(STORE_TESTS, "postgres")
}

#[cfg(test)]
mod promises {
    use super::*;

    #[test]
    fn without_postgresql_the_rest_runs_unless_it_is_required() {
        let absent = || Presence::Absent("PostgreSQL is not here".to_owned());
        let left_out = Postgres::of(absent(), false, false).expect("the rest runs");
        assert!(matches!(&left_out, Postgres::Absent(why) if why == "PostgreSQL is not here"));
        let printed = left_out.environment(Run::program("env", &[])).output().expect("env");
        assert!(printed.lines().any(|line| line == format!("{URL}=")), "{printed}");
        let failed = Postgres::of(absent(), true, false).err().expect("it is required");
        assert!(failed.contains("PostgreSQL is not here; it is required"), "{failed}");
    }
}
