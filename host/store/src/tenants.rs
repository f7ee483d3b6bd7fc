//! The operator's customers.

use patchbay_model::{TenantId, Timestamp};

use crate::{
    Page, Store, StoreError,
    audit::{NewAudit, append},
    row::{Reader, Row, many, one, one_more, select},
};

/// A customer of the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// What people call it.
    pub name: String,
    /// From the closed list, for Recommended.
    pub industry: String,
    /// Since when it exists.
    pub created_at: Timestamp,
}

impl Row for Tenant {
    const TABLE: &'static str = "tenants";
    const FROM: &'static str = "tenants t";
    const COLUMNS: &'static str = "t.id, t.name, t.industry, t.created_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: r.next("id")?,
            name: r.next("name")?,
            industry: r.next("industry")?,
            created_at: r.next("created_at")?,
        })
    }
}

impl Store {
    /// Makes a tenant.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn create_tenant(&self, name: &str, industry: &str, actor: &str) -> Result<Tenant, StoreError> {
        let tenant = Tenant {
            id: TenantId::fresh(&*self.clock, &*self.random),
            name: name.to_owned(),
            industry: industry.to_owned(),
            created_at: self.now(),
        };
        let line = self.audit_line(NewAudit::of(Some(&tenant.id), actor, "tenant.created", &tenant.id));
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query("INSERT INTO tenants (id, name, industry, created_at) VALUES ($1, $2, $3, $4)")
                    .bind(tenant.id.as_str())
                    .bind(tenant.name.as_str())
                    .bind(tenant.industry.as_str())
                    .bind(tenant.created_at.as_micros())
                    .execute(&mut *tx)
                    .await?;
                append(tx, &line).await?;
                Ok(tenant)
            })
        })
        .await
    }

    /// One tenant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn tenant(&self, id: &TenantId) -> Result<Tenant, StoreError> {
        one(self.read(), sqlx::query(select::<Tenant>("WHERE t.id = $1")).bind(id.as_str())).await
    }

    /// Tenants in the order in which they were made.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn tenants(&self, after: Option<&str>, limit: u32) -> Result<Page<Tenant>, StoreError> {
        let statement = sqlx::query(select::<Tenant>("WHERE t.id > $1 ORDER BY t.id LIMIT $2"));
        let items = many(self.read(), statement.bind(after.unwrap_or_default()).bind(one_more(limit))).await?;
        Ok(Page::cut(items, limit, |tenant: &Tenant| tenant.id.to_string()))
    }
}
