//! What an operator granted to a connector, with the digest of the release it was granted for.
//!
//! An approval is written in the transaction that takes its release into use, or not at all: one whose release was refused
//! there would let the next release go ahead by itself. What is granted for a trial lasts as long as the trial.

use patchbay_model::{ConnectionId, ReleaseId, Timestamp};
use sqlx::AnyConnection;

use crate::{
    Store, StoreError,
    audit::{NewAudit, append},
    row::{Reader, Row, maybe, select},
};

/// An approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Its number: a later one has a higher one.
    pub no: i64,
    /// The release it was given for.
    pub release: ReleaseId,
    /// Its connector.
    pub connector: String,
    /// Its digest.
    pub digest: String,
    /// What was granted, JSON.
    pub asks: String,
    /// Who gave it.
    pub approved_by: String,
    /// When.
    pub created_at: Timestamp,
}

/// An approval to keep.
#[derive(Debug, Clone)]
pub struct NewApproval {
    /// The release it is given for.
    pub release: ReleaseId,
    /// Its connector.
    pub connector: String,
    /// Its digest.
    pub digest: String,
    /// What is granted, JSON.
    pub asks: String,
    /// Who gives it.
    pub approved_by: String,
}

impl Row for Approval {
    const TABLE: &'static str = "approvals";
    const FROM: &'static str = "approvals a";
    const COLUMNS: &'static str = "a.no, a.release, a.connector, a.digest, a.asks, a.approved_by, a.created_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            no: r.next("no")?,
            release: r.next("release")?,
            connector: r.next("connector")?,
            digest: r.next("digest")?,
            asks: r.next("asks")?,
            approved_by: r.next("approved_by")?,
            created_at: r.next("created_at")?,
        })
    }
}

impl Store {
    /// What was granted to a connector last; not what was granted to one release alone.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn latest_approval(&self, connector: &str) -> Result<Option<Approval>, StoreError> {
        let statement =
            sqlx::query(select::<Approval>("WHERE a.connector = $1 AND NOT a.for_trial ORDER BY a.no DESC LIMIT 1"));
        maybe(self.read(), statement.bind(connector)).await
    }

    /// What was granted to a release last, by its own name; not what was granted for a trial of it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn approval_of(&self, release: &ReleaseId) -> Result<Option<Approval>, StoreError> {
        let statement =
            sqlx::query(select::<Approval>("WHERE a.release = $1 AND NOT a.for_trial ORDER BY a.no DESC LIMIT 1"));
        maybe(self.read(), statement.bind(release.as_str())).await
    }

    /// What was granted for the trial of a release; none once that is over.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn approval_for_trial(&self, release: &ReleaseId) -> Result<Option<Approval>, StoreError> {
        let statement =
            sqlx::query(select::<Approval>("WHERE a.release = $1 AND a.for_trial ORDER BY a.no DESC LIMIT 1"));
        maybe(self.read(), statement.bind(release.as_str())).await
    }
}

/// The number of what was granted to a connector last, inside a transaction; 0 for nothing.
pub(crate) async fn latest(tx: &mut AnyConnection, connector: &str) -> Result<i64, StoreError> {
    let statement = sqlx::query_scalar("SELECT max(no) FROM approvals WHERE connector = $1 AND NOT for_trial");
    let latest: Option<i64> = statement.bind(connector).fetch_one(tx).await?;
    Ok(latest.unwrap_or(0))
}

/// Writes it down with its line of the audit log, inside the transaction that takes its release into use.
pub(crate) async fn give(tx: &mut AnyConnection, store: &Store, new: &NewApproval) -> Result<(), StoreError> {
    insert(&mut *tx, new, store.now()).await?;
    let line = NewAudit::of(None, &new.approved_by, "release.approved", &new.release);
    append(tx, &store.audit_line(line)).await
}

/// The same of one that holds for its release alone, while this connection tries that.
pub(crate) async fn give_for_trial(
    tx: &mut AnyConnection,
    store: &Store,
    new: &NewApproval,
    connection: &ConnectionId,
) -> Result<(), StoreError> {
    put(&mut *tx, new, true, store.now()).await?;
    let detail = serde_json::json!({ "trial": connection });
    let line = NewAudit::of(None, &new.approved_by, "release.approved", &new.release).detail(&detail);
    append(tx, &store.audit_line(line)).await
}

/// Writes it down, inside a transaction that says why.
pub(crate) async fn insert(tx: &mut AnyConnection, new: &NewApproval, now: Timestamp) -> Result<(), StoreError> {
    put(tx, new, false, now).await
}

/// What was granted for the trial of a release ends with the trial, so that the next one asks again. That it was granted
/// stays in the audit log.
pub(crate) async fn end_of_trial(tx: &mut AnyConnection, release: &ReleaseId) -> Result<(), StoreError> {
    let statement = sqlx::query("DELETE FROM approvals WHERE release = $1 AND for_trial");
    statement.bind(release.as_str()).execute(tx).await?;
    Ok(())
}

async fn put(tx: &mut AnyConnection, new: &NewApproval, for_trial: bool, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO approvals (release, connector, digest, asks, approved_by, for_trial, created_at) \
         VALUES ($1, $2, $3, $4, $5, $7, $6)",
    )
    .bind(new.release.as_str())
    .bind(new.connector.as_str())
    .bind(new.digest.as_str())
    .bind(new.asks.as_str())
    .bind(new.approved_by.as_str())
    .bind(now.as_micros())
    .bind(for_trial)
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
