//! What a correction does to releases that no new work uses any more.

use async_trait::async_trait;
use patchbay_credentials::KeyRing;
use patchbay_egress::{EgressConfig, Gate};
use patchbay_engine::{Engine, EngineConfig};
use patchbay_model::{Clock, ManualClock, SeededRandom};
use patchbay_store::{NewRelease, Store, StoreConfig};
use tokio::sync::watch;

use super::*;
use crate::{KeySource, Parts, Settings};

const KEY: &[u8] = b"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const CONNECTOR: &str = "acme.books";

struct OneKey;

#[async_trait]
impl KeySource for OneKey {
    async fn read(&self) -> Result<KeyRing, Fault> {
        Ok(KeyRing::from_text(KEY, "a test")?)
    }
}

struct World {
    app: Arc<App>,
    _folder: tempfile::TempDir,
    _stop: watch::Sender<bool>,
}

impl World {
    /// Two releases were active after another: the first is as this test has it, with the place where credentials are
    /// given back in its config; the second has no such place any more.
    async fn with_first(state: ReleaseState) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_795_219_200_000)));
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
        let first = release(&store, "1.0.0", "https://login.acme.example{config.revoke-path}").await;
        release(&store, "2.0.0", "https://login.acme.example/revoke").await;
        store.set_release_state(&first, state, Some("a test")).await.expect("its state");
        Self { app, _folder: folder, _stop: sender }
    }

    /// What is refused: the code, and the lines with their pointers.
    async fn correct(&self, said: Value, approves: bool) -> Result<(), (Code, String)> {
        let done = self.app.correct_config(CONNECTOR, said, approves, "operator").await;
        done.map(drop).map_err(|fault| {
            let lines = fault.fields.iter().map(|field| format!("{}: {}", field.pointer, field.message));
            (fault.code, lines.collect::<Vec<_>>().join("\n"))
        })
    }
}

/// A release that takes a number for `days` where its version is the first one, and any value else.
async fn release(store: &Store, version: &str, revoke: &str) -> ReleaseId {
    let days = if version == "1.0.0" { json!({ "type": "integer" }) } else { json!({}) };
    let manifest = json!({
        "id": CONNECTOR, "version": version, "contract": "0.1.0", "name": "Books", "category": "accounting",
        "summary": "Reads the books.",
        "config": {
            "schema": { "type": "object", "properties": { "revoke-path": { "type": "string" }, "days": days } },
            "defaults": { "revoke-path": "/revoke", "days": 1 },
        },
        "auth": [{
            "id": "oauth", "kind": "oauth2", "label": "Log in",
            "authorize": { "url": "https://login.acme.example/authorize" },
            "token": { "url": "https://login.acme.example/token" },
            "revoke": { "url": revoke },
        }],
    });
    let _: Manifest = serde_json::from_value(manifest.clone()).expect("a manifest");
    let new = NewRelease {
        connector: CONNECTOR.to_owned(),
        version: version.to_owned(),
        digest: format!("{version:0>64}"),
        size: 1,
        contract: "0.1.0".to_owned(),
        manifest: manifest.to_string(),
        asks: "{}".to_owned(),
        signed_by: None,
        source: "upload".to_owned(),
        state: ReleaseState::Ready,
    };
    let id = store.insert_release(new, "test").await.expect("a release").id;
    let row = store.release(&id).await.expect("a release");
    let asks = written(&row).expect("a manifest").asks();
    store.insert_approval(approval_of(&row, &asks, "test").expect("an approval")).await.expect("approved");
    store.activate_release(&id, "test").await.expect("active");
    id
}

#[tokio::test]
async fn to_correct_where_a_release_that_was_set_aside_gives_credentials_back_needs_an_approval() {
    for state in [ReleaseState::Quarantined, ReleaseState::Retained] {
        let world = World::with_first(state).await;
        let elsewhere = json!({ "revoke-path": "/elsewhere" });
        let (code, lines) = world.correct(elsewhere.clone(), false).await.expect_err("a refusal");
        assert_eq!(code, Code::CorrectionWidens);
        assert!(lines.starts_with("/config/revoke-path: ") && lines.contains("/elsewhere"), "{lines}");
        assert_eq!(world.app.store.correction(CONNECTOR).await.expect("read"), None);
        assert_eq!(world.correct(elsewhere, true).await, Ok(()));
    }
}

#[tokio::test]
async fn a_correction_that_a_kept_release_does_not_take_names_it_and_needs_an_approval_once() {
    for state in [ReleaseState::Retained, ReleaseState::Quarantined] {
        let world = World::with_first(state).await;
        let (code, lines) = world.correct(json!({ "days": "two" }), false).await.expect_err("a refusal");
        assert_eq!(code, Code::CorrectionWidens);
        assert!(lines.starts_with("/config: version 1.0.0, which is kept, could not be used any more"), "{lines}");
        assert_eq!(world.correct(json!({ "days": "two" }), true).await, Ok(()));
        assert_eq!(world.correct(json!({ "days": "three" }), false).await, Ok(()), "it is no news");
    }
}

#[tokio::test]
async fn a_release_that_no_work_ever_used_asks_for_nothing() {
    let world = World::with_first(ReleaseState::Refused).await;
    assert_eq!(world.correct(json!({ "revoke-path": "/elsewhere", "days": "two" }), false).await, Ok(()));
}
