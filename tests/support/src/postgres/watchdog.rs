//! Sees to it that a cluster ends with its owner, even when the owner is killed and can clean up nothing.
//!
//! A shell holds the reading end of a pipe of which the owner holds the writing end. However the owner ends,
//! the system closes the pipe; the shell then ends the server and removes the folder. It runs in a process
//! group of its own, so that neither ctrl-c nor a test runner that kills a group takes it along.
//!
//! Death signals (`PR_SET_PDEATHSIG`) would not do: they are sent when the *thread* ends that started the
//! child, and the threads of tests end early; and nobody would remove the folder.

use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
};

use super::account::Account;
use crate::Result;

/// The server is ended only if the process of that id works in this folder: an id may have become another's.
/// A server without its folder ends by itself within a minute, which is what systems without /proc rely on.
const SCRIPT: &str = r#"
cat >/dev/null
server=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
ours() { [ -n "$server" ] && [ "$(readlink "/proc/$server/cwd")" = "$1/data" ]; }
if ours "$1"; then
    kill -s QUIT "$server"
    tries=0
    while ours "$1" && [ "$tries" -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
fi
# What is still being written to needs a second try.
for pause in 1 1 5 10; do
    rm -rf "$1" && [ ! -e "$1" ] && exit
    sleep "$pause"
done
"#;

/// Ends with this value, and with what it guards.
pub(super) struct Watchdog {
    shell: Child,
}

impl Watchdog {
    /// Begins to guard a folder that belongs to the account; its path has no links.
    pub(super) fn guard(folder: &Path, account: Account) -> Result<Self> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT, "watchdog"]).arg(folder).current_dir("/").process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        account.run(&mut command);
        Ok(Self { shell: command.spawn().map_err(|error| account.refused(&command, &error))? })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // It has nothing left to do, or does it now.
        drop(self.shell.wait());
    }
}
