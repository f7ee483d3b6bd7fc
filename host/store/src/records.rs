//! Records as they are now.

use patchbay_model::{ConnectionId, TenantId, Timestamp};

use crate::{
    Page, Store, StoreError,
    row::{Reader, Row, many, maybe, one_more, select},
};

/// A record that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Number of its sync in the table; orders accounts in a list.
    pub(crate) sync_no: i64,
    /// The account's provider id; empty for a stream per connection.
    pub account: String,
    /// The stream.
    pub stream: String,
    /// Its key.
    pub key: String,
    /// Its content, JSON.
    pub content: String,
    /// When it appeared.
    pub first_seen: Timestamp,
    /// When its content last changed.
    pub updated_at: Timestamp,
}

/// Which records of a connection; by account and key.
#[derive(Debug, Clone, Default)]
pub struct RecordFilter {
    /// The stream.
    pub stream: String,
    /// Of this account (provider id).
    pub account: Option<String>,
    /// [`Page::next`] of the page before.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u32,
}

/// How many records of a stream there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamCount {
    /// The account's provider id; empty for a stream per connection.
    pub account: String,
    /// The stream.
    pub stream: String,
    /// How many.
    pub records: u64,
}

impl Row for Record {
    const TABLE: &'static str = "records";
    // The sync decides; the planner must not start at the records.
    const FROM: &'static str = "syncs s CROSS JOIN records e";
    const COLUMNS: &'static str = "s.no, s.account, s.stream, e.key, e.content, e.first_seen, e.updated_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            sync_no: r.next("no")?,
            account: r.next("account")?,
            stream: r.next("stream")?,
            key: r.next("key")?,
            content: r.next("content")?,
            first_seen: r.next("first_seen")?,
            updated_at: r.next("updated_at")?,
        })
    }
}

impl Row for StreamCount {
    const TABLE: &'static str = "syncs";
    const FROM: &'static str = "syncs s";
    const COLUMNS: &'static str = "s.account, s.stream, s.records";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self { account: r.next("account")?, stream: r.next("stream")?, records: r.next("records")? })
    }
}

impl Store {
    /// Records of a stream.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a connection that is not the tenant's; [`StoreError::NoPlace`] for an
    /// `after` that is none.
    pub async fn records(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        filter: &RecordFilter,
    ) -> Result<Page<Record>, StoreError> {
        self.readable(tenant, connection).await?;
        let (no, key) = match filter.after.as_deref() {
            None => (-1, ""),
            Some(after) => {
                let (no, key) = after.split_once('.').ok_or(StoreError::NoPlace)?;
                (no.parse::<i64>().map_err(|_| StoreError::NoPlace)?, key)
            }
        };
        // Where the page before ended is inside one account; the accounts behind it follow whole.
        let rest = "WHERE e.sync_no = s.no AND s.connection = $1 AND s.stream = $2 AND ($3 IS NULL OR s.account = $3) AND s.no >= $4 \
            AND e.key > CASE WHEN s.no = $4 THEN $5 ELSE '' END AND e.content IS NOT NULL AND (s.unseen IS NULL OR e.key <= s.unseen) \
            ORDER BY s.no, e.key LIMIT $6";
        let statement = sqlx::query(select::<Record>(rest))
            .bind(connection.as_str())
            .bind(filter.stream.as_str())
            .bind(filter.account.as_deref())
            .bind(no)
            .bind(key)
            .bind(one_more(filter.limit));
        let items = many(self.read(), statement).await?;
        Ok(Page::cut(items, filter.limit, |record: &Record| format!("{}.{}", record.sync_no, record.key)))
    }

    /// One record.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn record(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        account: &str,
        stream: &str,
        key: &str,
    ) -> Result<Record, StoreError> {
        self.readable(tenant, connection).await?;
        let rest = "WHERE e.sync_no = s.no AND s.connection = $1 AND s.account = $2 AND s.stream = $3 AND e.key = $4 AND e.content IS NOT NULL \
            AND (s.unseen IS NULL OR e.key <= s.unseen)";
        let statement = sqlx::query(select::<Record>(rest)).bind(connection.as_str()).bind(account);
        maybe(self.read(), statement.bind(stream).bind(key)).await?.ok_or(StoreError::NotFound)
    }

    /// How many records each stream of a connection has.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a connection that is not the tenant's.
    pub async fn count_records(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
    ) -> Result<Vec<StreamCount>, StoreError> {
        self.readable(tenant, connection).await?;
        let statement = sqlx::query(select::<StreamCount>("WHERE s.connection = $1 ORDER BY s.stream, s.account"));
        many(self.read(), statement.bind(connection.as_str())).await
    }
}
