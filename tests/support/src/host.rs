//! The real binary as a process: started, killed and started again on the same folder and port.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    time::Duration,
};

use patchbay_fakes::{Fakes, Rewrite};
use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;
use tempfile::TempDir;

use crate::{Api, Result, Trouble, packaged, wait_until};

const READY: Duration = Duration::from_secs(60);
const STOPPED: Duration = Duration::from_secs(60);
const READY_LINE: &str = "listening on http://";
const LOG_TAIL: usize = 40;

/// What a host is started with.
#[derive(Default)]
pub struct HostSetup {
    /// The program; `PATCHBAY_BIN`, or the one beside the running test, when left out.
    pub binary: Option<PathBuf>,
    /// Folder of configuration, data and log; a temporary one when left out.
    pub folder: Option<PathBuf>,
    /// `egress.rewrite`.
    pub rewrites: Vec<Rewrite>,
    /// `egress.extra_ca`.
    pub extra_ca: Vec<PathBuf>,
    /// `egress.allow_private`.
    pub allow_private: Vec<String>,
    /// Further TOML: tables that this does not write, e.g. `[jobs]`.
    pub more: String,
    /// Environment of the process, e.g. `PATCHBAY_EGRESS__TOTAL_SECONDS`; it inherits no `PATCHBAY_…`.
    pub variables: Vec<(String, String)>,
}

impl HostSetup {
    /// A host whose connectors reach these fakes.
    #[must_use]
    pub fn with(fakes: &Fakes) -> Self {
        Self { rewrites: fakes.rewrites(), extra_ca: vec![fakes.ca_pem_path().to_owned()], ..Self::default() }
    }
}

/// A running host; ends with this value, and only its own process is ended.
pub struct HostProcess {
    setup: HostSetup,
    binary: PathBuf,
    folder: PathBuf,
    child: Child,
    address: SocketAddr,
    _kept: Option<TempDir>,
}

#[derive(Serialize)]
struct Config<'a> {
    listen: String,
    data_dir: PathBuf,
    egress: Egress<'a>,
}

#[derive(Serialize)]
struct Egress<'a> {
    extra_ca: &'a [PathBuf],
    allow_private: &'a [String],
    rewrite: Vec<Place<'a>>,
}

/// As [`Rewrite`]; TOML knows no null.
#[derive(Serialize)]
struct Place<'a> {
    origin: &'a str,
    connect: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    browser: Option<&'a str>,
}

impl<'a> Place<'a> {
    fn of(rewrite: &'a Rewrite) -> Self {
        Self { origin: &rewrite.origin, connect: &rewrite.connect, browser: rewrite.browser.as_deref() }
    }
}

impl HostProcess {
    /// Starts a host and waits until it says that it listens.
    ///
    /// # Errors
    ///
    /// There is no binary, or the host ended or said nothing in time; the text has the end of its log.
    pub fn start(setup: HostSetup) -> Result<Self> {
        let (folder, kept) = match &setup.folder {
            Some(folder) => (folder.clone(), None),
            None => {
                let kept = tempfile::tempdir()?;
                (kept.path().to_owned(), Some(kept))
            }
        };
        fs::create_dir_all(&folder)?;
        let binary = setup.binary.clone().map_or_else(binary, Ok)?;
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let (child, address) = launch(&setup, &binary, &folder, any_port)?;
        Ok(Self { setup, binary, folder, child, address, _kept: kept })
    }

    /// The origin of its API.
    #[must_use]
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The folder of configuration, data and log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The configuration file, for other commands of the binary (`--config`).
    #[must_use]
    pub fn config_path(&self) -> PathBuf {
        self.folder.join("patchbay.toml")
    }

    /// The folder of the database, keys and connectors.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The file with everything that it wrote to standard output and standard error, over restarts.
    #[must_use]
    pub fn log_path(&self) -> PathBuf {
        self.folder.join("host.log")
    }

