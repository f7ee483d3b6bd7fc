//! The host's rooms, put together as its binary does it (`host/patchbay/src/serve.rs`), with a database of their own.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use patchbay_app::{
    App, Approval, ConnectorPolicy, FieldsConnect, KeySource, Offer, Parts, RunFilter, Settings, Source,
};
use patchbay_credentials::KeyRing;
use patchbay_egress::{EgressConfig, Gate};
use patchbay_engine::{Component, Engine, EngineConfig};
use patchbay_model::{
    Clock, ConnectionId, Fault, Random, RunState, Secret, SyncId, SystemRandom, TenantId, Unsigned,
    manifest::Manifest,
    package::{self, Limits},
};
use patchbay_store::{ClaimLimits, ClaimedRun, Retention, Store, StoreConfig, Trigger};
use patchbay_test_support::postgres::{self, Server};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::{
    COMPILE_WORKER, Result,
    measure::Steady,
    provider::{Fake, Provider},
    told,
};

/// The way in of each connector here, and the stream of the ledger that is read.
pub(crate) const AUTH: &str = "key";
pub(crate) const STREAM: &str = "bulk";
/// Who does everything here.
const ACTOR: &str = "bench";
/// Names the folder of the packaged connectors of the tests.
const GUESTS: &str = "PATCHBAY_GUESTS";
/// The database of SQLite.
const FILE: &str = "patchbay.db";
const COMPONENT_BYTES: usize = 32 << 20;
/// As the host's own configuration has it when nobody says otherwise.
const LEASE: Duration = Duration::from_secs(30);
const CALL: Duration = Duration::from_secs(60);
const RUN: Duration = Duration::from_secs(1_800);

/// What all rounds share, as all runs of a process do: the gate, the engine with its compiled connectors, the provider.
pub(crate) struct House {
    pub(crate) provider: Provider,
    pub(crate) gate: Arc<Gate>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) manifest: Manifest,
    /// The connector as it is installed.
    pub(crate) package: Vec<u8>,
    digest: String,
    folder: TempDir,
}

impl House {
    /// With the ledger, and so many records of its stream.
    pub(crate) fn build(records: u64) -> Result<Self> {
        Self::beside(Fake::Ledger { records })
    }

    pub(crate) fn beside(fake: Fake) -> Result<Self> {
        let provider = Provider::start(fake)?;
        let (clock, random): (Arc<dyn Clock>, Arc<dyn Random>) = (Arc::new(Steady::start()), Arc::new(SystemRandom));
        let egress = EgressConfig { rewrite: vec![provider.rewrite.clone()], ..EgressConfig::default() };
        let gate = Gate::build(egress, Arc::clone(&clock)).map_err(told)?;
        let folder = tempfile::tempdir().map_err(told)?;
        let engine = engine(&folder.path().join("compiled"))?;
        let package = guest(fake.connector())?;
        let inspected = package::inspect(&package, Limits { component_bytes: COMPONENT_BYTES }).map_err(told)?;
        let (manifest, digest) = (inspected.manifest, inspected.digest);
        Ok(Self { provider, gate, engine, clock, random, manifest, package, digest, folder })
    }

    /// The connector, ready to be opened.
    pub(crate) async fn component(&self) -> Result<Arc<Component>> {
        self.engine.load(&self.digest, &self.package).await.map_err(told)
    }
}

/// An engine that keeps what it compiles here.
pub(crate) fn engine(cache_dir: &Path) -> Result<Arc<Engine>> {
    let program = std::env::current_exe().map_err(told)?;
    Engine::build(EngineConfig {
        cache_dir: cache_dir.to_path_buf(),
        cache_key: [7; 32],
        compiler: vec![program.into_os_string(), OsString::from(COMPILE_WORKER)],
        max_instances: 32,
        component_bytes: COMPONENT_BYTES,
    })
    .map_err(told)
}

