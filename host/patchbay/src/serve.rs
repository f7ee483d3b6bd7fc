//! Builds the rooms from the configuration, opens the door, and waits for the end.
//!
//! Order at the start: folder, signals, rooms, address, connectors of the folder, `listening on` (what
//! supervisors and tests wait for), what of the folder was refused before, and where the first operator signs in, until one
//! did. Order at the end: no more requests, runs in flight end or are handed back, then the process.

use std::{io::Write, os::unix::fs::DirBuilderExt, path::Path, sync::Arc};

use patchbay_api::{Api, Limits};
use patchbay_app::{App, Parts, Settings};
use patchbay_egress::{EgressConfig, Gate, Resolve, SystemResolver, Timeouts};
use patchbay_engine::{Engine, EngineConfig};
use patchbay_model::{Clock, Code, Fault, Random, SystemClock, SystemRandom};
use patchbay_store::Store;
use rustix::fs::Mode;
use tokio::{net::TcpListener, sync::watch};
use url::Url;

use crate::{
    config::{Config, Key},
    exit::Stop,
    folder,
    key_source::Source,
    lifecycle, operator_key, settings, telemetry,
};

/// Runs the host until it is told to stop; where `new_key` says so, with one more key of an operator.
///
/// # Errors
/// What kept it from starting, or from ending well.
pub(crate) fn run(config: &Config, new_key: bool) -> Result<(), Stop> {
    telemetry::start(&config.log);
    // Whatever is written is nobody else's, also where the folder was made by somebody else.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    make_folder(&config.data_dir)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::failed(format!("no runtime: {error}")))?;
    runtime.block_on(host(config, new_key))
}

async fn host(config: &Config, new_key: bool) -> Result<(), Stop> {
    let stop = lifecycle::stop_signal().map_err(|error| Stop::failed(format!("no signals: {error}")))?;
    let listener = TcpListener::bind(config.listen).await.map_err(|error| {
        let why = format!("{} cannot be listened on: {error}", config.listen);
        Stop::from(Fault::because(Code::ConfigInvalid, why))
    })?;
    let address = listener.local_addr().map_err(|error| Stop::failed(format!("no address: {error}")))?;
    let public_url = match &config.public_url {
        Some(url) => url.clone(),
        None => {
            Url::parse(&format!("http://{address}/")).map_err(|error| Stop::failed(format!("no address: {error}")))?
        }
    };
    let app = rooms(config, public_url, stop.clone()).await?;
    let made = match app.first_operator_key().await? {
        // Whoever starts the host with its key may do whatever an operator may.
        None if new_key => Some(app.issue_operator_key("made at a start", "host").await?),
        first => first,
    };
    if let Some(first) = made {
        let path = operator_key::path(&config.data_dir);
        operator_key::write(&path, &first.key).map_err(|error| Stop::file("written", &path, &error))?;
        tracing::info!("the operator's key is in {}", path.display());
    }
    let left = folder::install_all(&app, &config.connectors.dir).await;
    app.start_jobs();
    announce(&format!("listening on http://{address}"));
    // Kept until the end: dropping it ends the watching.
    let watching = match config.connectors.watch {
        true => folder::watch(&app, &config.connectors.dir, stop.clone()),
        false => None,
    };
    if watching.is_none() {
        folder::try_again(&app, left, stop.clone());
    }
    // For whoever sees the console, and nobody else: it is in no log of the host's own.
    if let Some(first) = app.first_sign_in().await? {
        announce(&format!("sign in as operator: {}", first.address.expose()));
    }
    let limits = Limits {
        body_bytes: config.limits.body_bytes,
        component_bytes: config.limits.component_bytes,
        connections: config.limits.connections,
    };
    let api = Api::new(Arc::clone(&app), limits);
    // One deadline for both: runs end while the last requests are answered.
    let deadline = patchbay_api::serve(listener, api, stop, config.jobs.shutdown).await;
    if tokio::time::timeout_at(deadline, app.drain()).await.is_err() {
        tracing::warn!("work in flight did not end in time; it goes on after the next start");
    }
    Ok(())
}

