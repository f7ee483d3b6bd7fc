//! Claiming runs: which of those that are due begin now, and for whom.
//!
//! - **Fair between tenants.** The next place goes to the tenant that has the fewest at work, and among those to the run
//!   that has been due the longest. Ten thousand due runs of one tenant cost a claim no more than a hundred: of each
//!   tenant only the first few are looked at.
//! - **Limits hold for the whole cluster** and are exact: claims stand in line (a lock of their own on PostgreSQL), count
//!   what runs everywhere, and take no more. What runs is what has a lease; one that lapsed is claimed like a due one.
//! - What may not run is not looked at again and again: a pause moves the runs of its connection
//!   ([`crate::Store::pause_connection`]), and tenants, connectors and connections that have enough are left out.
//!
//! May run beside others on PostgreSQL: the rows that are taken are locked first (those that somebody is just writing are
//! left for the next claim) and judged again as they are then.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::Duration,
};

use patchbay_model::{ConnectionId, RunId, SyncId, TenantId, Timestamp};
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::{
    Store, StoreError, crashes,
    dialect::Dialect,
    row::{Reader, Row, json, many},
};

/// Claims of a cluster stand in line behind this.
const IN_LINE: &str = "SELECT pg_advisory_xact_lock(7878003)";
/// How often a claim looks again for more, when what it found may not all be taken.
const LOOKS: usize = 4;

/// What a claim may take.
#[derive(Debug, Clone)]
pub struct ClaimLimits {
    /// How long the runs are ours without a heartbeat.
    pub lease: Duration,
    /// At most so many.
    pub limit: u32,
    /// So many of one tenant at once, in the whole cluster.
    pub per_tenant: u32,
    /// So many of one connector.
    pub per_connector: u32,
    /// So many of one connection.
    pub per_connection: u32,
    /// Who claims.
    pub node: String,
}

/// A run that is ours now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedRun {
    /// The run.
    pub run: RunId,
    /// Its sync.
    pub sync: SyncId,
    /// Whose.
    pub tenant: TenantId,
    /// The connection.
    pub connection: ConnectionId,
    /// The connector, e.g. `acme.books`.
    pub connector: String,
    /// To be named with every write.
    pub epoch: i64,
    /// Attempts in a row, this one included.
    pub attempts: u32,
    /// Workers that died on it since its last page.
    pub deaths: u32,
    /// Since when it could have begun.
    pub due_at: Timestamp,
}

impl Row for ClaimedRun {
    const TABLE: &'static str = "runs";
    const FROM: &'static str = "runs";
    const COLUMNS: &'static str = "id, sync, tenant, connection, connector, epoch, attempts, deaths, next_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            run: r.next("id")?,
            sync: r.next("sync")?,
            tenant: r.next("tenant")?,
            connection: r.next("connection")?,
            connector: r.next("connector")?,
            epoch: r.next("epoch")?,
            attempts: r.next("attempts")?,
            deaths: r.next("deaths")?,
            due_at: r.next("next_at")?,
        })
    }
}

impl Store {
    /// Takes due runs, and running ones whose lease has lapsed. One on which the third worker has died without a page
    /// is not handed out again: it ends as failed, its sync waits for somebody to act, and the release that ran is
    /// set aside.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn claim_runs(&self, limits: &ClaimLimits) -> Result<Vec<ClaimedRun>, StoreError> {
        let (store, limits) = (self.clone(), limits.clone());
        let (claimed, told) = self
            .write_beside(move |tx| {
                Box::pin(async move {
                    if Dialect::of(tx) == Dialect::Postgres {
                        sqlx::query(IN_LINE).execute(&mut *tx).await?;
                    }
                    let now = store.now();
                    let mut choice = Choice::new(&limits);
                    let lapsed = running(&mut *tx, &mut choice, now).await?;
                    let mut told = false;
                    if lapsed.iter().any(|run| !run.usable) {
                        end_lost(&mut *tx, now).await?;
                    }
                    if lapsed.iter().any(|run| run.usable && run.deaths + 1 >= crashes::DEATHS) {
                        told = crashes::end_runs(&mut *tx, &store, now).await?;
                    }
                    let Held { set_aside, tried } = held(&mut *tx, now).await?;
                    choice.tried = tried;
                    let again = lapsed.into_iter().filter(|run| {
                        run.usable && run.deaths + 1 < crashes::DEATHS && !set_aside.contains(&run.release)
                    });
                    choice.take(again.map(|run| run.due).collect());
                    due(&mut *tx, &mut choice, &set_aside, now).await?;
                    if choice.taken.is_empty() {
                        return Ok((Vec::new(), told));
                    }
                    Ok((take(tx, &choice.taken, &limits, now).await?, told))
                })
            })
            .await?;
        if told {
            self.woke();
        }
        Ok(claimed)
    }
}

