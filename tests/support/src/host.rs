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
    Api, Result, Trouble,
    launch::{READY, binary, launch, tail},
    moment, wait_until,
};

const STOPPED: Duration = Duration::from_secs(60);

/// What a host is started with.
#[derive(Clone, Default)]
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
    /// Whether the test moves the host's clock ([`HostProcess::advance`]); needs a build with debug assertions.
    pub test_clock: bool,
    /// Where the host stands still ([`HostProcess::wait_for_mark`]); needs a build with debug assertions.
    pub failpoint: Option<String>,
    /// What `serve` is told beside its configuration.
    pub arguments: Vec<String>,
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
        if setup.test_clock {
            moment::set_offset(&folder, Duration::ZERO)?;
        }
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

    /// SIGSTOP: it stands still, with everything that it holds and believes, until [`HostProcess::resume`]. Meanwhile it
    /// can be killed, and does not hear [`HostProcess::stop`].
    ///
    /// # Errors
    ///
    /// The system refuses.
    pub fn suspend(&mut self) -> Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), Signal::STOP)?)
    }

    /// SIGCONT: it goes on where it stood.
    ///
    /// # Errors
    ///
    /// The system refuses.
    pub fn resume(&mut self) -> Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), Signal::CONT)?)
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

    /// Starts again, to stand still at this failpoint (at none when left out).
    ///
    /// # Errors
    ///
    /// As [`HostProcess::start`].
    pub fn restart_at(&mut self, failpoint: Option<&str>) -> Result<()> {
        self.setup.failpoint = failpoint.map(str::to_owned);
        self.restart()
    }

    /// Starts again, and `serve` is told this.
    ///
    /// # Errors
    ///
    /// As [`HostProcess::start`].
    pub fn restart_told(&mut self, arguments: &[&str]) -> Result<()> {
        self.setup.arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        self.restart()
    }

    /// Starts again with this further TOML instead of what there was.
    ///
    /// # Errors
    ///
    /// As [`HostProcess::start`].
    pub fn restart_with(&mut self, more: &str) -> Result<()> {
        more.clone_into(&mut self.setup.more);
        self.restart()
    }

    /// Waits until the host stands still at its failpoint; other work of the host goes on.
    ///
    /// # Errors
    ///
    /// It did not come there within `limit`, or ended before.
    pub fn wait_for_mark(&mut self, limit: Duration) -> Result<()> {
        let name = self.setup.failpoint.clone().unwrap_or_default();
        let mark = moment::mark(&self.folder);
        wait_until(&format!("the host at failpoint {name}"), limit, || match (mark.exists(), self.child.try_wait()?) {
            (true, _) => Ok(Some(())),
            (false, None) => Ok(None),
            (false, Some(status)) => Err(Trouble::new(format!("it ended ({status}): {}", self.log_tail()))),
        })
    }

    /// Whether the host stands still at its failpoint now.
    #[must_use]
    pub fn is_at_mark(&self) -> bool {
        moment::mark(&self.folder).exists()
    }

    /// Moves the host's clock on; it keeps its place over a restart.
    ///
    /// # Errors
    ///
    /// The host was started without a test clock, or the file cannot be written.
    pub fn advance(&self, by: Duration) -> Result<()> {
        if !self.setup.test_clock {
            return Err(Trouble::new("this host follows the wall clock: HostSetup::test_clock is not set"));
        }
        moment::set_offset(&self.folder, moment::offset(&self.folder)?.saturating_add(by))
    }

    /// How far the host's clock is ahead of the wall clock.
    ///
    /// # Errors
    ///
    /// The host was started without a test clock.
    pub fn ahead(&self) -> Result<Duration> {
        moment::offset(&self.folder)
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
mod tests;
