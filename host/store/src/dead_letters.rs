//! Records that could not be read: each content once, with how often it came and why it was set aside, so that a
//! person can look at it while the rest of the stream goes on.

use std::{collections::BTreeMap, fmt::Write as _};

use patchbay_model::{ConnectionId, RunId, TenantId, Timestamp};
use sqlx::AnyConnection;

use crate::{
    Page, Store, StoreError,
    row::{Reader, Row, int, many, one_more, select},
};

/// The newest of a sync that are kept.
const PER_SYNC: i64 = 10_000;
/// Records of one page that are kept here; the others are counted only.
const PER_PAGE: usize = 100;

/// A record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeadLetter {
    /// Its key, where that could be read.
    pub key: Option<String>,
    /// A hash of its bytes: the same content is one line, however often it comes.
    pub hash: [u8; 32],
    /// What is wrong with it.
    pub reason: String,
    /// The beginning of it.
    pub excerpt: String,
}

/// The same in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its place.
    pub no: i64,
    /// The account's provider id; empty for a stream per connection.
    pub account: String,
    /// The stream.
    pub stream: String,
    /// The run that met it last.
    pub run: RunId,
    /// Its key, where that could be read.
    pub key: Option<String>,
    /// What is wrong with it.
    pub reason: String,
    /// The beginning of it.
    pub excerpt: String,
    /// A hash of its bytes, in hexadecimal digits.
    pub hash: String,
    /// How often it came.
    pub times: u64,
    /// When it came first.
    pub first_at: Timestamp,
    /// When it came last.
    pub last_at: Timestamp,
}

impl Row for DeadLetter {
    const TABLE: &'static str = "dead_letters";
    const FROM: &'static str = "syncs s JOIN dead_letters d ON d.sync_no = s.no";
    const COLUMNS: &'static str = "d.no, s.account, s.stream, d.run, d.key, d.reason, d.excerpt, d.hash, d.times, \
        d.first_at, d.last_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            no: r.next("no")?,
            account: r.next("account")?,
            stream: r.next("stream")?,
            run: r.next("run")?,
            key: r.next("key")?,
            reason: r.next("reason")?,
            excerpt: r.next("excerpt")?,
            hash: r.next::<Vec<u8>>("hash")?.iter().fold(String::with_capacity(64), |mut text, byte| {
                let _infallible = write!(text, "{byte:02x}");
                text
            }),
            times: r.next("times")?,
            first_at: r.next("first_at")?,
            last_at: r.next("last_at")?,
        })
    }
}

impl Store {
    /// Records of a connection that could not be read, newest first; of one stream, or of all.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a connection that is not the tenant's; [`StoreError::NoPlace`] for an `after` that
    /// is none.
    pub async fn dead_letters(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        stream: Option<&str>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page<DeadLetter>, StoreError> {
        self.readable(tenant, connection).await?;
        let after = after.map(|after| after.parse::<i64>().map_err(|_| StoreError::NoPlace)).transpose()?;
        let rest = "WHERE s.connection = $1 AND ($2 IS NULL OR s.stream = $2) AND ($3 IS NULL OR d.no < $3) \
            ORDER BY d.no DESC LIMIT $4";
        let statement = sqlx::query(select::<DeadLetter>(rest)).bind(connection.as_str()).bind(stream).bind(after);
        let items = many(self.read(), statement.bind(one_more(limit))).await?;
        Ok(Page::cut(items, limit, |letter: &DeadLetter| letter.no.to_string()))
    }
}

/// Keeps the records of a page that could not be read, inside its transaction.
pub(crate) async fn keep(
    tx: &mut AnyConnection,
    sync: i64,
    run: &RunId,
    refused: Vec<NewDeadLetter>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut each: BTreeMap<[u8; 32], (NewDeadLetter, u64)> = BTreeMap::new();
    for letter in refused {
        if each.len() < PER_PAGE || each.contains_key(&letter.hash) {
            each.entry(letter.hash).or_insert_with(|| (letter, 0)).1 += 1;
        }
    }
    let mut told = false;
    for (hash, (letter, times)) in each {
        sqlx::query(
            "INSERT INTO dead_letters (tenant, sync_no, run, key, hash, reason, excerpt, times, first_at, last_at) \
             SELECT tenant, no, $2, $3, $4, $5, $6, $7, $8, $8 FROM syncs WHERE no = $1 \
             ON CONFLICT (sync_no, hash) DO UPDATE SET run = excluded.run, key = excluded.key, reason = excluded.reason, \
             times = dead_letters.times + excluded.times, last_at = excluded.last_at",
        )
        .bind(sync)
        .bind(run.as_str())
        .bind(letter.key)
        .bind(hash.to_vec())
        .bind(letter.reason)
        .bind(letter.excerpt)
        .bind(int(times))
        .bind(now.as_micros())
        .execute(&mut *tx)
        .await?;
        told = true;
    }
    if told {
        // Whoever sends other nonsense each time fills no disk with it.
        let old = "DELETE FROM dead_letters WHERE sync_no = $1 AND no <= \
            (SELECT no FROM dead_letters WHERE sync_no = $1 ORDER BY no DESC LIMIT 1 OFFSET $2)";
        sqlx::query(old).bind(sync).bind(PER_SYNC).execute(tx).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
