//! A database of its own on a PostgreSQL server of the tests.

use patchbay_test_support::{
    Result,
    postgres::{Server, url_or_skip},
};

/// An empty database; removed with this value, which has to outlive the hosts that use it.
pub struct ServerDatabase {
    server: Server,
    name: String,
}

impl ServerDatabase {
    /// On the server of the suites. None where there is no server, and nobody says that there has to be.
    ///
    /// # Errors
    ///
    /// PostgreSQL's own text.
    pub fn make_or_skip() -> Result<Option<Self>> {
        url_or_skip().map(|url| Self::on(&Server::of(&url)?)).transpose()
    }

    /// On this server.
    ///
    /// # Errors
    ///
    /// PostgreSQL's own text.
    pub fn on(server: &Server) -> Result<Self> {
        Ok(Self { name: server.create_database(None)?, server: server.clone() })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// Its address for somebody whose sessions shall be told apart from others ([`crate::Witness`]).
    #[must_use]
    pub fn url_of(&self, who: &str) -> String {
        format!("{}?application_name={who}", self.url())
    }

    /// Runs SQL; a line for each row, columns divided by `|`.
    ///
    /// # Errors
    ///
    /// PostgreSQL's own text.
    pub fn sql(&self, sql: &str) -> Result<String> {
        self.server.psql(&self.name, sql)
    }

    /// Ends all sessions of it; how many.
    ///
    /// # Errors
    ///
    /// PostgreSQL's own text.
    pub fn terminate_sessions(&self) -> Result<u64> {
        self.server.terminate_sessions_of(&self.name)
    }
}

impl Drop for ServerDatabase {
    fn drop(&mut self) {
        // A server that is gone has taken it along.
        drop(self.server.drop_database(&self.name));
    }
}