/// Makes every room and puts them together.
async fn rooms(config: &Config, public_url: Url, stop: watch::Receiver<bool>) -> Result<Arc<App>, Stop> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    #[cfg(debug_assertions)]
    let clock = crate::hooks::install(clock, &crate::config::ambient::variables());
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    if let Key::Environment(name) = &config.key {
        tracing::warn!("the key is read from the variable {name}: whoever may read this process's environment has it");
    }
    let source = Source::of(&config.key);
    let open = async {
        let config = settings::store(&config.database, server_clock());
        Store::open(config, Arc::clone(&clock), Arc::clone(&random)).await.map_err(Fault::from)
    };
    let (keys, store) = match config.database.file() {
        Some(path) => (source.first(path.exists(), &*random).await?, open.await?),
        // Whether another node has begun a server's database is known once it is open.
        None => {
            let store = open.await?;
            (source.first(patchbay_app::has_key(&store).await?, &*random).await?, store)
        }
    };
    let names: Arc<dyn Resolve> = Arc::new(SystemResolver);
    #[cfg(debug_assertions)]
    let names = crate::hooks::names(names, &crate::config::ambient::variables());
    let gate = Gate::build_with(egress(config)?, Arc::clone(&clock), names)
        .map_err(|error| Fault::because(Code::ConfigInvalid, error.to_string()))?;
    let compiler = crate::compiler::command().map_err(|error| Stop::failed(format!("no program: {error}")))?;
    let engine = EngineConfig {
        cache_dir: config.data_dir.join("compiled"),
        cache_key: *keys.derive("compile-cache"),
        compiler,
        max_instances: config.limits.instances,
        component_bytes: config.limits.component_bytes,
    };
    let engine = Engine::build_shared(engine, config.limits.compute).map_err(|error| error.fault())?;
    let registries = config.sources.registries().map_err(|why| Fault::because(Code::ConfigInvalid, why))?;
    let settings = Settings { registries, ..settings::app(config, public_url, settings::node(&*random)) };
    tracing::info!(node = settings.node, "this node is {}", settings.node);
    let key_source = Arc::new(source);
    Ok(App::build(Parts { settings, store, keys, key_source, gate, engine, clock, random, stop }).await?)
}

/// The gate's part of the configuration, with the certificates read.
pub(crate) fn egress(config: &Config) -> Result<EgressConfig, Stop> {
    let mut egress = EgressConfig {
        allow_private: config.egress.allow_private.clone(),
        allowed_ports: config.egress.allowed_ports.clone(),
        rewrite: config
            .egress
            .rewrite
            .iter()
            .map(|rewrite| patchbay_egress::Rewrite {
                origin: rewrite.origin.clone(),
                connect: rewrite.connect.clone(),
                browser: rewrite.browser.clone(),
            })
            .collect(),
        timeouts: Timeouts {
            connect: config.egress.connect,
            first_byte: config.egress.first_byte,
            progress: config.egress.progress,
            total: config.egress.total,
            exchange: config.egress.exchange,
            idle: config.egress.idle,
        },
        extra_ca: Vec::new(),
    };
    // The gate speaks TLS unless it is told where not to.
    egress.rewrite.extend(config.sources.plain_http.iter().map(|host| patchbay_egress::Rewrite {
        origin: format!("https://{host}"),
        connect: format!("http://{host}"),
        browser: None,
    }));
    for path in &config.egress.extra_ca {
        egress.extra_ca.push(std::fs::read(path).map_err(|error| Stop::file("read", path, &error))?);
    }
    Ok(egress)
}

/// Whether leases go by the clock of the database's server: the only one that all nodes share.
fn server_clock() -> bool {
    #[cfg(debug_assertions)]
    if crate::hooks::moves_the_clock(&crate::config::ambient::variables()) {
        return false;
    }
    true
}

/// Says something to whoever started the process, at once.
fn announce(line: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody listening is no reason to stop serving.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// The folder of everything, readable by its owner only.
fn make_folder(path: &Path) -> Result<(), Stop> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| Stop::file("made", path, &error))
}
