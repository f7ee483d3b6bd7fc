//! How the work of a release ends: what the host goes by when it gives a release up, or takes one that was tried.
//!
//! An end is noted in the transaction that ends the run or the push, so none is lost with a process; what follows from the
//! ends is decided in a transaction of its own ([`Store::set_back`], [`Store::rest`], [`crate::Store::end_canary`]), which
//! counts again: of several nodes that see the same one acts. Noted are traps, of whichever release; and every end of a
//! release that is looked at: one that a connection tries, or that is tried again after a rest. All others cost nothing.

use std::time::Duration;

use patchbay_model::{Blame, Code, ConnectionId, EventKind, ReleaseId, ReleaseState, TenantId, Timestamp};
use sqlx::AnyConnection;

use crate::{
    GoBack, Release, Store, StoreError, activation,
    audit::{NewAudit, append},
    canaries,
    events::{NewEvent, emit},
    releases::load,
    row::{Reader, Row, many, select},
};

/// Traps of a release within [`WINDOW`] from which on it is given up.
pub(crate) const TRAPS: u32 = 5;
/// How long a trap counts, and how long a release rests that there is nothing before.
pub const WINDOW: Duration = Duration::from_secs(600);
/// How long an end is kept.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3_600);

/// The release that a run or a push went by, and what there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WentBy {
    /// The release.
    pub release: ReleaseId,
    /// Whether each of its ends is looked at.
    pub watched: bool,
    /// How it failed, where it did; a push that may have been written fails otherwise for whoever sent it.
    pub code: Option<Code>,
}

impl WentBy {
    /// Whether its end is noted, so that somebody should look what follows from it.
    #[must_use]
    pub fn is_noted(&self) -> bool {
        self.watched || self.code.is_some_and(|code| code.blame() == Blame::Trap)
    }
}

/// An end, where it is noted.
pub(crate) struct End<'a> {
    pub(crate) connection: &'a ConnectionId,
    /// The run or the push.
    pub(crate) work: &'a str,
    /// The sync or the action.
    pub(crate) part: &'a str,
    /// Whether it did all that it was to do.
    pub(crate) well: bool,
}

/// How an end is spoken of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseEnd {
    /// The run or the push.
    pub work: String,
    /// The sync or the action.
    pub part: String,
    /// Of which connection.
    pub connection: ConnectionId,
    /// Whether it ended well.
    pub well: bool,
    /// Whether it broke down.
    pub trapped: bool,
    /// Why.
    pub code: Option<Code>,
    /// When.
    pub at: Timestamp,
}

impl Row for ReleaseEnd {
    const TABLE: &'static str = "release_ends";
    const FROM: &'static str = "release_ends d";
    const COLUMNS: &'static str = "d.work, d.part, d.connection, d.ending, d.code, d.at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        let (work, part, connection) = (r.next("work")?, r.next("part")?, r.next("connection")?);
        let ending: String = r.next("ending")?;
        let (well, trapped) = (ending == WELL, ending == TRAPPED);
        Ok(Self { work, part, connection, well, trapped, code: r.next("code")?, at: r.next("at")? })
    }
}

const WELL: &str = "well";
const BADLY: &str = "badly";
const TRAPPED: &str = "trapped";

/// Notes how work of a release ended, inside the transaction that ends it.
pub(crate) async fn note(
    tx: &mut AnyConnection,
    went_by: &WentBy,
    end: &End<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    if !went_by.is_noted() {
        return Ok(());
    }
    let ending = match went_by.code.map(Code::blame) {
        Some(Blame::Trap) => TRAPPED,
        Some(Blame::Release) => BADLY,
        // Whatever the provider, the host or a person did says nothing of the release.
        Some(Blame::Nobody) => return Ok(()),
        None if end.well => WELL,
        None => return Ok(()),
    };
    sqlx::query(
        "INSERT INTO release_ends (release, connection, work, part, ending, code, at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(went_by.release.as_str())
    .bind(end.connection.as_str())
    .bind(end.work)
    .bind(end.part)
    .bind(ending)
    .bind(went_by.code.map(Code::id))
    .bind(now.as_micros())
    .execute(tx)
    .await?;
    Ok(())
}

/// What was noted of a release within the window, as far as it decides something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traps {
    /// How many.
    pub traps: u32,
    /// Of how many connections.
    pub trapped: u32,
    /// Of how many tenants.
    pub trapped_tenants: u32,
    /// How many connections run it.
    pub connections: u32,
    /// Of how many tenants those are.
    pub tenants: u32,
    /// Traps since a rest was over, where there was one.
    pub again: u32,
    /// Of how many connections these were.
    pub again_connections: u32,
    /// Of how many tenants.
    pub again_tenants: u32,
    /// Ends that were well since then.
    pub well: u32,
}

