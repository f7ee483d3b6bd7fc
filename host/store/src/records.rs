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
    /// Whose key begins so.
    pub key: Option<String>,
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

/// A list from `$7` on, with one more condition. The keys of a sync are read from where the page begins.
macro_rules! list {
    ($more:literal) => {
        concat!(
            "WHERE e.sync_no = s.no AND s.connection = $1 AND s.stream = $2 AND ($3 IS NULL OR s.account = $3) \
             AND s.no >= $4 AND e.key >= CASE WHEN s.no = $4 THEN $5 ELSE $7 END AND NOT (s.no = $4 AND e.key = $5) ",
            $more,
            "AND e.content IS NOT NULL AND (s.unseen IS NULL OR e.key <= s.unseen) ORDER BY s.no, e.key LIMIT $6"
        )
    };
}

/// The first text behind all that begin with this one; none where there is none. Both databases compare UTF-8 byte by byte,
/// which is the order of the characters.
fn behind(start: &str) -> Option<String> {
    let mut end: Vec<char> = start.chars().collect();
    while let Some(last) = end.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            end.push(next);
            return Some(end.into_iter().collect());
        }
    }
    None
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
        let first = filter.key.clone().unwrap_or_default();
        if no >= 0 && *key < *first {
            return Err(StoreError::NoPlace);
        }
        let end = behind(&first);
        // Where the page before ended is inside one account; the accounts behind it follow whole.
        let rest = match end {
            None => list!(""),
            Some(_) => list!("AND e.key < $8 "),
        };
        let statement = sqlx::query(select::<Record>(rest))
            .bind(connection.as_str())
            .bind(filter.stream.as_str())
            .bind(filter.account.as_deref())
            .bind(no)
            .bind(key)
            .bind(one_more(filter.limit))
            .bind(first);
        let statement = match end {
            None => statement,
            Some(end) => statement.bind(end),
        };
        let items = many(self.read(), statement).await?;
        Ok(Page::cut(items, filter.limit, |record: &Record| format!("{}.{}", record.sync_no, record.key)))
    }

    /// How many records a filter takes, on all pages together; none where that is not known without reading them: by
    /// their keys, or while some of them are not shown yet.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn records_total(
        &self,
        connection: &ConnectionId,
        filter: &RecordFilter,
    ) -> Result<Option<u64>, StoreError> {
        if filter.key.as_deref().is_some_and(|key| !key.is_empty()) {
            return Ok(None);
        }
        let statement = sqlx::query(
            "SELECT CASE WHEN count(s.unseen) = 0 THEN CAST(coalesce(sum(s.records), 0) AS BIGINT) END FROM syncs s \
             WHERE s.connection = $1 AND s.stream = $2 AND ($3 IS NULL OR s.account = $3)",
        );
        let statement =
            statement.bind(connection.as_str()).bind(filter.stream.as_str()).bind(filter.account.as_deref());
        Reader::of(&statement.fetch_one(self.read()).await?, "syncs").next("records")
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Step,
        testing::{World, page},
    };

    #[test]
    fn what_begins_with_a_text_ends_before_the_next_text_that_does_not() {
        assert_eq!(behind("ab").as_deref(), Some("ac"));
        assert_eq!(behind("a\u{d7ff}").as_deref(), Some("a\u{e000}"), "no half of a pair is a character");
        assert_eq!(behind("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!((behind("\u{10ffff}"), behind("")), (None, None));
    }

    #[tokio::test]
    async fn records_are_found_by_the_beginning_of_their_keys_page_by_page() {
        let world = World::open().await;
        let (settled, run) = world.running("b1").await;
        let keys = ["INV", "INV-1", "INV-10", "INV-2", "INW", "a%b", "inv-1", "é1", "é2", "\u{10ffff}z"];
        let records: Vec<(&str, u32)> = keys.iter().map(|key| (*key, 1)).collect();
        world.store.commit_page(page(&run, Step::End, &records)).await.expect("stored");
        let id = &settled.connection.id;
        let found = async |start: Option<&str>, limit: u32| {
            let key = start.map(str::to_owned);
            let mut filter = RecordFilter { stream: "invoices".into(), key, limit, ..RecordFilter::default() };
            let mut found = Vec::new();
            loop {
                let page = world.store.records(&world.tenant, id, &filter).await.expect("a page");
                found.extend(page.items.into_iter().map(|record| record.key));
                filter.after = page.next;
                if filter.after.is_none() {
                    return found;
                }
            }
        };
        for limit in [1, 2, 50] {
            assert_eq!(found(None, limit).await.len(), keys.len());
            assert_eq!(found(Some(""), limit).await.len(), keys.len());
            assert_eq!(found(Some("INV"), limit).await, ["INV", "INV-1", "INV-10", "INV-2"]);
            assert_eq!(found(Some("INV-1"), limit).await, ["INV-1", "INV-10"]);
            assert_eq!(found(Some("é"), limit).await, ["é1", "é2"]);
            assert_eq!(found(Some("\u{10ffff}"), limit).await, ["\u{10ffff}z"]);
            assert_eq!(found(Some("%"), limit).await, Vec::<String>::new());
        }
        let total = async |key: Option<&str>| {
            let key = key.map(str::to_owned);
            let filter = RecordFilter { stream: "invoices".into(), key, limit: 1, ..RecordFilter::default() };
            world.store.records_total(id, &filter).await.expect("a total")
        };
        assert_eq!((total(None).await, total(Some("INV")).await), (Some(10), None));
    }
}
