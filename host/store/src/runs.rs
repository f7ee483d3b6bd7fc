//! Runs: one execution of a sync each. At most one of a sync is open, by a unique index.

use std::time::Duration;

use patchbay_model::{Budget, Code, ConnectionId, ReleaseId, RunId, RunState, SyncId, TenantId, Timestamp};
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::{
    Account, Connection, CredentialRow, Page, Store, StoreError, SyncRow,
    row::{Field, Reader, Row, many, one, one_more, select, words},
    schedules::scheduled,
    syncs::is_read,
};

/// Why a run was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// It was time.
    Schedule,
    /// Somebody asked.
    Manual,
    /// The connection was made or renewed.
    Connect,
    /// The one before failed in a way that passes.
    Retry,
    /// The one before stopped at a limit.
    More,
}

impl Trigger {
    /// The word of the API and the tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Manual => "manual",
            Self::Connect => "connect",
            Self::Retry => "retry",
            Self::More => "more",
        }
    }

    /// The case of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Schedule, Self::Manual, Self::Connect, Self::Retry, Self::More]
            .into_iter()
            .find(|trigger| trigger.as_str() == word)
    }
}
words!(Trigger);

impl Field for Budget {
    fn field(row: &sqlx::any::AnyRow, at: usize) -> Option<Self> {
        let word = String::field(row, at)?;
        Self::ALL.iter().copied().find(|budget| budget.as_str() == word)
    }
}

/// What requests of a run used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Bytes that came in.
    pub bytes: u64,
    /// Requests that the connector asked for.
    pub requests: u64,
    /// Repetitions of the gate, on top.
    pub retries: u64,
    /// Time spent waiting for rates and asked-for pauses.
    pub waited: Duration,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The sync.
    pub sync: SyncId,
    /// Whose.
    pub tenant: TenantId,
    /// The connection.
    pub connection: ConnectionId,
    /// The connector, e.g. `acme.books`.
    pub connector: String,
    /// How it stands.
    pub state: RunState,
    /// Why it was made.
    pub trigger: Trigger,
    /// Raised with every claim.
    pub epoch: i64,
    /// Until when its worker holds it.
    pub lease_until: Option<Timestamp>,
    /// Attempts in a row, this one included once it is claimed.
    pub attempts: u32,
    /// Workers that died on it since its last page.
    pub deaths: u32,
    /// When it is due.
    pub next_at: Timestamp,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was claimed first.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When somebody asked to stop it.
    pub cancel_at: Option<Timestamp>,
    /// Why it ended as it did.
    pub code: Option<Code>,
    /// The same for the person.
    pub person: Option<String>,
    /// The same for the operator.
    pub operator: Option<String>,
    /// Pages stored.
    pub pages: u64,
    /// Records read.
    pub records: u64,
    /// Records that were new or changed.
    pub changed: u64,
    /// Records deleted.
    pub deleted: u64,
    /// What its requests used.
    pub usage: Usage,
    /// Records that could not be read.
    pub refused: u64,
    /// Which limit ended it.
    pub budget: Option<Budget>,
    /// The node that claimed it last.
    pub node: Option<String>,
    /// The release that ran.
    pub release: Option<ReleaseId>,
}

/// Which runs; newest first.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Of this connection.
    pub connection: Option<ConnectionId>,
    /// Of this sync.
    pub sync: Option<SyncId>,
    /// In this state.
    pub state: Option<RunState>,
    /// [`Page::next`] of the page before.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u32,
}

/// All that a run needs, read at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunWork {
    /// The run.
    pub run: Run,
    /// What it reads.
    pub sync: SyncRow,
    /// Where to go on.
    pub cursor: Option<Vec<u8>>,
    /// What fields its records have had, JSON; none before the first page.
    pub shape: Option<String>,
    /// For which connection.
    pub connection: Connection,
    /// For which account; none for a stream per connection.
    pub account: Option<Account>,
    /// With which credential.
    pub credential: CredentialRow,
    /// By which release: the pinned one, else the active one.
    pub release: Option<ReleaseId>,
    /// Whether its ends are looked at.
    pub watched: bool,
}

impl Row for Run {
    const TABLE: &'static str = "runs";
    const FROM: &'static str = "runs r";
    const COLUMNS: &'static str = "r.id, r.sync, r.tenant, r.connection, r.connector, r.state, r.\"trigger\", r.epoch, \
        r.lease_until, r.attempts, r.deaths, r.next_at, r.created_at, r.started_at, r.ended_at, r.cancel_at, r.code, \
        r.person, r.operator, r.pages, r.records, r.changed, r.deleted, r.bytes, r.requests, r.retries, r.waited, \
        r.refused, r.budget, r.node, r.release";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: r.next("id")?,
            sync: r.next("sync")?,
            tenant: r.next("tenant")?,
            connection: r.next("connection")?,
            connector: r.next("connector")?,
            state: r.next("state")?,
            trigger: r.next("trigger")?,
            epoch: r.next("epoch")?,
            lease_until: r.next("lease_until")?,
            attempts: r.next("attempts")?,
            deaths: r.next("deaths")?,
            next_at: r.next("next_at")?,
            created_at: r.next("created_at")?,
            started_at: r.next("started_at")?,
            ended_at: r.next("ended_at")?,
            cancel_at: r.next("cancel_at")?,
            code: r.next("code")?,
            person: r.next("person")?,
            operator: r.next("operator")?,
            pages: r.next("pages")?,
            records: r.next("records")?,
            changed: r.next("changed")?,
            deleted: r.next("deleted")?,
            usage: Usage {
                bytes: r.next("bytes")?,
                requests: r.next("requests")?,
                retries: r.next("retries")?,
                waited: r.next("waited")?,
            },
            refused: r.next("refused")?,
            budget: r.next("budget")?,
            node: r.next("node")?,
            release: r.next("release")?,
        })
    }
}

