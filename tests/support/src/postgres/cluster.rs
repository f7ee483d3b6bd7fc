//! A PostgreSQL server of our own: on a spare port of 127.0.0.1, in a temporary folder, without passwords.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, TcpListener},
    ops::Deref,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{
    account::Account,
    find::{Binaries, find},
    server::{Server, without_settings},
    watchdog::Watchdog,
};
use crate::{Result, Trouble, launch::tail, wait_until};

/// The superuser.
const USER: &str = "patchbay";
const READY: Duration = Duration::from_secs(60);
const ENDED: Duration = Duration::from_secs(30);
/// Between finding a spare port and listening on it somebody else may take it.
const TRIES: u32 = 5;

/// How a cluster is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whether a commit is on the disk before it is told. Without it a cluster is several times faster and
    /// loses nothing when only its processes die, which is all that tests can do to it.
    pub durable: bool,
    /// Sort texts as this locale does (ICU, e.g. `en-US`) where a statement does not say how. When left out,
    /// by bytes, as SQLite does.
    pub locale: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { durable: true, locale: None }
    }
}

/// A running server; what a [`Server`] can do, and a restart. It ends with this value (and, when this process
/// is killed, without it), and its folder is removed.
pub struct Cluster {
    server: Server,
    port: u16,
    binaries: Binaries,
    account: Account,
    folder: PathBuf,
    process: Child,
    kept: Option<TempDir>,
    /// Dropped last: until then it guards.
    _watchdog: Watchdog,
}

impl Cluster {
    /// Starts a durable one.
    ///
    /// # Errors
    ///
    /// This machine has no PostgreSQL, or it did not start; the text has the end of its log.
    pub fn start() -> Result<Self> {
        Self::start_with(&Settings::default())
    }

    /// Starts one.
    ///
    /// # Errors
    ///
    /// As [`Cluster::start`].
    pub fn start_with(settings: &Settings) -> Result<Self> {
        let binaries = find()?.ok_or_else(|| Trouble::new("PostgreSQL is not on this machine"))?;
        let account = Account::choose()?;
        let kept = tempfile::Builder::new().prefix("patchbay-postgres-").tempdir()?;
        let folder = fs::canonicalize(kept.path())?;
        account.own(&folder)?;
        // Before there is anything to clean up.
        let watchdog = Watchdog::guard(&folder, account)?;
        initialise(&binaries, account, &folder, settings)?;
        let mut tries = 0;
        let (process, port) = loop {
            tries += 1;
            let port = spare_port()?;
            match launch(&binaries, account, &folder, port) {
                Ok(process) => break (process, port),
                Err(_) if tries < TRIES => {}
                Err(why) => return Err(why),
            }
        };
        let url = format!("postgres://{USER}@{}:{port}", Ipv4Addr::LOCALHOST);
        let server = Server::by(&url, binaries.program("psql"))?;
        Ok(Self { server, port, binaries, account, folder, process, kept: Some(kept), _watchdog: watchdog })
    }

    /// The server, to be given away.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Where the programs are that it runs.
    #[must_use]
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// Its folder: data, socket, log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The id of its first process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Ends every process at once, without a farewell to clients, and starts again on the same port: what
    /// `pg_ctl restart -m immediate` does. What was committed is recovered from its log.
    ///
    /// # Errors
    ///
    /// It did not end or did not start; the text has the end of its log.
    pub fn restart_immediately(&mut self) -> Result<()> {
        self.end()?;
        let mut tries = 0;
        self.process = loop {
            tries += 1;
            match launch(&self.binaries, self.account, &self.folder, self.port) {
                Ok(process) => break process,
                Err(_) if tries < TRIES => {}
                Err(why) => return Err(why),
            }
        };
        Ok(())
    }

    /// Ends it and removes its folder, as dropping it does; says when that fails.
    ///
    /// # Errors
    ///
    /// It did not end, or its folder could not be removed.
    pub fn kill(mut self) -> Result<()> {
        self.end()?;
        Ok(self.kept.take().map_or(Ok(()), TempDir::close)?)
    }

