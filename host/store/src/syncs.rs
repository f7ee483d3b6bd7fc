//! Syncs: the standing arrangement to read one stream of one account. Unique in that triple.
//!
//! A sync is read when it is *enabled*, or when a picker searches its stream (*picked*): then its records are shown to
//! nobody but the picker ([`crate::picked`]). Of an account that nobody selected nothing is read for pickers either.

use std::{collections::BTreeSet, time::Duration};

use patchbay_model::{Code, ConnectionId, ReleaseId, RunId, RunState, Schedule, SyncId, TenantId, Timestamp, phase_of};
use sqlx::AnyConnection;

use crate::{
    Store, StoreError,
    audit::{NewAudit, append},
    picked,
    row::{Field, Reader, Row, json, many, micros, one, select},
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
    /// When it is read.
    pub schedule: Schedule,
    /// Whether the tenant said so; else the manifest did.
    pub custom: bool,
    /// How far apart slots of the schedule lie.
    pub every: Duration,
    /// Whether it is extracted: its records are in the lists and in the feed.
    pub enabled: bool,
    /// Whether a picker searches its stream.
    pub picked: bool,
    /// Whether it is read: extracted, or for a picker.
    pub read: bool,
    /// Whether its stream was discovered: the manifest does not name it.
    pub discovered: bool,
    /// Since when the provider does not have its stream any more.
    pub gone_at: Option<Timestamp>,
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
    /// Whether the cursor is where a run came to its end; else a run goes on in the middle.
    pub at_end: bool,
    /// From when on the present pass reads, where somebody asked for that.
    pub since: Option<Timestamp>,
    /// Records of the present pass that could not be read.
    pub refused: u64,
    /// Slots that passed and were made up for by a later run.
    pub coalesced: u64,
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
    /// When it is read, unless the tenant said otherwise.
    pub schedule: Schedule,
    /// Whether it is extracted, where it was not known before; a known one keeps that.
    pub enabled: bool,
    /// Whether a picker searches its stream.
    pub picked: bool,
}

/// Whether a sync `s` is read: extracted, or for a picker, of an account that is selected; while its stream is there.
macro_rules! is_read {
    () => {
        "(s.gone_at IS NULL AND (s.enabled OR (s.picked AND (s.account = '' OR EXISTS (SELECT 1 FROM accounts sa \
         WHERE sa.connection = s.connection AND sa.provider_id = s.account AND sa.selected)))))"
    };
}
pub(crate) use is_read;

impl Row for SyncRow {
    const TABLE: &'static str = "syncs";
    const FROM: &'static str = "syncs s";
    const COLUMNS: &'static str = concat!(
        "s.id, s.tenant, s.connection, s.account, s.stream, s.schedule, s.custom, s.every, s.enabled, s.picked, ",
        is_read!(),
        ", s.discovered, s.gone_at, s.cursor IS NOT NULL, s.cursor_release, s.pass, s.pass_started_at, s.waits, s.at_end, s.since, s.refused, \
         s.coalesced, s.records, s.held, s.next_due_at, \
         s.last_run, s.last_state, s.last_code, s.last_person, s.last_ended_at, s.last_success_at, s.created_at"
    );

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: r.next("id")?,
            tenant: r.next("tenant")?,
            connection: r.next("connection")?,
            account: r.next("account")?,
            stream: r.next("stream")?,
            schedule: r.next("schedule")?,
            custom: r.next("custom")?,
            every: r.next("every")?,
            enabled: r.next("enabled")?,
            picked: r.next("picked")?,
            read: r.next("read")?,
            discovered: r.next("discovered")?,
            gone_at: r.next("gone_at")?,
            has_cursor: r.next("cursor")?,
            cursor_release: r.next("cursor_release")?,
            pass: r.next("pass")?,
            pass_started_at: r.next("pass_started_at")?,
            waits: r.next("waits")?,
            at_end: r.next("at_end")?,
            since: r.next::<Option<i64>>("since")?.map(Timestamp::from_millis),
            refused: r.next("refused")?,
            coalesced: r.next("coalesced")?,
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

