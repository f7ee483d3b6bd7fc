//! The statements that write records: sets of rows, each at a place of its own at the end of the feed.

use std::sync::LazyLock;

use sqlx::{AnyConnection, AssertSqlSafe};

use super::{PageRecord, PageStored, Place};
use crate::{
    StoreError,
    dialect::Dialect,
    row::{Reader, int, json},
};

/// Rows of one statement; smaller ones take the rest of a page. Each is prepared once.
const CHUNKS: [usize; 4] = [250, 50, 10, 1];

/// Notes that this pass saw the records that it did not move.
macro_rules! seen {
    ($keys:literal) => {
        concat!("UPDATE records SET pass = $2 WHERE sync_no = $1 AND pass <> $2 AND ", $keys)
    };
}
/// What becomes of a record that is there: another content moves it to the end of the feed.
macro_rules! on_conflict {
    () => {
        " ON CONFLICT (sync_no, key) DO UPDATE SET seq = excluded.seq, pass = excluded.pass, \
         revision = CASE WHEN records.content IS NULL THEN 1 ELSE records.revision + 1 END, \
         first_seen = CASE WHEN records.content IS NULL THEN excluded.first_seen ELSE records.first_seen END, \
         updated_at = excluded.updated_at, content = excluded.content \
         WHERE records.content IS DISTINCT FROM excluded.content"
    };
}

pub(super) async fn upsert(
    tx: &mut AnyConnection,
    place: &mut Place,
    stored: &mut PageStored,
    records: Vec<PageRecord>,
) -> Result<(), StoreError> {
    let count = records.len() as u64;
    if count == 0 {
        return Ok(());
    }
    let keys: Vec<String> = records.iter().map(|record| record.key.clone()).collect();
    let (written, added) = match Dialect::of(tx) {
        Dialect::Sqlite => insert_here(&mut *tx, place, records).await?,
        Dialect::Postgres => insert_there(&mut *tx, place, &records).await?,
    };
    if written < count {
        let (seen, keys) = match Dialect::of(tx) {
            Dialect::Sqlite => (seen!("key IN (SELECT value FROM json_each($3))"), json(&keys)?),
            Dialect::Postgres => (seen!("key = ANY (CAST($3 AS TEXT[]))"), list(keys.iter().map(String::as_str))),
        };
        sqlx::query(seen).bind(place.sync).bind(place.pass).bind(keys).execute(&mut *tx).await?;
    }
    if written > 0 {
        place.seq += int(count);
    }
    stored.added = added;
    stored.changed = written.saturating_sub(added);
    stored.unchanged = count.saturating_sub(written);
    Ok(())
}

/// On SQLite, where a parameter costs nothing: how many rows were written, and how many of those were not there.
async fn insert_here(
    tx: &mut AnyConnection,
    place: &Place,
    records: Vec<PageRecord>,
) -> Result<(u64, u64), StoreError> {
    let first = place.base + place.seq;
    let (mut last, mut written) = (first, 0);
    let mut records = records.into_iter();
    for (size, text) in CHUNKS.into_iter().zip(&*INSERTS) {
        while records.len() >= size {
            let statement = sqlx::query(AssertSqlSafe(text.as_str())).bind(last).bind(place.sync).bind(place.pass);
            let mut statement = statement.bind(place.now);
            for record in records.by_ref().take(size) {
                statement = statement.bind(record.key).bind(record.content);
            }
            written += statement.execute(&mut *tx).await?.rows_affected();
            last += int(size as u64);
        }
    }
    if written == 0 {
        return Ok((0, 0));
    }
    let statement = "SELECT count(*) FROM records WHERE seq > $1 AND seq <= $2 AND revision = 1";
    let added: i64 = sqlx::query_scalar(statement).bind(first).bind(last).fetch_one(tx).await?;
    Ok((written, u64::try_from(added).unwrap_or(0)))
}

/// The statements for [`CHUNKS`], written once.
static INSERTS: LazyLock<[String; 4]> = LazyLock::new(|| CHUNKS.map(insert));

/// The statement for so many records: place before the first, sync, pass, now, then key and content of each.
///
/// The parameters have no names, unlike everywhere else: sqlx asks SQLite for the name of each, and SQLite looks through
/// all of them for it, which was a fifth of the time of a large page.
fn insert(size: usize) -> String {
    let mut text = String::with_capacity(16 * size + 768);
    text.push_str("WITH p (base, sync_no, pass, now) AS (VALUES (?, ?, ?, ?)), r (n, key, content) AS (VALUES ");
    for n in 1..=size {
        let comma = if n == 1 { "" } else { "," };
        text.push_str(&format!("{comma}({n},?,?)"));
    }
    text.push_str(
        ") INSERT INTO records (seq, sync_no, pass, revision, first_seen, updated_at, key, content) \
         SELECT p.base + r.n, p.sync_no, p.pass, 1, p.now, p.now, r.key, r.content FROM r CROSS JOIN p WHERE true",
    );
    text.push_str(on_conflict!());
    text
}

