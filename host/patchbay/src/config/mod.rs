//! The configuration: one file and variables `PATCHBAY_SECTION__KEY`, read once and checked whole.
//!
//! An unknown key is an error that names its place and the nearest known key, because a misspelt limit
//! that is silently ignored is found on the worst day. Every complaint is collected before any is shown.
//! [`keys`] is the reference.

pub(crate) mod ambient;
mod checks;
mod connectors;
mod database;
mod jobs;
mod key;
pub(crate) mod keys;
mod reader;
mod refresh;
mod registries;
mod retention;
mod source;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use patchbay_model::{Code, Fault};
use url::Url;

pub(crate) use connectors::Connectors;
pub(crate) use database::{Address, Database, Location};
pub(crate) use jobs::Jobs;
pub(crate) use key::Key;
use reader::Reader;
pub(crate) use refresh::Refresh;
pub(crate) use registries::Sources;
pub(crate) use retention::{Push, Retention, Webhooks};
use source::{Entries, Problem};

/// The port that is listened on when nobody says otherwise.
pub(crate) const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7878);

/// Everything that can be set, checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Config {
    /// Address of the HTTP API; port 0 takes a free one.
    pub(crate) listen: SocketAddr,
    /// Origin under which browsers reach this host, when it is not simply the address listened on.
    pub(crate) public_url: Option<Url>,
    /// Folder for everything without a path of its own.
    pub(crate) data_dir: PathBuf,
    /// `[database]`.
    pub(crate) database: Database,
    /// Where the key that seals credentials comes from.
    pub(crate) key: Key,
    /// `[connectors]`.
    pub(crate) connectors: Connectors,
    /// `[registries]`, `[[indexes]]` and `[updates]`.
    pub(crate) sources: Sources,
    /// `[egress]`.
    pub(crate) egress: Egress,
    /// `[jobs]`.
    pub(crate) jobs: Jobs,
    /// `[connect]`.
    pub(crate) connect: Connect,
    /// `[refresh]`.
    pub(crate) refresh: Refresh,
    /// `[limits]`.
    pub(crate) limits: Limits,
    /// `[retention]`.
    pub(crate) retention: Retention,
    /// `[push]`.
    pub(crate) push: Push,
    /// `[webhooks]`.
    pub(crate) webhooks: Webhooks,
    /// `[log]`.
    pub(crate) log: Log,
}

/// `[egress]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Egress {
    /// `IP:PORT`, an IP, or a CIDR range.
    pub(crate) allow_private: Vec<String>,
    /// Ports besides 443 that the host's own requests may use.
    pub(crate) allowed_ports: Vec<u16>,
    /// PEM files of further certificate authorities.
    pub(crate) extra_ca: Vec<PathBuf>,
    /// Other places to open connections to.
    pub(crate) rewrite: Vec<Rewrite>,
    /// Longest wait for a connection.
    pub(crate) connect: Duration,
    /// Longest wait for the first byte.
    pub(crate) first_byte: Duration,
    /// Longest pause within an answer.
    pub(crate) progress: Duration,
    /// Longest whole request.
    pub(crate) total: Duration,
    /// Longest request of a login.
    pub(crate) exchange: Duration,
    /// How long an unused connection is kept.
    pub(crate) idle: Duration,
}

/// One entry of `[[egress.rewrite]]`; all three are origins without a trailing slash, the first may be `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rewrite {
    /// As the manifest names it.
    pub(crate) origin: String,
    /// What is opened instead.
    pub(crate) connect: String,
    /// Where a browser is sent instead.
    pub(crate) browser: Option<String>,
}

/// `[connect]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Connect {
    /// How long a connect session may take.
    pub(crate) session: Duration,
    /// How long an authorisation waits for its completion code to be redeemed.
    pub(crate) completion: Duration,
}

/// `[limits]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Limits {
    /// Largest body of an API request.
    pub(crate) body_bytes: usize,
    /// Largest file of an item.
    pub(crate) blob_bytes: u64,
    /// All files of one tenant together.
    pub(crate) tenant_blob_bytes: u64,
    /// Largest connector.
    pub(crate) component_bytes: usize,
    /// Connections of API clients open at the same time.
    pub(crate) connections: usize,
    /// Connector instances alive at the same time.
    pub(crate) instances: u32,
    /// Ceiling of a connector's memory.
    pub(crate) memory_bytes: usize,
    /// Longest single call into a connector.
    pub(crate) call: Duration,
    /// How long one call may use the processor.
    pub(crate) compute: Duration,
    /// Ceiling of a connector's run time.
    pub(crate) run: Duration,
    /// Pages of one run.
    pub(crate) run_pages: u64,
    /// Records of one run.
    pub(crate) run_records: u64,
    /// Bytes that one run receives.
    pub(crate) run_bytes: u64,
    /// How long a started login may take.
    pub(crate) login: Duration,
}