impl Traps {
    /// Whether it is enough to give the release up: of one connection only where it has no other, because what breaks in
    /// one account alone may be the fault of what is in there; and of one tenant only where no other one has it, because
    /// nobody may take a release away from others with what is in accounts of its own.
    #[must_use]
    pub fn too_many(&self) -> bool {
        self.traps >= TRAPS && self.is_widespread(self.trapped, self.trapped_tenants)
    }

    /// Whether the release is to rest once more: it broke down since its rest was over, again not of one connection or one
    /// tenant alone, and nobody's work ended well meanwhile.
    #[must_use]
    pub fn breaks_again(&self) -> bool {
        self.again > 0 && self.well == 0 && self.is_widespread(self.again_connections, self.again_tenants)
    }

    fn is_widespread(&self, connections: u32, tenants: u32) -> bool {
        connections >= self.connections.clamp(1, 2) && tenants >= self.tenants.clamp(1, 2)
    }
}

impl Store {
    /// What was noted of a release lately.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn traps(&self, release: &ReleaseId) -> Result<(Release, Traps), StoreError> {
        let statement = sqlx::query(select::<Release>("WHERE rel.id = $1")).bind(release.as_str());
        let row = crate::row::one(self.read(), statement).await?;
        let row_of = traps_statement(&row, self.now()).fetch_one(self.read()).await?;
        Ok((row, read_traps(&row_of)?))
    }

    /// What was noted of a release on one connection since then, in its order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ends_of(
        &self,
        release: &ReleaseId,
        connection: &ConnectionId,
        since: Timestamp,
    ) -> Result<Vec<ReleaseEnd>, StoreError> {
        let rest = "WHERE d.release = $1 AND d.connection = $2 AND d.at >= $3 ORDER BY d.no LIMIT 10000";
        let statement = sqlx::query(select::<ReleaseEnd>(rest)).bind(release.as_str()).bind(connection.as_str());
        many(self.read(), statement.bind(since.as_micros())).await
    }

    /// Releases about which there may be something to decide: tried, resting, or with a trap a moment ago.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn releases_to_judge(&self) -> Result<Vec<ReleaseId>, StoreError> {
        let statement = sqlx::query_scalar::<_, String>(
            "SELECT release FROM canaries UNION SELECT id FROM releases WHERE rest_until IS NOT NULL \
             UNION SELECT release FROM release_ends WHERE ending = 'trapped' AND at > $1 ORDER BY 1 LIMIT 100",
        );
        let ids = statement.bind(self.now().minus(WINDOW).as_micros()).fetch_all(self.read()).await?;
        let odd = |_| StoreError::Inconsistent { table: "release_ends", column: "release", row: String::new() };
        ids.into_iter().map(|id| ReleaseId::try_from(id).map_err(odd)).collect()
    }

    /// Sets a release aside that trapped too often, and goes back to the one before it; false where that is not so any
    /// more.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the one to go back to cannot be had.
    pub async fn set_back(&self, release: &ReleaseId, back: GoBack) -> Result<bool, StoreError> {
        let (store, release) = (self.clone(), release.clone());
        let done = self
            .write(move |tx| {
                Box::pin(async move {
                    let there = load(&mut *tx, &release).await?;
                    let found = traps_statement(&there, store.now()).fetch_one(&mut *tx).await?;
                    if there.state != ReleaseState::Active || !read_traps(&found)?.too_many() {
                        return Ok(false);
                    }
                    canaries::end_of_release(&mut *tx, &store, &release, &back.reason).await?;
                    sqlx::query(
                        "UPDATE releases SET state = 'quarantined', reason = $2, state_at = $3, set_back_at = $3 WHERE id = $1",
                    )
                    .bind(release.as_str())
                    .bind(back.reason.as_str())
                    .bind(store.now().as_micros())
                    .execute(&mut *tx)
                    .await?;
                    let now = activation::activate(&mut *tx, &store, &back.to, Some(back.judged), None, &back.actor).await?;
                    let detail = serde_json::json!({
                        "connector": there.connector, "version": there.version, "to": now.version, "reason": back.reason,
                    });
                    let line = NewAudit::of(None, &back.actor, "release.quarantined", &release).detail(&detail);
                    tell(&mut *tx, &store, &there, &now).await?;
                    append(tx, &store.audit_line(line)).await?;
                    Ok(true)
                })
            })
            .await?;
        self.woke();
        Ok(done)
    }

    /// Lets a release rest that traps too often and that there is nothing before, or that trapped again after a rest; false
    /// where that is not so any more. Until when it rests is in its row.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn rest(&self, release: &ReleaseId, reason: &str) -> Result<bool, StoreError> {
        let (store, release, reason) = (self.clone(), release.clone(), reason.to_owned());
        self.write(move |tx| {
            Box::pin(async move {
                let (there, now) = (load(&mut *tx, &release).await?, store.now());
                let found = traps_statement(&there, now).fetch_one(&mut *tx).await?;
                let traps = read_traps(&found)?;
                let rests = there.rest_until.is_some_and(|until| until > now);
                let again = there.rest_until.is_some() && traps.breaks_again();
                if rests || !(again || (there.rest_until.is_none() && traps.too_many())) {
                    return Ok(false);
                }
                let until = now.plus(WINDOW);
                sqlx::query("UPDATE releases SET rest_until = $2, reason = $3 WHERE id = $1")
                    .bind(release.as_str())
                    .bind(until.as_micros())
                    .bind(reason.as_str())
                    .execute(&mut *tx)
                    .await?;
                let detail = serde_json::json!({
                    "connector": there.connector, "version": there.version, "seconds": WINDOW.as_secs(), "reason": reason,
                });
                let line = NewAudit::of(None, "host", "release.rests", &release).detail(&detail);
                append(tx, &store.audit_line(line)).await?;
                Ok(true)
            })
        })
        .await
    }

    /// A release that was tried again after a rest works: nothing holds it back any more.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn end_rest(&self, release: &ReleaseId) -> Result<(), StoreError> {
        let (release, now) = (release.clone(), self.now());
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query("UPDATE releases SET rest_until = NULL, reason = NULL WHERE id = $1 AND rest_until <= $2")
                    .bind(release.as_str())
                    .bind(now.as_micros())
                    .execute(tx)
                    .await?;
                Ok(())
            })
        })
        .await?;
        self.woke();
        Ok(())
    }

    /// Forgets ends that decide nothing any more.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_ends(&self) -> Result<(), StoreError> {
        let until = self.now().minus(KEPT).as_micros();
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query("DELETE FROM release_ends WHERE at < $1 AND release NOT IN (SELECT release FROM canaries)")
                    .bind(until)
                    .execute(tx)
                    .await?;
                Ok(())
            })
        })
        .await
    }
}

