//! An engine, the guests of `tests/guests`, and a run to open them for.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex, OnceLock},
    time::{Duration, SystemTime},
};

use patchbay_egress::{DoorScope, EgressConfig, Gate, Grant, NoCredential, Writes};
use patchbay_engine::{Component, Engine, EngineConfig, Instance, LogSink, NoBlobs, NoSteps, RunScope, Steps};
use patchbay_model::{
    Failure, ManualClock, SeededRandom, Timestamp,
    contract::{Context, Item, Page, ReadRequest},
};
use sha2::{Digest as _, Sha256};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

/// This crate's own compile child.
pub(crate) const WORKER: &str = env!("CARGO_BIN_EXE_patchbay-compile-worker");

/// The component of `tests/guests`: `PATCHBAY_GUESTS` names it or its folder, else it is built here when it is
/// missing or older than its sources.
pub(crate) fn guests() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| fs::read(guests_path()).expect("the guests are readable"))
}

fn guests_path() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "a test's own input, not the host's")]
    if let Some(named) = std::env::var_os("PATCHBAY_GUESTS") {
        let named = PathBuf::from(named);
        return if named.is_dir() { named.join("patchbay_guests.wasm") } else { named };
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = Path::new(WORKER).ancestors().nth(2).expect("a target folder");
    let built = target.join("wasm32-wasip2/connector/patchbay_guests.wasm");
    // Marks the last build, because cargo leaves a file alone that it would only make again.
    let mark = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guests-built");
    if !built.exists() || !is_newer(&mark, &root) {
        let done = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", "patchbay-guests", "--target", "wasm32-wasip2"])
            .args(["--profile", "connector", "--target-dir"])
            .arg(target)
            .current_dir(&root)
            .status();
        assert!(done.is_ok_and(|status| status.success()), "the guests do not build");
        fs::write(&mark, b"").expect("a mark");
    }
    built
}

/// Whether `mark` was written after every source of the guests.
fn is_newer(mark: &Path, root: &Path) -> bool {
    let changed = |path: &Path| -> Option<SystemTime> { fs::metadata(path).ok()?.modified().ok() };
    let Some(built) = changed(mark) else { return false };
    let folders = [root.join("tests/guests/src"), root.join("wit")];
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).expect("a folder of sources"));
    let files = files.map(|entry| entry.expect("an entry").path()).chain([root.join("tests/guests/Cargo.toml")]);
    files.filter(|path| path.is_file()).all(|path| changed(&path).is_some_and(|time| time <= built))
}

/// SHA-256, hex.
pub(crate) fn digest(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

/// Four places, the crate's own compile child.
pub(crate) fn config(cache: &Path) -> EngineConfig {
    EngineConfig {
        cache_dir: cache.to_owned(),
        cache_key: [7; 32],
        compiler: vec![OsString::from(WORKER)],
        max_instances: 4,
        component_bytes: 16 * 1024 * 1024,
    }
}

/// An engine with the guests loaded. The cache is shared by all tests: compiling is `compiling`'s matter.
pub(crate) struct Sandbox {
    pub(crate) engine: Arc<Engine>,
    pub(crate) component: Arc<Component>,
}

pub(crate) async fn sandbox() -> Sandbox {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    let engine = Engine::build(config(&cache)).expect("an engine");
    let component = engine.load(&digest(guests()), guests()).await.expect("the guests load");
    Sandbox { engine, component }
}

impl Sandbox {
    pub(crate) async fn open(&self, run: &Run) -> Instance {
        self.engine.open(&self.component, run.scope()).await.expect("an instance")
    }

    /// What reading this stream comes to in an instance of its own.
    pub(crate) async fn read(&self, run: &Run, stream: &str) -> Result<Page, Failure> {
        self.open(run).await.read(&Context::default(), &request(stream)).await
    }

    /// Whether somebody else's run still works.
    pub(crate) async fn assert_serves(&self) {
        let page = self.read(&Run::new(), "page:100:300").await.expect("a page");
        assert_eq!(page.count, 100);
    }
}

/// One run's bounds, and what it said.
pub(crate) struct Run {
    pub(crate) memory_bytes: usize,
    pub(crate) call_timeout: Duration,
    pub(crate) lasts: Duration,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) log: Arc<Log>,
    pub(crate) gate: EgressConfig,
    pub(crate) grant: Grant,
    pub(crate) steps: Arc<dyn Steps>,
}

impl Run {
    pub(crate) fn new() -> Self {
        Self {
            memory_bytes: 64 * 1024 * 1024,
            call_timeout: Duration::from_secs(20),
            lasts: Duration::from_secs(60),
            stop: watch::Sender::new(false),
            log: Arc::default(),
            gate: EgressConfig::default(),
            grant: Grant::default(),
            steps: Arc::new(NoSteps),
        }
    }

    pub(crate) fn of_at_most(call_timeout: Duration) -> Self {
        Self { call_timeout, ..Self::new() }
    }

    pub(crate) fn scope(&self) -> RunScope {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_795_000_000_000)));
        let deadline = Instant::now() + self.lasts;
        let gate = Gate::build(self.gate.clone(), clock.clone()).expect("a gate");
        let scope = DoorScope { writes: Writes::Forbidden, deadline, stop: self.stop.subscribe() };
        RunScope {
            door: gate.door(Arc::new(self.grant.clone()), Arc::new(NoCredential), scope),
            memory_bytes: self.memory_bytes,
            call_timeout: self.call_timeout,
            deadline,
            stop: self.stop.subscribe(),
            clock,
            random: Arc::new(SeededRandom::new(1)),
            log: self.log.clone(),
            steps: self.steps.clone(),
            blobs: Arc::new(NoBlobs),
        }
    }
}

/// Keeps what a guest says, and tells when it reports progress.
#[derive(Default)]
pub(crate) struct Log {
    lines: Mutex<Vec<(u8, String)>>,
    pub(crate) progressed: Notify,
}

impl Log {
    pub(crate) fn lines(&self) -> Vec<(u8, String)> {
        self.lines.lock().expect("a lock").clone()
    }
}

impl LogSink for Log {
    fn line(&self, level: u8, message: &str, fields: &[(String, String)]) {
        let fields: String = fields.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        self.lines.lock().expect("a lock").push((level, format!("{message}{fields}")));
    }

    fn progress(&self, _done: u64, _total: Option<u64>) {
        self.progressed.notify_one();
    }
}

pub(crate) fn request(stream: &str) -> ReadRequest {
    ReadRequest { stream: stream.to_owned(), cursor: None, page_hint: 1_000, since_ms: None }
}

pub(crate) fn settings(choice: &str) -> Context {
    Context { settings: choice.as_bytes().to_vec(), ..Context::default() }
}

pub(crate) fn item(action: &str) -> Item {
    Item {
        action: action.to_owned(),
        key: "k".to_owned(),
        target: b"{}".to_vec(),
        payload: b"{}".to_vec(),
        attachments: Vec::new(),
        attempt: 1,
        ext: Vec::new(),
    }
}