impl SyncRow {
    /// The first slot of its schedule behind `after`.
    #[must_use]
    pub fn next_slot(&self, after: Timestamp) -> Timestamp {
        self.schedule.next(after, phase_of(&self.connection, &self.account, &self.stream))
    }
}

impl Field for Schedule {
    fn field(row: &sqlx::any::AnyRow, at: usize) -> Option<Self> {
        Self::parse(&String::field(row, at)?).ok()
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

    /// Adds the syncs that are not there yet, due at once, and gives the others their schedule, but for one that
    /// the tenant set.
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

    /// Switches a sync on, due at once, or off. One that a picker searches goes on being read; it is not shown any more
    /// then, and when it is switched on again, all of it is told to the feed.
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
        let statement = "UPDATE syncs SET enabled = $3, \
            next_due_at = CASE WHEN gone_at IS NULL AND ($3 OR picked) THEN coalesce(next_due_at, $4) END WHERE id = $1 AND tenant = $2 \
            AND EXISTS (SELECT 1 FROM connections c WHERE c.id = syncs.connection AND c.state <> 'deleted')";
        self.move_sync(tenant, id, statement, enabled, actor, if enabled { "sync.enabled" } else { "sync.disabled" })
            .await
    }

    /// Forgets the cursor: the stream is read from its beginning, in a pass of its own. A run that is under way
    /// is taken from its worker and begins again with that, so that no page of the old pass comes after this.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn reset_sync(&self, tenant: &TenantId, id: &SyncId, actor: &str) -> Result<SyncRow, StoreError> {
        self.begin_again(tenant, id, None, actor, "sync.reset").await
    }

    /// The same, but read from a moment on, where the connector knows how. What such a pass does not see stays:
    /// it deletes nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn backfill_sync(
        &self,
        tenant: &TenantId,
        id: &SyncId,
        since: Timestamp,
        actor: &str,
    ) -> Result<SyncRow, StoreError> {
        self.begin_again(tenant, id, Some(since), actor, "sync.backfill").await
    }

    async fn begin_again(
        &self,
        tenant: &TenantId,
        id: &SyncId,
        since: Option<Timestamp>,
        actor: &str,
        action: &'static str,
    ) -> Result<SyncRow, StoreError> {
        let (tenant, id, now) = (tenant.clone(), id.clone(), self.now());
        let since = since.map(|since| since.as_micros().div_euclid(1_000));
        let detail = serde_json::json!({ "since": since });
        let line = self.audit_line(NewAudit::of(Some(&tenant), actor, action, &id).detail(&detail));
        let moved = self
            .write(move |tx| {
                Box::pin(async move {
                    let theirs = "SELECT 1 FROM syncs s JOIN connections c ON c.id = s.connection \
                        AND c.state <> 'deleted' WHERE s.id = $1 AND s.tenant = $2";
                    let theirs = sqlx::query(theirs).bind(id.as_str()).bind(tenant.as_str());
                    if theirs.fetch_optional(&mut *tx).await?.is_none() {
                        return Err(StoreError::NotFound);
                    }
                    forget_place(&mut *tx, &id, since, now).await?;
                    append(&mut *tx, &line).await?;
                    one(tx, sqlx::query(select::<SyncRow>("WHERE s.id = $1")).bind(id.as_str())).await
                })
            })
            .await?;
        self.woke();
        Ok(moved)
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
        let store = self.clone();
        let moved = self
            .write(move |tx| {
                Box::pin(async move {
                    let statement = sqlx::query(statement).bind(id.as_str()).bind(tenant.as_str());
                    let done = statement.bind(flag).bind(now.as_micros()).execute(&mut *tx).await?;
                    if done.rows_affected() == 0 {
                        return Err(StoreError::NotFound);
                    }
                    append(&mut *tx, &line).await?;
                    let moved: SyncRow =
                        one(&mut *tx, sqlx::query(select::<SyncRow>("WHERE s.id = $1")).bind(id.as_str())).await?;
                    if flag {
                        picked::show(tx, &store, Some(&moved.connection), picked::SHOWN, now).await?;
                    } else {
                        picked::keep(tx, &moved.connection, now).await?;
                    }
                    Ok(moved)
                })
            })
            .await?;
        self.woke();
        Ok(moved)
    }
}

