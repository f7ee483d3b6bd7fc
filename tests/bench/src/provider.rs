//! The provider: a fake as a process of its own, the ledger to be read and the desk to be written to.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
};

use patchbay_egress::Rewrite;
use patchbay_model::Secret;
use serde::Deserialize;
use url::Url;

use crate::{Result, told};

/// Hosts of their APIs.
pub(crate) const LEDGER: &str = "ledger.test";
pub(crate) const DESK: &str = "desk.test";

/// Which provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fake {
    /// With so many records of `bulk`.
    Ledger {
        records: u64,
    },
    Desk,
}

impl Fake {
    /// Host of its API.
    pub(crate) const fn host(self) -> &'static str {
        match self {
            Self::Ledger { .. } => LEDGER,
            Self::Desk => DESK,
        }
    }

    /// Its connector, as it is called in the folder of the tests.
    pub(crate) const fn connector(self) -> &'static str {
        match self {
            Self::Ledger { .. } => "ledger.wasm",
            Self::Desk => "desk.wasm",
        }
    }

    fn arguments(self) -> Vec<String> {
        match self {
            Self::Ledger { records } => vec!["--only-ledger".into(), "--ledger-bulk".into(), records.to_string()],
            Self::Desk => vec!["--only-desk".into()],
        }
    }
}

/// The running provider; ends when this is dropped.
pub(crate) struct Provider {
    pub(crate) fake: Fake,
    pub(crate) rewrite: Rewrite,
    /// Where it listens, `127.0.0.1:PORT`.
    pub(crate) address: String,
    pub(crate) key: Secret,
    child: Child,
    /// Open as long as it is to serve.
    stdin: Option<ChildStdin>,
}

/// The line that it prints.
#[derive(Deserialize)]
struct Said {
    rewrite: Vec<Entry>,
    #[serde(alias = "ledger", alias = "desk")]
    fake: Keys,
}

#[derive(Deserialize)]
struct Entry {
    origin: String,
    connect: String,
}

#[derive(Deserialize)]
struct Keys {
    keys: Owner,
}

#[derive(Deserialize)]
struct Owner {
    owner: String,
}

impl Provider {
    pub(crate) fn start(fake: Fake) -> Result<Self> {
        let program = program()?;
        let mut child = Command::new(&program)
            .args(fake.arguments())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or("the provider has no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).map_err(told)?;
        let said: Said = serde_json::from_str(&line).map_err(|error| format!("the provider said {line:?}: {error}"))?;
        let entry = said.rewrite.into_iter().next().ok_or("the provider names no address")?;
        let url = Url::parse(&entry.connect).map_err(told)?;
        let address = format!("{}:{}", url.host_str().unwrap_or_default(), url.port().unwrap_or_default());
        let rewrite = Rewrite { origin: entry.origin, connect: entry.connect, browser: None };
        Ok(Self { fake, rewrite, address, key: Secret::new(said.fake.keys.owner), child, stdin })
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // It ends by itself then; whoever wants to know that it did not sees the process.
        let _ = self.child.wait();
    }
}

/// The program beside this one.
fn program() -> Result<PathBuf> {
    let here = std::env::current_exe().map_err(told)?;
    let path = here.with_file_name("patchbay-fakes");
    if path.is_file() { Ok(path) } else { Err(format!("{} is not there; build patchbay-fakes", path.display())) }
}