/// On PostgreSQL, where each statement is a journey: a whole page in one, as two lists.
async fn insert_there(tx: &mut AnyConnection, place: &Place, records: &[PageRecord]) -> Result<(u64, u64), StoreError> {
    let row = sqlx::query(concat!(
        "WITH put AS (INSERT INTO records (seq, sync_no, pass, revision, first_seen, updated_at, key, content) \
         SELECT $1 + x.n, $2, $3, 1, $4, $4, x.key, x.content \
         FROM unnest(CAST($5 AS TEXT[]), CAST($6 AS TEXT[])) WITH ORDINALITY AS x (key, content, n)",
        on_conflict!(),
        " RETURNING revision) SELECT count(*), count(*) FILTER (WHERE revision = 1) FROM put"
    ))
    .bind(place.base + place.seq)
    .bind(place.sync)
    .bind(place.pass)
    .bind(place.now)
    .bind(list(records.iter().map(|record| record.key.as_str())))
    .bind(list(records.iter().map(|record| record.content.as_str())))
    .fetch_one(tx)
    .await?;
    let mut r = Reader::of(&row, "records");
    Ok((r.next("written")?, r.next("added")?))
}

/// Texts as PostgreSQL writes a list of them, each in quotation marks.
fn list<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> String {
    let mut list = String::with_capacity(texts.clone().map(|text| text.len() + text.len() / 4 + 3).sum::<usize>() + 2);
    list.push('{');
    for (i, text) in texts.enumerate() {
        list.push_str(if i == 0 { "\"" } else { ",\"" });
        // Twice, because a search for one character is so much faster than a search for one of two.
        list.push_str(&text.replace('\\', "\\\\").replace('"', "\\\""));
        list.push('"');
    }
    list.push('}');
    list
}

pub(super) async fn delete(tx: &mut AnyConnection, place: &mut Place, keys: &[String]) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "UPDATE records SET seq = gone.place, content = NULL, pass = $3, revision = revision + 1, updated_at = $4 \
         FROM (SELECT r.seq AS was, $1 + row_number() OVER (ORDER BY r.seq) AS place FROM records r \
         WHERE r.sync_no = $2 AND r.content IS NOT NULL AND r.key IN (SELECT value FROM json_each($5))) AS gone \
         WHERE records.seq = gone.was",
    )
    .bind(place.base + place.seq)
    .bind(place.sync)
    .bind(place.pass)
    .bind(place.now)
    .bind(json(&keys)?)
    .execute(tx)
    .await?
    .rows_affected();
    place.seq += int(done);
    Ok(done)
}

/// Deletes what is of an earlier pass than `place.pass`.
pub(super) async fn sweep(tx: &mut AnyConnection, place: &mut Place) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "UPDATE records SET seq = gone.place, content = NULL, revision = revision + 1, updated_at = $4 \
         FROM (SELECT r.seq AS was, $1 + row_number() OVER (ORDER BY r.seq) AS place FROM records r \
         WHERE r.sync_no = $2 AND r.content IS NOT NULL AND r.pass < $3) AS gone WHERE records.seq = gone.was",
    )
    .bind(place.base + place.seq)
    .bind(place.sync)
    .bind(place.pass)
    .bind(place.now)
    .execute(tx)
    .await?
    .rows_affected();
    place.seq += int(done);
    Ok(done)
}

/// Turns records behind a key into deletions, in the order of their keys and so many at most; the last key, when there
/// may be more.
pub(crate) async fn bury(
    tx: &mut AnyConnection,
    place: &mut Place,
    after: &str,
    limit: i64,
) -> Result<Option<String>, StoreError> {
    let rows = sqlx::query_scalar::<_, String>(
        "UPDATE records SET seq = gone.place, content = NULL, revision = revision + 1, updated_at = $3 \
         FROM (SELECT r.seq AS was, $1 + row_number() OVER (ORDER BY r.key) AS place FROM ( \
         SELECT e.seq, e.key FROM records e WHERE e.sync_no = $2 AND e.key > $4 AND e.content IS NOT NULL \
         ORDER BY e.key LIMIT $5) r) AS gone WHERE records.seq = gone.was RETURNING key",
    );
    let rows = rows.bind(place.base + place.seq).bind(place.sync).bind(place.now).bind(after).bind(limit);
    let keys = rows.fetch_all(tx).await?;
    let buried = int(keys.len() as u64);
    place.seq += buried;
    place.live -= buried;
    Ok(if buried < limit { None } else { keys.into_iter().max() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_texts_cannot_be_broken_out_of() {
        let texts = ["a", "", "\"},{\"", "b\\", "\\\"", "NULL", "{1,2}", "ä\n"];
        assert_eq!(
            list(texts.into_iter()),
            "{\"a\",\"\",\"\\\"},{\\\"\",\"b\\\\\",\"\\\\\\\"\",\"NULL\",\"{1,2}\",\"ä\n\"}"
        );
        assert_eq!(list([].into_iter()), "{}");
    }
}
