//! Streams that only a connection can name, as its connector said them last.
//!
//! - What was found is kept by connection and name; what is not found any more is marked as gone and stays, with its
//!   sync and its records, and without its schema.
//! - Of those that are gone and that nobody ever used, only the newest are remembered ([`NewDiscovery::remembered`]): a
//!   connector that has other names every time fills nothing. What was switched on or read is never forgotten.
//! - A sync of a stream that was found is off until somebody switches it on.
//! - A sync whose stream is gone is not due any more. One that was on gets one run more, which ends at once and says so.
//!   When the stream is back, it goes on.
//! - Records are known by their keys: a stream whose key is made of other values than before is read afresh.

use std::collections::{BTreeMap, BTreeSet};

use patchbay_model::{Code, ConnectionId, ConnectionState, RunId, Schedule, SyncId, TenantId, Timestamp};
use sqlx::AnyConnection;

use crate::{
    Connection, Store, StoreError, SyncRow, Trigger,
    audit::{NewAudit, append},
    connections,
    row::{Reader, Row, int, json, many, maybe, micros, select},
    runs, syncs,
};

/// Syncs of streams that are there, of one connection; and as many that are gone and that nobody used.
const SYNCS: u32 = 10_000;
/// Names that the audit log tells of.
const TOLD: usize = 50;

/// A stream as a connector said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveredStream {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// JSON pointers to the values that make a record's key.
    pub key: Vec<String>,
    /// JSON Schema of a record.
    pub schema: Option<String>,
    /// Read once for each account.
    pub per_account: bool,
    /// Whether the manifest names it: then only the schema is of interest.
    pub declared: bool,
    /// Since when it is not there any more.
    pub gone_at: Option<Timestamp>,
}

/// What a connector discovered.
#[derive(Debug, Clone)]
pub struct NewDiscovery {
    /// [`Connection::authorized_at`] of the connection that was asked with.
    pub authorized_at: Timestamp,
    /// When discovered streams are read, unless the tenant said otherwise.
    pub schedule: Schedule,
    /// All that there are; `gone_at` is not looked at.
    pub streams: Vec<DiscoveredStream>,
    /// How many that are gone are remembered, of those that nobody used.
    pub remembered: u32,
}

/// What became of it: names of streams.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Discovery {
    /// That were not there before.
    pub added: Vec<String>,
    /// That were there before, and are not any more.
    pub gone: Vec<String>,
    /// That were gone, and are there again.
    pub back: Vec<String>,
    /// Whose records are known by another key from now on.
    pub rekeyed: Vec<String>,
    /// Syncs for which there was no room.
    pub roomless: u64,
}

/// Who has a connection to discover its streams.
#[derive(Debug)]
pub struct DiscoveryClaim {
    connection: ConnectionId,
    before: Option<Timestamp>,
    until: Timestamp,
}

impl Discovery {
    fn is_empty(&self) -> bool {
        [&self.added, &self.gone, &self.back, &self.rekeyed].into_iter().all(Vec::is_empty)
    }
}

impl Row for DiscoveredStream {
    const TABLE: &'static str = "discovered";
    const FROM: &'static str = "discovered d";
    const COLUMNS: &'static str = "d.name, d.title, d.key, d.schema, d.per_account, d.declared, d.gone_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        let (name, title, key): (String, String, String) = (r.next("name")?, r.next("title")?, r.next("key")?);
        let key = serde_json::from_str(&key).map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let (schema, per_account) = (r.next("schema")?, r.next("per_account")?);
        Ok(Self { name, title, key, schema, per_account, declared: r.next("declared")?, gone_at: r.next("gone_at")? })
    }
}

/// The same without its schema: a list of them is short, and schemas are long.
struct Listed(DiscoveredStream);

impl Row for Listed {
    const TABLE: &'static str = "discovered";
    const FROM: &'static str = "discovered d";
    const COLUMNS: &'static str = "d.name, d.title, d.key, CAST(NULL AS TEXT), d.per_account, d.declared, d.gone_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        DiscoveredStream::read(r).map(Self)
    }
}

