//! What tests may do to a running host: move its clock, stop it at a named moment, keep what it compiles, and say where names lead.
//!
//! This file is part of debug builds only; `cargo xtask walls` sees to it.

mod names;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::File,
    io::{self, Read as _, Write},
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use data_encoding::HEXLOWER;
use patchbay_egress::Resolve;
use patchbay_model::{Clock, Timestamp, failpoint};
use sha2::{Digest as _, Sha256};

/// A file that holds by how many milliseconds the clock is ahead (or, with `-`, behind).
const CLOCK: &str = "PATCHBAY_TEST_CLOCK";
/// The moment at which the first task that comes there stands still, for ever.
const FAILPOINT: &str = "PATCHBAY_TEST_FAILPOINT";
/// The file that is written when it does; it holds the name of the moment.
const MARK: &str = "PATCHBAY_TEST_FAILPOINT_MARK";
/// A folder in which hosts keep what they compile, for each other: a thousand hosts of one test run that compile the same
/// twenty components are a third of its time. What is compiled is compiled as ever, by the child, once; what a host does with
/// an answer is the same. It has to be one build of the host that uses a folder.
const COMPILED: &str = "PATCHBAY_TEST_COMPILED";
/// The first argument of the child that looks there first.
const KEEPER: &str = "compile-kept";
/// Larger components do not exist.
const COMPONENT: u64 = 256 * 1024 * 1024;

/// A file that says where names lead ([`names::ToldNames`]).
const NAMES: &str = "PATCHBAY_TEST_NAMES";

/// All of them: no keys of the configuration.
pub(crate) const VARIABLES: &[&str] = &[CLOCK, FAILPOINT, MARK, COMPILED, NAMES];

/// Does what the variables ask for. Returns the clock that counts.
pub(crate) fn install(clock: Arc<dyn Clock>, variables: &BTreeMap<String, String>) -> Arc<dyn Clock> {
    for name in VARIABLES {
        if let Some(value) = variables.get(*name) {
            tracing::warn!("{name}={value} is set: this host is being tested and must not serve anybody");
        }
    }
    if let Some(name) = variables.get(FAILPOINT) {
        failpoint::install(Box::new(stop(name.clone(), variables.get(MARK).map(PathBuf::from))));
    }
    match variables.get(CLOCK) {
        Some(path) => Arc::new(MovedClock { clock, path: path.into() }),
        None => clock,
    }
}

/// Whether the clock that counts is a test's to move: then leases cannot go by the database's.
pub(crate) fn moves_the_clock(variables: &BTreeMap<String, String>) -> bool {
    variables.contains_key(CLOCK)
}

/// The resolver that counts.
pub(crate) fn names(system: Arc<dyn Resolve>, variables: &BTreeMap<String, String>) -> Arc<dyn Resolve> {
    match variables.get(NAMES) {
        Some(path) => Arc::new(names::ToldNames::of(path.into())),
        None => system,
    }
}

/// The command that compiles and keeps; none where nobody asks for it.
pub(crate) fn compiler(program: &Path) -> Option<Vec<OsString>> {
    let folder = crate::config::ambient::variables().remove(COMPILED)?;
    Some(vec![program.into(), KEEPER.into(), folder.into()])
}

/// The child that [`compiler`] names, where this process is one.
pub(crate) fn compile_kept() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    (arguments.next()? == KEEPER).then(|| {
        let folder = PathBuf::from(arguments.next().unwrap_or_default());
        compile_or_look_up(&folder).unwrap_or_else(|error| {
            eprintln!("{}: {error}", folder.display());
            ExitCode::FAILURE
        })
    })
}

