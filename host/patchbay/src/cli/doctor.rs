//! `patchbay doctor`: what would keep the host from starting, or make it unsafe, with the remedy.

mod database;
mod key;
mod rooms;

use std::{os::unix::fs::PermissionsExt, path::Path};

use serde::Serialize;

use super::progress::Progress;
use crate::{
    config::Config,
    exit::{Exit, Stop},
    operator_key,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// One finding.
#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    state: State,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warn,
    Fail,
}

pub(super) fn run(args: &Args, file: Option<&Path>) -> Result<Exit, Stop> {
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(fault) if args.json => {
            let problems: Vec<String> =
                fault.fields.iter().map(|field| format!("{}: {}", field.pointer, field.message)).collect();
            let detail = if problems.is_empty() { fault.person } else { problems.join("\n") };
            print_json(&[Finding::fail("configuration", detail, "correct these places".to_owned())]);
            return Ok(Exit::Configuration);
        }
        Err(fault) => return Err(fault.into()),
    };
    let findings = {
        let _progress = Progress::begin("looking");
        look(&config)
    };
    if args.json {
        print_json(&findings);
    } else {
        for finding in &findings {
            let state = match finding.state {
                State::Ok => "ok  ",
                State::Warn => "warn",
                State::Fail => "FAIL",
            };
            println!("{state}  {:<18} {}", finding.what, finding.detail);
            if let Some(remedy) = &finding.remedy {
                println!("      {:<18} → {remedy}", "");
            }
        }
    }
    let failed = findings.iter().any(|finding| finding.state == State::Fail);
    Ok(if failed { Exit::Failed } else { Exit::Done })
}

fn print_json(findings: &[Finding]) {
    if let Ok(text) = serde_json::to_string_pretty(findings) {
        println!("{text}");
    }
}

/// Every check, in the order in which the host would meet the trouble.
fn look(config: &Config) -> Vec<Finding> {
    vec![
        Finding::ok("configuration", "every key is known and every value fits".to_owned()),
        data_dir(&config.data_dir),
        key::look(config),
        private_file("operator key", &operator_key::path(&config.data_dir), "made at the first start"),
        database::look(&config.database),
        audit(config.database.file()),
        rooms::sqlite(),
        connectors(config),
        rooms::registries(config),
        address(config),
        way_out(config),
        rooms::gate(config),
    ]
}

fn data_dir(path: &Path) -> Finding {
    const WHAT: &str = "data folder";
    let shown = path.display();
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Finding::ok(WHAT, format!("{shown} is made at the first start"))
        }
        Err(error) => {
            Finding::fail(WHAT, format!("{shown}: {error}"), format!("make {shown} readable for this account"))
        }
        Ok(found) if !found.is_dir() => {
            Finding::fail(WHAT, format!("{shown} is not a folder"), "set data_dir to a folder".to_owned())
        }
        Ok(found) if found.permissions().mode() & 0o077 != 0 => Finding::warn(
            WHAT,
            format!("{shown} can be read by others (mode {:o})", found.permissions().mode() & 0o777),
            format!("chmod 700 {shown}"),
        ),
        Ok(_) => match rustix::fs::access(path, rustix::fs::Access::WRITE_OK) {
            Ok(()) => Finding::ok(WHAT, format!("{shown} is ours to write")),
            Err(error) => {
                Finding::fail(WHAT, format!("{shown}: {error}"), format!("let this account write to {shown}"))
            }
        },
    }
}

/// Whether the lines of the log can be trusted is asked of the running host: the chain's key is sealed.
fn audit(database: Option<&Path>) -> Finding {
    const WHAT: &str = "audit log";
    if database.is_none_or(Path::exists) {
        let chained =
            "each line is chained to the one before; `patchbay audit verify` checks them all on a running host";
        Finding::ok(WHAT, chained.to_owned())
    } else {
        Finding::ok(WHAT, "begins with the database".to_owned())
    }
}

fn private_file(what: &'static str, path: &Path, absent: &str) -> Finding {
    let shown = path.display();
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Finding::ok(what, format!("{shown} is {absent}")),
        Err(error) => {
            Finding::fail(what, format!("{shown}: {error}"), format!("make {shown} readable for this account"))
        }
        Ok(found) if !found.is_file() => {
            Finding::fail(what, format!("{shown} is not a file"), "name a file".to_owned())
        }
        Ok(found) if found.permissions().mode() & 0o077 != 0 => Finding::fail(
            what,
            format!("{shown} can be read by others (mode {:o})", found.permissions().mode() & 0o777),
            format!("chmod 600 {shown}"),
        ),
        Ok(_) => Finding::ok(what, format!("{shown}, for its owner only")),
    }
}

fn connectors(config: &Config) -> Finding {
    const WHAT: &str = "connectors folder";
    let dir = &config.connectors.dir;
    match std::fs::read_dir(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Finding::ok(WHAT, format!("{} is made at the first start", dir.display()))
        }
        Err(error) => Finding::fail(
            WHAT,
            format!("{}: {error}", dir.display()),
            "set connectors.dir to a folder that this account can read".to_owned(),
        ),
        Ok(entries) => {
            let files = entries.flatten().filter(|entry| entry.path().extension().is_some_and(|end| end == "wasm"));
            let watch = if config.connectors.watch { "watched" } else { "read at the start only" };
            Finding::ok(WHAT, format!("{}: {} packaged, {watch}", dir.display(), files.count()))
        }
    }
}

