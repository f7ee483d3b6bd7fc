//! Starting the ledger: beside the other fakes, or alone.

use std::{io, path::Path, sync::Arc};

use patchbay_model::Clock;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::{HOST, Ledger, LedgerJournal, ORIGIN, serve::Desk, wire};
use crate::{FakesError, LedgerConfig, Rewrite, Script};

/// The running ledger: its data, its journal and its chaos script.
pub struct LedgerStand {
    /// Data and controls.
    pub provider: Arc<Ledger>,
    /// What it served.
    pub journal: Arc<LedgerJournal>,
    /// How it misbehaves.
    pub script: Arc<Script>,
    /// Where it listens, `http://127.0.0.1:PORT`: the API and `/_fake/`.
    pub plain: String,
    /// The entry of `egress.rewrite`.
    pub rewrite: Rewrite,
}

impl LedgerStand {
    pub(crate) fn open(
        runtime: &Runtime,
        seed: u64,
        config: LedgerConfig,
        folder: &Path,
        clock: &Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let port = config.port;
        let provider = Arc::new(Ledger::open(seed, config, Arc::clone(clock)));
        let journal = Arc::new(LedgerJournal::open(folder.join("ledger.journal.jsonl"))?);
        let script = Arc::new(Script::default());
        let desk = Desk {
            ledger: Arc::clone(&provider),
            journal: Arc::clone(&journal),
            script: Arc::clone(&script),
            clock: Arc::clone(clock),
        };
        let plain = format!("http://{}", wire::listen(runtime, port, Arc::new(desk))?);
        let rewrite = Rewrite { origin: ORIGIN.to_owned(), connect: plain.clone(), browser: None };
        Ok(Self { provider, journal, script, plain, rewrite })
    }

    /// Addresses and keys, as the binary prints them.
    #[must_use]
    pub fn describe(&self) -> Value {
        json!({
            "plain": self.plain,
            "host": HOST,
            "journal": self.journal.path(),
            "keys": { "owner": self.provider.key("owner"), "other": self.provider.key("other") },
            // With the number in the place of the N.
            "load_key": self.provider.key("load-N"),
        })
    }
}

/// The ledger alone, for benchmarks; it ends when this is dropped.
pub struct LoneLedger {
    /// The ledger.
    pub stand: LedgerStand,
    runtime: Option<Runtime>,
    _folder: Option<tempfile::TempDir>,
}

impl LoneLedger {
    /// Starts it on threads of its own; its journal is written to this folder, else to a temporary one.
    ///
    /// # Errors
    ///
    /// The port is taken, or there is no folder for the journal.
    pub fn start(
        seed: u64,
        config: LedgerConfig,
        journal_dir: Option<&Path>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, FakesError> {
        let kept = if journal_dir.is_none() { Some(tempfile::tempdir()?) } else { None };
        let folder = journal_dir.or(kept.as_ref().map(tempfile::TempDir::path)).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let stand = LedgerStand::open(&runtime, seed, config, folder, clock)?;
        Ok(Self { stand, runtime: Some(runtime), _folder: kept })
    }

    /// What the binary prints.
    #[must_use]
    pub fn describe(&self) -> Value {
        json!({ "rewrite": [self.stand.rewrite], "ledger": self.stand.describe() })
    }
}

impl Drop for LoneLedger {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A blocking shutdown would wait for held requests, and panic inside another runtime.
            runtime.shutdown_background();
        }
    }
}