/// A run that may be taken.
#[derive(Debug)]
struct Due {
    run: String,
    tenant: String,
    connector: String,
    connection: String,
    at: i64,
}

impl Row for Due {
    const TABLE: &'static str = "runs";
    const FROM: &'static str = "runs";
    const COLUMNS: &'static str = "";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            run: r.next("id")?,
            tenant: r.next("tenant")?,
            connector: r.next("connector")?,
            connection: r.next("connection")?,
            at: r.next("next_at")?,
        })
    }
}

/// A run whose worker is gone.
struct Lapsed {
    due: Due,
    deaths: i64,
    /// Whether its connection may be worked for.
    usable: bool,
    /// The release that it would run: the pinned one, else by the connector.
    release: String,
}

/// Who has how many, and who gets the next one.
struct Choice {
    limit: usize,
    per_tenant: u32,
    per_connector: u32,
    per_connection: u32,
    tenants: HashMap<String, u32>,
    connectors: HashMap<String, u32>,
    connections: HashMap<String, u32>,
    /// Connectors that are tried again after a rest: one run of each at a time.
    tried: BTreeSet<String>,
    taken: Vec<String>,
}

impl Choice {
    fn new(limits: &ClaimLimits) -> Self {
        Self {
            limit: usize::try_from(limits.limit).unwrap_or(usize::MAX),
            per_tenant: limits.per_tenant,
            per_connector: limits.per_connector,
            per_connection: limits.per_connection,
            tenants: HashMap::new(),
            connectors: HashMap::new(),
            connections: HashMap::new(),
            tried: BTreeSet::new(),
            taken: Vec::new(),
        }
    }

    fn full(&self) -> bool {
        self.taken.len() >= self.limit
    }

    fn count(&mut self, run: &Due) {
        *self.tenants.entry(run.tenant.clone()).or_default() += 1;
        *self.connectors.entry(run.connector.clone()).or_default() += 1;
        *self.connections.entry(run.connection.clone()).or_default() += 1;
    }

    fn may(&self, run: &Due) -> bool {
        let has = |counts: &HashMap<String, u32>, key: &str| counts.get(key).copied().unwrap_or(0);
        has(&self.tenants, &run.tenant) < self.per_tenant
            && has(&self.connectors, &run.connector) < self.of_connector(&run.connector)
            && has(&self.connections, &run.connection) < self.per_connection
    }

    fn of_connector(&self, connector: &str) -> u32 {
        if self.tried.contains(connector) { self.per_connector.min(1) } else { self.per_connector }
    }

    /// Takes of these what may be taken; how many.
    fn take(&mut self, runs: Vec<Due>) -> usize {
        let before = self.taken.len();
        let mut waiting: HashMap<String, VecDeque<Due>> = HashMap::new();
        let mut runs = runs;
        runs.sort_by(|a, b| (a.at, &a.run).cmp(&(b.at, &b.run)));
        for run in runs {
            waiting.entry(run.tenant.clone()).or_default().push_back(run);
        }
        // By tenants: how many it has, since when its next one waits.
        let mut line: BTreeSet<(u32, i64, String)> = waiting
            .iter()
            .filter_map(|(tenant, runs)| Some((self.of(tenant), runs.front()?.at, tenant.clone())))
            .collect();
        while !self.full()
            && let Some((_, _, tenant)) = line.pop_first()
        {
            let Some(runs) = waiting.get_mut(&tenant) else { continue };
            while let Some(run) = runs.pop_front() {
                if self.may(&run) {
                    self.count(&run);
                    self.taken.push(run.run);
                    break;
                }
            }
            if let Some(next) = runs.front() {
                line.insert((self.of(&tenant), next.at, tenant));
            }
        }
        self.taken.len() - before
    }

    fn of(&self, tenant: &str) -> u32 {
        self.tenants.get(tenant).copied().unwrap_or(0)
    }
}

/// Connectors that have as many as they may.
fn full_connectors(choice: &Choice) -> Vec<&str> {
    let full = choice.connectors.iter().filter(|(connector, count)| **count >= choice.of_connector(connector));
    full.map(|(connector, _)| connector.as_str()).collect()
}

