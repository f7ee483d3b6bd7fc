//! A release that one connection runs before all others do.
//!
//! While it is tried its connection is pinned to it, so that whatever works for the connection needs no rule of its own. A
//! trial is over in one transaction: the connection is pinned to what it was before (mostly nothing), and the release
//! either becomes active ([`crate::Store::activate_release`]) or waits with the reason. A connector has one at a time.

use std::collections::BTreeMap;

use patchbay_model::{ConnectionId, ReleaseId, ReleaseState, TenantId, Timestamp};
use sqlx::AnyConnection;

use crate::{
    Connection, JudgedWith, NewApproval, Release, Store, StoreError, activation, approvals,
    audit::{NewAudit, append},
    corrections,
    releases::load,
    row::{Reader, Row, many, maybe, one, select},
};

/// A release that one connection tries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canary {
    /// The release.
    pub release: ReleaseId,
    /// Its connector.
    pub connector: String,
    /// Which connection.
    pub connection: ConnectionId,
    /// Whose that is.
    pub tenant: TenantId,
    /// How many runs have to end well.
    pub wanted: u32,
    /// Whether it becomes active by itself then.
    pub promotes: bool,
    /// How the syncs of the connection failed before it, JSON: code by sync.
    pub known: String,
    /// Who began it.
    pub started_by: String,
    /// When.
    pub started_at: Timestamp,
}

/// A canary to begin.
#[derive(Debug, Clone)]
pub struct NewCanary {
    /// The release.
    pub release: ReleaseId,
    /// The connection that tries it.
    pub connection: ConnectionId,
    /// How many runs have to end well.
    pub wanted: u32,
    /// Whether it becomes active by itself then.
    pub promotes: bool,
    /// The revision of the operator's correction that the release was judged with; 0 for none.
    pub revision: i64,
    /// What is approved by it, for this trial alone, where that is not approved already.
    pub approval: Option<NewApproval>,
    /// Who begins it.
    pub actor: String,
}

impl Row for Canary {
    const TABLE: &'static str = "canaries";
    const FROM: &'static str = "canaries y";
    const COLUMNS: &'static str = "y.release, y.connector, y.connection, y.tenant, y.wanted, y.promotes, y.known, \
        y.started_by, y.started_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            release: r.next("release")?,
            connector: r.next("connector")?,
            connection: r.next("connection")?,
            tenant: r.next("tenant")?,
            wanted: r.next("wanted")?,
            promotes: r.next("promotes")?,
            known: r.next("known")?,
            started_by: r.next("started_by")?,
            started_at: r.next("started_at")?,
        })
    }
}

impl Store {
    /// A connection, whosever it is: operators name one without its tenant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn any_connection(&self, id: &ConnectionId) -> Result<Connection, StoreError> {
        let statement = sqlx::query(select::<Connection>("WHERE c.id = $1 AND c.state <> 'deleted'"));
        one(self.read(), statement.bind(id.as_str())).await
    }

    /// The canary of a release, if one connection tries it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn canary(&self, release: &ReleaseId) -> Result<Option<Canary>, StoreError> {
        maybe(self.read(), sqlx::query(select::<Canary>("WHERE y.release = $1")).bind(release.as_str())).await
    }

    /// All canaries.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn canaries(&self) -> Result<Vec<Canary>, StoreError> {
        many(self.read(), sqlx::query(select::<Canary>("ORDER BY y.connector"))).await
    }

    /// Lets one connection run a ready release.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] where the release is not ready or of another connector, or one
    /// of the connector is tried already, and when the correction is another one by now.
    pub async fn start_canary(&self, new: NewCanary) -> Result<Canary, StoreError> {
        let store = self.clone();
        let begun = self.write(move |tx| Box::pin(async move { start(tx, &store, &new).await })).await?;
        self.woke();
        Ok(begun)
    }

    /// Makes a release active that is being tried, with what was approved for this trial, where it needs that: it holds for
    /// the connector from now on. Whether it still is tried, by this trial, is asked here: that approval ends with it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where that trial is over; else as [`Store::activate_corrected`].
    pub async fn promote_canary(
        &self,
        tried: &Canary,
        judged: JudgedWith,
        approval: Option<NewApproval>,
        actor: &str,
    ) -> Result<Release, StoreError> {
        let (store, tried, actor) = (self.clone(), tried.clone(), actor.to_owned());
        let active = self
            .write(move |tx| {
                Box::pin(async move {
                    let statement = sqlx::query(select::<Canary>("WHERE y.release = $1"));
                    let canary: Canary = one(&mut *tx, statement.bind(tried.release.as_str())).await?;
                    if canary != tried {
                        return Err(StoreError::NotFound);
                    }
                    // That it was approved stands in the audit log since the trial began.
                    if let Some(approval) = &approval {
                        approvals::insert(&mut *tx, approval, store.now()).await?;
                    }
                    activation::activate(tx, &store, &tried.release, Some(judged), None, &actor).await
                })
            })
            .await?;
        self.woke();
        Ok(active)
    }

    /// Ends a canary without taking its release: the connection is back on what it ran before, and the release waits with
    /// the reason.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where nothing tries it.
    pub async fn end_canary(&self, release: &ReleaseId, reason: &str, actor: &str) -> Result<Release, StoreError> {
        let (store, release) = (self.clone(), release.clone());
        let (reason, actor) = (reason.to_owned(), actor.to_owned());
        let left = self
            .write(move |tx| {
                Box::pin(async move {
                    let statement = sqlx::query(select::<Canary>("WHERE y.release = $1")).bind(release.as_str());
                    let canary: Canary = one(&mut *tx, statement).await?;
                    end(&mut *tx, &store, &canary, &reason, &actor).await?;
                    load(tx, &release).await
                })
            })
            .await?;
        self.woke();
        Ok(left)
    }
}

