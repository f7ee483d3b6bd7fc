//! Starting the host: its configuration file, its environment, and the line that says that it listens.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    time::Duration,
};

use patchbay_fakes::Rewrite;
use serde::Serialize;

use crate::{HostSetup, Result, Trouble, moment, packaged};

/// How long a host may take to say that it listens.
pub(crate) const READY: Duration = Duration::from_secs(60);
const READY_LINE: &str = "listening on http://";
const LOG_TAIL: usize = 40;

/// The binary of `PATCHBAY_BIN`, or the one that was built beside the running test or task.
///
/// # Errors
///
/// There is none.
pub(crate) fn binary() -> Result<PathBuf> {
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

/// Writes the configuration, starts the process, and waits for its address.
pub(crate) fn launch(
    setup: &HostSetup,
    binary: &Path,
    folder: &Path,
    listen: SocketAddr,
) -> Result<(Child, SocketAddr)> {
    let config = folder.join("patchbay.toml");
    fs::write(&config, config_text(setup, folder, listen)?)?;
    let log_path = folder.join("host.log");
    let log = File::options().create(true).append(true).open(&log_path)?;
    let mut command = Command::new(binary);
    command.arg("--config").arg(&config).arg("serve").args(&setup.arguments).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log.try_clone()?);
    moment::without_tools(&mut command);
    command.envs(setup.variables.iter().map(|(name, value)| (name, value)));
    if setup.test_clock {
        command.env(moment::CLOCK, moment::clock(folder));
    }
    if let Some(failpoint) = &setup.failpoint {
        command.env(moment::FAILPOINT, failpoint).env(moment::MARK, moment::mark(folder));
    }
    // The one of a run before says nothing about this one; mostly there is none.
    drop(fs::remove_file(moment::mark(folder)));
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
        connectors: (!setup.more.contains("[connectors]")).then_some(LOCAL),
        egress: Egress {
            extra_ca: &setup.extra_ca,
            allow_private: &setup.allow_private,
            rewrite: setup.rewrites.iter().map(Place::of).collect(),
        },
    };
    Ok(format!("{}\n{}\n", toml::to_string(&config)?, setup.more))
}

/// The last lines of a log.
pub(crate) fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(LOG_TAIL)..).unwrap_or_default().join("\n")
}

#[derive(Serialize)]
struct Config<'a> {
    listen: String,
    data_dir: PathBuf,
    /// Where a test does not say it itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    connectors: Option<Connectors>,
    egress: Egress<'a>,
}

/// What a test uploads is its own: neither signed nor kept back. A test of that says so itself, with `[connectors]` in
/// [`HostSetup::more`], or with variables.
const LOCAL: Connectors = Connectors { unsigned: "local", upgrades: "all" };

#[derive(Serialize)]
struct Connectors {
    unsigned: &'static str,
    upgrades: &'static str,
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
