//! Checks that a room makes itself when the host starts, made here without starting it.

use std::{os::unix::fs::DirBuilderExt, path::PathBuf, sync::Arc};

use patchbay_egress::Gate;
use patchbay_model::{Fault, SystemClock, SystemRandom};
use patchbay_store::{Store, StoreConfig};

use super::Finding;
use crate::config::Config;

/// Whether the SQLite library is new enough and the tables can be made: on a database of its own, because
/// opening the real one would change it.
pub(super) fn sqlite() -> Finding {
    const WHAT: &str = "sqlite";
    match Scratch::make().map_err(|error| error.to_string()).and_then(|scratch| open(&scratch)) {
        Ok(()) => Finding::ok(WHAT, "the library is new enough, and the tables can be made".to_owned()),
        Err(why) => Finding::fail(WHAT, why, "run the released binary, which brings its own SQLite".to_owned()),
    }
}

/// Whether the gate takes its settings.
pub(super) fn gate(config: &Config) -> Finding {
    const WHAT: &str = "gate";
    let settings = match crate::serve::egress(config) {
        Ok(settings) => settings,
        Err(stop) => return Finding::fail(WHAT, stop.fault.person, "correct [egress]".to_owned()),
    };
    match Gate::build(settings, Arc::new(SystemClock)) {
        Ok(_) => {
            Finding::ok(WHAT, format!("{} certificate files beside the public roots", config.egress.extra_ca.len()))
        }
        Err(error) => Finding::fail(WHAT, error.to_string(), "correct [egress]".to_owned()),
    }
}

/// Whether connectors can be fetched as it is written: a password that cannot be read keeps the host from starting.
pub(super) fn registries(config: &Config) -> Finding {
    const WHAT: &str = "registries";
    match config.sources.registries() {
        Ok(known) => {
            let (places, logins, indexes) = (known.allowed.len(), known.logins.len(), config.sources.indexes().len());
            Finding::ok(
                WHAT,
                format!("{places} may be fetched from, {logins} with a login; {indexes} indexes are followed"),
            )
        }
        Err(why) => Finding::fail(WHAT, why, "correct [registries]".to_owned()),
    }
}

fn open(scratch: &Scratch) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    runtime.block_on(async {
        let config = StoreConfig::at(scratch.0.join("doctor.db"));
        let store = Store::open(config, Arc::new(SystemClock), Arc::new(SystemRandom)).await.map_err(|error| {
            let fault = Fault::from(error);
            fault.operator.unwrap_or(fault.person)
        })?;
        store.close().await;
        Ok(())
    })
}

/// A folder of our own, gone with this value.
struct Scratch(PathBuf);

impl Scratch {
    fn make() -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("patchbay-doctor-{}", std::process::id()));
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays in the temporary folder harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
