//! The real binary as a process: started, killed and started again on the same folder and port.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ExitStatus},
    time::Duration,
};

use patchbay_fakes::{Fakes, Rewrite};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{
    Api, Result,
    launch::{READY, binary, launch, tail},
    wait_until,
};

const STOPPED: Duration = Duration::from_secs(60);

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
