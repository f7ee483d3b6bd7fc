//! Starting the fakes, and what a test holds of them.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use patchbay_model::Clock;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::{net::TcpListener, runtime::Runtime};

use crate::{
    FakesConfig, Journal, Script,
    also::{Setting, Started},
    desk::{self, DeskStand},
    exchange::Port,
    fake::{Fake, Provider},
    github::Github,
    ledger::LedgerStand,
    logins::Logins,
    server,
    silverfin::Silverfin,
    tls,
};

/// Why the fakes did not start.
#[derive(Debug, thiserror::Error)]
pub enum FakesError {
    /// A port, a folder or a journal could not be opened.
    #[error("the fakes could not start: {0}")]
    Io(#[from] io::Error),
    /// The certificate could not be made.
    #[error("no certificate for the fakes: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The certificate could not be used.
    #[error("no TLS for the fakes: {0}")]
    Tls(#[from] rustls::Error),
}

/// Where the host finds a fake: one entry of `egress.rewrite`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rewrite {
    /// The provider's origin.
    pub origin: String,
    /// Where connections are opened instead.
    pub connect: String,
    /// What a browser is sent to instead.
    pub browser: Option<String>,
}

/// One fake: its provider, its journal and its chaos script.
pub struct Stand<P> {
    /// The provider's data and controls.
    pub provider: Arc<P>,
    /// What it served and accepted.
    pub journal: Arc<Journal>,
    /// How it misbehaves.
    pub script: Arc<Script>,
    /// Origin of the plain port, `http://127.0.0.1:PORT`: pages for people and `/_fake/`.
    pub plain: String,
    /// The entry of `egress.rewrite`.
    pub rewrite: Rewrite,
}

/// The running fakes; they end when this is dropped.
pub struct Fakes {
    /// GitHub.
    pub github: Stand<Github>,
    /// Silverfin.
    pub silverfin: Stand<Silverfin>,
    /// A provider with every kind of login.
    pub logins: Stand<Logins>,
    /// Lists of small records, for tests of the engine.
    pub ledger: LedgerStand,
    /// Everything that can be written, for tests of pushes.
    pub desk: DeskStand,
    also: Vec<Started>,
    ca_pem_path: PathBuf,
    runtime: Option<Runtime>,
    _folder: Option<tempfile::TempDir>,
}

impl Fakes {
    /// Starts all fakes on free ports of 127.0.0.1, on threads of their own.
    ///
    /// # Errors
    ///
    /// No port, no folder for the journals, or no certificate.
    pub fn start(config: FakesConfig) -> Result<Self, FakesError> {
        let (folder, kept) = match config.journal_dir.clone() {
            Some(folder) => (folder, None),
            None => {
                let kept = tempfile::tempdir()?;
                (kept.path().to_owned(), Some(kept))
            }
        };
        std::fs::create_dir_all(&folder)?;
        let (acceptor, pem) = tls::acceptor(crate::silverfin::HOST)?;
        let ca_pem_path = folder.join("fakes-ca.pem");
        std::fs::write(&ca_pem_path, pem)?;

        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let clock = config.clock;

        let (github, github_fake) = {
            let provider = Arc::new(Github::open(config.seed, config.github, Arc::clone(&clock)));
            open("github", provider, &folder, &clock)?
        };
        let both = Port { api: true, plain: true };
        let address = spawn(&runtime, None, github_fake, both)?;
        let rewrite =
            Rewrite { origin: crate::github::ORIGIN.to_owned(), connect: format!("http://{address}"), browser: None };
        let github = Stand { plain: format!("http://{address}"), rewrite, ..github };

        let (silverfin, silverfin_fake) = {
            let provider = Arc::new(Silverfin::open(config.seed, config.silverfin, Arc::clone(&clock)));
            open("silverfin", provider, &folder, &clock)?
        };
        let (api, plain) = (Port { api: true, plain: false }, Port { api: false, plain: true });
        let secure = spawn(&runtime, Some(acceptor), Arc::clone(&silverfin_fake), api)?;
        let address = spawn(&runtime, None, silverfin_fake, plain)?;
        let rewrite = Rewrite {
            origin: crate::silverfin::ORIGIN.to_owned(),
            connect: format!("https://{secure}"),
            browser: Some(format!("http://{address}")),
        };
        let silverfin = Stand { plain: format!("http://{address}"), rewrite, ..silverfin };

        let (logins, logins_fake) = {
            let provider = Arc::new(Logins::open(config.seed, Arc::clone(&clock)));
            open("logins", provider, &folder, &clock)?
        };
        let plain = format!("http://{}", spawn(&runtime, None, logins_fake, both)?);
        let rewrite =
            Rewrite { origin: crate::logins::ORIGIN.to_owned(), connect: plain.clone(), browser: Some(plain.clone()) };
        let logins = Stand { plain, rewrite, ..logins };

        let ledger = LedgerStand::open(&runtime, config.seed, config.ledger, &folder, &clock)?;

        let desk = desk::open(&runtime, config.seed, config.desk, &folder, &clock)?;

        let setting = Setting { runtime: &runtime, seed: config.seed, folder: &folder, clock: &clock };
        let also = config.also.iter().map(|one| one.start(&setting)).collect::<io::Result<Vec<Started>>>()?;

        Ok(Self { github, silverfin, logins, ledger, desk, also, ca_pem_path, runtime: Some(runtime), _folder: kept })
    }

