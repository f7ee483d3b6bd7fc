//! Who runs PostgreSQL: it refuses root, so that root starts it as somebody else.

use std::{fs, io, os::unix::process::CommandExt, path::Path, process::Command};

use rustix::process::geteuid;

use crate::{Result, Trouble};

const ACCOUNTS: &str = "/etc/passwd";
/// The package brings the first; every system has the second.
const PREFERRED: [&str; 2] = ["postgres", "nobody"];

/// Whom a server's programs run as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Account {
    /// Whoever runs this.
    Same,
    /// Somebody without rights, because this runs as root.
    Other { user: u32, group: u32 },
}

impl Account {
    /// The account for this process's servers.
    pub(super) fn choose() -> Result<Self> {
        if !geteuid().is_root() {
            return Ok(Self::Same);
        }
        let accounts = fs::read_to_string(ACCOUNTS)?;
        let found = PREFERRED.iter().find_map(|name| named(&accounts, name));
        let found = found
            .ok_or_else(|| Trouble::new(format!("PostgreSQL refuses root: {ACCOUNTS} has none of {PREFERRED:?}")))?;
        Ok(Self::Other { user: found.0, group: found.1 })
    }

    /// Lets this account run the command; the groups of root go, too.
    pub(super) fn run(self, command: &mut Command) {
        if let Self::Other { user, group } = self {
            command.uid(user).gid(group);
        }
    }

    /// Why a program was not started: most likely, this account may not look into its folder.
    pub(super) fn refused(self, command: &Command, error: &io::Error) -> Trouble {
        let who = match self {
            Self::Same => String::new(),
            Self::Other { user, .. } => format!(" as user {user}"),
        };
        let folder = command.get_current_dir().unwrap_or(Path::new("")).display();
        Trouble::new(format!("{} was not started{who} in {folder}: {error}", command.get_program().display()))
    }

    /// Gives a file or folder to this account.
    pub(super) fn own(self, path: &Path) -> Result<()> {
        match self {
            Self::Same => Ok(()),
            Self::Other { user, group } => Ok(std::os::unix::fs::chown(path, Some(user), Some(group))?),
        }
    }
}

/// User and group of an account; never root's.
fn named(accounts: &str, name: &str) -> Option<(u32, u32)> {
    let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut numbers = line.split(':').skip(2).map(str::parse::<u32>);
    let (user, group) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    (user != 0).then_some((user, group))
}

#[cfg(test)]
mod promises {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name_and_is_never_root() {
        let accounts =
            "root:x:0:0::/root:/bin/sh\npostgres2:x:7:8::/:/bin/sh\npostgres:x:101:104:a,,,:/var:/bin/sh\nodd:x\n";
        assert_eq!(named(accounts, "postgres"), Some((101, 104)));
        for name in ["root", "odd", "nobody", ""] {
            assert_eq!(named(accounts, name), None, "{name}");
        }
    }
}
