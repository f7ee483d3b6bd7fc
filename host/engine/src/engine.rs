//! The engine: one per process.

use std::{ffi::OsString, path::PathBuf, sync::Arc, time::Duration};

use patchbay_model::{
    Budget, Failure,
    contract::{Exports, limits as contract_limits},
};
use sha2::{Digest as _, Sha256};
use tokio::{sync::Semaphore, time::Instant};
use wasmtime::{Store, UpdateDeadline, component::Linker};

use crate::{
    Component, EngineError, Instance, LoadError, NoLog, RunScope,
    artefact::{self, Artefact},
    cache::Cache,
    call::{Limit, describe},
    code,
    compile::Compiler,
    compute::{self, Meter},
    config, contract,
    contract::Guests,
    instance::Live,
    limits,
    registry::{Code, Registry},
    slow_lane::SlowLane,
    state::State,
    ticker::Ticker,
    wasi,
};

/// How the engine is set up.
#[derive(Clone)]
pub struct EngineConfig {
    /// Folder of compiled components, made for this user alone.
    pub cache_dir: PathBuf,
    /// Key of the cache's seals; of this host only, never stored beside the cache.
    pub cache_key: [u8; 32],
    /// Program and arguments of the compile child: this binary and `compile-worker`.
    pub compiler: Vec<OsString>,
    /// Instances at a time; who comes later waits.
    pub max_instances: u32,
    /// Bytes that a component may have.
    pub component_bytes: usize,
}

/// Time and memory of a probe.
const PROBE: Duration = Duration::from_secs(10);

/// Loads components and opens instances of them.
pub struct Engine {
    wasmtime: wasmtime::Engine,
    linker: Linker<State>,
    compiler: Compiler,
    cache: Arc<Cache>,
    registry: Registry<Component>,
    codes: Registry<Code>,
    places: Arc<Semaphore>,
    /// After the places: its end looks whether they are gone.
    ticker: Ticker,
    lane: SlowLane,
    /// How much one call may compute.
    compute: Duration,
    component_bytes: usize,
}

impl Engine {
    /// Sets the sandbox up: the pool, the links, the cache folder, the thread that counts epochs. For a command, which does one
    /// thing after the other: no call pauses for another.
    ///
    /// # Errors
    ///
    /// The machine or the configuration does not allow it; the host does not start then.
    pub fn build(config: EngineConfig) -> Result<Arc<Self>, EngineError> {
        Self::built(config, compute::STANDARD, SlowLane::default())
    }

