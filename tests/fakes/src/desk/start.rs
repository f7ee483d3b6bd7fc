//! Starting the desk: beside the other fakes, or alone.

use std::{io, path::Path, sync::Arc};

use patchbay_model::Clock;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::{Desk, HOST, ORIGIN};
use crate::{DeskConfig, FakesError, Rewrite, Stand, exchange::Port, fakes};

/// The running desk: its data, its journal and its chaos script.
pub type DeskStand = Stand<Desk>;

/// Starts it on a free port, which serves the API and `/_fake/`.
pub(crate) fn open(
    runtime: &Runtime,
    seed: u64,
    config: DeskConfig,
    folder: &Path,
    clock: &Arc<dyn Clock>,
) -> io::Result<DeskStand> {
    let provider = Arc::new(Desk::new(seed, config, Arc::clone(clock)));
    let (stand, fake) = fakes::open("desk", provider, folder, clock)?;
    let plain = format!("http://{}", fakes::spawn(runtime, None, fake, Port { api: true, plain: true })?);
    let rewrite = Rewrite { origin: ORIGIN.to_owned(), connect: plain.clone(), browser: None };
    Ok(Stand { plain, rewrite, ..stand })
}

impl DeskStand {
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

/// The desk alone, for benchmarks; it ends when this is dropped.
pub struct LoneDesk {
    /// The desk.
    pub stand: DeskStand,
    runtime: Option<Runtime>,
    _folder: Option<tempfile::TempDir>,
}

impl LoneDesk {
    /// Starts it on threads of its own; its journal is written to this folder, else to a temporary one.
    ///
    /// # Errors
    ///
    /// There is no port, or no folder for the journal.
    pub fn start(
        seed: u64,
        config: DeskConfig,
        journal_dir: Option<&Path>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, FakesError> {
        let kept = if journal_dir.is_none() { Some(tempfile::tempdir()?) } else { None };
        let folder = journal_dir.or(kept.as_ref().map(tempfile::TempDir::path)).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let stand = open(&runtime, seed, config, folder, clock)?;
        Ok(Self { stand, runtime: Some(runtime), _folder: kept })
    }

    /// What the binary prints.
    #[must_use]
    pub fn describe(&self) -> Value {
        json!({ "rewrite": [self.stand.rewrite], "desk": self.stand.describe() })
    }
}

impl Drop for LoneDesk {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A blocking shutdown would wait for held requests, and panic inside another runtime.
            runtime.shutdown_background();
        }
    }
}
