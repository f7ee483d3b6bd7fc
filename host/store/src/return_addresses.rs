//! Where a tenant's end users may be sent after a connect: named by id in a session, never by address.

use patchbay_model::{ReturnId, TenantId, Timestamp};

use crate::{
    Store, StoreError,
    audit::{NewAudit, append},
    row::{Reader, Row, many, one, select},
};

/// A return address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnAddress {
    /// Its id.
    pub id: ReturnId,
    /// Whose.
    pub tenant: TenantId,
    /// What the tenant calls it.
    pub name: String,
    /// The address.
    pub address: String,
    /// Since when it exists.
    pub created_at: Timestamp,
}

impl Row for ReturnAddress {
    const TABLE: &'static str = "return_addresses";
    const FROM: &'static str = "return_addresses b";
    const COLUMNS: &'static str = "b.id, b.tenant, b.name, b.address, b.created_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: r.next("id")?,
            tenant: r.next("tenant")?,
            name: r.next("name")?,
            address: r.next("address")?,
            created_at: r.next("created_at")?,
        })
    }
}

impl Store {
    /// Registers a return address.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a tenant that does not exist.
    pub async fn create_return_address(
        &self,
        tenant: &TenantId,
        name: &str,
        address: &str,
        actor: &str,
    ) -> Result<ReturnAddress, StoreError> {
        let made = ReturnAddress {
            id: ReturnId::fresh(&*self.clock, &*self.random),
            tenant: tenant.clone(),
            name: name.to_owned(),
            address: address.to_owned(),
            created_at: self.now(),
        };
        let line = NewAudit::of(Some(tenant), actor, "return_address.created", &made.id);
        let line = self.audit_line(line.detail(&serde_json::json!({ "address": address })));
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO return_addresses (id, tenant, name, address, created_at) VALUES ($1, $2, $3, $4, $5)",
                )
                .bind(made.id.as_str())
                .bind(made.tenant.as_str())
                .bind(made.name.as_str())
                .bind(made.address.as_str())
                .bind(made.created_at.as_micros())
                .execute(&mut *tx)
                .await?;
                append(tx, &line).await?;
                Ok(made)
            })
        })
        .await
    }

    /// A tenant's return addresses, in the order in which they were registered.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn return_addresses(&self, tenant: &TenantId) -> Result<Vec<ReturnAddress>, StoreError> {
        let statement = sqlx::query(select::<ReturnAddress>("WHERE b.tenant = $1 ORDER BY b.id LIMIT 1000"));
        many(self.read(), statement.bind(tenant.as_str())).await
    }

    /// One return address of a tenant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn return_address(&self, tenant: &TenantId, id: &ReturnId) -> Result<ReturnAddress, StoreError> {
        let statement = sqlx::query(select::<ReturnAddress>("WHERE b.id = $1 AND b.tenant = $2"));
        one(self.read(), statement.bind(id.as_str()).bind(tenant.as_str())).await
    }

    /// Takes a return address away; a session that names it goes nowhere afterwards.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn delete_return_address(&self, tenant: &TenantId, id: &ReturnId, actor: &str) -> Result<(), StoreError> {
        let (tenant, id) = (tenant.clone(), id.clone());
        let line = self.audit_line(NewAudit::of(Some(&tenant), actor, "return_address.deleted", &id));
        self.write(move |tx| {
            Box::pin(async move {
                let statement = sqlx::query("DELETE FROM return_addresses WHERE id = $1 AND tenant = $2");
                let done = statement.bind(id.as_str()).bind(tenant.as_str()).execute(&mut *tx).await?;
                if done.rows_affected() == 0 {
                    return Err(StoreError::NotFound);
                }
                append(tx, &line).await
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    #[tokio::test]
    async fn a_return_address_is_its_tenants_own_and_every_change_of_it_is_written_down() {
        let world = World::open().await;
        let (store, tenant) = (&world.store, &world.tenant);
        let made = store.create_return_address(tenant, "App", "https://app.example/done", "key").await.expect("made");
        assert_eq!(store.return_address(tenant, &made.id).await, Ok(made.clone()));
        assert_eq!(store.return_addresses(tenant).await, Ok(vec![made.clone()]));
        let other = store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
        assert_eq!(store.return_address(&other, &made.id).await, Err(StoreError::NotFound));
        assert_eq!(store.delete_return_address(&other, &made.id, "x").await, Err(StoreError::NotFound));
        assert_eq!(store.return_addresses(&other).await, Ok(Vec::new()));
        assert_eq!(store.delete_return_address(tenant, &made.id, "key").await, Ok(()));
        assert_eq!(store.return_address(tenant, &made.id).await, Err(StoreError::NotFound));
        assert_eq!(world.number("SELECT count(*) FROM audit WHERE action LIKE 'return_address.%'").await, 2);
    }
}
