//! The two databases, and the few statements that cannot be the same on both.
//!
//! Almost every statement is written in what both understand: `$1` parameters, `ON CONFLICT`, `RETURNING`, numbers
//! for time, text for JSON, a truth as `enabled` and never compared with a number. `json_each` of a list and `instr` exist
//! on PostgreSQL, too: its migration makes them. What is left is written twice, side by side, through
//! [`Dialect::pick`]. The suite of this room runs on both.

use sqlx::AnyConnection;

/// Which database a connection speaks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// One file, one writer.
    Sqlite,
    /// A server, several nodes.
    Postgres,
}

impl Dialect {
    /// Of this connection.
    pub(crate) fn of(connection: &AnyConnection) -> Self {
        if connection.backend_name() == "SQLite" { Self::Sqlite } else { Self::Postgres }
    }

    /// What is right here of a statement in both spellings.
    pub(crate) fn pick<T>(self, sqlite: T, postgres: T) -> T {
        match self {
            Self::Sqlite => sqlite,
            Self::Postgres => postgres,
        }
    }
}
