//! What is due, without a look at all that is: of each connection the first few, and of a lane the one at its head.
//!
//! A backlog of fifty thousand costs a claim no more than one of fifty: connections with something open are found from
//! one to the next in an index, only those whose tenant comes next are looked at, and of each of them the first
//! [`LOOKED`]. Where those belong to few lanes, the lanes of that connection are gone through one by one.

use std::collections::{HashMap, HashSet};

use patchbay_model::Timestamp;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::{
    choice::{Choice, Due},
    lanes,
};
use crate::{
    StoreError,
    dialect::Dialect,
    row::{Reader, Row as _, json, many},
};

/// Claims of a cluster stand in line behind this.
const IN_LINE: &str = "SELECT pg_advisory_xact_lock(7878004)";
/// So many due pushes of one connection are looked at.
const LOOKED: usize = 64;
/// How often a claim looks at further connections.
const LOOKS: usize = 8;

/// A connection that can be worked for and has something due.
struct Ready {
    connection: String,
    tenant: String,
    at: i64,
}

/// Which pushes a claim takes now, as far as nobody does anything to them.
pub(super) async fn choose(tx: &mut AnyConnection, choice: &mut Choice, now: Timestamp) -> Result<(), StoreError> {
    if Dialect::of(tx) == Dialect::Postgres {
        sqlx::query(IN_LINE).execute(&mut *tx).await?;
    }
    let lapsed = leased(&mut *tx, choice, now).await?;
    for push in lanes::firsts(&mut *tx, lapsed, None).await? {
        choice.take_again(push);
    }
    if choice.missing() == 0 {
        return Ok(());
    }
    let mut left = ready(&mut *tx, now).await?;
    for _ in 0..LOOKS {
        left.retain(|one| choice.room(&one.tenant, &one.connection) > 0);
        if choice.missing() == 0 || left.is_empty() {
            return Ok(());
        }
        let some = next_of(&mut left, choice);
        let found = of_connections(&mut *tx, &some, choice, now).await?;
        choice.take(found);
    }
    Ok(())
}

/// Counts what has a lease, and brings what lapsed on a connection that can be worked for.
async fn leased(tx: &mut AnyConnection, choice: &mut Choice, now: Timestamp) -> Result<Vec<Due>, StoreError> {
    let rows = sqlx::query(
        "SELECT p.id, p.tenant, p.connection, p.lane, p.lease_until, \
         p.lease_until <= $1 AND c.enabled AND c.state = 'active' \
         FROM pushes p JOIN connections c ON c.id = p.connection WHERE p.lease_until IS NOT NULL",
    );
    let mut lapsed = Vec::new();
    for row in &rows.bind(now.as_micros()).fetch_all(tx).await? {
        let mut r = Reader::of(row, Due::TABLE);
        let push = Due::read(&mut r)?;
        choice.count(&push.tenant, &push.connection);
        if r.next::<bool>("lease_until")? {
            lapsed.push(push);
        }
    }
    lapsed.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    Ok(lapsed)
}

/// Connections with something open, from one to the next in the index, and since when the first of each is due.
pub(super) fn ready_statement(dialect: Dialect) -> String {
    let index = dialect.pick("INDEXED BY pushes_due_of_connection", "");
    format!(
        "WITH RECURSIVE o (connection) AS (SELECT (SELECT p.connection FROM pushes p {index} \
         WHERE p.next_at IS NOT NULL AND p.connection IS NOT NULL ORDER BY p.connection LIMIT 1) \
         UNION ALL SELECT (SELECT p.connection FROM pushes p {index} WHERE p.next_at IS NOT NULL \
         AND p.connection > o.connection ORDER BY p.connection LIMIT 1) FROM o WHERE o.connection IS NOT NULL) \
         SELECT x.id, x.tenant, x.at FROM (SELECT c.id, c.tenant, (SELECT p.next_at FROM pushes p {index} \
         WHERE p.connection = c.id AND p.next_at <= $1 ORDER BY p.next_at LIMIT 1) AS at \
         FROM o CROSS JOIN connections c WHERE c.id = o.connection AND c.enabled AND c.state = 'active') x \
         WHERE x.at IS NOT NULL"
    )
}