impl Store {
    /// What was discovered for a connection, by name and without the schemas.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn discovered_streams(&self, connection: &ConnectionId) -> Result<Vec<DiscoveredStream>, StoreError> {
        let statement = sqlx::query(select::<Listed>("WHERE d.connection = $1 ORDER BY d.name"));
        let rows: Vec<Listed> = many(self.read(), statement.bind(connection.as_str())).await?;
        Ok(rows.into_iter().map(|Listed(row)| row).collect())
    }

    /// The same of one name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn discovered_stream(
        &self,
        connection: &ConnectionId,
        name: &str,
    ) -> Result<Option<DiscoveredStream>, StoreError> {
        let statement = sqlx::query(select::<DiscoveredStream>("WHERE d.connection = $1 AND d.name = $2"));
        maybe(self.read(), statement.bind(connection.as_str()).bind(name)).await
    }

    /// Asks for a connection's streams to be discovered, from a moment on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn discover_from(&self, connection: &ConnectionId, at: Timestamp) -> Result<(), StoreError> {
        let connection = connection.clone();
        self.write_beside(move |tx| {
            Box::pin(async move {
                let statement = "UPDATE connections SET discover_at = $2 WHERE id = $1 AND state <> 'deleted'";
                sqlx::query(statement).bind(connection.as_str()).bind(at.as_micros()).execute(tx).await?;
                Ok(())
            })
        })
        .await
    }

    /// Connections whose streams are to be discovered now. Whoever gets one here has it until `again`; nobody else does.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn claim_discoveries(
        &self,
        again: Timestamp,
        limit: u32,
    ) -> Result<Vec<(TenantId, ConnectionId)>, StoreError> {
        let now = self.now();
        let due = "SELECT 1 FROM connections WHERE discover_at <= $1 AND state = 'active' AND enabled LIMIT 1";
        if sqlx::query(due).bind(now.as_micros()).fetch_optional(self.read()).await?.is_none() {
            return Ok(Vec::new());
        }
        self.write(move |tx| {
            Box::pin(async move {
                let rows = sqlx::query(
                    "UPDATE connections SET discover_at = $2 WHERE id IN (SELECT id FROM connections \
                     WHERE discover_at <= $1 AND state = 'active' AND enabled ORDER BY discover_at LIMIT $3) \
                     RETURNING tenant, id",
                );
                let rows = rows.bind(now.as_micros()).bind(again.as_micros()).bind(i64::from(limit));
                let rows = rows.fetch_all(tx).await?;
                let read = |row| {
                    let mut r = Reader::of(row, Connection::TABLE);
                    Ok((r.next("tenant")?, r.next("id")?))
                };
                rows.iter().map(read).collect()
            })
        })
        .await
    }

    /// Has a connection to oneself until then, to discover its streams now; none while somebody else has it. What
    /// comes back is for [`Store::unclaim_discovery`].
    ///
    /// A retry that lies further away than this is nobody's.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn claim_discovery(
        &self,
        connection: &ConnectionId,
        until: Timestamp,
    ) -> Result<Option<DiscoveryClaim>, StoreError> {
        let (connection, now) = (connection.clone(), self.now());
        self.write(move |tx| {
            Box::pin(async move {
                let row = sqlx::query("SELECT discover_at FROM connections WHERE id = $1");
                let row = row.bind(connection.as_str()).fetch_optional(&mut *tx).await?.ok_or(StoreError::NotFound)?;
                let before: Option<Timestamp> = Reader::of(&row, Connection::TABLE).next("discover_at")?;
                let taken = sqlx::query(
                    "UPDATE connections SET discover_at = $3 WHERE id = $1 \
                     AND (discover_at IS NULL OR discover_at <= $2 OR discover_at > $3)",
                );
                let taken = taken.bind(connection.as_str()).bind(now.as_micros()).bind(until.as_micros());
                let taken = taken.execute(tx).await?.rows_affected() == 1;
                Ok(taken.then_some(DiscoveryClaim { connection, before, until }))
            })
        })
        .await
    }

    /// Gives back what was claimed and came to nothing: it is discovered again when it would have been.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn unclaim_discovery(&self, claim: DiscoveryClaim) -> Result<(), StoreError> {
        self.write_beside(move |tx| {
            Box::pin(async move {
                sqlx::query("UPDATE connections SET discover_at = $2 WHERE id = $1 AND discover_at = $3")
                    .bind(claim.connection.as_str())
                    .bind(claim.before.map(Timestamp::as_micros))
                    .bind(claim.until.as_micros())
                    .execute(tx)
                    .await?;
                Ok(())
            })
        })
        .await
    }

    /// Writes down what was discovered, and makes the syncs that are not there yet, all of them off.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] when the connection was authorised anew meanwhile.
    pub async fn put_discovery(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        new: NewDiscovery,
        actor: &str,
    ) -> Result<Discovery, StoreError> {
        let (tenant, id) = (tenant.clone(), connection.clone());
        let mut line = self.audit_line(NewAudit::of(Some(&tenant), actor, "connection.discovered", &id));
        let store = self.clone();
        let done = self
            .write(move |tx| {
                Box::pin(async move {
                    let now = store.now();
                    let row = connections::load(&mut *tx, &id).await?;
                    if row.tenant != tenant || row.state == ConnectionState::Deleted {
                        return Err(StoreError::NotFound);
                    }
                    if row.authorized_at != new.authorized_at {
                        return Err(StoreError::Conflict("the connection was authorised anew meanwhile"));
                    }
                    let mut done = keep(&mut *tx, &id, &new.streams, now).await?;
                    forget_places(&mut *tx, &id, &done.rekeyed, now).await?;
                    // First: what is gone takes no room from what is there.
                    follow(&mut *tx, &store, &id, now).await?;
                    done.roomless = add_syncs(&mut *tx, &store, &row, &new, now).await?;
                    forget::gone(&mut *tx, &id, new.remembered).await?;
                    sqlx::query("UPDATE connections SET discovered_at = $2, discover_at = NULL WHERE id = $1")
                        .bind(id.as_str())
                        .bind(now.as_micros())
                        .execute(&mut *tx)
                        .await?;
                    if !done.is_empty() {
                        let told = |names: &[String]| names.iter().take(TOLD).cloned().collect::<Vec<_>>();
                        let detail = serde_json::json!({
                            "added": told(&done.added), "gone": told(&done.gone), "back": told(&done.back),
                            "rekeyed": told(&done.rekeyed),
                        });
                        line.line.detail = detail.to_string();
                        append(tx, &line).await?;
                    }
                    Ok(done)
                })
            })
            .await?;
        self.woke();
        Ok(done)
    }
}

