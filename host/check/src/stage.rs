//! A component made ready, and runs of it with everything that it may reach.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    sync::{Arc, Mutex},
    time::Duration,
};

use patchbay_egress::{
    CredentialSource, DoorScope, EgressConfig, EgressError, Gate, Grant, NoCredential, Tape as Line, Writes,
};
use patchbay_engine::{
    Blobs, Component, Engine, EngineConfig, EngineError, Instance, LoadError, NoSteps, RunScope, Steps,
};
use patchbay_fixture::{Exchange, Folder, Placed};
use patchbay_model::{
    CustomerOrigins, Failure, Fault, ManualClock, Random, Timestamp,
    contract::Context,
    manifest::{Auth, Host, Manifest},
    package::{self, Inspected, Limits},
};
use serde_json::{Value, json};
use tokio::{sync::watch, time::Instant};

use crate::{
    Compiled,
    blobs::Files,
    diary::Diary,
    log::Lines,
    player::{Actor, Twist},
    report::Finding,
};

/// When nobody says otherwise, 2026-11-21T09:30:00Z: the same as in the SDK's test host.
const NOW_MS: i64 = 1_795_253_400_000;
/// Time of one call, and of one run.
const CALL: Duration = Duration::from_secs(20);
const RUN: Duration = Duration::from_secs(120);
/// Instances at a time; the suite runs one after the other.
const INSTANCES: u32 = 2;

/// A component that is ready to be tried.
pub struct Stage {
    pub(crate) engine: Arc<Engine>,
    pub(crate) component: Arc<Component>,
    /// What is known of it without running it.
    pub(crate) inspected: Inspected,
    pub(crate) gate: Arc<Gate>,
    pub(crate) load_ms: u64,
    /// Of it, what compiling took.
    pub(crate) compile_ms: u64,
    /// The hosts of the manifest, with the paths and methods that were refused so far.
    pub(crate) asked: Mutex<Vec<Host>>,
    _compiled: Compiled,
}

/// Why a component cannot be tried.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// It is none that a host would take.
    #[error("{0:?}")]
    Refused(Fault),
    /// It does not load.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The sandbox does not start here.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The gate does not start here.
    #[error(transparent)]
    Gate(#[from] EgressError),
}

impl StageError {
    /// For the person at the terminal.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Refused(fault) => fault.clone(),
            Self::Load(error) => error.fault(),
            Self::Engine(error) => error.fault(),
            Self::Gate(_) => Fault::because(patchbay_model::Code::Internal, self.to_string()),
        }
    }
}

impl Stage {
    /// Makes a packaged component ready. `compiler` is the program that compiles, and its arguments; `compiled` is where its
    /// code is and stays; `egress` is how the gate reaches providers, which only recording does.
    ///
    /// # Errors
    /// See [`StageError`].
    pub async fn build(
        packed: &[u8],
        compiler: Vec<OsString>,
        compiled: Compiled,
        egress: EgressConfig,
        clock: Arc<dyn patchbay_model::Clock>,
    ) -> Result<Self, StageError> {
        let inspected = package::inspect(packed, Limits::default()).map_err(StageError::Refused)?;
        let engine = Engine::build(EngineConfig {
            cache_dir: compiled.folder.clone(),
            cache_key: compiled.key,
            compiler,
            max_instances: INSTANCES,
            component_bytes: Limits::default().component_bytes,
        })?;
        let gate = Gate::build(egress, clock)?;
        let begun = Instant::now();
        let component = engine.load(&inspected.digest, packed).await?;
        let compile_ms = milliseconds(begun.elapsed());
        engine.probe(&component).await?;
        let load_ms = milliseconds(begun.elapsed());
        let asked = Mutex::new(inspected.manifest.hosts.clone());
        Ok(Self { engine, component, inspected, gate, load_ms, compile_ms, asked, _compiled: compiled })
    }