/// A component of the folder of the tests.
pub(crate) fn guest(file: &str) -> Result<Vec<u8>> {
    #[expect(clippy::disallowed_methods, reason = "the task that runs this says where it put what it built")]
    let folder = std::env::var_os(GUESTS).map(PathBuf::from);
    let path = folder.ok_or_else(|| format!("{GUESTS} is not set: run `cargo xtask bench`"))?.join(file);
    std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }

    /// Those that can be measured here.
    pub(crate) fn all() -> Vec<Self> {
        let server = postgres::url_or_skip().map(|_| Self::Postgres);
        std::iter::once(Self::Sqlite).chain(server).collect()
    }
}

/// A host with one tenant and one connection of which nothing is read but `bulk`, where it has that; nothing runs yet.
pub(crate) struct Rooms {
    pub(crate) app: Arc<App>,
    pub(crate) store: Store,
    pub(crate) tenant: TenantId,
    pub(crate) connection: ConnectionId,
    bulk: Option<SyncId>,
    stop: watch::Sender<bool>,
    made: Option<(Server, String)>,
    folder: TempDir,
}

/// The key file, read again when somebody asks.
struct KeyFile(PathBuf);

#[async_trait]
impl KeySource for KeyFile {
    async fn read(&self) -> std::result::Result<KeyRing, Fault> {
        Ok(KeyRing::open(&self.0)?)
    }
}

impl Rooms {
    /// Fresh ones, in a database without anything.
    pub(crate) async fn open(house: &House, database: Database) -> Result<Self> {
        let folder = tempfile::tempdir_in(house.folder.path()).map_err(told)?;
        let (config, made) = match database {
            Database::Sqlite => (StoreConfig::at(folder.path().join(FILE)), None),
            Database::Postgres => {
                let url = postgres::url_or_skip().ok_or("there is no PostgreSQL here")?;
                let server = Server::of(&url).map_err(told)?;
                let name = server.create_database(None).map_err(told)?;
                let url = Secret::new(server.url(&name));
                (StoreConfig { server_clock: false, ..StoreConfig::server(url) }, Some((server, name)))
            }
        };
        let (clock, random) = (Arc::clone(&house.clock), Arc::clone(&house.random));
        let store = Store::open(config, Arc::clone(&clock), Arc::clone(&random)).await.map_err(told)?;
        let path = folder.path().join("key");
        let (stop, stopped) = watch::channel(false);
        let app = App::build(Parts {
            settings: settings(folder.path())?,
            store: store.clone(),
            keys: KeyRing::open_or_create(&path, &*random).map_err(told)?,
            key_source: Arc::new(KeyFile(path)),
            gate: Arc::clone(&house.gate),
            engine: Arc::clone(&house.engine),
            clock,
            random,
            stop: stopped,
        })
        .await
        .map_err(told)?;
        let approval = Approval { actor: ACTOR.to_owned(), approves: true, trust_key: None };
        let offer = Offer { bytes: house.package.clone(), signature: None, source: Source::Upload };
        app.install(offer, approval).await.map_err(told)?;
        let tenant = app.create_tenant("Bench", None, ACTOR).await.map_err(told)?.id;
        let fields = FieldsConnect {
            connector: house.manifest.id.clone(),
            auth: AUTH.to_owned(),
            fields: [("api_key".to_owned(), house.provider.key.expose().to_owned())].into(),
            name: None,
            reconnect: None,
        };
        let connected = app.connect_fields(tenant.clone(), ACTOR.to_owned(), fields).await.map_err(told)?;
        let connection = connected.connection.id;
        let bulk = only_bulk(&app, &tenant, &connection).await?;
        Ok(Self { app, store, tenant, connection, bulk, stop, made, folder })
    }

    /// The sync of `bulk`.
    pub(crate) fn sync(&self) -> Result<&SyncId> {
        self.bulk.as_ref().ok_or_else(|| format!("this connector has no stream {STREAM}"))
    }

