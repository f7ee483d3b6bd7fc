//! Which release new work of a connector uses: becoming it, and going back to the one before.
//!
//! Each is one transaction that nothing else stands in the middle of: there is one active release or none, the one before
//! is kept, a trial of another release on one connection is over, and the audit log says who did it.

use patchbay_model::{EventKind, ReleaseId, ReleaseState, Timestamp};
use sqlx::AnyConnection;

use crate::{
    NewApproval, Release, Store, StoreError, approvals,
    audit::{NewAudit, append},
    canaries, corrections,
    events::{NewEvent, emit},
    publishers,
    releases::load,
    row::{Reader, many, maybe, select},
};

/// What a release was judged with. It is taken into use only while that is still so: somebody may correct the connector, or
/// take back what was granted, in the moment between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JudgedWith {
    /// The revision of the operator's correction; 0 for none.
    pub revision: i64,
    /// The number of what was granted to the connector last, 0 for nothing; none where the release is approved by its own
    /// name, so that nothing depends on that.
    pub granted: Option<i64>,
}

impl JudgedWith {
    /// Of one that depends on the correction alone.
    #[must_use]
    pub fn revision(revision: i64) -> Self {
        Self { revision, granted: None }
    }
}

/// Going back to a release that was active before.
#[derive(Debug, Clone)]
pub struct GoBack {
    /// The one to go back to.
    pub to: ReleaseId,
    /// What it was judged with.
    pub judged: JudgedWith,
    /// What is granted from then on; none where that stays as it is.
    pub approval: Option<NewApproval>,
    /// Who goes back.
    pub actor: String,
    /// Why, for whoever looks at the one that is left behind.
    pub reason: String,
}

impl Store {
    /// Makes a release the one that new runs use; the one before is retained. One atomic swap.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] unless it is `ready`, `retained` or `active`.
    pub async fn activate_release(&self, id: &ReleaseId, actor: &str) -> Result<Release, StoreError> {
        self.activate(id, None, None, actor).await
    }

    /// The same of one that was judged; and with what is approved of it, where that is said. Both happen or neither. An
    /// approval takes one out of the quarantine: somebody has looked at why it is there.
    ///
    /// # Errors
    /// As there; [`StoreError::Outdated`] when the correction is another one by now, or what is granted.
    pub async fn activate_corrected(
        &self,
        id: &ReleaseId,
        judged: JudgedWith,
        approval: Option<NewApproval>,
        actor: &str,
    ) -> Result<Release, StoreError> {
        self.activate(id, Some(judged), approval, actor).await
    }

    /// Grants what the active release asks, and nothing else from now on.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] where it is not active any more, or as
    /// [`Store::activate_corrected`].
    pub async fn approve_active(&self, judged: JudgedWith, approval: NewApproval) -> Result<Release, StoreError> {
        let store = self.clone();
        self.write(move |tx| {
            Box::pin(async move {
                let active = load(&mut *tx, &approval.release).await?;
                if active.state != ReleaseState::Active {
                    return Err(StoreError::Conflict("the release is not the active one any more"));
                }
                as_judged(&mut *tx, &active, judged).await?;
                approvals::give(tx, &store, &approval).await?;
                Ok(active)
            })
        })
        .await
    }

    async fn activate(
        &self,
        id: &ReleaseId,
        judged: Option<JudgedWith>,
        approval: Option<NewApproval>,
        actor: &str,
    ) -> Result<Release, StoreError> {
        let (store, id, actor) = (self.clone(), id.clone(), actor.to_owned());
        let active = self
            .write(move |tx| {
                Box::pin(async move { activate(tx, &store, &id, judged, approval.as_ref(), &actor).await })
            })
            .await?;
        // A connection that tried another release may have something due.
        self.woke();
        Ok(active)
    }

    /// Goes back to a release that is kept: it is active, and the one that is left behind is kept, and known as one that
    /// somebody went back from.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] unless it is retained; [`StoreError::Outdated`].
    pub async fn go_back(&self, back: GoBack) -> Result<Release, StoreError> {
        let store = self.clone();
        let active = self
            .write(move |tx| {
                Box::pin(async move {
                    let wanted = load(&mut *tx, &back.to).await?;
                    if wanted.state != ReleaseState::Retained {
                        return Err(StoreError::Conflict("the release is not kept"));
                    }
                    leave(&mut *tx, &store, &wanted.connector, &back).await?;
                    activate(tx, &store, &back.to, Some(back.judged), back.approval.as_ref(), &back.actor).await
                })
            })
            .await?;
        self.woke();
        Ok(active)
    }

