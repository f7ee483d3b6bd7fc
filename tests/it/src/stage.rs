//! Journeys of people in a real browser: a host and its providers here, a person in Chromium in `tests/web`, where each
//! journey is a file of its own (`tests/web/journeys`).

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    time::Duration,
};

use patchbay_test_support::{Result, Trouble, chromium, npm, packaged::target_dir, wait_until};
use serde_json::{Value, json};

use crate::{Rig, RigSetup};

/// The folder of the journeys.
const FOLDER: &str = "tests/web";
/// Where pictures of pages are kept, in the target folder.
const SHOTS: &str = "web-shots";
/// How long a journey may take to end once its output has.
const ENDING: Duration = Duration::from_secs(20);

/// A host with its providers, and a browser to look at it with.
pub struct Stage {
    /// The host.
    pub rig: Rig,
    folder: PathBuf,
    chromium: PathBuf,
}

impl Stage {
    /// Starts everything; none where this machine has no Chromium and nobody requires it, which is printed.
    ///
    /// # Errors
    ///
    /// Something did not start.
    pub fn start(setup: RigSetup) -> Result<Option<Self>> {
        let Some(chromium) = chromium::program_or_skip() else { return Ok(None) };
        let folder = npm::install(FOLDER)?;
        Ok(Some(Self { rig: setup.start()?, folder, chromium }))
    }

    /// Plays a journey to its end; `more` is what its world has besides the host's address and the operator's key.
    ///
    /// # Errors
    ///
    /// What the journey promises does not hold; the text is what it said.
    pub fn play(&self, name: &str, more: &Value) -> Result<()> {
        self.play_with(name, more, |wish| Err(Trouble::new(format!("nobody expects {wish}"))))
    }

    /// The same, where the journey has this test do what it cannot do itself: `does` gets what it asked for.
    ///
    /// # Errors
    ///
    /// As [`Stage::play`].
    pub fn play_with(&self, name: &str, more: &Value, mut does: impl FnMut(&Value) -> Result<Value>) -> Result<()> {
        let mut world = json!({
            "base": self.rig.host.base(),
            "operator_key": self.rig.host.operator_key()?,
            "chromium": self.chromium,
            "shots": target_dir()?.join(SHOTS),
        });
        if let (Some(world), Some(more)) = (world.as_object_mut(), more.as_object()) {
            world.extend(more.clone());
        }
        let mut player = Player::start(&self.folder, name)?;
        player.tell(&world)?;
        let mut said = String::new();
        while let Some(line) = player.line()? {
            if let Some(wish) = line.strip_prefix("? ") {
                let done = match does(&serde_json::from_str(wish)?) {
                    Ok(done) => json!({ "done": done }),
                    Err(why) => json!({ "error": why.to_string() }),
                };
                player.tell(&done)?;
            } else {
                // What is measured is for the person who reads the tests' output.
                println!("{name}: {line}");
                said.push_str(&line);
                said.push('\n');
            }
        }
        let status = player.end()?;
        if status.success() { Ok(()) } else { Err(Trouble::new(format!("{name} ({status}):\n{said}"))) }
    }
}

/// The program that plays a journey; it ends its browser with itself.
struct Player {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Player {
    fn start(folder: &Path, name: &str) -> Result<Self> {
        let mut command = Command::new("node");
        command.args(["run.mjs", name]).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| Trouble::new(format!("node does not start: {error}")))?;
        let output = child.stdout.take().map(BufReader::new).ok_or_else(|| Trouble::new("node says nothing"))?;
        let input = child.stdin.take();
        Ok(Self { child, input, output })
    }

    /// Says one line.
    fn tell(&mut self, value: &Value) -> Result<()> {
        let input = self.input.as_mut().ok_or_else(|| Trouble::new("node does not listen"))?;
        writeln!(input, "{value}")?;
        Ok(())
    }

    /// The next line that it says.
    fn line(&mut self) -> Result<Option<String>> {
        let mut line = String::new();
        let read = self.output.read_line(&mut line)?;
        Ok((read > 0).then(|| line.trim_end().to_owned()))
    }

    fn end(&mut self) -> Result<ExitStatus> {
        let child = &mut self.child;
        wait_until("the journey's end", ENDING, || Ok(child.try_wait()?))
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        // It ends its browser when it is told to stop, or when it hears nobody any more.
        self.input = None;
        if matches!(self.child.try_wait(), Ok(None)) {
            let child = &mut self.child;
            if wait_until("the journey's end", ENDING, || Ok(child.try_wait()?)).is_err() {
                drop(child.kill());
                drop(child.wait());
            }
        }
    }
}
