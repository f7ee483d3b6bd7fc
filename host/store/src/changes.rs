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
    /// At most so many.
    pub limit: u32,
}

impl Row for Change {
    const TABLE: &'static str = "records";
    const FROM: &'static str = "records e";
    const COLUMNS: &'static str = "e.seq, s.connection, s.account, s.stream, e.key, e.updated_at, e.content";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        let place: i64 = r.next("seq")?;
        Ok(Self {
            seq: u64::try_from(place & ((1 << SEQ_BITS) - 1)).unwrap_or(0),
            connection: r.next("connection")?,
            account: r.next("account")?,
            stream: r.next("stream")?,
            key: r.next("key")?,
            at: r.next("updated_at")?,
            content: r.next("content")?,
        })
    }
}

impl Store {
    /// Changes of a tenant in the order of their sequences.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a tenant that does not exist.
    pub async fn feed(&self, tenant: &TenantId, filter: &FeedFilter) -> Result<Vec<Change>, StoreError> {
        let no = sqlx::query_scalar::<_, i64>("SELECT no FROM tenants WHERE id = $1");
        let no = no.bind(tenant.as_str()).fetch_optional(self.read()).await?.ok_or(StoreError::NotFound)?;
        let base = no << SEQ_BITS;
        let after = i64::try_from(filter.after).unwrap_or(i64::MAX).min((1 << SEQ_BITS) - 1);
        let statement = sqlx::query(
            "SELECT e.seq, s.connection, s.account, s.stream, e.key, e.updated_at, e.content \
             FROM records e CROSS JOIN syncs s ON s.no = e.sync_no \
             WHERE e.seq > $1 AND e.seq < $2 AND ($3 IS NULL OR s.connection = $3) AND ($4 IS NULL OR s.stream = $4) \
             ORDER BY e.seq LIMIT $5",
        )
        .bind(base + after)
        .bind(base + (1 << SEQ_BITS))
        .bind(filter.connection.as_ref().map(ConnectionId::as_str))
        .bind(filter.stream.as_deref())
        .bind(one_more(filter.limit) - 1);
        many(self.read(), statement).await
    }
}