    /// The release that was active before the present one, or before the one that was set aside: the one that was last,
    /// of those that nobody went back from.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn release_before(&self, connector: &str) -> Result<Option<Release>, StoreError> {
        let rest = "WHERE rel.connector = $1 AND rel.state = 'retained' AND rel.activated_at IS NOT NULL \
            AND rel.set_back_at IS NULL ORDER BY rel.activated_at DESC, rel.id DESC LIMIT 1";
        maybe(self.read(), sqlx::query(select::<Release>(rest)).bind(connector)).await
    }

    /// Releases that were set aside while they were the active one, where none is active since.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn releases_without_successor(&self) -> Result<Vec<Release>, StoreError> {
        let rest = "WHERE rel.state = 'quarantined' AND rel.activated_at IS NOT NULL AND NOT EXISTS (SELECT 1 \
            FROM releases a WHERE a.connector = rel.connector AND (a.state = 'active' \
            OR (a.state = 'quarantined' AND a.activated_at > rel.activated_at))) ORDER BY rel.connector";
        many(self.read(), sqlx::query(select::<Release>(rest))).await
    }

    /// The release of a version.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn release_of_version(&self, connector: &str, version: &str) -> Result<Option<Release>, StoreError> {
        let statement = sqlx::query(select::<Release>("WHERE rel.connector = $1 AND rel.version = $2"));
        maybe(self.read(), statement.bind(connector).bind(version)).await
    }
}

/// Notes at the active release that it is being left behind, and why.
async fn leave(tx: &mut AnyConnection, store: &Store, connector: &str, back: &GoBack) -> Result<(), StoreError> {
    let statement =
        "UPDATE releases SET set_back_at = $2, reason = $3 WHERE connector = $1 AND state = 'active' RETURNING id";
    let left: Option<String> = sqlx::query_scalar(statement)
        .bind(connector)
        .bind(store.now().as_micros())
        .bind(back.reason.as_str())
        .fetch_optional(&mut *tx)
        .await?;
    let Some(left) = left else { return Ok(()) };
    let detail = serde_json::json!({ "connector": connector, "to": back.to, "reason": back.reason });
    let line = NewAudit::of(None, &back.actor, "release.rolled_back", &left).detail(&detail);
    append(tx, &store.audit_line(line)).await
}

/// What a release was judged with still holds.
async fn as_judged(tx: &mut AnyConnection, release: &Release, judged: JudgedWith) -> Result<(), StoreError> {
    if corrections::revision(&mut *tx, &release.connector).await? != judged.revision {
        return Err(StoreError::Outdated("the correction of the connector was changed meanwhile"));
    }
    if let Some(granted) = judged.granted
        && approvals::latest(tx, &release.connector).await? != granted
    {
        return Err(StoreError::Outdated("what is granted to the connector was changed meanwhile"));
    }
    Ok(())
}

/// The swap, inside a transaction, with what is approved by it.
pub(crate) async fn activate(
    tx: &mut AnyConnection,
    store: &Store,
    id: &ReleaseId,
    judged: Option<JudgedWith>,
    approval: Option<&NewApproval>,
    actor: &str,
) -> Result<Release, StoreError> {
    let (wanted, now) = (load(&mut *tx, id).await?, store.now());
    if let Some(judged) = judged {
        as_judged(&mut *tx, &wanted, judged).await?;
    }
    if let Some(approval) = approval {
        approvals::give(&mut *tx, store, approval).await?;
    }
    match wanted.state {
        ReleaseState::Active => return Ok(wanted),
        ReleaseState::Ready | ReleaseState::Retained => {}
        ReleaseState::Quarantined if approval.is_some() => {}
        _ => return Err(StoreError::Conflict("the release is not ready")),
    }
    publishers::still_stands(&mut *tx, &wanted).await?;
    canaries::settle(&mut *tx, store, &wanted, actor).await?;
    sqlx::query("UPDATE releases SET state = 'retained', state_at = $2 WHERE connector = $1 AND state = 'active'")
        .bind(wanted.connector.as_str())
        .bind(now.as_micros())
        .execute(&mut *tx)
        .await?;
    begin(&mut *tx, id, actor, now).await?;
    append(&mut *tx, &store.audit_line(NewAudit::of(None, actor, "release.activated", id))).await?;
    let active = load(&mut *tx, id).await?;
    tell(tx, store, &active, now).await?;
    Ok(active)
}

/// Tells the tenants that have a connection of it that another release runs now.
async fn tell(tx: &mut AnyConnection, store: &Store, active: &Release, now: Timestamp) -> Result<(), StoreError> {
    let statement = sqlx::query(
        "SELECT DISTINCT c.tenant FROM connections c WHERE c.connector = $1 AND c.state <> 'deleted' ORDER BY c.tenant",
    );
    let rows = statement.bind(active.connector.as_str()).fetch_all(&mut *tx).await?;
    let data = serde_json::json!({
        "connector": active.connector, "release": active.id, "version": active.version,
    });
    for row in &rows {
        let tenant = Reader::of(row, "connections").next("tenant")?;
        let (id, kind, subject) = (store.event_id(), EventKind::ConnectorActivated, active.connector.clone());
        emit(&mut *tx, &NewEvent { id, tenant, kind, subject, data: data.clone() }, now).await?;
    }
    Ok(())
}

