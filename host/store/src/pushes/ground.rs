//! What a push goes by, in one look.

use patchbay_model::{ConnectionId, ReleaseId, TenantId};
use sqlx::AssertSqlSafe;

use crate::{
    Connection, Store, StoreError,
    row::{Reader, Row as _},
};

impl Store {
    /// A connection of a tenant (a deleted one is not found), and the release that work on it uses: the one that it is
    /// pinned to, else the active one of its connector, if there is one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn connection_and_release(
        &self,
        tenant: &TenantId,
        id: &ConnectionId,
    ) -> Result<(Connection, Option<ReleaseId>), StoreError> {
        let statement = format!(
            "SELECT {}, coalesce(c.release, (SELECT a.id FROM releases a WHERE a.connector = c.connector \
             AND a.state = 'active')) FROM {} WHERE c.id = $1 AND c.tenant = $2 AND c.state <> 'deleted'",
            Connection::COLUMNS,
            Connection::FROM,
        );
        let statement = sqlx::query(AssertSqlSafe(statement)).bind(id.as_str()).bind(tenant.as_str());
        let row = statement.fetch_optional(self.read()).await?.ok_or(StoreError::NotFound)?;
        let mut reader = Reader::of(&row, Connection::TABLE);
        Ok((Connection::read(&mut reader)?, reader.next("release")?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConnectionUpdate, testing::World};

    #[tokio::test]
    async fn a_connection_comes_with_its_pin_else_with_the_active_release_and_to_its_tenant_only() {
        let world = World::open().await;
        let id = world.connect("b1").await.connection.id;
        let found = async || world.store.connection_and_release(&world.tenant, &id).await;
        let alone = world.store.connection(&world.tenant, &id).await.expect("there");
        assert_eq!(found().await, Ok((alone, None)));
        let (old, new) = (world.release("1.0.0").await, world.release("1.1.0").await);
        world.store.activate_release(&new, "x").await.expect("active");
        assert_eq!(found().await.expect("there").1, Some(new));
        let pin = ConnectionUpdate { release: Some(Some(old.clone())), ..ConnectionUpdate::default() };
        let pinned = world.store.update_connection(&world.tenant, &id, pin, "x").await.expect("pinned");
        assert_eq!(found().await, Ok((pinned, Some(old))));
        let other = world.store.create_tenant("Other", "other", "test").await.expect("a tenant").id;
        assert_eq!(world.store.connection_and_release(&other, &id).await.err(), Some(StoreError::NotFound));
        world.store.delete_connection(&world.tenant, &id, false, None, "x").await.expect("deleted");
        assert_eq!(found().await.err(), Some(StoreError::NotFound));
    }
}
