//! A running PostgreSQL as tests talk to it: by its own `psql`.

use std::{
    hash::{BuildHasher, RandomState},
    path::PathBuf,
    process::{Command, Stdio},
};

use url::Url;

use super::find;
use crate::{Result, Trouble};

/// The database that every cluster has, for statements about others.
const FIRST: &str = "postgres";

/// A server that somebody runs; ends nothing when it is dropped.
#[derive(Debug, Clone)]
pub struct Server {
    /// Without a database.
    base: Url,
    psql: PathBuf,
}

impl Server {
    /// The server of a URL, whose database does not matter.
    ///
    /// # Errors
    ///
    /// That is no URL, or there is no `psql` on this machine.
    pub fn of(url: &str) -> Result<Self> {
        let found = find()?.ok_or_else(|| Trouble::new("PostgreSQL is not on this machine"))?;
        Self::by(url, found.program("psql"))
    }

    pub(super) fn by(url: &str, psql: PathBuf) -> Result<Self> {
        let mut base = Url::parse(url)?;
        base.set_path("");
        Ok(Self { base, psql })
    }

    /// The URL of a database.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let mut url = self.base.clone();
        url.set_path(database);
        url.to_string()
    }

    /// Runs SQL as the superuser. What it prints: a line for each row, columns divided by `|`, nothing else.
    ///
    /// # Errors
    ///
    /// PostgreSQL's own text.
    pub fn psql(&self, database: &str, sql: &str) -> Result<String> {
        let mut command = Command::new(&self.psql);
        without_settings(&mut command).env("PGCONNECT_TIMEOUT", "10").stdin(Stdio::null());
        // No start-up file, no password prompt, no headings.
        command.args(["-X", "-w", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &self.url(database), "-c", sql]);
        let output = command.output().map_err(|error| Trouble::new(format!("{}: {error}", self.psql.display())))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
        } else {
            Err(Trouble::new(format!("psql: {}", String::from_utf8_lossy(&output.stderr).trim())))
        }
    }

    /// Makes a database with a name that no other has: empty, or a copy of the template, to which nobody may
    /// be connected.
    ///
    /// # Errors
    ///
    /// PostgreSQL's own text.
    pub fn create_database(&self, template: Option<&str>) -> Result<String> {
        let name = format!("test_{:016x}", RandomState::new().hash_one(0));
        let template = template.map(|template| format!(" TEMPLATE {}", quoted(template))).unwrap_or_default();
        self.psql(FIRST, &format!("CREATE DATABASE {}{template}", quoted(&name)))?;
        Ok(name)
    }

    /// Removes a database, and ends who is connected to it. An empty one takes 8 MB of disk, so that a suite of
    /// hundreds of tests removes each.
    ///
    /// # Errors
    ///
    /// PostgreSQL's own text; one that is not there is no error.
    pub fn drop_database(&self, name: &str) -> Result<()> {
        self.psql(FIRST, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(name))).map(drop)
    }

    /// Ends the sessions of one database; how many.
    ///
    /// # Errors
    ///
    /// PostgreSQL's own text.
    pub fn terminate_sessions_of(&self, database: &str) -> Result<u64> {
        self.terminate(&format!("datname = '{}'", database.replace('\'', "''")))
    }

    /// Ends every session of every database; how many. Only on a cluster that is the test's own.
    ///
    /// # Errors
    ///
    /// PostgreSQL's own text.
    pub fn terminate_sessions(&self) -> Result<u64> {
        self.terminate("true")
    }

    fn terminate(&self, whose: &str) -> Result<u64> {
        let sql = format!(
            "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND {whose}"
        );
        Ok(self.psql(FIRST, &sql)?.parse()?)
    }
}

/// As a name in SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Takes away what a person has set for their own server (`PGHOST`, `PGUSER`, …).
pub(super) fn without_settings(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    command.env("LC_ALL", "C")
}

#[cfg(test)]
mod promises {
    use super::*;

    #[test]
    fn a_database_takes_the_place_of_the_one_in_the_url() {
        let server = Server::by("postgres://patchbay@127.0.0.1:5499/postgres", PathBuf::new()).expect("a server");
        assert_eq!(server.url("one"), "postgres://patchbay@127.0.0.1:5499/one");
        assert!(Server::by("nonsense", PathBuf::new()).is_err());
    }

    #[test]
    fn a_name_cannot_end_its_quotes() {
        assert_eq!(quoted("a\"; DROP"), "\"a\"\"; DROP\"");
    }
}