    /// The provider of this type, when [`FakesConfig::also`] named it.
    #[must_use]
    pub fn stand<P: 'static>(&self) -> Option<&Stand<P>> {
        self.also.iter().find_map(|one| one.stand.downcast_ref())
    }

    /// All entries of `egress.rewrite`.
    #[must_use]
    pub fn rewrites(&self) -> Vec<Rewrite> {
        let site = Rewrite {
            origin: crate::github::SITE_ORIGIN.to_owned(),
            browser: Some(self.github.plain.clone()),
            ..self.github.rewrite.clone()
        };
        let mut all = vec![self.github.rewrite.clone(), site, self.silverfin.rewrite.clone()];
        all.extend(self.logins.provider.rewrites(&self.logins.plain));
        all.push(self.ledger.rewrite.clone());
        all.push(self.desk.rewrite.clone());
        all.extend(self.also.iter().flat_map(|one| one.rewrites.iter().cloned()));
        all
    }

    /// Lets the fake of all logins serve a customer's own origin too; the entry of `egress.rewrite` for it.
    #[must_use]
    pub fn customer(&self, origin: &str) -> Rewrite {
        self.logins.provider.customer(origin);
        Rewrite { origin: origin.to_owned(), ..self.logins.rewrite.clone() }
    }

    /// The PEM file for `egress.extra_ca`.
    #[must_use]
    pub fn ca_pem_path(&self) -> &Path {
        &self.ca_pem_path
    }

    /// Addresses, tokens and logins, as the binary prints them on one line.
    #[must_use]
    pub fn describe(&self) -> Value {
        let also: Map<String, Value> =
            self.also.iter().map(|one| (one.name.to_owned(), one.description.clone())).collect();
        json!({
            "rewrite": self.rewrites(),
            "extra_ca": [self.ca_pem_path],
            "github": {
                "plain": self.github.plain,
                "journal": self.github.journal.path(),
                "tokens": self.github.provider.tokens(),
            },
            "silverfin": {
                "plain": self.silverfin.plain,
                "journal": self.silverfin.journal.path(),
                "client": self.silverfin.provider.client(),
                "login": self.silverfin.provider.login(),
            },
            "ledger": self.ledger.describe(),
            "desk": self.desk.describe(),
            "also": also,
        })
    }
}

impl Drop for Fakes {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A blocking shutdown would wait for held requests, and panic inside another runtime.
            runtime.shutdown_background();
        }
    }
}

pub(crate) fn open<P: Provider>(
    name: &str,
    provider: Arc<P>,
    folder: &Path,
    clock: &Arc<dyn Clock>,
) -> io::Result<(Stand<P>, Arc<Fake>)> {
    let journal = Arc::new(Journal::open(folder.join(format!("{name}.journal.jsonl")))?);
    let script = Arc::new(Script::default());
    let fake = Arc::new(Fake {
        provider: Arc::clone(&provider) as Arc<dyn Provider>,
        journal: Arc::clone(&journal),
        script: Arc::clone(&script),
        clock: Arc::clone(clock),
    });
    let rewrite = Rewrite { origin: String::new(), connect: String::new(), browser: None };
    Ok((Stand { provider, journal, script, plain: String::new(), rewrite }, fake))
}

pub(crate) fn spawn(
    runtime: &Runtime,
    tls: Option<tokio_rustls::TlsAcceptor>,
    fake: Arc<Fake>,
    port: Port,
) -> io::Result<SocketAddr> {
    let listener = bind(runtime)?;
    let address = listener.local_addr()?;
    runtime.spawn(server::listen(listener, tls, fake, port));
    Ok(address)
}

/// Binds without entering the runtime, so that a test inside another one can start the fakes.
fn bind(runtime: &Runtime) -> io::Result<TcpListener> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    listener.set_nonblocking(true)?;
    let _context = runtime.enter();
    TcpListener::from_std(listener)
}