/// Writes down the streams; what is not among them is gone. Schemas are compared where they lie: none is read.
async fn keep(
    tx: &mut AnyConnection,
    connection: &ConnectionId,
    streams: &[DiscoveredStream],
    now: Timestamp,
) -> Result<Discovery, StoreError> {
    let statement = sqlx::query(select::<Listed>("WHERE d.connection = $1")).bind(connection.as_str());
    let there: Vec<Listed> = many(&mut *tx, statement).await?;
    let mut there: BTreeMap<String, DiscoveredStream> =
        there.into_iter().map(|Listed(row)| (row.name.clone(), row)).collect();
    let mut done = Discovery::default();
    for stream in streams {
        let before = there.remove(&stream.name);
        match &before {
            _ if stream.declared => {}
            None => done.added.push(stream.name.clone()),
            Some(before) if before.gone_at.is_some() => done.back.push(stream.name.clone()),
            Some(_) => {}
        }
        if !stream.declared && before.as_ref().is_some_and(|before| before.key != stream.key) {
            done.rekeyed.push(stream.name.clone());
        }
        sqlx::query(
            "INSERT INTO discovered (connection, name, title, key, schema, per_account, declared, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (connection, name) DO UPDATE SET \
             title = excluded.title, key = excluded.key, schema = excluded.schema, \
             per_account = excluded.per_account, declared = excluded.declared, gone_at = NULL \
             WHERE discovered.gone_at IS NOT NULL OR discovered.title <> excluded.title \
             OR discovered.key <> excluded.key OR discovered.per_account <> excluded.per_account \
             OR discovered.declared <> excluded.declared OR discovered.schema IS DISTINCT FROM excluded.schema",
        )
        .bind(connection.as_str())
        .bind(stream.name.as_str())
        .bind(stream.title.as_str())
        .bind(json(&stream.key)?)
        .bind(stream.schema.as_deref())
        .bind(stream.per_account)
        .bind(stream.declared)
        .bind(now.as_micros())
        .execute(&mut *tx)
        .await?;
    }
    for (name, _) in there.into_iter().filter(|(_, row)| row.gone_at.is_none() && !row.declared) {
        sqlx::query("UPDATE discovered SET gone_at = $3, schema = NULL WHERE connection = $1 AND name = $2")
            .bind(connection.as_str())
            .bind(name.as_str())
            .bind(now.as_micros())
            .execute(&mut *tx)
            .await?;
        done.gone.push(name);
    }
    Ok(done)
}

/// Reads streams afresh whose records are known by another key.
async fn forget_places(
    tx: &mut AnyConnection,
    connection: &ConnectionId,
    streams: &[String],
    now: Timestamp,
) -> Result<(), StoreError> {
    for stream in streams {
        let rows = sqlx::query("SELECT id FROM syncs WHERE connection = $1 AND stream = $2 AND discovered");
        for row in rows.bind(connection.as_str()).bind(stream.as_str()).fetch_all(&mut *tx).await? {
            let id: SyncId = Reader::of(&row, "syncs").next("id")?;
            syncs::forget_place(&mut *tx, &id, None, now).await?;
        }
    }
    Ok(())
}