/// Counts what was noted of a release: within the window, and since its last rest was over.
fn traps_statement(release: &Release, now: Timestamp) -> crate::row::Statement<'_> {
    sqlx::query(
        "SELECT t.ends, t.connections, t.tenants, u.connections, u.tenants, a.ends, a.connections, a.tenants, \
         (SELECT count(*) FROM release_ends d WHERE d.release = $1 AND d.ending = 'well' AND d.at >= $5) \
         FROM (SELECT count(*) AS ends, count(DISTINCT d.connection) AS connections, count(DISTINCT c.tenant) AS tenants \
         FROM release_ends d LEFT JOIN connections c ON c.id = d.connection \
         WHERE d.release = $1 AND d.ending = 'trapped' AND d.at > $2) t \
         CROSS JOIN (SELECT count(*) AS connections, count(DISTINCT c.tenant) AS tenants FROM connections c \
         WHERE c.connector = $3 AND c.state = 'active' AND c.enabled AND (c.release = $1 OR ($4 AND c.release IS NULL))) u \
         CROSS JOIN (SELECT count(*) AS ends, count(DISTINCT d.connection) AS connections, \
         count(DISTINCT c.tenant) AS tenants FROM release_ends d LEFT JOIN connections c ON c.id = d.connection \
         WHERE d.release = $1 AND d.ending = 'trapped' AND d.at >= $5) a",
    )
    .bind(release.id.as_str())
    .bind(now.minus(WINDOW).as_micros())
    .bind(release.connector.as_str())
    .bind(release.state == ReleaseState::Active)
    .bind(release.rest_until.map_or(i64::MAX, Timestamp::as_micros))
}

fn read_traps(row: &sqlx::any::AnyRow) -> Result<Traps, StoreError> {
    let mut r = Reader::of(row, "release_ends");
    Ok(Traps {
        traps: r.next("ending")?,
        trapped: r.next("connection")?,
        trapped_tenants: r.next("tenant")?,
        connections: r.next("connections")?,
        tenants: r.next("tenants")?,
        again: r.next("at")?,
        again_connections: r.next("connection")?,
        again_tenants: r.next("tenant")?,
        well: r.next("at")?,
    })
}

/// Tells the tenants whose connections ran it that another one runs now.
async fn tell(tx: &mut AnyConnection, store: &Store, left: &Release, now: &Release) -> Result<(), StoreError> {
    let tenants: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT c.tenant FROM connections c WHERE c.connector = $1 AND c.state <> 'deleted' \
         AND (c.release = $2 OR c.release IS NULL) ORDER BY c.tenant",
    )
    .bind(left.connector.as_str())
    .bind(left.id.as_str())
    .fetch_all(&mut *tx)
    .await?;
    let data = serde_json::json!({
        "connector": left.connector, "release": left.id, "version": left.version, "to": now.version,
    });
    let odd = |_| StoreError::Inconsistent { table: "connections", column: "tenant", row: String::new() };
    for tenant in tenants {
        let tenant = TenantId::try_from(tenant).map_err(odd)?;
        let (id, kind, subject) = (store.event_id(), EventKind::ConnectorRolledBack, left.connector.clone());
        emit(&mut *tx, &NewEvent { id, tenant, kind, subject, data: data.clone() }, store.now()).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