/// `[log]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Log {
    /// For people or for machines.
    pub(crate) format: LogFormat,
    /// What is logged.
    pub(crate) filter: String,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Config {
    /// Reads file and variables of this process.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] with every complaint as a field.
    pub(crate) fn load(named: Option<&Path>) -> Result<Self, Fault> {
        let text = ambient::file(named).map_err(|why| Fault::because(Code::ConfigInvalid, why))?;
        let path = named.unwrap_or(Path::new(ambient::DEFAULT_FILE));
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::read(text.as_deref(), folder, &ambient::variables()).map_err(|problems| fault(path, &problems))
    }

    /// Reads the text of a file (relative paths in it start from `folder`) and variables.
    pub(crate) fn read(
        file: Option<&str>,
        folder: &Path,
        variables: &BTreeMap<String, String>,
    ) -> Result<Self, Vec<Problem>> {
        let (mut entries, mut problems) = (Entries::default(), Vec::new());
        entries.read_file(file.unwrap_or_default(), &mut problems);
        entries.read_variables(variables, &mut problems);
        let mut from = Reader::new(&entries, folder, problems);
        let config = Self::take(&mut from);
        if from.problems.is_empty() { Ok(config) } else { Err(from.problems) }
    }

    fn take(from: &mut Reader<'_>) -> Self {
        const MIB: u64 = 1024 * 1024;
        let data_dir = from.path("data_dir", || PathBuf::from("patchbay-data"));
        let inside = |name: &str| data_dir.join(name);
        Self {
            listen: from.address("listen", DEFAULT_LISTEN),
            public_url: from.public_url("public_url"),
            database: Database::read(from, || inside("patchbay.db")),
            key: Key::read(from, || inside("patchbay.key")),
            connectors: Connectors::read(from, || inside("connectors")),
            sources: Sources::read(from),
            egress: Egress {
                allow_private: checks::private_addresses(from, "egress.allow_private"),
                allowed_ports: from.ports("egress.allowed_ports"),
                extra_ca: checks::files(from, "egress.extra_ca"),
                rewrite: from.rewrites("egress.rewrite"),
                connect: from.seconds("egress.connect_seconds", (1, 60), 5),
                first_byte: from.seconds("egress.first_byte_seconds", (1, 600), 30),
                progress: from.seconds("egress.progress_seconds", (1, 600), 15),
                total: from.seconds("egress.total_seconds", (1, 3_600), 120),
                exchange: from.seconds("egress.exchange_seconds", (1, 60), 15),
                idle: from.seconds("egress.idle_seconds", (1, 3_600), 60),
            },
            jobs: Jobs::read(from),
            connect: Connect {
                session: from.seconds("connect.session_minutes", (1, 1_440), 30) * 60,
                completion: from.seconds("connect.completion_minutes", (1, 60), 10) * 60,
            },
            refresh: Refresh::read(from),
            limits: Limits {
                body_bytes: checks::bytes(from, "limits.body_bytes", (1_024, 64 * MIB), MIB),
                // The gate sends no larger one.
                blob_bytes: from.number("limits.blob_mib", (1, 50), 50) * MIB,
                tenant_blob_bytes: from.number("limits.tenant_blob_mib", (1, 1_048_576), 2_048) * MIB,
                component_bytes: checks::bytes(from, "limits.component_bytes", (1_024, 512 * MIB), 64 * MIB),
                connections: usize::try_from(from.number("limits.connections", (1, 65_536), 512)).unwrap_or(512),
                instances: u32::try_from(from.number("limits.instances", (1, 4_096), 64)).unwrap_or(64),
                memory_bytes: usize::try_from(from.number("limits.memory_mib", (1, 4_096), 256) * MIB)
                    .unwrap_or(usize::MAX),
                call: from.seconds("limits.call_seconds", (1, 3_600), 120),
                compute: from.seconds("limits.compute_seconds", (1, 3_600), 5),
                run: from.seconds("limits.run_minutes", (1, 1_440), 60) * 60,
                run_pages: from.number("limits.run_pages", (1, 10_000_000), 10_000),
                run_records: from.number("limits.run_records", (1, 1_000_000_000), 5_000_000),
                run_bytes: from.number("limits.run_mebibytes", (1, 1_048_576), 4_096) * MIB,
                login: from.seconds("limits.login_minutes", (1, 60), 10) * 60,
            },
            retention: Retention::read(from),
            push: Push::read(from),
            webhooks: Webhooks::read(from),
            log: Log {
                format: from.choice(
                    "log.format",
                    &[("text", LogFormat::Text), ("json", LogFormat::Json)],
                    LogFormat::Text,
                ),
                filter: checks::filter(from, "log.filter"),
            },
            data_dir,
        }
    }
}

fn fault(file: &Path, problems: &[Problem]) -> Fault {
    let mut fault = Fault::because(Code::ConfigInvalid, "the configuration is wrong");
    for problem in problems {
        let place = match &problem.place {
            Some(source::Place::Line(line)) => format!("{}:{line}", file.display()),
            Some(source::Place::Variable(name)) => name.clone(),
            None => file.display().to_string(),
        };
        fault = fault.field(place, problem.text.clone());
    }
    fault
}

#[cfg(test)]
mod tests;
