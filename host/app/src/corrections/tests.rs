//! What a correction does to releases that no new work uses any more, and what it is judged with where none is used.

use async_trait::async_trait;
use patchbay_credentials::KeyRing;
use patchbay_egress::{EgressConfig, Gate};
use patchbay_engine::{Engine, EngineConfig};
use patchbay_model::{Clock, ManualClock, SeededRandom, Unsigned};
use patchbay_store::{JudgedWith, NewRelease, Store, StoreConfig};
use tokio::sync::watch;

use super::*;
use crate::{KeySource, Parts, Settings};

const KEY: &[u8] = b"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const CONNECTOR: &str = "acme.books";
const REVOKE: &str = "https://login.acme.example{config.revoke-path}";

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
    /// Where no release is.
    async fn open() -> Self {
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
        let mut settings = Settings::of_a_test(folder.path());
        settings.connectors.unsigned = Unsigned::Local;
        let parts = Parts {
            settings,
            store,
            keys: KeyRing::from_text(KEY, "a test").expect("a key"),
            key_source: Arc::new(OneKey),
            gate: Gate::build(EgressConfig::default(), Arc::clone(&clock) as _).expect("a gate"),
            engine: engine.expect("an engine"),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            random,
            stop,
        };
        let app = App::build(parts).await.expect("an app");
        Self { app, _folder: folder, _stop: sender }
    }

    /// Two releases were active after another: the first is as this test has it, with the place where credentials are
    /// given back in its config; the second has no such place any more.
    async fn with_first(state: ReleaseState) -> Self {
        let world = Self::open().await;
        let store = &world.app.store;
        let first = release(store, "1.0.0", REVOKE).await;
        release(store, "2.0.0", "https://login.acme.example/revoke").await;
        store.set_release_state(&first, state, Some("a test")).await.expect("its state");
        world
    }

    /// The only release was set aside while it had this correction.
    async fn with_corrected(said: Value) -> (Self, ReleaseId) {
        let world = Self::open().await;
        let first = release(&world.app.store, "1.0.0", REVOKE).await;
        world.correct(said, true).await.expect("corrected");
        let set_aside = world.app.store.set_release_state(&first, ReleaseState::Quarantined, Some("a test"));
        set_aside.await.expect("set aside");
        (world, first)
    }

    /// The release whose approval is the last one.
    async fn approved(&self) -> Option<ReleaseId> {
        self.app.store.latest_approval(CONNECTOR).await.expect("read").map(|approval| approval.release)
    }

    /// Approves a release; its state, or why not.
    async fn approve(&self, release: &ReleaseId) -> Result<ReleaseState, Code> {
        self.app.approve(release, "operator").await.map(|row| row.state).map_err(|fault| fault.code)
    }

    /// The release whose config is shown, and what was corrected of it.
    async fn shown(&self) -> Result<(ReleaseId, Option<Value>), Code> {
        let shown = self.app.connector_config(CONNECTOR).await;
        shown.map(|config| (config.release, config.correction)).map_err(|fault| fault.code)
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

/// A release that takes a number for `days` where its version is the first one, and any value else; it is active.
async fn release(store: &Store, version: &str, revoke: &str) -> ReleaseId {
    let days = if version == "1.0.0" { json!({ "type": "integer" }) } else { json!({}) };
    let config = json!({
        "schema": { "type": "object", "properties": { "revoke-path": { "type": "string" }, "days": days } },
        "defaults": { "revoke-path": "/revoke", "days": 1 },
    });
    let id = waiting(store, version, revoke, &config).await;
    let row = store.release(&id).await.expect("a release");
    let asks = written(&row).expect("a manifest").asks();
    let approval = approval_of(&row, &asks, "test").expect("an approval");
    store.activate_corrected(&id, JudgedWith::revision(0), Some(approval), "test").await.expect("active");
    id
}

/// The fix of the first release, which calls `days` by another name and knows the old one no more; it waits.
async fn fix(store: &Store) -> ReleaseId {
    let config = json!({
        "schema": {
            "type": "object", "additionalProperties": false,
            "properties": { "revoke-path": { "type": "string" }, "span": { "type": "integer" } },
        },
        "defaults": { "revoke-path": "/revoke", "span": 1 },
    });
    waiting(store, "1.1.0", REVOKE, &config).await
}

async fn waiting(store: &Store, version: &str, revoke: &str, config: &Value) -> ReleaseId {
    let manifest = json!({
        "id": CONNECTOR, "version": version, "contract": "0.1.0", "name": "Books", "category": "accounting",
        "summary": "Reads the books.",
        "config": config,
        "settings": { "type": "object", "properties": { "folder": { "type": "string", "title": "Folder" } } },
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
    store.insert_release(new, "test").await.expect("a release").id
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

#[tokio::test]
async fn where_no_release_is_active_the_one_that_waits_is_corrected_until_it_can_be_approved() {
    let (world, first) = World::with_corrected(json!({ "days": 3 })).await;
    let fix = fix(&world.app.store).await;
    assert_eq!(world.approve(&fix).await, Err(Code::CorrectionUnfit));
    assert_eq!(world.shown().await, Err(Code::CorrectionUnfit));
    let (code, lines) = world.correct(json!({ "days": 4 }), true).await.expect_err("a refusal");
    assert_eq!((code, lines.starts_with("/config")), (Code::CorrectionInvalid, true), "{lines}");

    assert_eq!(world.correct(json!({ "span": 4 }), false).await, Ok(()));
    assert_eq!(world.shown().await, Ok((fix.clone(), Some(json!({ "span": 4 })))));
    assert_eq!(world.approved().await, Some(first), "a correction approves no release that waits");
    assert_eq!(world.approve(&fix).await, Ok(ReleaseState::Active));
    assert_eq!(world.approved().await, Some(fix));
}

#[tokio::test]
async fn a_correction_is_taken_back_whatever_became_of_the_release_that_it_was_made_for() {
    for waits in [false, true] {
        let (world, first) = World::with_corrected(json!({ "days": 3 })).await;
        let fix = if waits { Some(fix(&world.app.store).await) } else { None };
        assert_eq!(world.correct(json!({}), false).await, Ok(()), "one waits: {waits}");
        let left = fix.unwrap_or(first);
        assert_eq!(world.shown().await, Ok((left.clone(), None)));
        assert_eq!(world.approve(&left).await, Ok(ReleaseState::Active), "one waits: {waits}");
    }
}

#[tokio::test]
async fn an_address_that_a_release_set_aside_has_is_changed_only_by_who_means_it() {
    let (world, first) = World::with_corrected(json!({ "revoke-path": "/elsewhere" })).await;
    let approval = world.app.store.latest_approval(CONNECTOR).await.expect("read");
    let (code, lines) = world.correct(json!({}), false).await.expect_err("a refusal");
    assert_eq!((code, lines.contains("/elsewhere")), (Code::CorrectionWidens, true), "{lines}");
    assert_eq!(world.correct(json!({}), true).await, Ok(()));
    assert_eq!(world.app.store.latest_approval(CONNECTOR).await, Ok(approval), "it grants nothing");
    assert_eq!(world.approve(&first).await, Ok(ReleaseState::Active));
}

#[tokio::test]
async fn an_approval_from_before_settings_were_noted_grants_those_of_its_release_and_no_others() {
    let world = World::open().await;
    let store = &world.app.store;
    let id = release(store, "1.0.0", REVOKE).await;
    let manifest = written(&store.release(&id).await.expect("a release")).expect("a manifest");
    let old = Asks { settings: None, ..manifest.asks() };
    let old = approval_of(&store.release(&id).await.expect("a release"), &old, "test").expect("an approval");
    assert!(!old.asks.contains("settings"), "{}", old.asks);
    store.activate_corrected(&id, JudgedWith::revision(0), Some(old), "test").await.expect("active");

    let granted = world.app.granted(CONNECTOR).await.expect("read").expect("granted").asks;
    assert_eq!(manifest.asks().beyond(&granted), Vec::<String>::new());
    let mut other = manifest;
    other.settings.as_mut().expect("settings")["properties"]["folder"]["title"] = json!("What you use at your bank");
    let beyond = other.asks().beyond(&granted);
    assert!(beyond.iter().any(|line| line.contains("What you use at your bank")), "{beyond:?}");
}