    /// Its manifest, as it was packed.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.inspected.manifest
    }

    /// As if it had been packed with this manifest: what an author is about to change is tried without packing again.
    #[must_use]
    pub fn with_manifest(mut self, manifest: Manifest) -> Self {
        self.asked = Mutex::new(manifest.hosts.clone());
        self.inspected.manifest = manifest;
        self
    }

    /// What a fixture says of the connection, as a host would tell it.
    pub(crate) fn setting(&self, folder: &Folder, placed: &Placed) -> Result<Setting, Finding> {
        let said = placed.fixture.context.over(&folder.defaults.context);
        let wrong = |what: String, remedy: &str| Finding::of(what, format!("{}: context", placed.file), remedy);
        let auth = match &said.auth {
            None => self.manifest().auths.first(),
            Some(id) => self.manifest().auth(id),
        };
        let Some(auth) = auth else {
            return Err(wrong(format!("there is no auth method {:?}", said.auth), "name an [[auth]] of the manifest"));
        };
        let correction = said.config.clone().unwrap_or_else(|| json!({}));
        let manifest = self.manifest().corrected(&correction).map_err(|fields| {
            let told: Vec<String> = fields.iter().map(|field| format!("{} {}", field.pointer, field.message)).collect();
            wrong(format!("config does not fit: {}", told.join("; ")), "give values that [config] takes")
        })?;
        let settings = said.settings.clone().unwrap_or_else(|| json!({}));
        if let (Some(schema), Some(settings)) = (&manifest.settings, &said.settings)
            && let Some(refusal) = refusal(schema, settings)
        {
            return Err(wrong(
                format!("settings do not fit: {refusal}"),
                "give settings that the manifest's schema takes",
            ));
        }
        let now = placed.fixture.now.as_ref().or(folder.defaults.now.as_ref());
        let now = match now.map(|now| now.parse::<Timestamp>()) {
            None => Timestamp::from_millis(NOW_MS),
            Some(Ok(now)) => now,
            Some(Err(error)) => {
                let place = format!("{}: now", placed.file);
                return Err(Finding::of(error.to_string(), place, "write it as 2026-11-21T10:00:00Z"));
            }
        };
        let context = Context {
            auth: auth.id.clone(),
            account: said.account.clone(),
            facts: said.facts.clone().into_iter().collect(),
            account_facts: said.account_facts.clone().into_iter().collect(),
            settings: settings.to_string().into_bytes(),
            config: config_of(&manifest).to_string().into_bytes(),
        };
        let grant = grant(&manifest, auth, &said.facts, said.account);
        Ok(Setting { context, grant: Arc::new(grant), now })
    }

    /// Opens an instance for one run over a fixture.
    pub(crate) async fn open(&self, run: Opening<'_>) -> Result<Run, Failure> {
        let Opening { setting, exchanges, used, twist, writer, stopped } = run;
        let actor = Arc::new(Actor::of(exchanges, used, twist));
        let tape = Line::Plays(Arc::clone(&actor) as _);
        let (instance, log, stop) = self.instance(setting, tape, Arc::new(NoCredential), writer, stopped).await?;
        Ok(Run { instance, actor, log, _stop: stop })
    }

    /// Opens an instance whose provider is at the other end of `tape`.
    pub(crate) async fn instance(
        &self,
        setting: &Setting,
        tape: Line,
        credential: Arc<dyn CredentialSource>,
        writer: Option<Writer>,
        stopped: bool,
    ) -> Result<(Instance, Arc<Lines>, watch::Sender<bool>), Failure> {
        let (stop, stopping) = watch::channel(stopped);
        let deadline = Instant::now() + RUN;
        let (writes, steps, blobs): (Writes, Arc<dyn Steps>, Arc<dyn Blobs>) = match writer {
            None => (Writes::Forbidden, Arc::new(NoSteps), Arc::new(Files::default())),
            Some(Writer { diary, files, mode }) => {
                let writes = match mode {
                    Mode::Writes => Writes::Journal(Arc::clone(&diary) as _),
                    Mode::Looks => Writes::Forbidden,
                    Mode::Rehearses => Writes::Rehearse(Arc::clone(&diary) as _),
                };
                (writes, diary, files)
            }
        };
        let scope = DoorScope { writes, deadline, stop: stopping.clone() };
        let door = self.gate.taped_door(Arc::clone(&setting.grant), credential, scope, tape);
        let log = Arc::new(Lines::default());
        let scope = RunScope {
            door,
            memory_bytes: self.memory_bytes(),
            call_timeout: CALL,
            deadline,
            stop: stopping,
            clock: Arc::new(ManualClock::at(setting.now)),
            random: Arc::new(Counting),
            log: Arc::clone(&log) as _,
            steps,
            blobs,
        };
        Ok((self.engine.open(&self.component, scope).await?, log, stop))
    }

    /// What the manifest asks for.
    pub(crate) fn memory_bytes(&self) -> usize {
        usize::try_from(self.manifest().limits.memory_mib).unwrap_or(usize::MAX).saturating_mul(1 << 20)
    }
}

