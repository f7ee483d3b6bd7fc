//! From rows to types: columns are read in the order in which they are selected, and a value that
//! cannot be one names its table, column and row.

use std::time::Duration;

use patchbay_model::{
    AccountId, AuditId, BlobId, BrowserSessionId, ClientId, Code, ConnectionId, ConnectionState, EventId, KeyId,
    PushId, PushResult, PushState, ReleaseId, ReleaseState, ReturnId, RunId, RunState, SessionId, SyncId, TenantId,
    Timestamp, WebhookId,
};
use sqlx::{
    Any, AssertSqlSafe, Executor, Row as _, ValueRef as _,
    any::{AnyArguments, AnyRow},
    query::Query,
};

use crate::StoreError;

/// One page of a list, and where the next one starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// In the order asked for.
    pub items: Vec<T>,
    /// Opaque; pass it as `after`. None at the end.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Cuts what was read with `limit + 1` down to a page.
    pub(crate) fn cut(mut items: Vec<T>, limit: u32, place: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(place) } else { None };
        Self { items, next }
    }
}

/// The largest page of a list.
const LIST_LIMIT: u32 = 1_000;

/// What to ask for so that a page of `limit` knows whether there is more.
pub(crate) fn one_more(limit: u32) -> i64 {
    i64::from(limit.min(LIST_LIMIT)) + 1
}

/// A type that is read from columns of one table.
pub(crate) trait Row: Sized {
    /// The table, for messages.
    const TABLE: &'static str;
    /// The table with the alias that [`Row::COLUMNS`] uses.
    const FROM: &'static str;
    /// What to select, comma separated, in the order of [`Row::read`].
    const COLUMNS: &'static str;

    /// Reads one row.
    fn read(reader: &mut Reader<'_>) -> Result<Self, StoreError>;
}

/// `SELECT` of everything that `T` needs; `rest` is a literal, so no value can get into the statement.
pub(crate) fn select<T: Row>(rest: &'static str) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!("SELECT {} FROM {} {rest}", T::COLUMNS, T::FROM))
}

/// A statement with its arguments.
pub(crate) type Statement<'q> = Query<'q, Any, AnyArguments>;

/// The row, or [`StoreError::NotFound`].
pub(crate) async fn one<T: Row>(
    on: impl Executor<'_, Database = Any>,
    statement: Statement<'_>,
) -> Result<T, StoreError> {
    maybe(on, statement).await?.ok_or(StoreError::NotFound)
}

/// The row, if there is one.
pub(crate) async fn maybe<T: Row>(
    on: impl Executor<'_, Database = Any>,
    statement: Statement<'_>,
) -> Result<Option<T>, StoreError> {
    statement.fetch_optional(on).await?.map(|row| T::read(&mut Reader::of(&row, T::TABLE))).transpose()
}

/// All rows.
pub(crate) async fn many<T: Row>(
    on: impl Executor<'_, Database = Any>,
    statement: Statement<'_>,
) -> Result<Vec<T>, StoreError> {
    let rows = statement.fetch_all(on).await?;
    rows.iter().map(|row| T::read(&mut Reader::of(row, T::TABLE))).collect()
}

/// Reads the columns of a row from left to right.
pub(crate) struct Reader<'r> {
    row: &'r AnyRow,
    table: &'static str,
    at: usize,
    start: usize,
}

impl<'r> Reader<'r> {
    /// From the first column.
    pub(crate) fn of(row: &'r AnyRow, table: &'static str) -> Self {
        Self { row, table, at: 0, start: 0 }
    }

    /// The next column.
    pub(crate) fn next<T: Field>(&mut self, column: &'static str) -> Result<T, StoreError> {
        let at = self.at;
        self.at += 1;
        T::field(self.row, at).ok_or_else(|| StoreError::Inconsistent {
            table: self.table,
            column,
            row: self.row.try_get_unchecked::<String, _>(self.start).unwrap_or_default(),
        })
    }

