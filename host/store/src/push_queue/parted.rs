//! Pushes whose connection cannot be worked for. None of them stays behind as if it were to be sent any moment.
//!
//! | the push | connection does not work | switched off | deleted |
//! |---|---|---|---|
//! | planned, nothing was sent | waits for it | skipped | waits for another one |
//! | planned, something was sent | waits for it | waits for it | unknown, for a person |
//! | unknown, to be looked for | told once, looked for later | the same | unknown, for a person |
//! | waiting, nothing was sent | | | waits for another one |
//! | in the hands of a worker | is its worker's | the same | failed where nothing was sent, else unknown |
//! | its worker died | as planned, or as unknown | the same | |
//!
//! What has an object at the provider, or something that may be one, goes by no other connection. A backlog is dealt
//! with in bites, so that nobody waits for it: the first one where the connection changes, the others right behind it
//! ([`Store::put_aside_the_rest`]). What a crash leaves over, or came in between, is found by
//! [`Store::put_aside_stranded`].

use patchbay_model::{Code, ConnectionId, ConnectionState, PushState, Timestamp};
use sqlx::{AnyConnection, AssertSqlSafe};

use super::tell_some;
use crate::{
    Push, Store, StoreError,
    dialect::Dialect,
    push_moves, push_steps,
    row::{Reader, Row as _, json},
};

/// At most so many in one transaction, besides those that workers have.
const BITE: i64 = 500;

/// How a connection stands that nobody works for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    NotActive,
    Off,
    Deleted,
}

impl Standing {
    /// Why a push of it does not go on.
    const fn code(self) -> Code {
        match self {
            Self::NotActive => Code::CredentialRefused,
            Self::Off => Code::SwitchedOff,
            Self::Deleted => Code::NoConnection,
        }
    }

    /// The same for the person.
    const fn person(self) -> &'static str {
        match self {
            Self::NotActive => "The connection is not active.",
            Self::Off => "The connection is switched off.",
            Self::Deleted => "The connection was deleted.",
        }
    }

    /// The same of one of which it is not known whether it was written.
    const fn person_in_doubt(self) -> &'static str {
        match self {
            Self::NotActive => "It is not known whether this was written, and the connection is not active.",
            Self::Off => "It is not known whether this was written, and the connection is switched off.",
            Self::Deleted => "It is not known whether this was written, and the connection was deleted.",
        }
    }
}

impl Store {
    /// Goes on with the pushes of a connection that [`put_aside`] began with, a bite at a time.
    pub(crate) async fn put_aside_the_rest(&self, id: &ConnectionId) -> Result<(), StoreError> {
        loop {
            let (store, of) = (self.clone(), id.clone());
            let done =
                self.write(move |tx| Box::pin(async move { put_aside(tx, &store, &of, store.now()).await })).await?;
            if done < BITE {
                return Ok(());
            }
        }
    }

    /// Finds the pushes that stand as if they were to be sent and whose connection cannot be worked for; how many
    /// connections there were.
    ///
    /// It depends on nothing but what is stored, so whoever asks later finds what an earlier one missed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn put_aside_stranded(&self) -> Result<u64, StoreError> {
        let statement = sqlx::query(AssertSqlSafe(stranded(self.dialect()))).bind(self.now().as_micros());
        let rows = statement.fetch_all(self.read()).await?;
        for row in &rows {
            let id: ConnectionId = Reader::of(row, "connections").next("id")?;
            self.put_aside_the_rest(&id).await?;
        }
        if !rows.is_empty() {
            self.woke();
        }
        Ok(rows.len() as u64)
    }
}

/// Unknown ones that were told already.
fn told_already() -> String {
    let [broken, off] = [Standing::NotActive, Standing::Off].map(|why| why.code().id());
    format!("(p.state = 'unknown' AND p.code IS NOT NULL AND p.code IN ('{broken}', '{off}'))")
}

/// Connections that have such pushes at `$1`, from one to the next in the index.
fn stranded(dialect: Dialect) -> String {
    let index = dialect.pick("INDEXED BY pushes_due_of_connection", "");
    format!(
        "WITH RECURSIVE o (connection) AS (SELECT (SELECT p.connection FROM pushes p {index} \
         WHERE p.next_at IS NOT NULL AND p.connection IS NOT NULL ORDER BY p.connection LIMIT 1) \
         UNION ALL SELECT (SELECT p.connection FROM pushes p {index} WHERE p.next_at IS NOT NULL \
         AND p.connection > o.connection ORDER BY p.connection LIMIT 1) FROM o WHERE o.connection IS NOT NULL) \
         SELECT c.id FROM connections c WHERE NOT (c.enabled AND c.state = 'active') AND (c.id IN \
         (SELECT l.connection FROM pushes l WHERE l.lease_until <= $1) \
         OR (c.id IN (SELECT o.connection FROM o) \
         AND EXISTS (SELECT 1 FROM pushes p {index} WHERE p.connection = c.id AND p.next_at IS NOT NULL \
         AND (c.state = 'deleted' OR NOT {told}))))",
        told = told_already(),
    )
}