/// Forgets where a sync stands, inside a transaction; a run of it that is under way begins again.
pub(crate) async fn forget_place(
    tx: &mut AnyConnection,
    id: &SyncId,
    since: Option<i64>,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE syncs SET cursor = NULL, cursor_release = NULL, pass = pass + 1, pass_started_at = NULL, waits = 0, \
         refused = 0, since = $2, next_due_at = CASE WHEN gone_at IS NULL AND (enabled OR picked) THEN $3 END \
         WHERE id = $1",
    )
    .bind(id.as_str())
    .bind(since)
    .bind(now.as_micros())
    .execute(&mut *tx)
    .await?;
    // The epoch fences whatever its worker still wants to store.
    sqlx::query(
        "UPDATE runs SET state = 'due', epoch = epoch + 1, lease_until = NULL, cancel_at = NULL, attempts = 0, \
         next_at = $2 WHERE sync = $1 AND state = 'running'",
    )
    .bind(id.as_str())
    .bind(now.as_micros())
    .execute(tx)
    .await?;
    Ok(())
}

/// Adds the syncs that are not there yet and leaves the others as they are, but for which ones a picker searches, inside
/// a transaction.
pub(crate) async fn add(
    tx: &mut AnyConnection,
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
    let picked: BTreeSet<&str> =
        syncs.iter().filter(|(_, sync)| sync.picked).map(|(_, sync)| sync.stream.as_str()).collect();
    picked::mark(&mut *tx, connection, &json(&picked)?, now).await?;
    put(tx, tenant, connection, &fresh, now).await
}

/// Notes that a connection has none of the other declared streams any more: it logged in otherwise than before. Their
/// records stay, and so do their switches, for the day when they come back.
pub(crate) async fn leave_others(
    tx: &mut AnyConnection,
    connection: &ConnectionId,
    streams: &[&str],
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE syncs SET gone_at = $3, next_due_at = NULL WHERE connection = $1 AND NOT discovered AND gone_at IS NULL \
         AND stream NOT IN (SELECT value FROM json_each($2))",
    )
    .bind(connection.as_str())
    .bind(json(&streams)?)
    .bind(now.as_micros())
    .execute(tx)
    .await?;
    Ok(())
}

/// Adds or reschedules syncs, inside a transaction.
pub(crate) async fn put(
    tx: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    syncs: &[(SyncId, NewSync)],
    now: Timestamp,
) -> Result<(), StoreError> {
    for (id, sync) in syncs {
        sqlx::query(
            "INSERT INTO syncs (id, tenant, connection, account, stream, schedule, enabled, next_due_at, created_at, \
             every, picked) VALUES ($1, $2, $3, $4, $5, $6, $7, CASE WHEN $7 OR $10 THEN $8 END, $8, $9, $10) \
             ON CONFLICT (connection, account, stream) DO UPDATE SET \
             schedule = CASE WHEN syncs.custom THEN syncs.schedule ELSE excluded.schedule END, \
             every = CASE WHEN syncs.custom THEN syncs.every ELSE excluded.every END, picked = excluded.picked, gone_at = NULL, \
             next_due_at = CASE WHEN syncs.enabled OR excluded.picked THEN $8 END",
        )
        .bind(id.as_str())
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .bind(sync.account.as_str())
        .bind(sync.stream.as_str())
        .bind(sync.schedule.text())
        .bind(sync.enabled)
        .bind(now.as_micros())
        .bind(micros(sync.schedule.typical_gap(now)))
        .bind(sync.picked)
        .execute(&mut *tx)
        .await?;
    }
    picked::keep(tx, connection, now).await
}
