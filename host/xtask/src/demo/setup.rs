//! What the demo stands on: packaged connectors, fake providers in this process, a host of its own.

use std::path::{Path, PathBuf};

use patchbay_test_support::{
    Api, HostProcess, HostSetup,
    fakes::{Fakes, FakesConfig},
};

use super::{children::Children, steps::Left};
use crate::{
    connectors::{self, Built},
    shell::{Result, Run, target},
};

/// Everything that steps use and leave for later ones.
pub(super) struct World {
    /// The packaged connectors.
    pub(super) built: Built,
    /// The providers; they keep a journal of what they were asked.
    pub(super) fakes: Fakes,
    /// What steps leave for later ones.
    pub(super) left: Left,
    /// The running host.
    host: HostProcess,
    children: Children,
}

impl World {
    /// Builds, cleans the folder, starts the providers and the host.
    pub(super) fn start() -> Result<Self> {
        let children = Children::default();
        children.end_with_us()?;
        let built = connectors::build()?;
        Run::cargo(&["build", "--workspace", "--exclude", "patchbay-it"]).status()?;

        let folder = fresh_folder()?;
        let config = FakesConfig { journal_dir: Some(folder.join("providers")), ..FakesConfig::default() };
        let fakes = Fakes::start(config).map_err(|error| format!("the fake providers did not start: {error}"))?;
        let setup = HostSetup {
            binary: Some(target().join("debug").join("patchbay")),
            folder: Some(folder),
            // After a kill the work of the dead process is taken over when its lease lapses.
            // Nothing is taken unsigned, as where nobody says anything.
            more: "[jobs]\nlease_seconds = 5\n[connectors]\nunsigned = \"refuse\"\n".to_owned(),
            ..HostSetup::with(&fakes)
        };
        let host = HostProcess::start(setup).map_err(|error| error.to_string())?;
        children.started(host.pid());
        Ok(Self { built, fakes, left: Left::default(), host, children })
    }

    /// The API with the operator's key.
    pub(super) fn operator(&self) -> Result<Api> {
        self.host.operator().map_err(|error| error.to_string())
    }

    /// The API without a key.
    pub(super) fn api(&self) -> Api {
        Api::new(&self.host.base())
    }

    /// The origin of the API.
    pub(super) fn base(&self) -> String {
        self.host.base()
    }

    /// Where the host writes what it says.
    pub(super) fn log(&self) -> PathBuf {
        self.host.log_path()
    }

    /// Where the host keeps everything.
    pub(super) fn data(&self) -> PathBuf {
        self.host.data_dir()
    }

    /// Whether the host still runs.
    pub(super) fn host_runs(&mut self) -> Result<bool> {
        self.host.is_running().map_err(|error| error.to_string())
    }

    /// Ends the host as a power cut would, in the middle of whatever it does.
    pub(super) fn kill_host(&mut self) -> Result<()> {
        let id = self.host.pid();
        self.host.kill().map_err(|error| error.to_string())?;
        self.children.ended(id);
        Ok(())
    }

    /// Starts the host again on its folder and address.
    pub(super) fn start_host_again(&mut self) -> Result<()> {
        let id = self.host.pid();
        self.host.restart().map_err(|error| error.to_string())?;
        self.children.ended(id);
        self.children.started(self.host.pid());
        Ok(())
    }

    /// What a person needs to look around.
    pub(super) fn welcome(&self, prepared: &str) -> Result<String> {
        let key = self.host.operator_key().map_err(|error| error.to_string())?;
        let connectors: Vec<&str> = self.built.connectors.iter().map(|(name, _)| name.as_str()).collect();
        Ok(format!(
            "Patchbay is up.\n\n  API and its documentation   {base}/docs\n  operator's API key          {key}\n{prepared}\n  \
             folder                      {folder}\n  packaged connectors         {built} ({names})\n  \
             fake providers              {first}  {second}\n\nctrl-c ends everything.",
            base = self.host.base(),
            folder = self.host.folder().display(),
            built = self.built.folder.display(),
            names = connectors.join(", "),
            first = self.fakes.github.plain,
            second = self.fakes.silverfin.plain,
        ))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.children.end_all();
    }
}

/// `target/demo`, empty.
fn fresh_folder() -> Result<PathBuf> {
    let folder = target().join("demo");
    let failed = |path: &Path, error: &std::io::Error| format!("{}: {error}", path.display());
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(&folder, &error)),
        _ => {}
    }
    std::fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
    Ok(folder)
}
