//! A sandbox for one component: the host's engine and gate, with a provider that is part of the test.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use patchbay_egress::{DoorScope, EgressConfig, Gate, Grant, NoCredential, Tape, Writes};
use patchbay_engine::{Component, Engine, EngineConfig, Instance, NoBlobs, NoLog, NoSteps, RunScope, Steps};
use patchbay_model::{
    CustomerOrigins, ManualClock, SeededRandom, Timestamp,
    contract::{Context, Exports},
    package::{self, Inspected},
};
use tokio::{sync::watch, time::Instant};

use crate::provider::{Book, Provider};

/// 2026-11-21, when the corpus began.
const NOW: i64 = 1_795_255_200_000;
/// A busy machine takes its time; what is tested here is that a component works, not how fast.
const PATIENCE: Duration = Duration::from_secs(100);

/// An engine with one component, which was inspected, compiled and started.
pub(crate) struct Host {
    pub(crate) inspected: Inspected,
    pub(crate) exports: Exports,
    engine: Arc<Engine>,
    component: Arc<Component>,
    gate: Arc<Gate>,
    clock: Arc<ManualClock>,
    stop: watch::Sender<bool>,
}

impl Host {
    /// What a host does with a packaged component that it is given.
    pub(crate) async fn of(packaged: &[u8]) -> Self {
        let inspected = package::inspect(packaged, package::Limits::default())
            .unwrap_or_else(|fault| panic!("it is refused before it is compiled: {fault:?}"));
        let engine = Engine::build(config()).expect("an engine");
        let component = engine.load(&inspected.digest, packaged).await.expect("it compiles and links");
        let exports = engine.probe(&component).await.expect("it starts");
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(NOW)));
        let gate = Gate::build(EgressConfig::default(), clock.clone()).expect("a gate");
        Self { inspected, exports, engine, component, gate, clock, stop: watch::Sender::new(false) }
    }

    /// What a connection of its first login tells the connector.
    pub(crate) fn context(&self) -> Context {
        let manifest = &self.inspected.manifest;
        let auth = manifest.auths.first().map(|auth| auth.id.clone());
        let config = manifest.config.as_ref().map_or_else(|| "{}".to_owned(), |config| config.defaults.to_string());
        Context {
            auth: auth.unwrap_or_default(),
            settings: b"{}".to_vec(),
            config: config.into(),
            ..Context::default()
        }
    }

    /// An instance that only reads.
    pub(crate) async fn reading(&self) -> Instance {
        self.open(Writes::Forbidden, Arc::new(NoSteps)).await
    }

    /// An instance that writes what this journal allows.
    pub(crate) async fn writing(&self, book: &Arc<Book>) -> Instance {
        self.open(Writes::Journal(book.clone()), book.clone()).await
    }

    async fn open(&self, writes: Writes, steps: Arc<dyn Steps>) -> Instance {
        let deadline = Instant::now() + PATIENCE;
        let scope = DoorScope { writes, deadline, stop: self.stop.subscribe() };
        let door = self.gate.taped_door(
            Arc::new(self.grant()),
            Arc::new(NoCredential),
            scope,
            Tape::Plays(Arc::new(Provider)),
        );
        let memory = usize::try_from(self.inspected.manifest.limits.memory_mib).expect("a number") << 20;
        let scope = RunScope {
            door,
            memory_bytes: memory,
            call_timeout: PATIENCE,
            deadline,
            stop: self.stop.subscribe(),
            clock: self.clock.clone(),
            random: Arc::new(SeededRandom::new(1)),
            log: Arc::new(NoLog),
            steps,
            blobs: Arc::new(NoBlobs),
        };
        self.engine.open(&self.component, scope).await.expect("an instance")
    }

    fn grant(&self) -> Grant {
        let manifest = &self.inspected.manifest;
        Grant {
            tenant: "ten_corpus".to_owned(),
            connector: manifest.id.clone(),
            hosts: manifest.hosts.clone(),
            slots: manifest.auths.first().map(|auth| auth.slots.clone()).unwrap_or_default(),
            rates: manifest.rates.clone(),
            customer_origins: CustomerOrigins::AnyPublic,
            ..Grant::default()
        }
    }
}

/// The compile cache is kept between runs of the tests: each component is compiled once for each wasmtime.
fn config() -> EngineConfig {
    EngineConfig {
        cache_dir: Path::new(env!("CARGO_TARGET_TMPDIR")).join("corpus-compiled"),
        cache_key: [3; 32],
        compiler: vec![patchbay().into_os_string(), OsString::from("compile-worker")],
        max_instances: 4,
        component_bytes: 64 * 1024 * 1024,
    }
}

/// The host's binary, which is the compile child: `PATCHBAY_BIN`, or the one beside the running test.
fn patchbay() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration file of their own")]
    if let Some(named) = std::env::var_os("PATCHBAY_BIN") {
        return PathBuf::from(named);
    }
    let program = std::env::current_exe().expect("the running test");
    let beside = program.ancestors().nth(2).expect("target/debug/deps/…").join("patchbay");
    assert!(beside.is_file(), "{} is not there; run `cargo build -p patchbay` first", beside.display());
    beside
}
