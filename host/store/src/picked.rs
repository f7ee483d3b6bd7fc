//! Streams that are read for a picker only: the person did not choose to have them extracted, or has switched that off.
//!
//! - Such a sync is due by its schedule like any other, and a refresh runs it now.
//! - Its records are the picker's and nobody else's: they are in no list, no export, no count of a card, and in no feed
//!   (`syncs.unseen`: records behind this key are not shown).
//! - Once it is extracted, all of them are told as if they were new. Their rows stand at places of the feed that its
//!   followers have long passed, so they are moved to its end, in the order of their keys and in small bites; what has
//!   not been moved yet is not shown either ([`Store::show_records`]).

use patchbay_model::{ConnectionId, EventKind, TenantId, Timestamp};
use sqlx::AnyConnection;

use crate::{
    Store, StoreError,
    commit::{self, Place, SEQ_BITS},
    events::{NewEvent, emit},
    row::{Reader, json},
};

/// Records that are moved to the end of the feed in one transaction.
pub(crate) const SHOWN: u32 = 2_000;

impl Store {
    /// Says which streams the pickers of a connection search; whether that is news. Syncs that are not extracted are read
    /// for them from now on, or not any more.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a connection that is not the tenant's.
    pub async fn set_picked(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        streams: &[String],
    ) -> Result<bool, StoreError> {
        self.connection(tenant, connection).await?;
        let (id, now, streams) = (connection.clone(), self.now(), json(&streams)?);
        let news = self
            .write(move |tx| {
                Box::pin(async move {
                    let news = mark(&mut *tx, &id, &streams, now).await?;
                    keep(tx, &id, now).await?;
                    Ok(news)
                })
            })
            .await?;
        if news {
            self.woke();
        }
        Ok(news)
    }

    /// Moves records that were the picker's only, and are extracted now, to the end of the feed, so many at most; how
    /// many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn show_records(&self, limit: u32) -> Result<u64, StoreError> {
        let waits: Option<i64> = sqlx::query_scalar("SELECT 1 FROM syncs WHERE unseen IS NOT NULL AND enabled LIMIT 1")
            .fetch_optional(self.read())
            .await?;
        if waits.is_none() {
            return Ok(0);
        }
        let (store, limit) = (self.clone(), limit.min(SHOWN));
        let shown = self
            .write(move |tx| {
                Box::pin(async move {
                    let now = store.now();
                    show(tx, &store, None, limit, now).await
                })
            })
            .await?;
        self.woke();
        Ok(shown)
    }
}

/// Notes which syncs of a connection a picker searches (`streams`: a JSON list), inside a transaction; whether that
/// changed. One that is not extracted is due now, or never again.
pub(crate) async fn mark(
    tx: &mut AnyConnection,
    connection: &ConnectionId,
    streams: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE syncs SET picked = NOT picked, next_due_at = CASE WHEN enabled THEN next_due_at WHEN picked THEN NULL \
         ELSE $3 END WHERE connection = $1 AND picked <> (stream IN (SELECT value FROM json_each($2)))",
    );
    let done = done.bind(connection.as_str()).bind(streams).bind(now.as_micros()).execute(tx).await?;
    Ok(done.rows_affected() > 0)
}

/// Keeps back the records of a connection's syncs that are read for a picker only, and sees that those are due some day,
/// inside a transaction; to be called whenever a switch or a choice of accounts has changed.
pub(crate) async fn keep(tx: &mut AnyConnection, connection: &ConnectionId, now: Timestamp) -> Result<(), StoreError> {
    let statement = sqlx::query(
        "UPDATE syncs SET unseen = '', next_due_at = coalesce(next_due_at, $2) \
         WHERE connection = $1 AND picked AND NOT enabled AND (unseen IS NULL OR unseen <> '' OR next_due_at IS NULL) \
         AND (account = '' OR EXISTS (SELECT 1 FROM accounts a WHERE a.connection = syncs.connection \
         AND a.provider_id = syncs.account AND a.selected))",
    );
    statement.bind(connection.as_str()).bind(now.as_micros()).execute(tx).await?;
    Ok(())
}

/// A sync whose records are to be told.
struct Unseen {
    place: Place,
    behind: String,
    tenant: TenantId,
    connection: ConnectionId,
    account: String,
    stream: String,
    last_run: Option<String>,
}

