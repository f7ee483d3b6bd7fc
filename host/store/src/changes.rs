//! The feed of a tenant: every record at the place of its last change.
//!
//! Whoever follows it gets each record at its newest state at least once, and each deletion; of a
//! record that changed twice between two reads only the later state. Nothing below a sequence that
//! was answered can still appear, because sequences follow the order of commits.

use patchbay_model::{ConnectionId, TenantId, Timestamp};

use crate::{
    Store, StoreError,
    commit::SEQ_BITS,
    row::{Reader, Row, many, one_more},
};

/// What a change did to its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// It was not there.
    Create,
    /// It has another content.
    Update,
    /// It is gone.
    Delete,
}

impl Operation {
    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its sequence; pass the last one as `after`.
    pub seq: u64,
    /// The connection.
    pub connection: ConnectionId,
    /// The account's provider id; empty for a stream per connection.
    pub account: String,
    /// The stream.
    pub stream: String,
    /// The record's key.
    pub key: String,
    /// What was done to it last; who follows the feed may not have seen what was before.
    pub operation: Operation,
    /// When it was stored.
    pub at: Timestamp,
    /// The record, JSON; none when it was deleted.
    pub content: Option<String>,
}

/// Which changes.
#[derive(Debug, Clone, Default)]
pub struct FeedFilter {
    /// Of this connection.
    pub connection: Option<ConnectionId>,
    /// Of this stream.
    pub stream: Option<String>,
    /// Behind this sequence; 0 for the beginning.
    pub after: u64,
    /// The tenant's last sequence when this reading began at 0, where it did: deletions up to there are of records
    /// that the reader never had.
    pub began: u64,
    /// At most so many.
    pub limit: u32,
}

impl Row for Change {
    const TABLE: &'static str = "records";
    const FROM: &'static str = "records e";
    const COLUMNS: &'static str =
        "e.seq, s.connection, s.account, s.stream, e.key, e.revision, e.updated_at, e.content";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        let place: i64 = r.next("seq")?;
        let (connection, account, stream) = (r.next("connection")?, r.next("account")?, r.next("stream")?);
        let (key, revision, at) = (r.next("key")?, r.next::<i64>("revision")?, r.next("updated_at")?);
        let content: Option<String> = r.next("content")?;
        let operation = match (&content, revision) {
            (None, _) => Operation::Delete,
            (Some(_), 1) => Operation::Create,
            (Some(_), _) => Operation::Update,
        };
        let seq = u64::try_from(place & ((1 << SEQ_BITS) - 1)).unwrap_or(0);
        Ok(Self { seq, connection, account, stream, key, operation, at, content })
    }
}

impl Store {
    /// Changes of a tenant in the order of their sequences.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a tenant that does not exist; [`StoreError::Gone`] when deletions behind `after`
    /// were forgotten for their age: whoever followed the feed from there begins again at 0.
    pub async fn feed(&self, tenant: &TenantId, filter: &FeedFilter) -> Result<Vec<Change>, StoreError> {
        let after = i64::try_from(filter.after).unwrap_or(i64::MAX).min((1 << SEQ_BITS) - 1);
        let known = after.max(i64::try_from(filter.began).unwrap_or(i64::MAX));
        let base = self.feed_base(tenant, known).await?;
        // What is to be buried is not shown any more; its deletion is told when it is.
        let statement = sqlx::query(
            "SELECT e.seq, s.connection, s.account, s.stream, e.key, e.revision, e.updated_at, e.content \
             FROM records e CROSS JOIN syncs s \
             WHERE s.no = e.sync_no AND e.seq > $1 AND e.seq < $2 AND ($3 IS NULL OR s.connection = $3) AND ($4 IS NULL OR s.stream = $4) \
             AND (s.bury IS NULL OR e.content IS NULL) AND (s.unseen IS NULL OR e.key <= s.unseen) ORDER BY e.seq LIMIT $5",
        )
        .bind(base + after)
        .bind(base + (1 << SEQ_BITS))
        .bind(filter.connection.as_ref().map(ConnectionId::as_str))
        .bind(filter.stream.as_deref())
        .bind(one_more(filter.limit) - 1);
        let changes = many(self.read(), statement).await?;
        // Deletions may have been forgotten between the two statements.
        self.feed_base(tenant, known).await?;
        Ok(changes)
    }

    /// The last sequence that a tenant's feed has given.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a tenant that does not exist.
    pub async fn feed_end(&self, tenant: &TenantId) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT seq FROM tenants WHERE id = $1").bind(tenant.as_str());
        let row = row.fetch_optional(self.read()).await?.ok_or(StoreError::NotFound)?;
        Reader::of(&row, "tenants").next("seq")
    }

    /// Where the feed of a tenant begins in the table, if nothing behind `after` was forgotten.
    async fn feed_base(&self, tenant: &TenantId, after: i64) -> Result<i64, StoreError> {
        let row = sqlx::query("SELECT no, seq_floor FROM tenants WHERE id = $1").bind(tenant.as_str());
        let row = row.fetch_optional(self.read()).await?.ok_or(StoreError::NotFound)?;
        let mut r = Reader::of(&row, "tenants");
        let (no, floor): (i64, i64) = (r.next("no")?, r.next("seq_floor")?);
        if after > 0 && after < floor { Err(StoreError::Gone) } else { Ok(no << SEQ_BITS) }
    }
}