impl Store {
    /// Asks for a run at a time. An open one is answered instead; when it is due later, it comes forward.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn enqueue_run(
        &self,
        tenant: &TenantId,
        sync: &SyncId,
        at: Timestamp,
        trigger: Trigger,
    ) -> Result<RunId, StoreError> {
        let (tenant, sync, now) = (tenant.clone(), sync.clone(), self.now());
        let id = RunId::fresh(&*self.clock, &*self.random);
        let run = self
            .write(move |tx| {
                Box::pin(async move {
                    let rest = "JOIN connections c ON c.id = s.connection AND c.state <> 'deleted' \
                        WHERE s.id = $1 AND s.tenant = $2";
                    let statement = sqlx::query(select::<SyncRow>(rest));
                    let sync: SyncRow = one(&mut *tx, statement.bind(sync.as_str()).bind(tenant.as_str())).await?;
                    enqueue(tx, &sync, id, at, 0, trigger, now).await
                })
            })
            .await?;
        self.woke();
        Ok(run)
    }

    /// All that a run needs, in one query.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the epoch is over or the credential is gone.
    pub async fn load_run(&self, run: &RunId, epoch: i64) -> Result<RunWork, StoreError> {
        let statement = AssertSqlSafe(format!(
            "SELECT {}, {}, s.cursor, s.shape, {}, {}, {}, coalesce(c.release, rel.id), \
             EXISTS (SELECT 1 FROM canaries y WHERE y.connection = c.id) OR EXISTS (SELECT 1 FROM releases q \
             WHERE q.id = coalesce(c.release, rel.id) AND q.rest_until IS NOT NULL) FROM runs r \
             JOIN syncs s ON s.id = r.sync JOIN connections c ON c.id = r.connection \
             JOIN credentials k ON k.connection = c.id \
             LEFT JOIN accounts a ON a.connection = c.id AND a.provider_id = s.account AND s.account <> '' \
             LEFT JOIN releases rel ON rel.connector = c.connector AND rel.state = 'active' \
             WHERE r.id = $1 AND r.epoch = $2 AND r.state = 'running'",
            Run::COLUMNS,
            SyncRow::COLUMNS,
            Connection::COLUMNS,
            CredentialRow::COLUMNS,
            Account::COLUMNS,
        ));
        let row = sqlx::query(statement).bind(run.as_str()).bind(epoch).fetch_optional(self.read()).await?;
        let row = row.ok_or(StoreError::Stale)?;
        let mut r = Reader::of(&row, Run::TABLE);
        let (run, sync) = (r.join()?, r.join()?);
        let (cursor, shape) = (r.next("cursor")?, r.next("shape")?);
        let (connection, credential, account) = (r.join()?, r.join()?, r.outer_join()?);
        let (release, watched) = (r.next("release")?, r.next("release")?);
        Ok(RunWork { run, sync, cursor, shape, connection, account, credential, release, watched })
    }

    /// Stops a run: a due one at once, a running one at its next heartbeat or page.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] when it has ended.
    pub async fn cancel_run(&self, tenant: &TenantId, id: &RunId) -> Result<Run, StoreError> {
        let (tenant, id, now) = (tenant.clone(), id.clone(), self.now());
        self.write(move |tx| {
            Box::pin(async move {
                let statement = sqlx::query(select::<Run>("WHERE r.id = $1 AND r.tenant = $2"));
                let run: Run = one(&mut *tx, statement.bind(id.as_str()).bind(tenant.as_str())).await?;
                let statement = match run.state {
                    RunState::Due => {
                        "UPDATE runs SET state = 'cancelled', code = 'PB3010', ended_at = $2, cancel_at = $2 WHERE id = $1"
                    }
                    RunState::Running => "UPDATE runs SET cancel_at = coalesce(cancel_at, $2) WHERE id = $1",
                    _ => return Err(StoreError::Conflict("the run has ended")),
                };
                sqlx::query(statement).bind(id.as_str()).bind(now.as_micros()).execute(&mut *tx).await?;
                one(tx, sqlx::query(select::<Run>("WHERE r.id = $1")).bind(id.as_str())).await
            })
        })
        .await
    }

    /// One run of a tenant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn run(&self, tenant: &TenantId, id: &RunId) -> Result<Run, StoreError> {
        let statement = sqlx::query(select::<Run>("WHERE r.id = $1 AND r.tenant = $2"));
        one(self.read(), statement.bind(id.as_str()).bind(tenant.as_str())).await
    }

    /// Runs of a tenant, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn runs(&self, tenant: &TenantId, filter: &RunFilter) -> Result<Page<Run>, StoreError> {
        // Which index is right depends on what is asked for, so each has a statement of its own.
        let rest = match (&filter.sync, &filter.connection) {
            (Some(_), _) => {
                "WHERE r.tenant = $1 AND r.sync = $2 AND ($3 IS NULL OR r.connection = $3) \
                 AND ($4 IS NULL OR r.state = $4) AND ($5 IS NULL OR r.id < $5) ORDER BY r.id DESC LIMIT $6"
            }
            (None, Some(_)) => {
                "WHERE r.tenant = $1 AND $2 IS NULL AND r.connection = $3 \
                 AND ($4 IS NULL OR r.state = $4) AND ($5 IS NULL OR r.id < $5) ORDER BY r.id DESC LIMIT $6"
            }
            (None, None) => {
                "WHERE r.tenant = $1 AND $2 IS NULL AND $3 IS NULL \
                 AND ($4 IS NULL OR r.state = $4) AND ($5 IS NULL OR r.id < $5) ORDER BY r.id DESC LIMIT $6"
            }
        };
        let statement = sqlx::query(select::<Run>(rest))
            .bind(tenant.as_str())
            .bind(filter.sync.as_ref().map(SyncId::as_str))
            .bind(filter.connection.as_ref().map(ConnectionId::as_str))
            .bind(filter.state.map(RunState::as_str))
            .bind(filter.after.as_deref())
            .bind(one_more(filter.limit));
        Ok(Page::cut(many(self.read(), statement).await?, filter.limit, |run: &Run| run.id.to_string()))
    }
}

