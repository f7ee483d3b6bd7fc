//! What an operator granted to a connector, with the digest of the release it was granted for.

use patchbay_model::{ReleaseId, Timestamp};
use sqlx::AnyConnection;

use crate::{
    Store, StoreError,
    audit::{NewAudit, append},
    row::{Reader, Row, maybe, select},
};

/// An approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
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
    const COLUMNS: &'static str = "a.release, a.connector, a.digest, a.asks, a.approved_by, a.created_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
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
    /// Keeps an approval.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a release that does not exist.
    pub async fn insert_approval(&self, new: NewApproval) -> Result<(), StoreError> {
        let now = self.now();
        let line = self.audit_line(NewAudit::of(None, &new.approved_by, "release.approved", &new.release));
        self.write(move |tx| {
            Box::pin(async move {
                insert(&mut *tx, &new, now).await?;
                append(tx, &line).await
            })
        })
        .await
    }

    /// What was granted to a connector last; not what was granted to one release alone.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn latest_approval(&self, connector: &str) -> Result<Option<Approval>, StoreError> {
        let statement =
            sqlx::query(select::<Approval>("WHERE a.connector = $1 AND NOT a.for_trial ORDER BY a.no DESC LIMIT 1"));
        maybe(self.read(), statement.bind(connector)).await
    }

    /// What was granted to a release last, by its own name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn approval_of(&self, release: &ReleaseId) -> Result<Option<Approval>, StoreError> {
        let statement = sqlx::query(select::<Approval>("WHERE a.release = $1 ORDER BY a.no DESC LIMIT 1"));
        maybe(self.read(), statement.bind(release.as_str())).await
    }
}

/// Writes it down, inside a transaction that says why.
pub(crate) async fn insert(tx: &mut AnyConnection, new: &NewApproval, now: Timestamp) -> Result<(), StoreError> {
    put(tx, new, false, now).await
}

/// The same of one that holds for its release alone, while one connection tries that.
pub(crate) async fn insert_for_trial(
    tx: &mut AnyConnection,
    new: &NewApproval,
    now: Timestamp,
) -> Result<(), StoreError> {
    put(tx, new, true, now).await
}

/// What was granted for the trial of a release holds for its connector from now on, as if it were granted now.
pub(crate) async fn hold_for_all(
    tx: &mut AnyConnection,
    release: &ReleaseId,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO approvals (release, connector, digest, asks, approved_by, created_at) \
         SELECT a.release, a.connector, a.digest, a.asks, a.approved_by, $2 FROM approvals a \
         WHERE a.release = $1 AND a.for_trial ORDER BY a.no DESC LIMIT 1",
    )
    .bind(release.as_str())
    .bind(now.as_micros())
    .execute(tx)
    .await?;
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