/// Moves records of syncs that are extracted now to the end of the feed, inside a transaction: of one connection or of
/// any; how many. Whoever calls wakes the workers afterwards.
pub(crate) async fn show(
    tx: &mut AnyConnection,
    store: &Store,
    of: Option<&ConnectionId>,
    limit: u32,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut left = i64::from(limit);
    while left > 0 {
        let Some(mut sync) = next(&mut *tx, of, now).await? else { break };
        let before = sync.place.seq;
        let last = move_on(&mut *tx, &mut sync.place, &sync.behind, left).await?;
        sqlx::query("UPDATE syncs SET unseen = $2 WHERE no = $1")
            .bind(sync.place.sync)
            .bind(last.as_deref())
            .execute(&mut *tx)
            .await?;
        if sync.place.seq > before {
            commit::raise(&mut *tx, &sync.place).await?;
        }
        left -= sync.place.seq - before;
        if last.is_none() && sync.place.live > 0 {
            tell(&mut *tx, store, sync, now).await?;
        }
    }
    Ok(u64::try_from(i64::from(limit) - left).unwrap_or(0))
}

async fn next(tx: &mut AnyConnection, of: Option<&ConnectionId>, now: Timestamp) -> Result<Option<Unseen>, StoreError> {
    let row = sqlx::query(
        "SELECT s.no, s.pass, s.unseen, s.records, s.tenant, s.connection, s.account, s.stream, s.last_run, t.no, t.seq \
         FROM syncs s JOIN tenants t ON t.id = s.tenant \
         WHERE s.unseen IS NOT NULL AND s.enabled AND ($1 IS NULL OR s.connection = $1) ORDER BY s.no LIMIT 1",
    );
    let row = row.bind(of.map(ConnectionId::as_str)).fetch_optional(tx).await?;
    let Some(row) = row else { return Ok(None) };
    let mut r = Reader::of(&row, "syncs");
    let (sync, pass, behind, live) = (r.next("no")?, r.next("pass")?, r.next("unseen")?, r.next("records")?);
    let (tenant, connection) = (r.next("tenant")?, r.next("connection")?);
    let (account, stream, last_run) = (r.next("account")?, r.next("stream")?, r.next("last_run")?);
    let (base, seq) = (r.next::<i64>("no")? << SEQ_BITS, r.next("seq")?);
    let place = Place { sync, pass, base, seq, live, now: now.as_micros() };
    Ok(Some(Unseen { place, behind, tenant, connection, account, stream, last_run }))
}

/// Moves records behind a key; the last key, when there may be more. A deletion is as old as its being told: a follower
/// who had the record once must hear of it for as long as of any other.
async fn move_on(
    tx: &mut AnyConnection,
    place: &mut Place,
    after: &str,
    limit: i64,
) -> Result<Option<String>, StoreError> {
    let rows = sqlx::query_scalar::<_, String>(
        "UPDATE records SET seq = moved.place, revision = CASE WHEN content IS NULL THEN revision ELSE 1 END, \
         updated_at = CASE WHEN content IS NULL THEN $3 ELSE updated_at END \
         FROM (SELECT r.seq AS was, $1 + row_number() OVER (ORDER BY r.key) AS place FROM ( \
         SELECT e.seq, e.key FROM records e WHERE e.sync_no = $2 AND e.key > $4 \
         ORDER BY e.key LIMIT $5) r) AS moved WHERE records.seq = moved.was RETURNING key",
    );
    let rows = rows.bind(place.base + place.seq).bind(place.sync).bind(place.now).bind(after).bind(limit);
    let keys = rows.fetch_all(tx).await?;
    let moved = i64::try_from(keys.len()).unwrap_or(i64::MAX);
    place.seq += moved;
    Ok(if moved < limit { None } else { keys.into_iter().max() })
}

/// Tells that all of it is in the feed now: no run of it may bring any change for long.
async fn tell(tx: &mut AnyConnection, store: &Store, sync: Unseen, now: Timestamp) -> Result<(), StoreError> {
    let data = serde_json::json!({
        "connection": sync.connection, "account": sync.account, "stream": sync.stream, "run": sync.last_run,
        "changed": sync.place.live, "deleted": 0, "sequence": sync.place.seq,
    });
    let (kind, subject) = (EventKind::RecordsChanged, sync.connection.to_string());
    emit(tx, &NewEvent { id: store.event_id(), tenant: sync.tenant, kind, subject, data }, now).await
}

#[cfg(test)]
mod tests;
