//! The host of `patchbay dev`: this program as a process of its own, on a folder of its own.

use std::{
    env,
    fs::{self, File, TryLockError},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use toml::{Table, Value as Toml};
use url::Url;

use crate::{
    cli::{client::Client, embedded::OWN},
    config::ambient,
    exit::Stop,
};

/// What a host prints when it can be asked.
const READY: &str = "listening on http://";
const PATIENCE: Duration = Duration::from_secs(60);
/// How the variables begin that a host is configured by.
const OURS: &str = "PATCHBAY_";

/// A running host; it ends with this value.
pub(super) struct DevHost {
    child: Child,
    origin: Url,
    key_file: PathBuf,
    log: PathBuf,
    tenant: String,
    /// Held as long as the folder is in use.
    _lock: File,
}

impl DevHost {
    /// Starts one on an empty folder; `rewrites` are the origins that are served here instead, and where.
    pub(super) fn start(project: &Path, port: u16, rewrites: &[(String, String)]) -> Result<Self, Stop> {
        let folder = project.join(OWN).join("dev");
        let lock = locked(&project.join(OWN), project)?;
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(|error| Stop::file("made", &folder, &error))?;
        let (config, log) = (folder.join("patchbay.toml"), folder.join("host.log"));
        let text = toml::to_string(&configuration(&folder, port, rewrites)).unwrap_or_default();
        fs::write(&config, text).map_err(|error| Stop::file("written", &config, &error))?;
        let file = File::create(&log).map_err(|error| Stop::file("written", &log, &error))?;
        let program = env::current_exe().map_err(|error| Stop::failed(error.to_string()))?;
        let mut command = Command::new(program);
        command.arg("--config").arg(&config).arg("serve").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file);
        // What the author's shell says to another host would win over the file: its database, its keys, its ports.
        for name in ambient::variables().into_keys().filter(|name| name.starts_with(OURS)) {
            command.env_remove(name);
        }
        let mut child = command.spawn().map_err(|error| Stop::failed(format!("no host starts: {error}")))?;
        let Some(origin) = listening(&mut child, &log) else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(Stop::failed(format!("the host did not start; {} says why", log.display())));
        };
        let key_file = folder.join("data").join("operator.key");
        let mut host = Self { child, origin, key_file, log, tenant: String::new(), _lock: lock };
        let made = host.operator()?.post(
            "/v1/tenants",
            "application/json",
            json!({ "name": "dev" }).to_string().as_bytes(),
        )?;
        host.tenant = made.get("id").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        Ok(host)
    }

    /// Its API with the operator's key.
    pub(super) fn operator(&self) -> Result<Client, Stop> {
        Client::to(self.origin.clone(), self.key_file.clone())
    }

    /// The same, about the tenant of this command.
    pub(super) fn tenant(&self) -> Result<Client, Stop> {
        Ok(self.operator()?.for_tenant(Some(&self.tenant)))
    }

    /// Where it is, for a person.
    pub(super) fn told(&self) -> String {
        format!(
            "a host of its own runs on {origin}\n  API         {origin}docs\n  key         {}\n  tenant      {}\n  log         {}",
            self.key_file.display(),
            self.tenant,
            self.log.display(),
            origin = self.origin
        )
    }

    /// Asks it to end, and waits for that.
    pub(super) fn end(&mut self) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // It may have ended by the same Ctrl-C.
            let _ = kill_process(pid, Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

impl Drop for DevHost {
    fn drop(&mut self) {
        self.end();
    }
}

/// The project for this command alone: a second one would throw away the folder of the first.
fn locked(own: &Path, project: &Path) -> Result<File, Stop> {
    fs::create_dir_all(own).map_err(|error| Stop::file("made", own, &error))?;
    let path = own.join("dev.lock");
    let file = File::create(&path).map_err(|error| Stop::file("written", &path, &error))?;
    match file.try_lock() {
        // A folder that knows no locks is no reason not to work in it.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Stop::failed(format!(
            "another `patchbay dev` is at work in {}; end it first (Ctrl-C)",
            project.display()
        ))),
    }
}

fn configuration(folder: &Path, port: u16, rewrites: &[(String, String)]) -> Table {
    let rewrite = |(origin, connect): &(String, String)| {
        let connect = ("connect".to_owned(), Toml::from(connect.as_str()));
        Toml::Table(Table::from_iter([("origin".to_owned(), Toml::from(origin.as_str())), connect]))
    };
    let mut config = Table::new();
    config.insert("listen".to_owned(), Toml::from(format!("127.0.0.1:{port}")));
    config.insert("data_dir".to_owned(), Toml::from(folder.join("data").display().to_string()));
    let own = [("unsigned".to_owned(), Toml::from("local")), ("upgrades".to_owned(), Toml::from("all"))];
    config.insert("connectors".to_owned(), Toml::Table(Table::from_iter(own)));
    let rewrites = Toml::Array(rewrites.iter().map(rewrite).collect());
    config.insert("egress".to_owned(), Toml::Table(Table::from_iter([("rewrite".to_owned(), rewrites)])));
    config
}

/// Waits until it says where it listens; what it prints goes on into its log.
fn listening(child: &mut Child, log: &Path) -> Option<Url> {
    let printed = child.stdout.take()?;
    let (tell, told) = mpsc::channel();
    let log = log.to_owned();
    std::thread::spawn(move || {
        for line in BufReader::new(printed).lines().map_while(Result::ok) {
            if let Some((_, address)) = line.split_once(READY) {
                let address = address.split_whitespace().next().unwrap_or_default().to_owned();
                let _ = tell.send(Url::parse(&format!("http://{address}/")).ok());
            }
            if let Ok(mut file) = fs::OpenOptions::new().append(true).open(&log) {
                let _ = std::io::Write::write_all(&mut file, format!("{line}\n").as_bytes());
            }
        }
    });
    told.recv_timeout(PATIENCE).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_has_one_dev_at_a_time() {
        let project = tempfile::tempdir().expect("a folder");
        let own = project.path().join(OWN);
        let first = locked(&own, project.path()).expect("the first");
        let second = locked(&own, project.path()).expect_err("the second");
        assert!(second.fault.person.contains("another `patchbay dev` is at work in"), "{}", second.fault.person);
        drop(first);
        assert!(locked(&own, project.path()).is_ok(), "its end lets the next one begin");
    }
}