    /// The same for a host, whose tenants share the workers of this runtime. One call of a guest may compute for so long;
    /// processor time, waiting is not counted.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn build_shared(config: EngineConfig, compute: Duration) -> Result<Arc<Self>, EngineError> {
        Self::built(config, compute, SlowLane::of(tokio::runtime::Handle::current().metrics().num_workers()))
    }

    fn built(config: EngineConfig, compute: Duration, lane: SlowLane) -> Result<Arc<Self>, EngineError> {
        if config.compiler.is_empty() {
            return Err(EngineError::NoCompiler);
        }
        let instances = config.max_instances.max(1);
        let wasmtime = config::engine(instances)?;
        let mut linker = Linker::new(&wasmtime);
        wasi::link(&mut linker).and_then(|()| contract::link(&mut linker)).map_err(EngineError::Settings)?;
        let cache = Arc::new(Cache::open(&config.cache_dir, config.cache_key, &wasmtime)?);
        let places = Arc::new(Semaphore::new(usize::try_from(instances).unwrap_or(usize::MAX)));
        Ok(Arc::new(Self {
            linker,
            cache,
            ticker: Ticker::start(&wasmtime, &places)?,
            wasmtime,
            compiler: Compiler::new(config.compiler),
            registry: Registry::default(),
            codes: Registry::default(),
            places,
            lane,
            compute,
            component_bytes: config.component_bytes,
        }))
    }

    /// Makes a component ready: from memory, else from the cache (milliseconds), else compiled in the child
    /// (a second for Rust, a minute for a large JavaScript or Python one). `digest` is its SHA-256 in hex.
    ///
    /// # Errors
    ///
    /// The bytes are none of a usable component; each case says why.
    pub async fn load(self: &Arc<Self>, digest: &str, component: &[u8]) -> Result<Arc<Component>, LoadError> {
        self.registry.get_or_load(digest, self.make(digest, component)).await
    }

    /// Removes the code of a component from the cache, also for others that have [the same](Self::is_same_code). Whatever runs
    /// goes on; whoever needs that code again, compiles it again.
    pub fn forget(&self, component: &[u8]) {
        self.cache.forget(&Sha256::digest(code::of(component)).into());
    }

    /// Whether two components have the same code, so that the cache holds it once.
    #[must_use]
    pub fn is_same_code(one: &[u8], other: &[u8]) -> bool {
        code::of(one) == code::of(other)
    }

    /// Starts a component once, in an instance that reaches nothing, and tells which interfaces it has.
    ///
    /// # Errors
    ///
    /// It does not start within its time and memory.
    pub async fn probe(&self, component: &Arc<Component>) -> Result<Exports, LoadError> {
        let failed = |error: &dyn std::fmt::Display| LoadError::Start(error.to_string());
        let _place = Arc::clone(&self.places).acquire_owned().await.map_err(|closed| failed(&closed))?;
        self.ticker.wake();
        let limit = Limit::of(PROBE, Instant::now() + PROBE);
        let mut store = self.store(State::probe(limits::MEMORY_BYTES, limit.ends, Arc::new(NoLog)));
        store.data_mut().begin(limit.ends, limit.as_what.clone());
        let (mut stop, meter) = (store.data().stop.clone(), Arc::clone(&store.data().meter));
        let started = limit.hold(&mut stop, meter.during(component.pre.instantiate_async(&mut store))).await;
        if let Some(failure) = store.data_mut().ended.take() {
            return Err(failed(&failure.code().title()));
        }
        let started = started.map_err(|failure| failed(&failure.code().title()))?;
        if store.data().growth.refused() {
            return Err(failed(&format!("it wants more than {} bytes of memory to start", limits::MEMORY_BYTES)));
        }
        let instance = started.map_err(|trap| failed(&describe(&trap)))?;
        component.guests.load(&mut store, &instance).map_err(|error| LoadError::Link(describe(&error)))?;
        Ok(component.exports())
    }

    /// Opens an instance for one run; waits for a place in the pool as long as the run lasts.
    ///
    /// # Errors
    ///
    /// The run's time is over or it was cancelled while waiting, or the component did not start.
    pub async fn open(self: &Arc<Self>, component: &Arc<Component>, scope: RunScope) -> Result<Instance, Failure> {
        let call_timeout = scope.call_timeout;
        let mut stop = scope.stop.clone();
        let run = Limit { ends: scope.deadline, as_what: Failure::BudgetSpent(Budget::Time) };
        let place = run.hold(&mut stop, Arc::clone(&self.places).acquire_owned()).await?;
        let place = place.map_err(|closed| Failure::ReleaseUnusable(closed.to_string()))?;
        self.ticker.wake();
        let limit = Limit::of(call_timeout, scope.deadline);
        let mut store = self.store(State::of(scope));
        store.data_mut().begin(limit.ends, limit.as_what.clone());
        let meter = Arc::clone(&store.data().meter);
        let started = limit.hold(&mut stop, meter.during(component.pre.instantiate_async(&mut store))).await;
        let started = started.map(|started| started.map(Ok));
        let instance = crate::call::judge(store.data_mut(), started)?;
        let call = component.guests.load(&mut store, &instance);
        let call = call.map_err(|error| Failure::ReleaseUnusable(describe(&error)))?;
        Ok(Instance::new(Live { store, call, call_timeout, _place: place }, Arc::clone(component)))
    }

    fn store(&self, mut state: State) -> Store<State> {
        state.compute = self.compute;
        let meter = Arc::new(Meter::of(self.lane.clone()));
        state.meter = Arc::clone(&meter);
        let mut store = Store::new(&self.wasmtime, state);
        store.limiter(|state| &mut state.growth);
        store.set_hostcall_fuel(contract_limits::HOSTCALL_BYTES);
        store.set_max_component_handles(limits::HANDLES);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |mut store| {
            store.data_mut().check()?;
            Ok(UpdateDeadline::YieldCustom(1, Box::pin(meter.turn())))
        });
        store
    }

    async fn make(self: &Arc<Self>, digest: &str, component: &[u8]) -> Result<Component, LoadError> {
        self.check(component)?;
        let (name, bytes) = (digest.to_owned(), component.to_vec());
        let (key, bytes) = self.blocking(move |_| code_of(&name, &bytes)).await??;
        let code = self.codes.get_or_load(&data_encoding::HEXLOWER.encode(&key), self.code(key, &bytes)).await?;
        let pre = self.linker.instantiate_pre(&code.0).map_err(|error| LoadError::Link(format!("{error:#}")))?;
        Ok(Component { digest: digest.to_owned(), guests: Guests::of(&pre), pre, _code: code })
    }

    /// Maps code: from the cache, else compiled.
    async fn code(self: &Arc<Self>, key: [u8; 32], bytes: &[u8]) -> Result<Code, LoadError> {
        let kept = self.blocking(move |engine| {
            let artefact = engine.cache.get(&key)?;
            let mapped = artefact::map(&engine.wasmtime, &artefact);
            if let Err(error) = &mapped {
                tracing::info!(error = format!("{error:#}"), "a cache entry does not load; it is compiled again");
                engine.cache.forget(&key);
            }
            mapped.ok()
        });
        let mapped = match kept.await? {
            Some(mapped) => mapped,
            None => {
                let compiled = self.compiler.compile(bytes).await?;
                self.blocking(move |engine| engine.keep(&key, &compiled)).await??
            }
        };
        if let Some(found) = contract::foreign(&mapped, &self.wasmtime) {
            return Err(LoadError::Contract { found });
        }
        Ok(Code(mapped))
    }

    fn keep(&self, key: &[u8; 32], compiled: &Artefact) -> Result<wasmtime::component::Component, LoadError> {
        let mapped = artefact::map(&self.wasmtime, compiled).map_err(|error| LoadError::Link(format!("{error:#}")))?;
        if let Err(error) = self.cache.put(key, compiled) {
            tracing::warn!(%error, "a compiled component could not be kept; it is compiled again next time");
        }
        Ok(mapped)
    }

    /// What can be said before anything is compiled.
    fn check(&self, component: &[u8]) -> Result<(), LoadError> {
        if component.len() > self.component_bytes {
            return Err(LoadError::TooLarge { size: component.len(), limit: self.component_bytes });
        }
        match component.first_chunk::<8>() {
            Some(b"\0asm\x0d\0\x01\0") => Ok(()),
            Some(b"\0asm\x01\0\0\0") => Err(LoadError::CoreModule),
            // What wasmtime makes is an ELF file. It would not come this far (`model::package`), and must not come farther.
            Some(bytes) if bytes.starts_with(b"\x7fELF") || bytes.starts_with(b"patchbay") => {
                Err(LoadError::CompiledCode)
            }
            _ => Err(LoadError::NotAComponent),
        }
    }

    /// Work on files and megabytes, off the runtime's workers.
    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, LoadError> {
        let engine = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&engine)).await;
        done.map_err(|error| LoadError::Child(error.to_string()))
    }
}

/// The component's code, and the name that it is cached under: what it is, whatever the caller believes.
fn code_of(digest: &str, component: &[u8]) -> Result<([u8; 32], Vec<u8>), LoadError> {
    let found = data_encoding::HEXLOWER.encode(&Sha256::digest(component));
    if found != digest {
        return Err(LoadError::OtherBytes { wanted: digest.to_owned(), found });
    }
    let code = code::of(component).into_owned();
    Ok((Sha256::digest(&code).into(), code))
}