fn compile_or_look_up(folder: &Path) -> io::Result<ExitCode> {
    let mut component = Vec::new();
    io::stdin().lock().take(COMPONENT).read_to_end(&mut component)?;
    let kept = folder.join(HEXLOWER.encode(&Sha256::digest(&component)));
    if let Ok(compiled) = std::fs::read(&kept) {
        io::stdout().write_all(&compiled)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut worker = Command::new(std::env::current_exe()?);
    let mut worker = worker.arg(crate::compiler::WORKER).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (stdin, stdout) = (worker.stdin.take(), worker.stdout.take());
    let mut compiled = Vec::new();
    std::thread::scope(|scope| {
        // A worker that refuses early closes its end; its code says why.
        scope.spawn(|| stdin.map(|mut stdin| stdin.write_all(&component)));
        stdout.map(|mut stdout| stdout.read_to_end(&mut compiled)).transpose()
    })?;
    let ended = worker.wait()?;
    if let Some(signal) = ended.signal().and_then(rustix::process::Signal::from_named_raw) {
        // The host reads how its child died.
        rustix::process::kill_process(rustix::process::getpid(), signal)?;
    }
    if ended.success() {
        let part = kept.with_extension(std::process::id().to_string());
        std::fs::write(&part, &compiled)?;
        std::fs::rename(part, kept)?;
        io::stdout().write_all(&compiled)?;
    }
    Ok(ended.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Stops the first task that comes to the moment; those after it pass, so that a test sees another one
/// take the work over.
fn stop(wanted: String, mark: Option<PathBuf>) -> impl Fn(&'static str) -> bool + Send + Sync {
    let stopped = AtomicBool::new(false);
    move |name| {
        if name != wanted || stopped.swap(true, Ordering::SeqCst) {
            return false;
        }
        if let Some(mark) = &mark
            && let Err(error) = write(mark, name)
        {
            tracing::error!("{} is not written: {error}", mark.display());
        }
        true
    }
}

/// Whole or not at all: whoever waits for the file finds the name in it.
fn write(mark: &Path, name: &str) -> io::Result<()> {
    let part = mark.with_extension("part");
    let mut file = File::create(&part)?;
    file.write_all(name.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&part, mark)
}

/// Another clock, moved by what a file says at every look: a test replaces the file by renaming.
struct MovedClock {
    clock: Arc<dyn Clock>,
    path: PathBuf,
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        let moved = std::fs::read_to_string(&self.path).ok();
        let millis = moved.and_then(|text| text.trim().parse::<i64>().ok()).unwrap_or_default();
        let by = Duration::from_millis(millis.unsigned_abs());
        let now = self.clock.now();
        if millis < 0 { now.minus(by) } else { now.plus(by) }
    }
}

#[cfg(test)]
mod tests {
    use patchbay_model::ManualClock;

    use super::*;

    #[test]
    fn the_clock_is_moved_by_what_the_file_says_at_every_look() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("clock");
        let begin = Timestamp::from_millis(1_000_000);
        let variables = BTreeMap::from([(CLOCK.to_owned(), path.to_string_lossy().into_owned())]);
        let clock = install(Arc::new(ManualClock::at(begin)), &variables);
        let set = |text: &str| {
            let part = folder.path().join("part");
            std::fs::write(&part, text).expect("written");
            std::fs::rename(&part, &path).expect("replaced");
        };
        assert_eq!(clock.now(), begin, "a missing file moves nothing");
        assert!(moves_the_clock(&variables) && !moves_the_clock(&BTreeMap::new()));
        for (text, millis) in [("1500\n", 1_001_500), ("-1000", 999_000), ("soon", 1_000_000), ("", 1_000_000)] {
            set(text);
            assert_eq!(clock.now(), Timestamp::from_millis(millis), "{text:?}");
        }
    }

    #[test]
    fn without_variables_the_clock_is_the_same() {
        let begin = Timestamp::from_millis(5);
        assert_eq!(install(Arc::new(ManualClock::at(begin)), &BTreeMap::new()).now(), begin);
    }

    #[test]
    fn the_first_task_at_the_named_moment_stands_still_and_leaves_a_mark() {
        let folder = tempfile::tempdir().expect("a folder");
        let mark = folder.path().join("mark");
        let stops = stop("refresh.sent".to_owned(), Some(mark.clone()));
        assert!(!stops("refresh.begun") && !mark.exists());
        assert!(stops("refresh.sent"));
        assert_eq!(std::fs::read_to_string(&mark).expect("a mark"), "refresh.sent");
        assert!(!stops("refresh.sent"), "the next one passes");
    }
}