    /// Immediate shutdown, and waits for it.
    fn end(&mut self) -> Result<()> {
        if self.process.try_wait()?.is_some() {
            return Ok(());
        }
        kill_process(Pid::from_child(&self.process), Signal::QUIT)?;
        let ended = wait_until("PostgreSQL's end", ENDED, || Ok(self.process.try_wait()?));
        if ended.is_err() {
            self.process.kill()?;
            self.process.wait()?;
        }
        Ok(())
    }
}

impl Deref for Cluster {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // What fails here is tried again by the watchdog.
        drop(self.end());
    }
}

fn initialise(binaries: &Binaries, account: Account, folder: &Path, settings: &Settings) -> Result<()> {
    let mut command = Command::new(binaries.program("initdb"));
    without_settings(&mut command).current_dir(folder).stdin(Stdio::null());
    command.arg("-D").arg(data(folder)).args(["-U", USER, "--auth=trust", "--encoding=UTF8", "--no-instructions"]);
    command.arg("--locale=C");
    if let Some(locale) = &settings.locale {
        command.arg("--locale-provider=icu").arg(format!("--icu-locale={locale}"));
    }
    if !settings.durable {
        command.arg("--no-sync");
    }
    account.run(&mut command);
    let output = command.output().map_err(|error| account.refused(&command, &error))?;
    if !output.status.success() {
        return Err(Trouble::new(format!("initdb: {}", String::from_utf8_lossy(&output.stderr).trim())));
    }
    let path = data(folder).join("postgresql.conf");
    let text = fs::read_to_string(&path)?;
    Ok(fs::write(path, format!("{text}\n{}", configuration(folder, settings)))?)
}

/// Later lines count: these follow what `initdb` wrote.
fn configuration(folder: &Path, settings: &Settings) -> String {
    let sockets = folder.to_string_lossy().replace('\'', "''");
    let disk = if settings.durable { "on" } else { "off" };
    format!(
        "listen_addresses = '{}'\nunix_socket_directories = '{sockets}'\nmax_connections = 200\n\
         logging_collector = off\nlog_line_prefix = '%m [%p] %d '\nlog_timezone = 'UTC'\ntimezone = 'UTC'\n\
         fsync = {disk}\nfull_page_writes = {disk}\n",
        Ipv4Addr::LOCALHOST
    )
}

/// Starts the server's first process and waits until it says that it takes connections.
fn launch(binaries: &Binaries, account: Account, folder: &Path, port: u16) -> Result<Child> {
    let log_path = folder.join("server.log");
    let log = File::options().create(true).append(true).open(&log_path)?;
    let mut command = Command::new(binaries.program("postgres"));
    without_settings(&mut command).current_dir(folder).process_group(0);
    command.arg("-D").arg(data(folder)).arg("-p").arg(port.to_string());
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    account.run(&mut command);
    let mut child = command.spawn().map_err(|error| account.refused(&command, &error))?;
    let ready = wait_until("PostgreSQL to take connections", READY, || match child.try_wait()? {
        Some(status) => Err(Trouble::new(format!("PostgreSQL ended ({status})"))),
        None => Ok(is_ready(folder, child.id()).then_some(())),
    });
    match ready {
        Ok(()) => Ok(child),
        Err(why) => {
            // It may have ended by itself.
            drop(child.kill());
            child.wait()?;
            Err(Trouble::new(format!("{why}. Its log ends:\n{}", tail(&log_path))))
        }
    }
}

/// Its own file says so: the id in the first line, the state in the eighth.
fn is_ready(folder: &Path, id: u32) -> bool {
    let text = fs::read_to_string(data(folder).join("postmaster.pid")).unwrap_or_default();
    let mut lines = text.lines().map(str::trim);
    lines.next() == Some(id.to_string().as_str()) && lines.nth(6) == Some("ready")
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

fn spare_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
