//! Connections that stay on one release, whatever becomes active.

use patchbay_model::{ConnectionId, ReleaseId, ReleaseState, TenantId};

use crate::{
    Connection, Store, StoreError,
    audit::{NewAudit, append},
    canaries,
    connections::load,
    publishers, releases,
    row::{Reader, one, select},
};

impl Store {
    /// Pins a connection to a release of its connector, or lets it follow the active one again. Where it was trying a
    /// release, that is over.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] for a release of another connector, or one that is not kept.
    pub async fn pin_connection(
        &self,
        tenant: &TenantId,
        id: &ConnectionId,
        release: Option<&ReleaseId>,
        actor: &str,
    ) -> Result<Connection, StoreError> {
        let (store, tenant, id, actor) = (self.clone(), tenant.clone(), id.clone(), actor.to_owned());
        let release = release.cloned();
        let pinned = self
            .write(move |tx| {
                Box::pin(async move {
                    let statement =
                        sqlx::query(select::<Connection>("WHERE c.id = $1 AND c.tenant = $2 AND c.state <> 'deleted'"));
                    let there: Connection = one(&mut *tx, statement.bind(id.as_str()).bind(tenant.as_str())).await?;
                    if let Some(release) = &release {
                        let row = releases::load(&mut *tx, release).await?;
                        let kept =
                            matches!(row.state, ReleaseState::Ready | ReleaseState::Active | ReleaseState::Retained);
                        if !kept || row.connector != there.connector {
                            return Err(StoreError::Conflict("the release is not kept for this connection"));
                        }
                        publishers::still_stands(&mut *tx, &row).await?;
                    }
                    let reason = "its connection was pinned to something else";
                    canaries::end_of_connection(&mut *tx, &store, &id, reason, &actor).await?;
                    canaries::pin(&mut *tx, &id, release.as_ref(), store.now()).await?;
                    let detail = serde_json::json!({ "release": release });
                    let line = NewAudit::of(Some(&tenant), &actor, "connection.pinned", &id).detail(&detail);
                    append(&mut *tx, &store.audit_line(line)).await?;
                    load(tx, &id).await
                })
            })
            .await?;
        self.woke();
        Ok(pinned)
    }

    /// How many connections run each release of a connector now: those that are pinned to it, and for the active one those
    /// that are pinned to nothing. By release.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn connections_by_release(&self, connector: &str) -> Result<Vec<(ReleaseId, u64)>, StoreError> {
        let rows = sqlx::query(
            "SELECT q.id, (SELECT count(*) FROM connections c WHERE c.connector = q.connector AND c.state <> 'deleted' \
             AND (c.release = q.id OR (c.release IS NULL AND q.state = 'active'))) FROM releases q WHERE q.connector = $1",
        );
        let rows = rows.bind(connector).fetch_all(self.read()).await?;
        let read = |row| {
            let mut r = Reader::of(row, "releases");
            Ok((r.next("id")?, r.next("connections")?))
        };
        rows.iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    #[tokio::test]
    async fn a_pinned_connection_stays_where_it_is_until_it_follows_again() {
        let world = World::open().await;
        let (store, tenant) = (&world.store, &world.tenant);
        let (old, new) = (world.release("1.0.0").await, world.release("1.1.0").await);
        let (one, _two) = (world.connect("b1").await.connection.id, world.connect("b2").await.connection.id);
        for release in [&old, &new] {
            store.activate_release(release, "test").await.expect("active");
        }
        let share = async || {
            let mut found = store.connections_by_release("acme.books").await.expect("read");
            found.sort();
            found.into_iter().map(|(_, count)| count).collect::<Vec<u64>>()
        };
        assert_eq!(share().await, [0, 2]);
        let pinned = store.pin_connection(tenant, &one, Some(&old), "operator").await.expect("pinned");
        assert_eq!((pinned.release, share().await), (Some(old.clone()), vec![1, 1]));
        let pinned = store.pin_connection(tenant, &one, None, "operator").await.expect("unpinned");
        assert_eq!((pinned.release, share().await), (None, vec![0, 2]));
        assert_eq!(world.told("connection.pinned").await, 2);
    }

    #[tokio::test]
    async fn a_release_that_cannot_be_run_is_pinned_to_nothing() {
        let world = World::open().await;
        let (store, tenant) = (&world.store, &world.tenant);
        let id = world.connect("b1").await.connection.id;
        for state in [ReleaseState::Refused, ReleaseState::Quarantined, ReleaseState::Dropped, ReleaseState::Compiled] {
            let release = world.release(&format!("1.0.{}", state as u8)).await;
            store.set_release_state(&release, state, None).await.expect("set");
            let pinned = store.pin_connection(tenant, &id, Some(&release), "operator").await;
            assert!(matches!(pinned, Err(StoreError::Conflict(_))), "{state:?}");
        }
        assert_eq!(store.connection(tenant, &id).await.expect("there").release, None);
        assert_eq!(world.told("connection.pinned").await, 0);
    }
}
