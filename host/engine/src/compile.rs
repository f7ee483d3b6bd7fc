//! The host's side of compiling: a child process, and patience with an end.
//!
//! Compiling hostile bytes is outside wasmtime's promise. The child has no environment, its component on
//! stdin, its answer on stdout, its reason on stderr, and limits that it sets on itself (`worker`). Here
//! are the limits that it cannot set: wall time, and how much of its answer is read.

use std::{ffi::OsString, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
    sync::Semaphore,
};

use crate::{LoadError, artefact::Artefact};

/// A component below this compiles within [`SHORT`], any other within [`LONG`].
const SMALL: usize = 1024 * 1024;
const SHORT: Duration = Duration::from_secs(20);
const LONG: Duration = Duration::from_secs(120);
/// Compiled code is three to four times its component; a bomb is more.
const GROWTH: usize = 24;
const ARTEFACT_FLOOR: usize = 16 * 1024 * 1024;
/// What is read of the child's reason.
const REASON_BYTES: usize = 16 * 1024;
/// Children at a time, each with up to 2 GiB.
const CHILDREN: usize = 2;

/// How long compiling a component of `size` bytes may take: seconds of CPU in the child, of wall time here.
pub(crate) fn time_limit(size: usize) -> Duration {
    if size < SMALL { SHORT } else { LONG }
}

/// Starts compile children.
pub(crate) struct Compiler {
    command: Vec<OsString>,
    places: Semaphore,
}

impl Compiler {
    pub(crate) fn new(command: Vec<OsString>) -> Self {
        Self { command, places: Semaphore::new(CHILDREN) }
    }

    /// Compiles in a child. A caller that goes away takes its child with it.
    pub(crate) async fn compile(&self, component: &[u8]) -> Result<Artefact, LoadError> {
        let _place = self.places.acquire().await.map_err(|closed| LoadError::Child(closed.to_string()))?;
        let mut child = self.spawn()?;
        let limit = time_limit(component.len());
        let answer = tokio::time::timeout(limit, converse(&mut child, component)).await;
        let Ok(answer) = answer else {
            // The caller gets its answer either way; the runtime reaps a child that takes its time to die.
            let _ = child.kill().await;
            return Err(LoadError::cpu_time(limit));
        };
        answer?.judge(component.len())
    }

    fn spawn(&self) -> Result<Child, LoadError> {
        let (program, arguments) =
            self.command.split_first().ok_or_else(|| LoadError::Child("no program is named".to_owned()))?;
        Command::new(program)
            .args(arguments)
            .env_clear()
            // Cranelift takes as many threads as there are processors, each with an arena of its own.
            .env("RAYON_NUM_THREADS", "2")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| LoadError::Child(error.to_string()))
    }
}

/// What a child said before it ended.
struct Answer {
    status: std::process::ExitStatus,
    artefact: Vec<u8>,
    reason: Vec<u8>,
}

async fn converse(child: &mut Child, component: &[u8]) -> Result<Answer, LoadError> {
    let failed = |error: std::io::Error| LoadError::Child(error.to_string());
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(mut stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
        return Err(LoadError::Child("a pipe is missing".to_owned()));
    };
    let feed = async move {
        // A child that refuses early closes its end; its reason says more than the broken pipe does.
        let _ = stdin.write_all(component).await;
        drop(stdin);
    };
    let bound = component.len().saturating_mul(GROWTH).max(ARTEFACT_FLOOR);
    let ((), artefact, reason) = tokio::join!(feed, read_bounded(stdout, bound), read_bounded(stderr, REASON_BYTES));
    let (artefact, reason) = (artefact.map_err(failed)?, reason.map_err(failed)?);
    if artefact.len() > bound {
        return Err(LoadError::CompileLimit(format!("its code is larger than {bound} bytes")));
    }
    Ok(Answer { status: child.wait().await.map_err(failed)?, artefact, reason })
}

/// At most one byte more than `bound`; the rest stays in the pipe, whose closing ends the child.
async fn read_bounded(from: impl AsyncRead + Unpin, bound: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(bound).unwrap_or(u64::MAX).saturating_add(1);
    from.take(most).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

impl Answer {
    fn judge(self, size: usize) -> Result<Artefact, LoadError> {
        use std::os::unix::process::ExitStatusExt as _;
        if self.status.success() {
            return if self.artefact.is_empty() {
                Err(LoadError::Child("it ended well and wrote nothing".to_owned()))
            } else {
                Ok(Artefact::of_child(self.artefact))
            };
        }
        let text = String::from_utf8_lossy(&self.reason);
        let reason = crate::log::one_line(text.trim(), 2_000);
        match self.status.signal().and_then(rustix::process::Signal::from_named_raw) {
            Some(rustix::process::Signal::XCPU) => Err(LoadError::cpu_time(time_limit(size))),
            Some(signal) => {
                // What an allocation that failed says, without the hints for whoever writes such programs.
                let said = crate::log::one_line(text.trim().lines().next().unwrap_or_default(), 2_000);
                Err(LoadError::CompileLimit(format!("the child died of signal {signal:?} {said}")))
            }
            None if self.status.code() == Some(i32::from(crate::worker::REFUSED)) => Err(LoadError::Compile(reason)),
            None if self.status.code() == Some(i32::from(crate::worker::PANICKED)) => {
                Err(LoadError::CompileLimit(format!("the compiler panicked {reason}")))
            }
            None => Err(LoadError::Child(format!("it ended with {} {reason}", self.status))),
        }
    }
}
