//! The host whose API is measured: 20 connectors, 10,000 connections of one tenant that have been read, and 20 more of
//! another tenant that read without end while they are told to.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread::{self, Scope, ScopedJoinHandle},
    time::Duration,
};

use patchbay_it::{Book, Rig, RigSetup, Tenant, items, ledger_with, process};
use patchbay_test_support::{
    Api, Result, Trouble,
    fakes::{FakesConfig, LedgerConfig},
    packaged, wait_until,
};

/// Connections of the tenant whose list is asked for.
pub(super) const CONNECTIONS: usize = 10_000;
/// Connectors that are installed.
pub(super) const CONNECTORS: usize = 20;
/// Syncs that run while it is asked for.
pub(super) const BUSY: usize = 20;

/// The connector of the many.
const IDLE: &str = "acme.idle";
/// And of those that read.
const READS: &str = "acme.reads";
/// Records of each of their runs.
const RECORDS: u64 = 50_000;
/// Workers for all twenty, and nobody's share of them limited.
const JOBS: &str = "[jobs]\nworkers = 32\nper_tenant = 0\n";
/// How many connect at the same time.
const AT_ONCE: usize = 4;
/// Longest wait for what the host does by itself.
const LIMIT: Duration = Duration::from_secs(600);
/// Time between two looks at what runs and at what the host holds: seldom, so that looking costs nothing.
const LOOK: Duration = Duration::from_millis(250);
/// Looks whose memory has to be the same, within [`ALIKE`], for the host to be at rest.
const LOOKS: usize = 40;
const ALIKE: u64 = 1 << 20;

/// All of it.
pub(super) struct Stand {
    rig: Rig,
    many: Tenant,
    reading: Tenant,
    books: Vec<Book>,
    runs: AtomicUsize,
}

impl Stand {
    /// A host with its connectors' providers, and nothing else yet.
    pub(super) fn start() -> Result<Self> {
        let ledger = LedgerConfig { bulk: RECORDS, ..LedgerConfig::default() };
        let fakes = FakesConfig { ledger, ..FakesConfig::small() };
        let rig = RigSetup { fakes: Some(fakes), jobs: Some(JOBS.to_owned()), ..RigSetup::default() }.start()?;
        let (many, reading) = (rig.tenant("Many")?, rig.tenant("Reading")?);
        Ok(Self { rig, many, reading, books: Vec::new(), runs: AtomicUsize::new(0) })
    }

    /// The API as the tenant of the many asks it.
    pub(super) fn api(&self) -> Api {
        self.many.api.clone()
    }

    /// Installs and connects everything, and waits until it was read.
    pub(super) fn fill(&mut self) -> Result<()> {
        self.rig.install(one_stream(IDLE, "tick")?)?;
        self.rig.install(one_stream(READS, "bulk")?)?;
        let mut installed = 2;
        for path in products()? {
            self.rig.install(fs::read(path)?)?;
            installed += 1;
        }
        for more in installed..CONNECTORS {
            self.rig.install(one_stream(&format!("acme.more-{more}"), "tick")?)?;
        }
        let part = CONNECTIONS / AT_ONCE;
        let this = &*self;
        thread::scope(|scope| {
            let connecting: Vec<_> =
                (0..AT_ONCE).map(|nth| scope.spawn(move || this.connect(nth * part, part))).collect();
            connecting
                .into_iter()
                .try_for_each(|part| part.join().map_err(|_| Trouble::new("what connects broke down"))?)
        })?;
        at_rest(&self.many)?;
        for n in 0..BUSY {
            let key = self.rig.fakes.ledger.provider.key(&format!("reads-{n}"));
            self.books.push(Book::connect_to(READS, &self.reading, &key)?);
        }
        at_rest(&self.reading)
    }

    fn connect(&self, first: usize, count: usize) -> Result<()> {
        for n in first..first + count {
            let key = self.rig.fakes.ledger.provider.key(&format!("idle-{n}"));
            Book::connect_to(IDLE, &self.many, &key)?;
        }
        Ok(())
    }

