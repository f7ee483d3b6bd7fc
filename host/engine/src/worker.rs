//! The compile child: reads a component, writes its compiled code, and may die of it.

use std::{
    io::{Read as _, Write as _},
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
};

use rustix::process::{Resource, Rlimit, setrlimit};
use wasmtime::Engine;

use crate::compile::time_limit;

/// Exit code for a component that the compiler refuses.
pub(crate) const REFUSED: u8 = 2;
/// Exit code for a component that makes the compiler panic.
pub(crate) const PANICKED: u8 = 3;
/// Exit code for a child that could not do its work.
const BROKEN: u8 = 4;

/// Address space of the child.
const MEMORY: u64 = 2 * 1024 * 1024 * 1024;
/// Files it may have open: its three pipes, and what the loader needs.
const FILES: u64 = 16;
/// How far it steps back (`nice`): who is served meanwhile goes before what is installed. On a machine with time to spare it
/// takes as long as ever.
const BEHIND: i32 = 10;
/// Larger components do not exist; the host refuses them long before.
const COMPONENT: u64 = 256 * 1024 * 1024;

/// The child's whole `main`: limits on itself, component from stdin, compiled code to stdout, the reason of
/// a failure to stderr.
///
/// Exit code 0: the compiled code was written. 2: the compiler refuses the component. 3: the compiler
/// panicked. 4: the child could not work. A limit that is hit ends it by signal.
#[must_use]
pub fn compile_worker() -> ExitCode {
    let said = match work() {
        Ok(()) => return ExitCode::SUCCESS,
        Err(said) => said,
    };
    // Nobody may be there to read it; the exit code says what matters.
    let _ = writeln!(std::io::stderr(), "{}", said.reason);
    ExitCode::from(said.code)
}

struct Said {
    code: u8,
    reason: String,
}

impl Said {
    fn broken(reason: impl std::fmt::Display) -> Self {
        Self { code: BROKEN, reason: reason.to_string() }
    }
}

fn work() -> Result<(), Said> {
    // Where it may not, it compiles all the same.
    let _ = rustix::process::nice(BEHIND);
    limit(Resource::As, MEMORY)?;
    limit(Resource::Core, 0)?;
    limit(Resource::Nofile, FILES)?;
    limit(Resource::Fsize, 0)?;
    let mut component = Vec::new();
    std::io::stdin().lock().take(COMPONENT).read_to_end(&mut component).map_err(Said::broken)?;
    let seconds = time_limit(component.len()).as_secs();
    // Above the first it is told why; at the second it is gone.
    set(Resource::Cpu, seconds, seconds + 5)?;
    let settings = crate::config::shared().map_err(Said::broken)?;
    let engine = Engine::new(&settings).map_err(Said::broken)?;
    // Several of wasmtime's advisories are plain panics of its compiler.
    let compiled = catch_unwind(AssertUnwindSafe(|| engine.precompile_component(&component)))
        .map_err(|_| Said { code: PANICKED, reason: String::new() })?
        .map_err(|error| Said { code: REFUSED, reason: format!("{error:#}") })?;
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(&compiled).and_then(|()| stdout.flush()).map_err(Said::broken)
}

fn limit(resource: Resource, to: u64) -> Result<(), Said> {
    set(resource, to, to)
}

fn set(resource: Resource, current: u64, maximum: u64) -> Result<(), Said> {
    setrlimit(resource, Rlimit { current: Some(current), maximum: Some(maximum) }).map_err(Said::broken)
}