/// Puts a bite of a connection's pushes aside, if it cannot be worked for, inside a transaction; how many.
pub(crate) async fn put_aside(
    tx: &mut AnyConnection,
    store: &Store,
    id: &ConnectionId,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let row = sqlx::query("SELECT state, enabled FROM connections WHERE id = $1").bind(id.as_str());
    let Some(row) = row.fetch_optional(&mut *tx).await? else { return Ok(0) };
    let mut r = Reader::of(&row, "connections");
    let why = match (r.next("state")?, r.next::<bool>("enabled")?) {
        (ConnectionState::Deleted, _) => Standing::Deleted,
        (_, false) => Standing::Off,
        (ConnectionState::Active, true) => return Ok(0),
        (_, true) => Standing::NotActive,
    };
    let some = found(&mut *tx, id, why, now).await?;
    if !some.is_empty() {
        let told = change(&mut *tx, &some, why, now).await?;
        push_moves::note(&mut *tx, &some.iter().map(String::as_str).collect::<Vec<_>>(), None, now).await?;
        tell_some(tx, store, &told, now).await?;
    }
    Ok(i64::try_from(some.len()).unwrap_or(i64::MAX))
}

/// A bite of them, locked; those that a worker has, or had, first.
async fn found(
    tx: &mut AnyConnection,
    id: &ConnectionId,
    why: Standing,
    now: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let locked = Dialect::of(tx).pick("", "FOR UPDATE SKIP LOCKED");
    let deleted = why == Standing::Deleted;
    // Of a deleted one also what waits; what is due comes last, so that whoever looks for leftovers finds it.
    let index = if deleted { "" } else { Dialect::of(tx).pick("INDEXED BY pushes_due_of_connection", "") };
    let leases = format!(
        "SELECT p.id FROM pushes p WHERE p.lease_until IS NOT NULL AND p.connection = $1 \
         AND (p.lease_until <= $2 OR {deleted}) {locked}"
    );
    let which = match why {
        Standing::Deleted => "(p.state <> 'unknown' OR p.next_at IS NOT NULL)".to_owned(),
        Standing::NotActive | Standing::Off => format!("p.next_at IS NOT NULL AND NOT {}", told_already()),
    };
    let rest = format!(
        "SELECT p.id FROM pushes p {index} WHERE p.connection = $1 AND p.ended_at IS NULL AND p.lease_until IS NULL \
         AND {which} AND $2 = $2 ORDER BY p.next_at NULLS FIRST LIMIT {BITE} {locked}"
    );
    let mut some = Vec::new();
    for statement in [leases, rest] {
        let statement = sqlx::query_scalar::<_, String>(AssertSqlSafe(statement)).bind(id.as_str());
        some.extend(statement.bind(now.as_micros()).fetch_all(&mut *tx).await?);
    }
    some.sort();
    Ok(some)
}

/// Changes them; of which somebody is told.
async fn change(
    tx: &mut AnyConnection,
    some: &[String],
    why: Standing,
    now: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let doubt = push_steps::IN_DOUBT;
    let (state, aimless) = match why {
        Standing::Deleted => (
            format!(
                "CASE WHEN state = 'unknown' OR {doubt} THEN 'unknown' \
                 WHEN state IN ('waiting', 'planned') AND object_id IS NULL THEN 'waiting' ELSE 'failed' END"
            ),
            // It waits for its target first, whatever it goes by.
            format!("target = 'null' AND code IS NOT DISTINCT FROM '{}'", Code::TargetMissing.id()),
        ),
        Standing::NotActive | Standing::Off => {
            let unsent = if why == Standing::Off { "skipped" } else { "waiting" };
            let state = format!(
                "CASE WHEN state = 'unknown' THEN 'unknown' WHEN NOT {doubt} THEN '{unsent}' \
                 WHEN state = 'sending' THEN 'unknown' ELSE 'waiting' END"
            );
            (state, "1 = 0".to_owned())
        }
    };
    // Looked for once it works again; never where it is gone.
    let (look_at, unknown_code) = match why {
        Standing::Deleted => ("CAST(NULL AS BIGINT)", Code::OutcomeUnknown),
        Standing::NotActive | Standing::Off => ("coalesce(next_at, $2)", why.code()),
    };
    let parts = why == Standing::Deleted;
    let statement = sqlx::query(AssertSqlSafe(format!(
        "UPDATE pushes SET state = {state}, \
         connection = CASE WHEN {parts} AND ({state}) = 'waiting' THEN NULL ELSE connection END, \
         code = CASE WHEN {aimless} AND ({state}) = 'waiting' THEN code WHEN ({state}) = 'unknown' THEN $3 ELSE $4 END, \
         person = CASE WHEN {aimless} AND ({state}) = 'waiting' THEN person WHEN ({state}) = 'unknown' THEN $5 ELSE $6 END, \
         on_demand = CASE WHEN {parts} AND ({state}) = 'waiting' AND target <> 'null' THEN TRUE ELSE on_demand END, \
         operator = NULL, attempts = CASE WHEN {parts} AND ({state}) = 'waiting' THEN 0 ELSE attempts END, \
         deaths = CASE WHEN lease_until IS NOT NULL THEN deaths + 1 ELSE deaths END, epoch = epoch + 1, \
         next_at = CASE WHEN ({state}) = 'unknown' THEN {look_at} ELSE NULL END, lease_until = NULL, updated_at = $2, \
         ended_at = CASE WHEN ({state}) IN ('failed', 'skipped') THEN $2 ELSE NULL END \
         WHERE id IN (SELECT value FROM json_each($1)) RETURNING id, state"
    )))
    .bind(json(&some)?)
    .bind(now.as_micros())
    .bind(unknown_code.id())
    .bind(why.code().id())
    .bind(why.person_in_doubt())
    .bind(why.person());
    let mut told = Vec::new();
    for row in &statement.fetch_all(tx).await? {
        let mut r = Reader::of(row, Push::TABLE);
        let (push, state): (String, PushState) = (r.next("id")?, r.next("state")?);
        if state != PushState::Waiting {
            told.push(push);
        }
    }
    Ok(told)
}

#[cfg(test)]
mod tests;