fn address(config: &Config) -> Finding {
    const WHAT: &str = "address";
    let open = !config.listen.ip().is_loopback();
    match (&config.public_url, open) {
        (None, true) => Finding::fail(
            WHAT,
            format!("{} is open to the network, and public_url is not set", config.listen),
            "set public_url to the https address that browsers use".to_owned(),
        ),
        (Some(url), true) if url.scheme() == "http" => Finding::warn(
            WHAT,
            format!("{} is open to the network, and public_url is on loopback", config.listen),
            "set public_url to the https address that browsers use, or listen on 127.0.0.1".to_owned(),
        ),
        (Some(url), _) => Finding::ok(WHAT, format!("{}, known as {url}", config.listen)),
        (None, false) => Finding::ok(WHAT, format!("{}, on this machine only", config.listen)),
    }
}

fn way_out(config: &Config) -> Finding {
    const WHAT: &str = "way out";
    let egress = &config.egress;
    if !egress.rewrite.is_empty() {
        let origins: Vec<&str> = egress.rewrite.iter().map(|rewrite| rewrite.origin.as_str()).collect();
        return Finding::warn(
            WHAT,
            format!("connections to {} are opened elsewhere", origins.join(", ")),
            "remove egress.rewrite unless this is a test or a demo".to_owned(),
        );
    }
    if !egress.allow_private.is_empty() {
        return Finding::warn(
            WHAT,
            format!("connectors may be allowed to reach {}", egress.allow_private.join(", ")),
            "keep egress.allow_private as short as it can be".to_owned(),
        );
    }
    Finding::ok(WHAT, "public addresses only".to_owned())
}

impl Finding {
    fn ok(what: &'static str, detail: String) -> Self {
        Self { what, state: State::Ok, detail, remedy: None }
    }

    fn warn(what: &'static str, detail: String, remedy: String) -> Self {
        Self { what, state: State::Warn, detail, remedy: Some(remedy) }
    }

    fn fail(what: &'static str, detail: String, remedy: String) -> Self {
        Self { what, state: State::Fail, detail, remedy: Some(remedy) }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::PathBuf};

    use super::*;

    fn config(text: &str, folder: &Path) -> Config {
        Config::read(Some(text), folder, &BTreeMap::new()).expect("a configuration")
    }

    fn state(findings: &[Finding], what: &str) -> State {
        findings.iter().find(|finding| finding.what == what).expect("looked at").state
    }

    #[test]
    fn a_fresh_machine_has_nothing_to_complain_about() {
        let folder = tempfile::tempdir().expect("a folder");
        let findings = look(&config("data_dir = \"data\"", folder.path()));
        assert!(findings.iter().all(|finding| finding.state == State::Ok), "{findings:?}");
    }

    #[test]
    fn a_key_that_others_can_read_fails() {
        let folder = tempfile::tempdir().expect("a folder");
        let key: PathBuf = folder.path().join("patchbay.key");
        std::fs::write(&key, "k").expect("written");
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("changed");
        assert_eq!(state(&look(&config("data_dir = \".\"", folder.path())), "sealing key"), State::Fail);
    }

    #[test]
    fn a_database_without_its_key_fails() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("patchbay.db"), "db").expect("written");
        let findings = look(&config("data_dir = \".\"", folder.path()));
        assert_eq!(state(&findings, "sealing key"), State::Fail);
    }

    #[test]
    fn a_host_open_to_the_network_needs_its_public_address() {
        let folder = Path::new("");
        assert_eq!(address(&config("listen = \"0.0.0.0:7878\"", folder)).state, State::Fail);
        let both = "listen = \"0.0.0.0:7878\"\npublic_url = \"https://hub.example.com\"";
        assert_eq!(address(&config(both, folder)).state, State::Ok);
    }

    #[test]
    fn a_password_of_a_registry_that_cannot_be_read_fails() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = "[registries]\nallowed = [\"ghcr.io/acme\"]\n[[registries.login]]\nregistry = \"ghcr.io\"\nuser = \"us\"\n\
                    password_file = \"password\"\n";
        let found = || rooms::registries(&config(text, folder.path()));
        assert!(found().state == State::Fail && found().detail.contains("ghcr.io"), "{:?}", found());
        std::fs::write(folder.path().join("password"), "secret\n").expect("written");
        assert!(
            found().state == State::Ok && found().detail.starts_with("1 may be fetched from, 1 with a login"),
            "{:?}",
            found()
        );
    }

    #[test]
    fn a_rewrite_is_never_silent() {
        let text = "[[egress.rewrite]]\norigin = \"https://a.example\"\nconnect = \"http://127.0.0.1:1\"";
        assert_eq!(way_out(&config(text, Path::new(""))).state, State::Warn);
    }
}