async fn start(tx: &mut AnyConnection, store: &Store, new: &NewCanary) -> Result<Canary, StoreError> {
    let release = load(&mut *tx, &new.release).await?;
    let statement = sqlx::query(select::<Connection>("WHERE c.id = $1 AND c.state <> 'deleted'"));
    let connection: Connection = one(&mut *tx, statement.bind(new.connection.as_str())).await?;
    if release.state != ReleaseState::Ready {
        return Err(StoreError::Conflict("the release is not ready"));
    }
    if connection.connector != release.connector {
        return Err(StoreError::Conflict("the connection is of another connector"));
    }
    if corrections::revision(&mut *tx, &release.connector).await? != new.revision {
        return Err(StoreError::Conflict("the correction of the connector was changed meanwhile"));
    }
    crate::publishers::still_stands(&mut *tx, &release).await?;
    let now = store.now();
    // Earlier versions of the host left what was granted for a trial that is over.
    approvals::end_of_trial(&mut *tx, &release.id).await?;
    if let Some(approval) = &new.approval {
        approvals::give_for_trial(&mut *tx, store, approval, &connection.id).await?;
    }
    let known = serde_json::to_string(&failing(&mut *tx, &connection.id).await?)
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let done = sqlx::query(
        "INSERT INTO canaries (release, connector, connection, tenant, wanted, promotes, pinned, known, started_by, \
         started_at) SELECT $1, $2, c.id, c.tenant, $4, $5, c.release, $6, $7, $8 FROM connections c WHERE c.id = $3 \
         ON CONFLICT DO NOTHING",
    )
    .bind(release.id.as_str())
    .bind(release.connector.as_str())
    .bind(connection.id.as_str())
    .bind(i64::from(new.wanted))
    .bind(new.promotes)
    .bind(known)
    .bind(new.actor.as_str())
    .bind(now.as_micros())
    .execute(&mut *tx)
    .await?;
    if done.rows_affected() == 0 {
        return Err(StoreError::Conflict("a release of this connector is being tried already"));
    }
    pin(&mut *tx, &connection.id, Some(&release.id), now).await?;
    let detail = serde_json::json!({ "connection": connection.id, "runs": new.wanted, "promotes": new.promotes });
    let line = NewAudit::of(None, &new.actor, "canary.started", &release.id).detail(&detail);
    append(&mut *tx, &store.audit_line(line)).await?;
    one(tx, sqlx::query(select::<Canary>("WHERE y.release = $1")).bind(release.id.as_str())).await
}

