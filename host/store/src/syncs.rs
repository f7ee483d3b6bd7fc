//! Syncs: the standing arrangement to read one stream of one account. Unique in that triple.

use std::time::Duration;

use patchbay_model::{Code, ConnectionId, ReleaseId, RunId, RunState, SyncId, TenantId, Timestamp};
use sqlx::SqliteConnection;

use crate::{
    Store, StoreError,
    audit::{NewAudit, append},
    row::{Reader, Row, many, micros, one, select},
};

/// A sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRow {
    /// Its id.
    pub id: SyncId,
    /// Whose.
    pub tenant: TenantId,
    /// The connection.
    pub connection: ConnectionId,
    /// The account's provider id; empty where the stream is read once per connection.
    pub account: String,
    /// The stream's name in the manifest.
    pub stream: String,
    /// How long from one scheduled run to the next.
    pub schedule: Duration,
    /// Whether it is read.
    pub enabled: bool,
    /// Whether there is a cursor to go on from.
    pub has_cursor: bool,
    /// The release that made the cursor.
    pub cursor_release: Option<ReleaseId>,
    /// The present pass; starts at 1.
    pub pass: i64,
    /// When the present pass stored its first page.
    pub pass_started_at: Option<Timestamp>,
    /// `wait` answers in the present pass, since it last came to an end.
    pub waits: u32,
    /// Records that are there.
    pub records: u64,
    /// Deletions that wait for a person's approval.
    pub held: Option<u64>,
    /// When it is due next.
    pub next_due_at: Option<Timestamp>,
    /// The last run that ended.
    pub last_run: Option<RunId>,
    /// How it ended.
    pub last_state: Option<RunState>,
    /// Why.
    pub last_code: Option<Code>,
    /// The same for the person.
    pub last_person: Option<String>,
    /// When it ended.
    pub last_ended_at: Option<Timestamp>,
    /// When a run last read to the end.
    pub last_success_at: Option<Timestamp>,
    /// Since when it exists.
    pub created_at: Timestamp,
}

/// A sync as the manifest wants it.
#[derive(Debug, Clone)]
pub struct NewSync {
    /// The account's provider id; empty for a stream per connection.
    pub account: String,
    /// The stream's name in the manifest.
    pub stream: String,
    /// How long from one scheduled run to the next.
    pub schedule: Duration,
    /// Whether it is read, where it was not known before; a known one keeps that.
    pub enabled: bool,
}

impl Row for SyncRow {
    const TABLE: &'static str = "syncs";
    const FROM: &'static str = "syncs s";
    const COLUMNS: &'static str = "s.id, s.tenant, s.connection, s.account, s.stream, s.schedule, s.enabled, \
        s.cursor IS NOT NULL, s.cursor_release, s.pass, s.pass_started_at, s.waits, s.records, s.held, s.next_due_at, \
        s.last_run, s.last_state, s.last_code, s.last_person, s.last_ended_at, s.last_success_at, s.created_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: r.next("id")?,
            tenant: r.next("tenant")?,
            connection: r.next("connection")?,
            account: r.next("account")?,
            stream: r.next("stream")?,
            schedule: r.next("schedule")?,
            enabled: r.next("enabled")?,
            has_cursor: r.next("cursor")?,
            cursor_release: r.next("cursor_release")?,
            pass: r.next("pass")?,
            pass_started_at: r.next("pass_started_at")?,
            waits: r.next("waits")?,
            records: r.next("records")?,
            held: r.next("held")?,
            next_due_at: r.next("next_due_at")?,
            last_run: r.next("last_run")?,
            last_state: r.next("last_state")?,
            last_code: r.next("last_code")?,
            last_person: r.next("last_person")?,
            last_ended_at: r.next("last_ended_at")?,
            last_success_at: r.next("last_success_at")?,
            created_at: r.next("created_at")?,
        })
    }
}

impl Store {
    /// Syncs of a connection, by account and stream.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a connection that is not the tenant's.
    pub async fn syncs(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<Vec<SyncRow>, StoreError> {
        self.readable(tenant, connection).await?;
        let statement = sqlx::query(select::<SyncRow>("WHERE s.connection = $1 ORDER BY s.account, s.stream"));
        many(self.read(), statement.bind(connection.as_str())).await
    }

    /// One sync of a tenant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn sync(&self, tenant: &TenantId, id: &SyncId) -> Result<SyncRow, StoreError> {
        let statement = sqlx::query(select::<SyncRow>("WHERE s.id = $1 AND s.tenant = $2"));
        one(self.read(), statement.bind(id.as_str()).bind(tenant.as_str())).await
    }

