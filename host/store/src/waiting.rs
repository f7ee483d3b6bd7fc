//! Pushes that wait: for a connection (which one, or for it to work again), for a target, or for somebody's word; until
//! their time is over.

use patchbay_model::{Code, Timestamp};
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::{
    Push, Store, StoreError,
    dialect::Dialect,
    push_moves, push_queue, push_steps,
    row::{Reader, Row as _, json, many},
};

/// One that lacks the target that its action needs. It gets no connection by itself either.
fn aimless() -> String {
    format!("(p.target = 'null' AND p.code IS NOT DISTINCT FROM '{}')", Code::TargetMissing.id())
}

/// Woken in one transaction.
const BITE: usize = 500;

/// Waiting pushes that can go on by themselves, each with its connection that works: of all, or of a list `$2`.
fn named(pushes: &str) -> String {
    format!(
        "SELECT p.id AS push, c.id AS connection FROM {pushes} CROSS JOIN connections c \
         WHERE c.id = p.connection AND c.state = 'active' AND c.enabled \
         AND p.state = 'waiting' AND NOT p.on_demand AND NOT {}",
        aimless()
    )
}

/// The same, of those that name none. `state <> 'deleted'` is said for the index, which is over those only.
fn only_one(pushes: &str) -> String {
    format!(
        "SELECT p.id, min(c.id) FROM {pushes} CROSS JOIN connections c WHERE c.tenant = p.tenant \
         AND c.connector = p.connector AND c.state <> 'deleted' AND c.state = 'active' AND c.enabled \
         AND p.state = 'waiting' AND p.connection IS NULL AND NOT p.on_demand AND NOT {} \
         GROUP BY p.id HAVING count(*) = 1",
        aimless()
    )
}

/// All that can go on, in the order of their lanes. On SQLite with `INDEXED BY` and `CROSS JOIN` (an order that it
/// keeps), because it would rather begin with all pushes that never had a connection, or with all connections.
fn ready_now(dialect: Dialect) -> String {
    let waiting = dialect.pick("pushes p INDEXED BY pushes_waiting", "pushes p");
    format!(
        "SELECT q.id FROM ({} UNION ALL {}) x CROSS JOIN pushes q WHERE q.id = x.push ORDER BY q.queued_at, q.id",
        named(waiting),
        only_one(waiting)
    )
}

/// Whether `p`, which waits, could be sent if somebody said so.
pub(crate) fn ready() -> String {
    format!(
        "NOT {} AND ((p.connection IS NOT NULL AND EXISTS (SELECT 1 FROM connections c WHERE c.id = p.connection \
         AND c.state = 'active' AND c.enabled)) OR (p.connection IS NULL AND (SELECT count(*) FROM connections c \
         WHERE c.tenant = p.tenant AND c.connector = p.connector AND c.state <> 'deleted' AND c.state = 'active' \
         AND c.enabled) = 1))",
        aimless()
    )
}

impl Store {
    /// Wakes, for all tenants, the waiting pushes whose connection works; one that names none gets the
    /// only working one of its connector (among several a person chooses). Not those that are sent on demand, nor those
    /// that lack their target. Each keeps its place in its lane. How many.
    ///
    /// It depends on nothing but what is stored, so whoever asks later finds what an earlier one missed: bites of a long
    /// list, and what stands as if it were to be sent by a connection that does not work
    /// ([`Store::put_aside_stranded`]).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn wake_waiting_pushes(&self) -> Result<u64, StoreError> {
        let ready: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(ready_now(self.dialect()))).fetch_all(self.read()).await?;
        let mut woken = 0;
        for some in ready.chunks(BITE) {
            let (list, now) = (json(&some)?, self.now());
            woken += self.write(move |tx| Box::pin(async move { wake(tx, &list, now).await })).await?;
        }
        if woken > 0 {
            self.woke();
        }
        self.put_aside_stranded().await?;
        Ok(woken)
    }

    /// Ends waiting pushes whose time is over, so many at most; how many. One of which something may have been written
    /// (its connection broke half-way) waits for a person as unknown.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn expire_pushes(&self, limit: u32) -> Result<u64, StoreError> {
        let (store, now) = (self.clone(), self.now());
        let ended =
            self.write(move |tx| Box::pin(async move { expire(tx, &store, i64::from(limit), now).await })).await?;
        if ended > 0 {
            self.woke();
        }
        Ok(ended)
    }
}

/// Wakes those of a list that still can go on, inside a transaction; how many.
async fn wake(tx: &mut AnyConnection, list: &str, now: Timestamp) -> Result<u64, StoreError> {
    let listed = "(SELECT l.* FROM json_each($2) t CROSS JOIN pushes l WHERE l.id = t.value) p";
    let woken = sqlx::query(AssertSqlSafe(format!(
        "UPDATE pushes SET connection = ready.connection, state = 'planned', code = NULL, person = NULL, \
         operator = NULL, next_at = $1, updated_at = $1 FROM ({} UNION ALL {}) ready WHERE pushes.id = ready.push \
         RETURNING pushes.id",
        named(listed),
        only_one(listed)
    )));
    let woken = woken.bind(now.as_micros()).bind(list).fetch_all(&mut *tx).await?;
    let ids = woken.iter().map(|row| Reader::of(row, Push::TABLE).next::<String>("id"));
    let ids: Vec<String> = ids.collect::<Result<_, _>>()?;
    push_moves::note(tx, &ids.iter().map(String::as_str).collect::<Vec<_>>(), None, now).await?;
    Ok(ids.len() as u64)
}

async fn expire(tx: &mut AnyConnection, store: &Store, limit: i64, now: Timestamp) -> Result<u64, StoreError> {
    let statement = "SELECT id FROM pushes WHERE state = 'waiting' AND expires_at IS NOT NULL AND expires_at <= $1 \
        ORDER BY expires_at, id LIMIT $2";
    let old: Vec<String> = sqlx::query_scalar(statement).bind(now.as_micros()).bind(limit).fetch_all(&mut *tx).await?;
    if old.is_empty() {
        return Ok(0);
    }
    let in_doubt = push_steps::IN_DOUBT;
    let either = |doubted: &str, else_: &str| format!("CASE WHEN {in_doubt} THEN {doubted} ELSE {else_} END");
    let statement = sqlx::query(AssertSqlSafe(format!(
        "UPDATE pushes SET state = {}, code = {}, person = {}, operator = NULL, next_at = NULL, updated_at = $2, \
         ended_at = {}, epoch = epoch + 1 WHERE id IN (SELECT value FROM json_each($1)) RETURNING {}",
        either("'unknown'", "'expired'"),
        either("$5", "$3"),
        either("$6", "$4"),
        either("NULL", "$2"),
        Push::COLUMNS
    )))
    .bind(json(&old)?)
    .bind(now.as_micros())
    .bind(Code::PushExpired.id())
    .bind(Code::PushExpired.title())
    .bind(Code::OutcomeUnknown.id())
    .bind(Code::OutcomeUnknown.title());
    let mut ended: Vec<Push> = many(&mut *tx, statement).await?;
    ended.sort_by(|one, other| one.id.cmp(&other.id));
    push_moves::note(&mut *tx, &ended.iter().map(|push| push.id.as_str()).collect::<Vec<_>>(), None, now).await?;
    for push in &ended {
        push_queue::tell(&mut *tx, store, push, now).await?;
    }
    Ok(ended.len() as u64)
}

#[cfg(test)]
mod tests;