    /// The program that runs.
    #[must_use]
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// The operator's key, from the file that the host wrote at its first start.
    ///
    /// # Errors
    ///
    /// The file is not there.
    pub fn operator_key(&self) -> Result<String> {
        let path = self.data_dir().join("operator.key");
        wait_until("the operator's key file", READY, || match fs::read_to_string(&path) {
            Ok(text) if text.ends_with('\n') || text.len() > 20 => Ok(Some(text.trim().to_owned())),
            _ => Ok(None),
        })
    }

    /// A client with the operator's key.
    ///
    /// # Errors
    ///
    /// There is no such key.
    pub fn operator(&self) -> Result<Api> {
        Ok(Api::new(&self.base()).with_key(&self.operator_key()?))
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    ///
    /// # Errors
    ///
    /// The system cannot say.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// SIGKILL: as a power cut, for the process.
    ///
    /// # Errors
    ///
    /// The system refuses.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGTERM, and waits for the end.
    ///
    /// # Errors
    ///
    /// It did not end within a minute.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        if let Some(status) = self.child.try_wait()? {
            return Ok(status);
        }
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        wait_until("the host's end after SIGTERM", STOPPED, || Ok(self.child.try_wait()?))
    }

    /// Starts again on the same folder and port; kills it first when it still runs.
    ///
    /// # Errors
    ///
    /// As [`HostProcess::start`].
    pub fn restart(&mut self) -> Result<()> {
        self.kill()?;
        let (child, address) = launch(&self.setup, &self.binary, &self.folder, self.address)?;
        (self.child, self.address) = (child, address);
        Ok(())
    }

    /// The last lines of the log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        tail(&self.log_path())
    }
}

impl Drop for HostProcess {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.kill());
    }
}

/// The binary of `PATCHBAY_BIN`, or the one that was built beside the running test or task.
///
/// # Errors
///
/// There is none.
pub fn binary() -> Result<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration file of their own")]
    let named = std::env::var_os("PATCHBAY_BIN");
    let path = match named {
        Some(path) => PathBuf::from(path),
        None => packaged::target_dir()?.join("debug").join("patchbay"),
    };
    if path.is_file() {
        Ok(path)
    } else {
        Err(Trouble::new(format!("{} is not there; run `cargo build -p patchbay` first", path.display())))
    }
}

fn launch(setup: &HostSetup, binary: &Path, folder: &Path, listen: SocketAddr) -> Result<(Child, SocketAddr)> {
    let config = folder.join("patchbay.toml");
    fs::write(&config, config_text(setup, folder, listen)?)?;
    let log_path = folder.join("host.log");
    let log = File::options().create(true).append(true).open(&log_path)?;
    let mut command = Command::new(binary);
    command.arg("--config").arg(&config).arg("serve").current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log.try_clone()?);
    // The host would take its own variables for configuration.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PATCHBAY_") {
            command.env_remove(name);
        }
    }
    command.envs(setup.variables.iter().map(|(name, value)| (name, value)));
    let mut child = command.spawn().map_err(|error| Trouble::new(format!("{}: {error}", binary.display())))?;
    let ready = child.stdout.take().map(|stdout| follow(stdout, log));
    let heard = ready.map_or(Err(RecvTimeoutError::Disconnected), |ready| ready.recv_timeout(READY));
    let why = match heard {
        Ok(address) => match address.parse() {
            Ok(address) => return Ok((child, address)),
            Err(_) => format!("it listens on {address:?}, which is no address"),
        },
        Err(RecvTimeoutError::Timeout) => format!("it did not say that it listens within {} s", READY.as_secs()),
        Err(RecvTimeoutError::Disconnected) => "it ended before it listened".to_owned(),
    };
    // It may have ended by itself.
    drop(child.kill());
    let status = child.wait()?;
    Err(Trouble::new(format!("the host did not start: {why} ({status}). Its log ends:\n{}", tail(&log_path))))
}