    /// The next columns as a row of another table.
    pub(crate) fn join<T: Row>(&mut self) -> Result<T, StoreError> {
        let outer = (self.table, self.start);
        (self.table, self.start) = (T::TABLE, self.at);
        let read = T::read(self);
        (self.table, self.start) = outer;
        read
    }

    /// The same, where an outer join may have found nothing (the first column is null then).
    pub(crate) fn outer_join<T: Row>(&mut self) -> Result<Option<T>, StoreError> {
        match self.row.try_get_raw(self.at) {
            Ok(value) if value.is_null() => {
                self.at += T::COLUMNS.split(',').count();
                Ok(None)
            }
            _ => self.join().map(Some),
        }
    }
}

/// A type that fits into one column.
pub(crate) trait Field: Sized {
    /// The value, or none when the column does not hold one.
    fn field(row: &AnyRow, at: usize) -> Option<Self>;
}

impl<T: Field> Field for Option<T> {
    fn field(row: &AnyRow, at: usize) -> Option<Self> {
        if row.try_get_raw(at).ok()?.is_null() { Some(None) } else { T::field(row, at).map(Some) }
    }
}

macro_rules! native {
    ($($name:ty),*) => {$(
        impl Field for $name {
            fn field(row: &AnyRow, at: usize) -> Option<Self> {
                row.try_get(at).ok()
            }
        }
    )*};
}
native!(String, i64, Vec<u8>);

/// SQLite has no such type: what is compared there is a number.
impl Field for bool {
    fn field(row: &AnyRow, at: usize) -> Option<Self> {
        row.try_get::<Self, _>(at).ok().or_else(|| i64::field(row, at).map(|number| number != 0))
    }
}

macro_rules! unsigned {
    ($($name:ty),*) => {$(
        impl Field for $name {
            fn field(row: &AnyRow, at: usize) -> Option<Self> {
                Self::try_from(i64::field(row, at)?).ok()
            }
        }
    )*};
}
unsigned!(u16, u32, u64);

macro_rules! parsed {
    ($($name:ty),*) => {$(
        impl Field for $name {
            fn field(row: &AnyRow, at: usize) -> Option<Self> {
                Self::try_from(String::field(row, at)?).ok()
            }
        }
    )*};
}
parsed!(
    TenantId,
    KeyId,
    ConnectionId,
    AccountId,
    BlobId,
    SessionId,
    BrowserSessionId,
    SyncId,
    RunId,
    PushId,
    ClientId,
    ReleaseId,
    ReturnId,
    AuditId,
    EventId,
    WebhookId
);

/// For the closed lists of words.
macro_rules! words {
    ($($name:ty),*) => {$(
        impl $crate::row::Field for $name {
            fn field(row: &sqlx::any::AnyRow, at: usize) -> Option<Self> {
                Self::from_word(&<String as $crate::row::Field>::field(row, at)?)
            }
        }
    )*};
}
pub(crate) use words;
words!(ConnectionState, PushResult, PushState, ReleaseState, RunState);

impl Field for Code {
    fn field(row: &AnyRow, at: usize) -> Option<Self> {
        Self::from_id(&String::field(row, at)?)
    }
}

impl Field for Timestamp {
    fn field(row: &AnyRow, at: usize) -> Option<Self> {
        i64::field(row, at).map(Self::from_micros)
    }
}

impl Field for Duration {
    fn field(row: &AnyRow, at: usize) -> Option<Self> {
        u64::field(row, at).map(Self::from_micros)
    }
}

impl Field for [u8; 32] {
    fn field(row: &AnyRow, at: usize) -> Option<Self> {
        Vec::<u8>::field(row, at)?.try_into().ok()
    }
}

/// A length of time as the tables hold it.
pub(crate) fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// A count as the tables hold it.
pub(crate) fn int(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A list or map as JSON text.
pub(crate) fn json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Unavailable(error.to_string()))
}