/// Those that have as many as they may.
fn filled(counts: &HashMap<String, u32>, limit: u32) -> Vec<&str> {
    counts.iter().filter(|(_, count)| **count >= limit).map(|(key, _)| key.as_str()).collect()
}

/// Counts what runs, and brings what lapsed.
async fn running(tx: &mut AnyConnection, choice: &mut Choice, now: Timestamp) -> Result<Vec<Lapsed>, StoreError> {
    let rows = sqlx::query(
        "SELECT r.id, r.tenant, r.connector, r.connection, r.next_at, r.lease_until <= $1, r.deaths, \
         c.enabled AND c.state = 'active', coalesce(c.release, c.connector) \
         FROM runs r JOIN connections c ON c.id = r.connection WHERE r.state = 'running'",
    );
    let mut lapsed = Vec::new();
    for row in &rows.bind(now.as_micros()).fetch_all(tx).await? {
        let mut r = Reader::of(row, Due::TABLE);
        let due = Due::read(&mut r)?;
        if r.next::<bool>("lease_until")? {
            lapsed.push(Lapsed {
                due,
                deaths: r.next("deaths")?,
                usable: r.next("enabled")?,
                release: r.next("release")?,
            });
        } else {
            choice.count(&due);
        }
    }
    Ok(lapsed)
}

/// A worker that died on a connection that nobody may work for left a run that nobody ends.
async fn end_lost(tx: &mut AnyConnection, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE runs SET state = 'lost', epoch = epoch + 1, lease_until = NULL, ended_at = $1 \
         WHERE state = 'running' AND lease_until <= $1 AND NOT EXISTS (SELECT 1 FROM connections c \
         WHERE c.id = runs.connection AND c.enabled AND c.state = 'active')",
    )
    .bind(now.as_micros())
    .execute(tx)
    .await?;
    Ok(())
}

/// What is held back.
#[derive(Default)]
struct Held {
    /// What is not started: releases that were set aside or rest, and connectors whose active one was or does.
    set_aside: BTreeSet<String>,
    /// Connectors with a release whose rest is over, and that has not shown yet that it works.
    tried: BTreeSet<String>,
}

async fn held(tx: &mut AnyConnection, now: Timestamp) -> Result<Held, StoreError> {
    let rows = sqlx::query(
        "SELECT q.id, q.connector, q.state = 'active' OR NOT EXISTS (SELECT 1 FROM releases a \
         WHERE a.connector = q.connector AND a.state = 'active'), q.state <> 'quarantined' AND q.rest_until <= $1 \
         FROM releases q WHERE q.state = 'quarantined' OR q.rest_until IS NOT NULL",
    );
    let mut held = Held::default();
    for row in &rows.bind(now.as_micros()).fetch_all(tx).await? {
        let mut r = Reader::of(row, "releases");
        let (id, connector): (String, String) = (r.next("id")?, r.next("connector")?);
        let (whole, over): (bool, bool) = (r.next("state")?, r.next::<Option<bool>>("rest_until")?.unwrap_or(false));
        if over {
            held.tried.insert(connector);
            continue;
        }
        held.set_aside.insert(id);
        held.set_aside.extend(whole.then_some(connector));
    }
    Ok(held)
}

/// Takes due runs, looking at the first few of each tenant.
async fn due(
    tx: &mut AnyConnection,
    choice: &mut Choice,
    set_aside: &BTreeSet<String>,
    now: Timestamp,
) -> Result<(), StoreError> {
    for _ in 0..LOOKS {
        if choice.full() {
            return Ok(());
        }
        let tenants: Vec<String> = sqlx::query_scalar(TENANTS).bind(now.as_micros()).fetch_all(&mut *tx).await?;
        let tenants: Vec<String> = tenants.into_iter().filter(|tenant| choice.of(tenant) < choice.per_tenant).collect();
        if tenants.is_empty() {
            return Ok(());
        }
        let missing = choice.limit - choice.taken.len();
        let each = missing.div_ceil(tenants.len()).max(missing.min(8));
        let statement = sqlx::query(AssertSqlSafe(first_of_each(Dialect::of(tx))))
            .bind(now.as_micros())
            .bind(json(&tenants)?)
            .bind(json(&full_connectors(choice))?)
            .bind(json(&filled(&choice.connections, choice.per_connection))?)
            .bind(json(set_aside)?)
            .bind(json(&choice.taken)?)
            .bind(i64::try_from(each).unwrap_or(i64::MAX));
        let found: Vec<Due> = many(&mut *tx, statement).await?;
        if found.is_empty() || choice.take(found) == 0 {
            return Ok(());
        }
    }
    Ok(())
}