    /// The database of SQLite.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join(FILE)
    }

    /// A run of the sync that is ours, as a worker would claim it, for as long as we like.
    pub(crate) async fn claim(&self) -> Result<ClaimedRun> {
        let now = self.app.now();
        let sync = self.sync()?;
        let run = self.store.enqueue_run(&self.tenant, sync, now, Trigger::Manual).await.map_err(told)?;
        let limits = ClaimLimits {
            lease: Duration::from_secs(3_600),
            limit: 1,
            per_tenant: 10,
            per_connector: 10,
            per_connection: 10,
            node: ACTOR.to_owned(),
        };
        let claimed = self.store.claim_runs(&limits).await.map_err(told)?;
        claimed.into_iter().find(|claimed| claimed.run == run).ok_or_else(|| "the run could not be claimed".to_owned())
    }

    /// Ends everything and removes the database.
    pub(crate) async fn close(self) -> Result<()> {
        let _ = self.stop.send(true);
        self.app.drain().await;
        self.store.close().await;
        match &self.made {
            Some((server, name)) => server.drop_database(name).map_err(told),
            None => Ok(()),
        }
    }
}

/// Leaves `bulk` as the only sync, where there is one, and no run of any.
async fn only_bulk(app: &Arc<App>, tenant: &TenantId, connection: &ConnectionId) -> Result<Option<SyncId>> {
    let mut bulk = None;
    for sync in app.syncs(tenant, connection).await.map_err(told)? {
        if sync.stream == STREAM {
            bulk = Some(sync.id);
        } else {
            app.enable_sync(tenant, &sync.id, false, ACTOR).await.map_err(told)?;
        }
    }
    let due = RunFilter { connection: None, sync: None, state: Some(RunState::Due), after: None, limit: 100 };
    for run in app.runs(tenant, &due).await.map_err(told)?.items {
        app.cancel_run(tenant, &run.id).await.map_err(told)?;
    }
    Ok(bulk)
}

/// As the host's configuration has them when nobody says otherwise.
fn settings(folder: &Path) -> Result<Settings> {
    let (seconds, days) = (Duration::from_secs, |days: u64| Duration::from_secs(days * 86_400));
    Ok(Settings {
        public_url: url::Url::parse("http://127.0.0.1/").map_err(told)?,
        node: ACTOR.to_owned(),
        components_dir: folder.join("components"),
        scratch_dir: folder.join("scratch"),
        workers: 16,
        per_tenant: 8,
        per_connector: u32::MAX,
        per_connection: 4,
        lease: LEASE,
        poll: seconds(1),
        call_timeout: CALL,
        run_time: RUN,
        run_pages: 1_000_000,
        run_records: 1_000_000_000,
        run_bytes: 1 << 40,
        memory_bytes: 256 << 20,
        component_bytes: COMPONENT_BYTES,
        blob_bytes: 50 << 20,
        tenant_blob_bytes: 2 << 30,
        login_time: seconds(600),
        session_time: seconds(1_800),
        completion_time: seconds(600),
        refresh_lease: seconds(30),
        refresh_exchange: seconds(20),
        cool_down: seconds(30),
        longest_cool_down: seconds(3_600),
        failing_days: 4,
        idle_refresh: days(1),
        push_expires: None,
        settle_at_most: seconds(1),
        settle_again: seconds(1),
        webhook_retries: Vec::new(),
        webhook_disable_after: days(5),
        webhook_lease: seconds(45),
        registries: patchbay_app::Registries::default(),
        indexes: Vec::new(),
        update_check: seconds(3_600),
        update_age: seconds(86_400),
        connectors: ConnectorPolicy { unsigned: Unsigned::Local, ..ConnectorPolicy::default() },
        retention: Retention {
            runs: days(30),
            tombstones: days(90),
            dead_letters: days(30),
            events: days(30),
            drifts: days(30),
            blobs: days(7),
            unused_blobs: days(1),
            runs_per_sync: 20,
        },
    })
}
