//! What an operator corrects of a connector's configuration.
//!
//! A correction is judged with the release that is active, or with another one where none is, and a release is made active
//! as it is judged with the correction: each of the two looks in its own transaction whether the other one is still what it
//! was.

use patchbay_model::{ReleaseId, Timestamp};
use sqlx::AnyConnection;

use crate::{
    NewApproval, Store, StoreError, approvals,
    audit::{NewAudit, append},
    row::{Reader, Row, maybe, one, select},
};

/// A correction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// The connector, `publisher.name`.
    pub connector: String,
    /// What is laid over the defaults, a JSON object; an empty one when it was taken back.
    pub config: String,
    /// Raised with every change, and never lowered.
    pub revision: i64,
    /// When it was changed.
    pub updated_at: Timestamp,
    /// Who changed it.
    pub updated_by: String,
}

/// A correction to keep.
#[derive(Debug, Clone)]
pub struct NewCorrection {
    /// The connector.
    pub connector: String,
    /// What is laid over the defaults, a JSON object.
    pub config: String,
    /// The release that it was judged with.
    pub release: ReleaseId,
    /// Whether that is the active one; else none was active.
    pub is_active: bool,
    /// The revision that it replaces; 0 for none.
    pub replaces: i64,
    /// What becomes of addresses, in plain words, for the audit log.
    pub powers: Vec<String>,
    /// The approval of that; none where no address changes.
    pub approval: Option<NewApproval>,
    /// Who says so.
    pub actor: String,
}

impl Row for Correction {
    const TABLE: &'static str = "corrections";
    const FROM: &'static str = "corrections k";
    const COLUMNS: &'static str = "k.connector, k.config, k.revision, k.updated_at, k.updated_by";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            connector: r.next("connector")?,
            config: r.next("config")?,
            revision: r.next("revision")?,
            updated_at: r.next("updated_at")?,
            updated_by: r.next("updated_by")?,
        })
    }
}

impl Store {
    /// The operator's correction of a connector; none where nothing was ever said.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn correction(&self, connector: &str) -> Result<Option<Correction>, StoreError> {
        let statement = sqlx::query(select::<Correction>("WHERE k.connector = $1"));
        maybe(self.read(), statement.bind(connector)).await
    }

    /// Keeps a correction, with the approval of what it changes.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another release, or one at all, is active, or somebody else corrected it, meanwhile.
    pub async fn put_correction(&self, new: NewCorrection) -> Result<Correction, StoreError> {
        let now = self.now();
        let said: serde_json::Value = serde_json::from_str(&new.config).unwrap_or_default();
        let detail = serde_json::json!({ "config": said, "powers": new.powers, "release": new.release.as_str() });
        let line = NewAudit::of(None, &new.actor, "connector.corrected", &new.connector).detail(&detail);
        let line = self.audit_line(line);
        self.write(move |tx| {
            Box::pin(async move {
                let active: Option<String> =
                    sqlx::query_scalar("SELECT id FROM releases WHERE connector = $1 AND state = 'active'")
                        .bind(new.connector.as_str())
                        .fetch_optional(&mut *tx)
                        .await?;
                let judged_with = new.is_active.then_some(new.release.as_str());
                if active.as_deref() != judged_with || revision(&mut *tx, &new.connector).await? != new.replaces {
                    return Err(StoreError::Conflict("the release or its correction was changed meanwhile"));
                }
                sqlx::query(
                    "INSERT INTO corrections (connector, config, revision, updated_at, updated_by) \
                     VALUES ($1, $2, 1, $3, $4) ON CONFLICT (connector) DO UPDATE SET config = excluded.config, \
                     revision = corrections.revision + 1, updated_at = excluded.updated_at, \
                     updated_by = excluded.updated_by",
                )
                .bind(new.connector.as_str())
                .bind(new.config.as_str())
                .bind(now.as_micros())
                .bind(new.actor.as_str())
                .execute(&mut *tx)
                .await?;
                if let Some(approval) = &new.approval {
                    approvals::insert(&mut *tx, approval, now).await?;
                }
                append(&mut *tx, &line).await?;
                one(tx, sqlx::query(select::<Correction>("WHERE k.connector = $1")).bind(new.connector.as_str())).await
            })
        })
        .await
    }
}

