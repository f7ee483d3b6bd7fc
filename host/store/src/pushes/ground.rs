//! What a push goes by, in one look.

use patchbay_model::{ConnectionId, ReleaseId, TenantId, Timestamp};
use sqlx::AssertSqlSafe;

use crate::{
    Connection, Store, StoreError,
    row::{Reader, Row as _},
};

/// A connection, and what can be said of the release that work on it uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    /// The connection.
    pub connection: Connection,
    /// The release that it is pinned to, else the active one of its connector, if there is one.
    pub release: Option<ReleaseId>,
    /// Whether each end of its work is looked at: one connection tries it, or it is tried again after a rest.
    pub watched: bool,
    /// Until when nothing of it begins, or began.
    pub rest_until: Option<Timestamp>,
    /// Whether it was set aside, or the one was that would be active.
    pub set_aside: bool,
}

impl Store {
    /// A connection of a tenant (a deleted one is not found), and the release that work on it uses.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn ground(&self, tenant: &TenantId, id: &ConnectionId) -> Result<Ground, StoreError> {
        let statement = format!(
            "SELECT {}, q.id, EXISTS (SELECT 1 FROM canaries y WHERE y.connection = c.id) OR q.rest_until IS NOT NULL, \
             q.rest_until, CASE WHEN q.id IS NOT NULL THEN q.state = 'quarantined' ELSE EXISTS (SELECT 1 FROM releases z \
             WHERE z.connector = c.connector AND z.state = 'quarantined') END FROM {} LEFT JOIN releases q \
             ON q.id = coalesce(c.release, (SELECT a.id FROM releases a WHERE a.connector = c.connector \
             AND a.state = 'active')) WHERE c.id = $1 AND c.tenant = $2 AND c.state <> 'deleted'",
            Connection::COLUMNS,
            Connection::FROM,
        );
        let statement = sqlx::query(AssertSqlSafe(statement)).bind(id.as_str()).bind(tenant.as_str());
        let row = statement.fetch_optional(self.read()).await?.ok_or(StoreError::NotFound)?;
        let mut r = Reader::of(&row, Connection::TABLE);
        Ok(Ground {
            connection: Connection::read(&mut r)?,
            release: r.next("release")?,
            watched: r.next("release")?,
            rest_until: r.next("rest_until")?,
            set_aside: r.next("state")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    #[tokio::test]
    async fn a_connection_comes_with_its_pin_else_with_the_active_release_and_to_its_tenant_only() {
        let world = World::open().await;
        let id = world.connect("b1").await.connection.id;
        let found = async || world.store.ground(&world.tenant, &id).await;
        let alone = world.store.connection(&world.tenant, &id).await.expect("there");
        let bare = Ground { connection: alone, release: None, watched: false, rest_until: None, set_aside: false };
        assert_eq!(found().await, Ok(bare));
        let (old, new) = (world.release("1.0.0").await, world.release("1.1.0").await);
        for release in [&old, &new] {
            world.store.activate_release(release, "x").await.expect("active");
        }
        assert_eq!(found().await.expect("there").release, Some(new.clone()));
        let pinned = world.store.pin_connection(&world.tenant, &id, Some(&old), "x").await.expect("pinned");
        let there = found().await.expect("there");
        assert_eq!((there.connection, there.release), (pinned, Some(old)));
        world.store.pin_connection(&world.tenant, &id, None, "x").await.expect("unpinned");
        world.store.set_release_state(&new, patchbay_model::ReleaseState::Quarantined, None).await.expect("set aside");
        let there = found().await.expect("there");
        assert_eq!((there.release, there.set_aside), (None, true), "there is a reason why it has none");
        let other = world.store.create_tenant("Other", "other", "test").await.expect("a tenant").id;
        assert_eq!(world.store.ground(&other, &id).await.err(), Some(StoreError::NotFound));
        world.store.delete_connection(&world.tenant, &id, false, None, "x").await.expect("deleted");
        assert_eq!(found().await.err(), Some(StoreError::NotFound));
    }
}