/// Makes the syncs that are not there yet, off: once for the connection, or once for each account that is selected. How
/// many there was no room for.
async fn add_syncs(
    tx: &mut AnyConnection,
    store: &Store,
    of: &Connection,
    new: &NewDiscovery,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let id = of.id.as_str();
    let every = micros(new.schedule.typical_gap(now));
    let schedule = new.schedule.text();
    sqlx::query(
        "UPDATE syncs SET schedule = $2, every = $3 \
         WHERE connection = $1 AND discovered AND NOT custom AND schedule <> $2",
    )
    .bind(id)
    .bind(schedule.as_str())
    .bind(every)
    .execute(&mut *tx)
    .await?;
    let rows =
        sqlx::query("SELECT account, stream FROM syncs WHERE connection = $1 AND discovered AND gone_at IS NULL");
    let mut there = BTreeSet::new();
    for row in rows.bind(id).fetch_all(&mut *tx).await? {
        let mut r = Reader::of(&row, "syncs");
        there.insert((r.next::<String>("account")?, r.next::<String>("stream")?));
    }
    let rows = sqlx::query("SELECT provider_id FROM accounts WHERE connection = $1 AND selected ORDER BY provider_id");
    let rows = rows.bind(id).fetch_all(&mut *tx).await?;
    let accounts: Vec<String> =
        rows.iter().map(|row| Reader::of(row, "accounts").next("provider_id")).collect::<Result<_, _>>()?;
    let once = [String::new()];
    let found = new.streams.iter().filter(|stream| !stream.declared);
    let wanted = found.flat_map(|stream| {
        let of: &[String] = if stream.per_account { &accounts } else { &once };
        of.iter().map(move |account| (account.clone(), stream.name.clone()))
    });
    let most = usize::try_from(SYNCS).unwrap_or(usize::MAX);
    let mut room = most.saturating_sub(there.len());
    let (mut fresh, mut roomless) = (Vec::new(), 0);
    for sync in wanted.filter(|sync| !there.contains(sync)) {
        match room.checked_sub(1) {
            Some(less) => {
                room = less;
                fresh.push(sync);
            }
            None => roomless += 1,
        }
    }
    for (account, stream) in fresh {
        sqlx::query(
            "INSERT INTO syncs (id, tenant, connection, account, stream, schedule, enabled, created_at, every, discovered) \
             VALUES ($1, $2, $3, $4, $5, $6, FALSE, $7, $8, TRUE) ON CONFLICT (connection, account, stream) DO NOTHING",
        )
        .bind(SyncId::fresh(&*store.clock, &*store.random).as_str())
        .bind(of.tenant.as_str())
        .bind(id)
        .bind(account)
        .bind(stream)
        .bind(schedule.as_str())
        .bind(now.as_micros())
        .bind(every)
        .execute(&mut *tx)
        .await?;
    }
    Ok(roomless)
}

/// Whether the stream of a discovered sync is there, as the sync reads it.
macro_rules! is_there {
    () => {
        "EXISTS (SELECT 1 FROM discovered d WHERE d.connection = syncs.connection AND d.name = syncs.stream \
         AND d.gone_at IS NULL AND NOT d.declared AND d.per_account = (syncs.account <> ''))"
    };
}

/// Ends syncs whose stream is gone, and goes on with those whose stream is back.
async fn follow(
    tx: &mut AnyConnection,
    store: &Store,
    connection: &ConnectionId,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(concat!(
        "UPDATE syncs SET gone_at = NULL, next_due_at = CASE WHEN enabled THEN $2 END, \
         last_state = CASE WHEN last_code = $3 THEN NULL ELSE last_state END, \
         last_person = CASE WHEN last_code = $3 THEN NULL ELSE last_person END, \
         last_code = CASE WHEN last_code = $3 THEN NULL ELSE last_code END \
         WHERE connection = $1 AND discovered AND gone_at IS NOT NULL AND ",
        is_there!()
    ))
    .bind(connection.as_str())
    .bind(now.as_micros())
    .bind(Code::StreamGone.id())
    .execute(&mut *tx)
    .await?;
    let gone = sqlx::query(concat!(
        "UPDATE syncs SET gone_at = $2, next_due_at = NULL \
         WHERE connection = $1 AND discovered AND gone_at IS NULL AND NOT ",
        is_there!()
    ));
    let gone = gone.bind(connection.as_str()).bind(now.as_micros()).execute(&mut *tx).await?.rows_affected();
    if gone == 0 {
        return Ok(());
    }
    let ended = "WHERE s.connection = $1 AND s.discovered AND s.enabled AND s.gone_at = $2";
    let statement = sqlx::query(select::<SyncRow>(ended)).bind(connection.as_str()).bind(now.as_micros());
    let ended: Vec<SyncRow> = many(&mut *tx, statement).await?;
    for sync in &ended {
        let fresh = RunId::fresh(&*store.clock, &*store.random);
        runs::enqueue(&mut *tx, sync, fresh, now, 0, Trigger::Schedule, now).await?;
    }
    tracing::debug!(connection.id = %connection, "{} syncs have no stream any more", int(gone));
    Ok(())
}

mod forget;
#[cfg(test)]
mod tests;