    /// Adds the syncs that are not there yet, and gives the others their schedule.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a connection that is not the tenant's.
    pub async fn put_syncs(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        syncs: Vec<NewSync>,
    ) -> Result<(), StoreError> {
        self.connection(tenant, connection).await?;
        let (tenant, connection, now) = (tenant.clone(), connection.clone(), self.now());
        let syncs = self.name_syncs(syncs);
        self.write(move |tx| Box::pin(async move { put(tx, &tenant, &connection, &syncs, now).await })).await?;
        self.woke();
        Ok(())
    }

    /// Gives every sync the id that it has when it is not there yet.
    pub(crate) fn name_syncs(&self, syncs: Vec<NewSync>) -> Vec<(SyncId, NewSync)> {
        syncs.into_iter().map(|sync| (SyncId::fresh(&*self.clock, &*self.random), sync)).collect()
    }

    /// Switches a sync on, due at once, or off.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn set_sync_enabled(
        &self,
        tenant: &TenantId,
        id: &SyncId,
        enabled: bool,
        actor: &str,
    ) -> Result<SyncRow, StoreError> {
        let statement = "UPDATE syncs SET enabled = $3, next_due_at = CASE WHEN $3 THEN coalesce(next_due_at, $4) END \
            WHERE id = $1 AND tenant = $2 \
            AND EXISTS (SELECT 1 FROM connections c WHERE c.id = syncs.connection AND c.state <> 'deleted')";
        self.move_sync(tenant, id, statement, enabled, actor, if enabled { "sync.enabled" } else { "sync.disabled" })
            .await
    }

    /// Forgets the cursor: the next run reads the stream from its beginning, in a pass of its own.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn reset_sync(&self, tenant: &TenantId, id: &SyncId, actor: &str) -> Result<SyncRow, StoreError> {
        let statement = "UPDATE syncs SET cursor = NULL, cursor_release = NULL, pass = pass + 1, pass_started_at = NULL, \
            waits = 0, next_due_at = CASE WHEN enabled THEN $4 END WHERE id = $1 AND tenant = $2 AND $3 \
            AND EXISTS (SELECT 1 FROM connections c WHERE c.id = syncs.connection AND c.state <> 'deleted')";
        self.move_sync(tenant, id, statement, true, actor, "sync.reset").await
    }

    async fn move_sync(
        &self,
        tenant: &TenantId,
        id: &SyncId,
        statement: &'static str,
        flag: bool,
        actor: &str,
        action: &'static str,
    ) -> Result<SyncRow, StoreError> {
        let (tenant, id, now) = (tenant.clone(), id.clone(), self.now());
        let line = self.audit_line(NewAudit::of(Some(&tenant), actor, action, &id));
        let moved = self
            .write(move |tx| {
                Box::pin(async move {
                    let statement = sqlx::query(statement).bind(id.as_str()).bind(tenant.as_str());
                    let done = statement.bind(flag).bind(now.as_micros()).execute(&mut *tx).await?;
                    if done.rows_affected() == 0 {
                        return Err(StoreError::NotFound);
                    }
                    append(&mut *tx, &line).await?;
                    one(tx, sqlx::query(select::<SyncRow>("WHERE s.id = $1")).bind(id.as_str())).await
                })
            })
            .await?;
        self.woke();
        Ok(moved)
    }
}

/// Adds the syncs that are not there yet and leaves the others alone, inside a transaction.
pub(crate) async fn add(
    tx: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    syncs: &[(SyncId, NewSync)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut fresh = Vec::new();
    for (id, sync) in syncs {
        let statement =
            sqlx::query_scalar::<_, i64>("SELECT 1 FROM syncs WHERE connection = $1 AND account = $2 AND stream = $3");
        let statement = statement.bind(connection.as_str()).bind(sync.account.as_str()).bind(sync.stream.as_str());
        if statement.fetch_optional(&mut *tx).await?.is_none() {
            fresh.push((id.clone(), sync.clone()));
        }
    }
    put(tx, tenant, connection, &fresh, now).await
}

/// Adds or reschedules syncs, inside a transaction.
pub(crate) async fn put(
    tx: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    syncs: &[(SyncId, NewSync)],
    now: Timestamp,
) -> Result<(), StoreError> {
    for (id, sync) in syncs {
        sqlx::query(
            "INSERT INTO syncs (id, tenant, connection, account, stream, schedule, enabled, next_due_at, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, CASE WHEN $7 THEN $8 END, $8) \
             ON CONFLICT (connection, account, stream) DO UPDATE SET schedule = excluded.schedule, \
             next_due_at = CASE WHEN syncs.enabled THEN $8 END",
        )
        .bind(id.as_str())
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .bind(sync.account.as_str())
        .bind(sync.stream.as_str())
        .bind(micros(sync.schedule))
        .bind(sync.enabled)
        .bind(now.as_micros())
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}