/// Copies standard output to the log, line by line, and sends the address of the line that tells it.
fn follow(stdout: ChildStdout, mut log: File) -> mpsc::Receiver<String> {
    let (send, ready) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(std::result::Result::ok) {
            // A log that cannot be written shows in its content; the host must not block on its pipe.
            drop(writeln!(log, "{line}"));
            if let Some((_, address)) = line.split_once(READY_LINE) {
                // Nobody waits for a second line.
                drop(send.send(address.trim().trim_end_matches('/').to_owned()));
            }
        }
    });
    ready
}

fn config_text(setup: &HostSetup, folder: &Path, listen: SocketAddr) -> Result<String> {
    let config = Config {
        listen: listen.to_string(),
        data_dir: folder.join("data"),
        egress: Egress {
            extra_ca: &setup.extra_ca,
            allow_private: &setup.allow_private,
            rewrite: setup.rewrites.iter().map(Place::of).collect(),
        },
    };
    Ok(format!("{}\n{}\n", toml::to_string(&config)?, setup.more))
}

fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(LOG_TAIL)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A host of five lines: listens on nothing, but says what the real one says.
    fn pretender(folder: &Path, script: &str) -> HostSetup {
        let binary = folder.join("pretender");
        fs::write(&binary, format!("#!/bin/sh\n{script}\n")).expect("a script");
        fs::set_permissions(&binary, fs::Permissions::from_mode(0o700)).expect("it may run");
        let folder = folder.join("host");
        let variables = vec![("PATCHBAY_JOBS__WORKERS".to_owned(), "3".to_owned())];
        HostSetup { binary: Some(binary), folder: Some(folder), variables, ..HostSetup::default() }
    }

    #[test]
    fn a_host_is_started_again_on_its_folder_and_port() {
        let folder = tempfile::tempdir().expect("a folder");
        let script = "echo workers $PATCHBAY_JOBS__WORKERS\nmkdir -p data\necho pbo_0123456789 > data/operator.key\n\
            echo 'listening on http://127.0.0.1:4321'\nexec sleep 600";
        let mut setup = pretender(folder.path(), script);
        setup.rewrites = vec![Rewrite {
            origin: "https://api.github.com".to_owned(),
            connect: "http://127.0.0.1:1".to_owned(),
            browser: None,
        }];
        setup.more = "[jobs]\nworkers = 2".to_owned();
        let mut host = HostProcess::start(setup).expect("it starts");
        assert_eq!(
            (host.base().as_str(), host.operator_key().ok().as_deref()),
            ("http://127.0.0.1:4321", Some("pbo_0123456789"))
        );
        let config = || fs::read_to_string(host.config_path()).expect("a file");
        let read: toml::Table = config().parse().expect("TOML");
        assert_eq!(read["listen"].as_str(), Some("127.0.0.1:0"));
        assert_eq!(read["egress"]["rewrite"][0]["origin"].as_str(), Some("https://api.github.com"));
        assert_eq!(read["jobs"]["workers"].as_integer(), Some(2));
        let first = host.pid();
        host.restart().expect("it starts again");
        assert_ne!(host.pid(), first);
        let again = fs::read_to_string(host.config_path()).expect("a file");
        assert!(again.contains("127.0.0.1:4321"), "{again}");
        let status = host.stop().expect("it ends on SIGTERM");
        assert!(!status.success());
        assert_eq!(host.log_tail().matches("workers 3").count(), 2);
    }

    #[test]
    fn a_host_that_ends_at_once_is_reported_with_its_log() {
        let folder = tempfile::tempdir().expect("a folder");
        let setup = pretender(folder.path(), "echo 'line 3: unknown key' >&2\nexit 78");
        let trouble = HostProcess::start(setup).err().expect("it does not start").to_string();
        assert!(trouble.contains("ended before") && trouble.contains("unknown key"), "{trouble}");
    }
}