async fn begin(tx: &mut AnyConnection, id: &ReleaseId, actor: &str, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE releases SET state = 'active', reason = NULL, state_at = $2, activated_at = $2, activated_by = $3, \
         set_back_at = NULL, rest_until = NULL WHERE id = $1",
    )
    .bind(id.as_str())
    .bind(now.as_micros())
    .bind(actor)
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    async fn active(world: &World) -> Option<ReleaseId> {
        world.store.active_release_id("acme.books").await.expect("read")
    }

    fn back(to: &ReleaseId) -> GoBack {
        GoBack {
            to: to.clone(),
            judged: JudgedWith::revision(0),
            approval: None,
            actor: "operator".to_owned(),
            reason: "it was slow".to_owned(),
        }
    }

    /// Releases that were active one after the other.
    async fn releases(world: &World, versions: &[&str]) -> Vec<ReleaseId> {
        let mut all = Vec::new();
        for version in versions {
            let id = world.release(version).await;
            world.clock.advance(std::time::Duration::from_secs(1));
            world.store.activate_release(&id, "test").await.expect("active");
            all.push(id);
        }
        all
    }

    #[tokio::test]
    async fn activating_swaps_and_keeps_the_one_before() {
        let world = World::open().await;
        let all = releases(&world, &["1.0.0", "1.1.0"]).await;
        let now = world.store.release(&all[1]).await.expect("read");
        assert_eq!((active(&world).await, now.activated_by.as_deref()), (Some(all[1].clone()), Some("test")));
        assert_eq!(now.activated_at, Some(world.store.now()));
        assert_eq!(world.store.release(&all[0]).await.expect("kept").state, ReleaseState::Retained);
        assert_eq!(world.store.connectors().await.expect("list").len(), 1);
        world.store.activate_release(&all[0], "test").await.expect("rolled back");
        world.store.set_release_state(&all[1], ReleaseState::Quarantined, Some("harm")).await.expect("set aside");
        assert!(world.store.activate_release(&all[1], "test").await.is_err());
    }

    #[tokio::test]
    async fn going_back_leads_to_the_one_before_each_time_and_never_to_one_that_was_left() {
        let world = World::open().await;
        let all = releases(&world, &["1.0.0", "1.1.0", "1.2.0"]).await;
        for expected in [&all[1], &all[0]] {
            let before = world.store.release_before("acme.books").await.expect("read").expect("one before");
            assert_eq!(&before.id, expected);
            world.store.go_back(back(&before.id)).await.expect("back");
            assert_eq!(active(&world).await.as_ref(), Some(expected));
        }
        assert_eq!(world.store.release_before("acme.books").await, Ok(None), "the others were gone back from");
        let left = world.store.release(&all[2]).await.expect("read");
        assert_eq!((left.state, left.reason.as_deref()), (ReleaseState::Retained, Some("it was slow")));
        assert!(left.set_back_at.is_some());
        assert_eq!(world.told("release.rolled_back").await, 2);

        // By name it may be taken again, and is as good as any other then.
        world.store.activate_release(&all[2], "test").await.expect("active");
        assert_eq!(world.store.release(&all[2]).await.expect("read").set_back_at, None);
        let before = world.store.release_before("acme.books").await.expect("read").expect("one before");
        assert_eq!(before.id, all[0]);
    }

    #[tokio::test]
    async fn one_that_was_set_aside_is_without_a_successor_until_another_is_active() {
        let world = World::open().await;
        let all = releases(&world, &["1.0.0", "1.1.0"]).await;
        assert_eq!(world.store.releases_without_successor().await, Ok(Vec::new()));
        world.store.set_release_state(&all[1], ReleaseState::Quarantined, Some("harm")).await.expect("set aside");
        let found = world.store.releases_without_successor().await.expect("read");
        assert_eq!(found.iter().map(|found| &found.id).collect::<Vec<_>>(), [&all[1]]);
        world.store.go_back(back(&all[0])).await.expect("back");
        assert_eq!(world.store.releases_without_successor().await, Ok(Vec::new()));
        assert_eq!(world.store.release(&all[1]).await.expect("read").reason.as_deref(), Some("harm"), "why stays");
    }

    #[tokio::test]
    async fn nothing_of_a_way_back_is_done_when_the_correction_is_another_one() {
        let world = World::open().await;
        let all = releases(&world, &["1.0.0", "1.1.0"]).await;
        let approval = NewApproval {
            release: all[0].clone(),
            connector: "acme.books".to_owned(),
            digest: "digest of 1.0.0".to_owned(),
            asks: "{}".to_owned(),
            approved_by: "operator".to_owned(),
        };
        let stale = GoBack { judged: JudgedWith::revision(7), approval: Some(approval), ..back(&all[0]) };
        assert!(matches!(world.store.go_back(stale).await, Err(StoreError::Outdated(_))));
        assert_eq!(world.store.latest_approval("acme.books").await, Ok(None));
        let there = world.store.release(&all[1]).await.expect("read");
        assert_eq!((there.state, there.set_back_at), (ReleaseState::Active, None));
        assert_eq!(world.told("release.rolled_back").await, 0);
        assert!(matches!(world.store.go_back(back(&all[1])).await, Err(StoreError::Conflict(_))), "it is active");
    }
}