    /// Ends the host and starts it again.
    pub(super) fn restart(&mut self) -> Result<()> {
        self.rig.host.restart()
    }

    /// What the host's process holds now, MB.
    pub(super) fn resident(&self) -> Result<f64> {
        Ok(megabytes(process::memory(&self.rig.host)?.0))
    }

    /// The same once it stays as it is.
    pub(super) fn resident_at_rest(&self) -> Result<f64> {
        at_rest(&self.many)?;
        at_rest(&self.reading)?;
        let (mut alike, mut before) = (0, 0);
        wait_until("memory that stays as it is", LIMIT, || {
            thread::sleep(LOOK);
            let (now, _) = process::memory(&self.rig.host)?;
            alike = if now.abs_diff(before) <= ALIKE { alike + 1 } else { 0 };
            if alike == 0 {
                before = now;
            }
            Ok((alike >= LOOKS).then_some(megabytes(now)))
        })
    }

    /// Has the twenty read again and again until they are told to end; how many of their runs ended.
    pub(super) fn keep_busy<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        ended: &'scope AtomicBool,
    ) -> ScopedJoinHandle<'scope, Result<usize>> {
        self.runs.store(0, Ordering::Relaxed);
        scope.spawn(move || {
            let mut all = BTreeSet::new();
            let syncs = self.books.iter().map(|book| book.sync("bulk", None)).collect::<Result<Vec<_>>>()?;
            let syncs: Vec<&str> = syncs.iter().filter_map(|sync| sync["id"].as_str()).collect();
            while !ended.load(Ordering::Relaxed) {
                let running = items(&self.reading.api, "/v1/runs?state=running&limit=200")?;
                let at_work: BTreeSet<&str> = running.iter().filter_map(|run| run["sync"].as_str()).collect();
                self.runs.store(at_work.len(), Ordering::Relaxed);
                for sync in syncs.iter().filter(|sync| !at_work.contains(*sync)) {
                    all.insert(self.reading.run(sync)?);
                }
                thread::sleep(LOOK);
            }
            self.runs.store(0, Ordering::Relaxed);
            at_rest(&self.reading)?;
            Ok(all.len())
        })
    }

    /// Waits until all twenty are at it.
    pub(super) fn wait_until_busy(&self) -> Result<()> {
        wait_until("twenty syncs that run", LIMIT, || Ok((self.runs.load(Ordering::Relaxed) == BUSY).then_some(())))
    }
}

/// The connector of the ledger under another name, with one stream, which is read once a day.
fn one_stream(id: &str, stream: &str) -> Result<Vec<u8>> {
    ledger_with(|manifest| {
        id.clone_into(&mut manifest.id);
        manifest.streams.retain(|one| one.name == stream);
        manifest.streams.iter_mut().for_each(|one| "1d".clone_into(&mut one.schedule));
    })
}

/// The connectors of `plugins/` that are components of their own.
fn products() -> Result<Vec<std::path::PathBuf>> {
    let folder = packaged("github")?;
    let folder = folder.parent().unwrap_or(Path::new("."));
    let mut found: Vec<_> = fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.extension().is_some_and(|end| end == "wasm") && !path.ends_with("generic.wasm"));
    found.sort();
    found.truncate(CONNECTORS - 2);
    Ok(found)
}

/// Waits until nothing of a tenant runs or is due.
fn at_rest(tenant: &Tenant) -> Result<()> {
    wait_until("a tenant of whom nothing runs", LIMIT, || {
        for state in ["running", "due"] {
            if !tenant.get(&format!("/v1/runs?state={state}&limit=1"))?.array_at("/items")?.is_empty() {
                thread::sleep(LOOK);
                return Ok(None);
            }
        }
        Ok(Some(()))
    })
}

/// Bytes as millions of them, which is what is promised.
fn megabytes(bytes: u64) -> f64 {
    crate::measure::number(bytes) / 1e6
}