/// The open run of a sync, or a new one, inside a transaction. Neither is due before the pause of its connection is
/// over; an open one comes forward when somebody asks, not because it is time.
pub(crate) async fn enqueue(
    tx: &mut AnyConnection,
    sync: &SyncRow,
    id: RunId,
    at: Timestamp,
    attempts: u32,
    trigger: Trigger,
    now: Timestamp,
) -> Result<RunId, StoreError> {
    let row = sqlx::query(
        "SELECT c.connector, c.paused_until, (SELECT r.id FROM runs r WHERE r.sync = $2 AND r.state IN ('due', 'running')) \
         FROM connections c WHERE c.id = $1",
    );
    let row = row.bind(sync.connection.as_str()).bind(sync.id.as_str());
    let row = row.fetch_optional(&mut *tx).await?.ok_or(StoreError::NotFound)?;
    let mut r = Reader::of(&row, Run::TABLE);
    let connector: String = r.next("connector")?;
    let at = at.max(r.next::<Option<Timestamp>>("paused_until")?.unwrap_or(at));
    if let Some(open) = r.next::<Option<RunId>>("id")? {
        if trigger != Trigger::Schedule {
            let earlier = sqlx::query("UPDATE runs SET next_at = $2 WHERE id = $1 AND state = 'due' AND next_at > $2");
            earlier.bind(open.as_str()).bind(at.as_micros()).execute(tx).await?;
        }
        return Ok(open);
    }
    sqlx::query(
        "INSERT INTO runs (id, sync, tenant, connection, connector, state, \"trigger\", attempts, next_at, created_at) \
         VALUES ($1, $2, $3, $4, $9, 'due', $5, $6, $7, $8)",
    )
    .bind(id.as_str())
    .bind(sync.id.as_str())
    .bind(sync.tenant.as_str())
    .bind(sync.connection.as_str())
    .bind(trigger.as_str())
    .bind(i64::from(attempts))
    .bind(at.as_micros())
    .bind(now.as_micros())
    .bind(connector)
    .execute(tx)
    .await?;
    Ok(id)
}

/// Makes runs of all syncs of a connection that are due.
pub(crate) async fn enqueue_due_of(
    tx: &mut AnyConnection,
    connection: &ConnectionId,
    now: Timestamp,
    trigger: Trigger,
    fresh: &(dyn Fn() -> RunId + Sync),
) -> Result<Vec<RunId>, StoreError> {
    let statement =
        sqlx::query(select::<SyncRow>(concat!("WHERE s.connection = $1 AND ", is_read!(), " AND s.next_due_at <= $2")));
    let due: Vec<SyncRow> = many(&mut *tx, statement.bind(connection.as_str()).bind(now.as_micros())).await?;
    let mut runs = Vec::with_capacity(due.len());
    for sync in &due {
        let id = fresh();
        let run = enqueue(&mut *tx, sync, id.clone(), now, 0, trigger, now).await?;
        scheduled(&mut *tx, sync, run == id, now).await?;
        runs.push(run);
    }
    Ok(runs)
}