/// What one connection may reach.
pub(crate) fn grant(
    manifest: &Manifest,
    auth: &Auth,
    facts: &std::collections::BTreeMap<String, String>,
    account: Option<String>,
) -> Grant {
    Grant {
        tenant: "check".to_owned(),
        connector: manifest.id.clone(),
        connection: Some("check".to_owned()),
        account,
        hosts: manifest.hosts.clone(),
        slots: auth.slots.clone(),
        expired: auth.expired.clone(),
        rates: manifest.rates.clone(),
        placeholders: auth.placeholders(facts),
        customer_origins: CustomerOrigins::AnyPublic,
        ..Grant::default()
    }
}

pub(crate) fn config_of(manifest: &Manifest) -> Value {
    manifest.config.as_ref().map_or_else(|| json!({}), |config| config.defaults.clone())
}

/// Why a value does not fit a schema.
pub(crate) fn refusal(schema: &Value, value: &Value) -> Option<String> {
    match patchbay_model::manifest::compile_schema(schema) {
        Ok(validator) => validator.iter_errors(value).next().map(|error| {
            format!("{} {}", error.instance_path(), error.to_string().chars().take(300).collect::<String>())
        }),
        Err(error) => Some(format!("the schema cannot be used: {error}")),
    }
}

pub(crate) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A connection as a fixture describes it.
#[derive(Clone)]
pub(crate) struct Setting {
    pub(crate) context: Context,
    pub(crate) grant: Arc<Grant>,
    pub(crate) now: Timestamp,
}

/// What a run is opened with.
pub(crate) struct Opening<'a> {
    pub(crate) setting: &'a Setting,
    pub(crate) exchanges: &'a [Exchange],
    /// Exchanges that an earlier run used.
    pub(crate) used: &'a BTreeSet<usize>,
    pub(crate) twist: Twist,
    /// For a push and a look.
    pub(crate) writer: Option<Writer>,
    /// Whether it is told to stop before it begins.
    pub(crate) stopped: bool,
}

/// What a run that writes has besides.
#[derive(Clone)]
pub(crate) struct Writer {
    pub(crate) diary: Arc<Diary>,
    pub(crate) files: Arc<Files>,
    pub(crate) mode: Mode,
}

/// What a writer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It writes.
    Writes,
    /// It only looks for what was written.
    Looks,
    /// It says what it would write.
    Rehearses,
}

/// One instance at work.
pub(crate) struct Run {
    pub(crate) instance: Instance,
    pub(crate) actor: Arc<Actor>,
    pub(crate) log: Arc<Lines>,
    _stop: watch::Sender<bool>,
}

/// The same in every run, as in the SDK's test host.
struct Counting;

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for (byte, at) in bytes.iter_mut().zip((0_u8..=250).cycle()) {
            *byte = at;
        }
    }
}
