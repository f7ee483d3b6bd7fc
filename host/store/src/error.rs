//! What the database can answer instead of a row.

use patchbay_model::{Code, Failure, Fault};

/// Why an operation did not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It does not exist for this caller.
    #[error("not found")]
    NotFound,
    /// It does not fit what is there; names what.
    #[error("conflict: {0}")]
    Conflict(&'static str),
    /// What it was judged with does not hold any more; names what. To judge again may do.
    #[error("judged with something else: {0}")]
    Outdated(&'static str),
    /// What a list was to go on after is no place in it.
    #[error("not a place in this list")]
    NoPlace,
    /// What was changed at this place of the feed is partly forgotten.
    #[error("older than what the feed keeps")]
    Gone,
    /// The tenant has no room for it.
    #[error("the files of the tenant take up too much room")]
    Full,
    /// The lease or epoch it was done under is over; nothing was written.
    #[error("stale epoch")]
    Stale,
    /// A row holds what it cannot hold.
    #[error("inconsistent: {table}.{column} of {row}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's id, as far as it could be read.
        row: String,
    },
    /// The database did not take it, for the operator.
    #[error("database: {0}")]
    Unavailable(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::RowNotFound => Self::NotFound,
            sqlx::Error::Database(answer) if answer.is_unique_violation() => Self::Conflict("exists already"),
            sqlx::Error::Database(answer) if answer.is_foreign_key_violation() => Self::NotFound,
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::NotFound => Self::new(Code::NotFound),
            StoreError::Conflict(what) | StoreError::Outdated(what) => Self::new(Code::Conflict).operator(what),
            StoreError::NoPlace => {
                Self::because(Code::ParameterInvalid, "after is not the `next` of a page of this list.")
            }
            StoreError::Gone => Self::new(Code::FeedTooOld),
            StoreError::Full => Self::new(Code::BlobQuota),
            StoreError::Stale => Self::new(Code::LeaseLost),
            StoreError::Inconsistent { .. } => Self::new(Code::Internal).operator(&error),
            StoreError::Unavailable(text) => Self::new(Code::StorageFailed).operator(text),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::StaleEpoch,
            other => Self::Storage(other.to_string()),
        }
    }
}

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The SQLite library can corrupt a WAL database (fixed in 3.51.3).
    #[error("SQLite {found} is older than 3.51.3")]
    TooOld {
        /// Its version.
        found: String,
    },
    /// The server is older than what Patchbay is tested with.
    #[error("PostgreSQL {found} is older than 14")]
    ServerTooOld {
        /// Its version, as `server_version_num`.
        found: i64,
    },
    /// The tables could not be brought up to date, or a newer Patchbay made them.
    #[error("migration: {0}")]
    Migrate(String),
    /// The file could not be opened.
    #[error("{0}")]
    Unavailable(String),
}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<OpenError> for Fault {
    fn from(error: OpenError) -> Self {
        let code = match error {
            OpenError::TooOld { .. } | OpenError::ServerTooOld { .. } => Code::DatabaseTooOld,
            OpenError::Migrate(_) | OpenError::Unavailable(_) => Code::StorageFailed,
        };
        Self::new(code).operator(error)
    }
}