/// The revision that holds, inside a transaction; 0 where nothing was ever said.
pub(crate) async fn revision(tx: &mut AnyConnection, connector: &str) -> Result<i64, StoreError> {
    let statement = sqlx::query_scalar("SELECT revision FROM corrections WHERE connector = $1");
    Ok(statement.bind(connector).fetch_optional(tx).await?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{JudgedWith, testing::World};

    fn said(release: &ReleaseId, replaces: i64, config: &str) -> NewCorrection {
        NewCorrection {
            connector: "acme.books".to_owned(),
            config: config.to_owned(),
            release: release.clone(),
            is_active: true,
            replaces,
            powers: vec!["changes the host".to_owned()],
            approval: Some(NewApproval {
                release: release.clone(),
                connector: "acme.books".to_owned(),
                digest: "d".to_owned(),
                asks: "{\"fetch\":true}".to_owned(),
                approved_by: "operator".to_owned(),
            }),
            actor: "operator".to_owned(),
        }
    }

    #[tokio::test]
    async fn a_correction_is_kept_with_its_approval_and_a_line_of_the_audit_log() {
        let world = World::open().await;
        let (store, release) = (&world.store, world.release("1.0.0").await);
        store.activate_release(&release, "test").await.expect("active");
        assert_eq!(store.correction("acme.books").await, Ok(None));
        let first = store.put_correction(said(&release, 0, "{\"a\":1}")).await.expect("kept");
        assert_eq!((first.config.as_str(), first.revision), ("{\"a\":1}", 1));
        let second = store.put_correction(said(&release, 1, "{}")).await.expect("taken back");
        assert_eq!((second.config.as_str(), second.revision), ("{}", 2));
        assert_eq!(store.correction("acme.books").await, Ok(Some(second)));
        assert_eq!(store.correction("acme.other").await, Ok(None));
        let approval = store.latest_approval("acme.books").await.expect("read").expect("one");
        assert_eq!(approval.asks, "{\"fetch\":true}");
        let lines = store.audit(None, None, 10, Some("acme.books")).await.expect("lines").items;
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line.detail.contains("changes the host")), "{lines:?}");
    }

    #[tokio::test]
    async fn neither_a_correction_nor_a_release_passes_the_other_unseen() {
        let world = World::open().await;
        let (store, first) = (&world.store, world.release("1.0.0").await);
        let second = world.release("1.1.0").await;
        store.activate_corrected(&first, JudgedWith::revision(0), None, "test").await.expect("active");
        store.put_correction(said(&first, 0, "{}")).await.expect("kept");
        let late = store.put_correction(said(&first, 0, "{}")).await;
        assert!(matches!(late, Err(StoreError::Conflict(_))), "somebody else was faster");
        let unseen = store.activate_corrected(&second, JudgedWith::revision(0), None, "test").await;
        assert!(matches!(unseen, Err(StoreError::Outdated(_))), "it was judged without the correction");
        store.activate_corrected(&second, JudgedWith::revision(1), None, "test").await.expect("active");
        let judged_with_another = store.put_correction(said(&first, 1, "{}")).await;
        assert!(matches!(judged_with_another, Err(StoreError::Conflict(_))));
    }

    #[tokio::test]
    async fn one_that_was_judged_while_none_was_active_does_not_pass_a_release_that_became_it() {
        let world = World::open().await;
        let (store, release) = (&world.store, world.release("1.0.0").await);
        let waits = |replaces, config| NewCorrection { is_active: false, ..said(&release, replaces, config) };
        store.put_correction(waits(0, "{\"a\":1}")).await.expect("kept");
        let was_active = store.put_correction(said(&release, 1, "{}")).await;
        assert!(matches!(was_active, Err(StoreError::Conflict(_))), "it is not any more: {was_active:?}");
        store.activate_corrected(&release, JudgedWith::revision(1), None, "test").await.expect("active");
        let late = store.put_correction(waits(1, "{}")).await;
        assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");
        assert_eq!(store.correction("acme.books").await.expect("read").map(|row| row.revision), Some(1));
    }
}
