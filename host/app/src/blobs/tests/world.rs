//! A real store and a host around it that does nothing else.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use patchbay_credentials::KeyRing;
use patchbay_egress::{EgressConfig, Gate};
use patchbay_engine::{Engine, EngineConfig};
use patchbay_model::{BlobId, Clock, Fault, ManualClock, SeededRandom, TenantId, Timestamp};
use patchbay_store::{Blob, Store, StoreConfig};
use tokio::sync::watch;

use crate::{App, KeySource, Parts, Settings};

const KEY: &[u8] = b"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

struct OneKey;

#[async_trait]
impl KeySource for OneKey {
    async fn read(&self) -> Result<KeyRing, Fault> {
        Ok(KeyRing::from_text(KEY, "a test")?)
    }
}

pub(super) struct World {
    pub(super) app: Arc<App>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) tenant: TenantId,
    pub(super) folder: tempfile::TempDir,
    begun: Mutex<Vec<BlobId>>,
    _stop: watch::Sender<bool>,
}

impl World {
    /// Files of 1 MiB, 4 MiB of a tenant.
    pub(super) async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_795_190_400_000)));
        let random = Arc::new(SeededRandom::new(1));
        let config = StoreConfig::at(folder.path().join("db"));
        let store = Store::open(config, Arc::clone(&clock) as _, Arc::clone(&random) as _).await.expect("a store");
        let (sender, stop) = watch::channel(false);
        let engine = Engine::build(EngineConfig {
            cache_dir: folder.path().join("cache"),
            cache_key: [7; 32],
            compiler: vec!["/bin/false".into()],
            max_instances: 1,
            component_bytes: 1 << 20,
        });
        let parts = Parts {
            settings: Settings::of_a_test(folder.path()),
            store: store.clone(),
            keys: KeyRing::from_text(KEY, "a test").expect("a key"),
            key_source: Arc::new(OneKey),
            gate: Gate::build(EgressConfig::default(), Arc::clone(&clock) as _).expect("a gate"),
            engine: engine.expect("an engine"),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            random,
            stop,
        };
        let app = App::build(parts).await.expect("an app");
        let tenant = store.create_tenant("tenant", "", "test").await.expect("a tenant").id;
        Self { app, clock, tenant, folder, begun: Mutex::default(), _stop: sender }
    }

    /// Remembers an upload that is to leave nothing.
    pub(super) fn note(&self, id: &BlobId) {
        self.begun.lock().expect("a lock").push(id.clone());
    }

    pub(super) fn begun(&self) -> Vec<BlobId> {
        self.begun.lock().expect("a lock").clone()
    }

    pub(super) async fn upload(&self, name: &str, content: &[u8]) -> Blob {
        let begun = self.app.begin_upload(&self.tenant, name.to_owned(), "application/pdf", None).await;
        let mut upload = begun.expect("begun");
        upload.write(content).await.expect("taken");
        upload.finish().await.expect("a file")
    }
}

/// So many bytes, no two stretches alike.
pub(super) fn bytes(len: usize) -> Vec<u8> {
    (0..len as u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()[1]).collect()
}