/// How the syncs of a connection failed last, by sync.
async fn failing(tx: &mut AnyConnection, connection: &ConnectionId) -> Result<BTreeMap<String, String>, StoreError> {
    let rows = sqlx::query("SELECT id, last_code FROM syncs WHERE connection = $1 AND last_code IS NOT NULL");
    let mut known = BTreeMap::new();
    for row in &rows.bind(connection.as_str()).fetch_all(tx).await? {
        let mut r = Reader::of(row, "syncs");
        known.insert(r.next("id")?, r.next("last_code")?);
    }
    Ok(known)
}

pub(crate) async fn pin(
    tx: &mut AnyConnection,
    connection: &ConnectionId,
    release: Option<&ReleaseId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE connections SET release = $2, updated_at = $3 WHERE id = $1")
        .bind(connection.as_str())
        .bind(release.map(ReleaseId::as_str))
        .bind(now.as_micros())
        .execute(tx)
        .await?;
    Ok(())
}

/// The canary of a connection is over because it is pinned to something else, inside a transaction.
pub(crate) async fn end_of_connection(
    tx: &mut AnyConnection,
    store: &Store,
    connection: &ConnectionId,
    reason: &str,
    actor: &str,
) -> Result<(), StoreError> {
    let statement = sqlx::query(select::<Canary>("WHERE y.connection = $1")).bind(connection.as_str());
    match maybe::<Canary>(&mut *tx, statement).await? {
        Some(canary) => end(tx, store, &canary, reason, actor).await,
        None => Ok(()),
    }
}

/// The canary of a release is over because the release was set aside, inside a transaction.
pub(crate) async fn end_of_release(
    tx: &mut AnyConnection,
    store: &Store,
    release: &ReleaseId,
    reason: &str,
) -> Result<(), StoreError> {
    let statement = sqlx::query(select::<Canary>("WHERE y.release = $1")).bind(release.as_str());
    match maybe::<Canary>(&mut *tx, statement).await? {
        Some(canary) => end(tx, store, &canary, reason, "host").await,
        None => Ok(()),
    }
}

/// What becomes of a connector's canary when a release becomes active: of that one it is the good end, of another one it
/// is over, because what it was compared with is gone.
pub(crate) async fn settle(
    tx: &mut AnyConnection,
    store: &Store,
    active: &Release,
    actor: &str,
) -> Result<(), StoreError> {
    let statement = sqlx::query(select::<Canary>("WHERE y.connector = $1")).bind(active.connector.as_str());
    let Some(canary) = maybe::<Canary>(&mut *tx, statement).await? else { return Ok(()) };
    if canary.release != active.id {
        return end(tx, store, &canary, "another release was activated while it was tried", actor).await;
    }
    close(&mut *tx, store, &canary).await?;
    let detail = serde_json::json!({ "connection": canary.connection });
    let line = NewAudit::of(None, actor, "canary.promoted", &canary.release).detail(&detail);
    append(tx, &store.audit_line(line)).await
}

/// Ends one, its release waits.
async fn end(
    tx: &mut AnyConnection,
    store: &Store,
    canary: &Canary,
    reason: &str,
    actor: &str,
) -> Result<(), StoreError> {
    close(&mut *tx, store, canary).await?;
    sqlx::query("UPDATE releases SET reason = $2, state_at = $3 WHERE id = $1 AND state = 'ready'")
        .bind(canary.release.as_str())
        .bind(reason)
        .bind(store.now().as_micros())
        .execute(&mut *tx)
        .await?;
    let detail = serde_json::json!({ "connection": canary.connection, "reason": reason });
    let line = NewAudit::of(None, actor, "canary.ended", &canary.release).detail(&detail);
    append(tx, &store.audit_line(line)).await
}

/// The connection is back on what it was pinned to, and nothing is tried any more, nor granted for that.
async fn close(tx: &mut AnyConnection, store: &Store, canary: &Canary) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE connections SET release = (SELECT y.pinned FROM canaries y WHERE y.connection = connections.id), \
         updated_at = $3 WHERE id = $1 AND release = $2",
    )
    .bind(canary.connection.as_str())
    .bind(canary.release.as_str())
    .bind(store.now().as_micros())
    .execute(&mut *tx)
    .await?;
    sqlx::query("DELETE FROM canaries WHERE release = $1").bind(canary.release.as_str()).execute(&mut *tx).await?;
    approvals::end_of_trial(tx, &canary.release).await
}

#[cfg(test)]
mod tests;