async fn ready(tx: &mut AnyConnection, now: Timestamp) -> Result<Vec<Ready>, StoreError> {
    let rows = sqlx::query(AssertSqlSafe(ready_statement(Dialect::of(tx)))).bind(now.as_micros());
    let rows = rows.fetch_all(tx).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut r = Reader::of(row, "connections");
        found.push(Ready { connection: r.next("id")?, tenant: r.next("tenant")?, at: r.next("next_at")? });
    }
    Ok(found)
}

/// Takes those out of the list whose turn is next: of the tenants that have the fewest at work, each tenant's oldest
/// first. Enough to fill the claim if each has one.
fn next_of(left: &mut Vec<Ready>, choice: &Choice) -> Vec<Ready> {
    left.sort_by(|a, b| (a.at, &a.connection).cmp(&(b.at, &b.connection)));
    let mut ranks: HashMap<String, u32> = HashMap::new();
    let mut line: Vec<(u32, Ready)> = Vec::with_capacity(left.len());
    for one in left.drain(..) {
        let rank = ranks.entry(one.tenant.clone()).or_insert_with(|| choice.of(&one.tenant));
        line.push((*rank, one));
        *rank = rank.saturating_add(1);
    }
    line.sort_by_key(|(rank, _)| *rank);
    let mut line = line.into_iter().map(|(_, one)| one);
    let some = line.by_ref().take((choice.missing() * 2).max(16)).collect();
    left.extend(line);
    some
}

/// The first due pushes of each connection: `$1` now, `$2` connections. Of the index alone: PostgreSQL would rather
/// fetch all of them and sort, as long as it has not counted them.
pub(super) fn of_each(dialect: Dialect) -> String {
    let index = dialect.pick("INDEXED BY pushes_due_of_connection", "");
    let first = format!(
        "FROM pushes d {index} WHERE d.connection = t.value AND d.next_at <= $1 \
         ORDER BY d.next_at, d.lane LIMIT {LOOKED}"
    );
    dialect.pick(
        format!(
            "SELECT p.id, p.tenant, p.connection, p.lane, p.next_at FROM json_each($2) t \
             CROSS JOIN pushes p WHERE p.id IN (SELECT d.id {first})"
        ),
        format!(
            "SELECT x.id, c.tenant, x.connection, x.lane, x.next_at FROM json_each($2) t CROSS JOIN LATERAL \
             (SELECT d.id, d.connection, d.lane, d.next_at {first}) x JOIN connections c ON c.id = x.connection"
        ),
    )
}

/// What of these connections may be taken: what stands in no lane, and heads of lanes.
async fn of_connections(
    tx: &mut AnyConnection,
    some: &[Ready],
    choice: &Choice,
    now: Timestamp,
) -> Result<Vec<Due>, StoreError> {
    let ids: Vec<&str> = some.iter().map(|one| one.connection.as_str()).collect();
    let statement = sqlx::query(AssertSqlSafe(of_each(Dialect::of(tx)))).bind(now.as_micros()).bind(json(&ids)?);
    let found: Vec<Due> = many(&mut *tx, statement).await?;
    let mut seen: HashMap<String, usize> = HashMap::new();
    for push in &found {
        *seen.entry(push.connection.clone()).or_default() += 1;
    }
    let mut firsts = lanes::firsts(&mut *tx, found, Some(now)).await?;
    let mut usable: HashMap<String, usize> = HashMap::new();
    for push in &firsts {
        *usable.entry(push.connection.clone()).or_default() += 1;
    }
    for one in some {
        let wanted = usize::try_from(choice.room(&one.tenant, &one.connection)).unwrap_or(usize::MAX);
        let more = seen.get(&one.connection).is_some_and(|seen| *seen == LOOKED);
        if !more || usable.get(&one.connection).copied().unwrap_or(0) >= wanted.min(choice.missing()) {
            continue;
        }
        // They belong to few lanes: behind them there may be others.
        let there: HashSet<String> = firsts.iter().map(|push| push.id.clone()).collect();
        let deep = lanes::of_connection(&mut *tx, &one.connection, choice.missing(), now).await?;
        firsts.extend(deep.into_iter().filter(|push| !there.contains(&push.id)));
    }
    Ok(firsts)
}