/// Tenants that have something due, from one to the next in their index, however much each of them has.
const TENANTS: &str = "WITH RECURSIVE t (tenant) AS (SELECT min(tenant) FROM runs WHERE state = 'due' \
    UNION ALL SELECT (SELECT min(r.tenant) FROM runs r WHERE r.state = 'due' AND r.tenant > t.tenant) FROM t \
    WHERE t.tenant IS NOT NULL) SELECT t.tenant FROM t WHERE t.tenant IS NOT NULL AND EXISTS \
    (SELECT 1 FROM runs r WHERE r.state = 'due' AND r.tenant = t.tenant AND r.next_at <= $1)";

/// The first due runs of each tenant: `$1` now, `$2` tenants, `$3` connectors and `$4` connections that have enough, `$5`
/// what was set aside, `$6` taken already, `$7` how many of each.
fn first_of_each(dialect: Dialect) -> String {
    let runs =
        dialect.pick("runs d INDEXED BY runs_due_of_tenant CROSS JOIN connections c", "runs d JOIN connections c");
    let first = format!(
        "FROM {runs} ON c.id = d.connection AND c.enabled AND c.state = 'active' \
         WHERE d.state = 'due' AND d.tenant = t.value AND d.next_at <= $1 \
         AND (c.paused_until IS NULL OR c.paused_until <= $1) \
         AND d.connector NOT IN (SELECT value FROM json_each($3) a) \
         AND d.connection NOT IN (SELECT value FROM json_each($4) b) \
         AND coalesce(c.release, c.connector) NOT IN (SELECT value FROM json_each($5) e) \
         AND d.id NOT IN (SELECT value FROM json_each($6) f) ORDER BY d.next_at LIMIT $7"
    );
    let columns = "id, tenant, connector, connection, next_at";
    dialect.pick(
        format!(
            "SELECT r.id, r.tenant, r.connector, r.connection, r.next_at FROM json_each($2) t \
             CROSS JOIN runs r WHERE r.id IN (SELECT d.id {first})"
        ),
        format!(
            "SELECT {columns} FROM json_each($2) t CROSS JOIN LATERAL \
             (SELECT d.id, d.tenant, d.connector, d.connection, d.next_at {first}) x"
        ),
    )
}

/// By which release a run begins: the pinned one, else the active one.
const BEGINS_BY: &str = "(SELECT coalesce(c.release, a.id) FROM connections c LEFT JOIN releases a \
    ON a.connector = c.connector AND a.state = 'active' WHERE c.id = runs.connection)";

/// Takes them, as far as they still may be taken. The release is written down now, so that a worker's death is told of the one
/// that ran, whichever is active by then; the deaths of another release do not count against the one that a run goes on with.
async fn take(
    tx: &mut AnyConnection,
    runs: &[String],
    limits: &ClaimLimits,
    now: Timestamp,
) -> Result<Vec<ClaimedRun>, StoreError> {
    let locked = Dialect::of(tx).pick("", "FOR UPDATE SKIP LOCKED");
    let statement = sqlx::query(AssertSqlSafe(format!(
        "UPDATE runs SET state = 'running', epoch = epoch + 1, \
         attempts = attempts + CASE state WHEN 'due' THEN 1 ELSE 0 END, \
         deaths = CASE WHEN state <> 'running' THEN deaths WHEN release IS NULL \
         OR release IS NOT DISTINCT FROM {BEGINS_BY} THEN deaths + 1 ELSE 0 END, release = {BEGINS_BY}, lease_until = $2, \
         started_at = coalesce(started_at, $1), node = $3 WHERE id IN (SELECT id FROM runs \
         WHERE id IN (SELECT value FROM json_each($4)) AND ((state = 'due' AND next_at <= $1) \
         OR (state = 'running' AND lease_until <= $1)) {locked}) RETURNING {}",
        ClaimedRun::COLUMNS
    )))
    .bind(now.as_micros())
    .bind(now.plus(limits.lease).as_micros())
    .bind(limits.node.as_str())
    .bind(json(&runs)?);
    let mut claimed: Vec<ClaimedRun> = many(tx, statement).await?;
    claimed.sort_by(|a, b| (a.due_at, &a.run).cmp(&(b.due_at, &b.run)));
    Ok(claimed)
}

#[cfg(test)]
mod tests;
