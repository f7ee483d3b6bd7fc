//! Other programs, run from the root of the tree; each is printed before it runs.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Why a verb did not do what it should: a sentence for the person.
pub(crate) type Result<T> = std::result::Result<T, String>;

/// The root of the tree that this program was built from.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

/// The folder that holds what is built.
pub(crate) fn target() -> PathBuf {
    // This program runs out of it: target/debug/patchbay-xtask.
    let program = std::env::current_exe().ok();
    let profile = program.as_deref().and_then(Path::parent);
    profile.and_then(Path::parent).map_or_else(|| root().join("target"), Path::to_path_buf)
}

/// A command under construction.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    program: String,
    args: Vec<OsString>,
    env: Vec<(String, OsString)>,
}

impl Run {
    /// `cargo` with these arguments.
    pub(crate) fn cargo(args: &[&str]) -> Self {
        Self::program("cargo", args)
    }

    /// Any program.
    pub(crate) fn program(program: &str, args: &[&str]) -> Self {
        Self { program: program.to_owned(), args: args.iter().map(OsString::from).collect(), env: Vec::new() }
    }

    /// One more argument.
    pub(crate) fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// One more variable.
    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Runs it in sight of the person.
    pub(crate) fn status(&self) -> Result<()> {
        let status = self.command().status().map_err(|error| self.absent(&error))?;
        if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}", self.line())) }
    }

    /// Runs it and takes what it prints on standard output; standard error stays in sight.
    pub(crate) fn output(&self) -> Result<String> {
        let output = self.command().stderr(Stdio::inherit()).output().map_err(|error| self.absent(&error))?;
        if !output.status.success() {
            return Err(format!("`{}` ended with {}", self.line(), output.status));
        }
        String::from_utf8(output.stdout).map_err(|_| format!("`{}` printed what is not text", self.line()))
    }

    /// What it prints on standard output, however it ends; standard error stays in sight.
    pub(crate) fn answer(&self) -> Result<String> {
        let output = self.command().stderr(Stdio::inherit()).output().map_err(|error| self.absent(&error))?;
        String::from_utf8(output.stdout).map_err(|_| format!("`{}` printed what is not text", self.line()))
    }

    /// Whether it runs at all and succeeds, without a sound.
    pub(crate) fn succeeds(&self) -> bool {
        let mut command = self.prepared();
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    fn command(&self) -> Command {
        eprintln!("\x1b[2m$ {}\x1b[0m", self.line());
        self.prepared()
    }

    fn prepared(&self) -> Command {
        let mut command = Command::new(&self.program);
        // Cargo runs us, and tells about us in variables that build scripts watch: handed on, they would
        // make every second build compile half of TLS again.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        command.args(&self.args).current_dir(root()).envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    fn line(&self) -> String {
        let args: Vec<String> = self.args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
        let env: Vec<String> =
            self.env.iter().map(|(name, value)| format!("{name}={} ", value.to_string_lossy())).collect();
        format!("{}{} {}", env.concat(), self.program, args.join(" "))
    }

    fn absent(&self, error: &std::io::Error) -> String {
        format!("`{}` could not be started: {error}", self.line())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_where_the_workspace_is() {
        let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("a manifest");
        assert!(manifest.contains("[workspace]"));
    }

    #[test]
    fn a_command_that_fails_is_named() {
        let error = Run::program("false", &[]).status().expect_err("it fails");
        assert!(error.starts_with("`false `"), "{error}");
        assert!(Run::program("no-such-program", &[]).output().is_err());
        assert!(!Run::program("no-such-program", &[]).succeeds());
    }
}
