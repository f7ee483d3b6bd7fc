//! What can be selected under a connection.

use patchbay_model::{AccountId, ConnectionId, TenantId};

use crate::{
    Store, StoreError,
    row::{Reader, Row, many, one, select},
};

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// The connection that reaches it.
    pub connection: ConnectionId,
    /// The provider's id.
    pub provider_id: String,
    /// What people call it.
    pub name: String,
    /// Whether it can be read.
    pub usable: bool,
    /// Why not, or what to know about it.
    pub note: Option<String>,
    /// Facts, a JSON object of texts.
    pub facts: String,
    /// Whether it is read.
    pub selected: bool,
}

/// An account as the provider names it.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The provider's id.
    pub provider_id: String,
    /// What people call it.
    pub name: String,
    /// Whether it can be read.
    pub usable: bool,
    /// Why not, or what to know about it.
    pub note: Option<String>,
    /// Facts, a JSON object of texts.
    pub facts: String,
    /// Whether it is read, where it was not known before; a known one keeps its selection.
    pub selected: bool,
}

impl Row for Account {
    const TABLE: &'static str = "accounts";
    const FROM: &'static str = "accounts a";
    const COLUMNS: &'static str = "a.id, a.connection, a.provider_id, a.name, a.usable, a.note, a.facts, a.selected";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: r.next("id")?,
            connection: r.next("connection")?,
            provider_id: r.next("provider_id")?,
            name: r.next("name")?,
            usable: r.next("usable")?,
            note: r.next("note")?,
            facts: r.next("facts")?,
            selected: r.next("selected")?,
        })
    }
}

impl Store {
    /// Accounts of a connection, by name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a connection that is not the tenant's.
    pub async fn accounts(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<Vec<Account>, StoreError> {
        self.connection(tenant, connection).await?;
        let statement = sqlx::query(select::<Account>("WHERE a.connection = $1 ORDER BY lower(a.name), a.id"));
        many(self.read(), statement.bind(connection.as_str())).await
    }

    /// Selects an account or not; its syncs are switched on or off with it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn select_account(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        account: &AccountId,
        selected: bool,
    ) -> Result<Account, StoreError> {
        let (tenant, connection, account, now) = (tenant.clone(), connection.clone(), account.clone(), self.now());
        let changed = self
            .write(move |tx| {
                Box::pin(async move {
                    let done = sqlx::query(
                        "UPDATE accounts SET selected = $4, updated_at = $5 WHERE id = $1 AND connection = $2 \
                         AND EXISTS (SELECT 1 FROM connections c WHERE c.id = $2 AND c.tenant = $3 \
                         AND c.state <> 'deleted')",
                    )
                    .bind(account.as_str())
                    .bind(connection.as_str())
                    .bind(tenant.as_str())
                    .bind(selected)
                    .bind(now.as_micros())
                    .execute(&mut *tx)
                    .await?;
                    if done.rows_affected() == 0 {
                        return Err(StoreError::NotFound);
                    }
                    let found: Account =
                        one(&mut *tx, sqlx::query(select::<Account>("WHERE a.id = $1")).bind(account.as_str())).await?;
                    sqlx::query(
                        "UPDATE syncs SET enabled = $3, next_due_at = CASE WHEN $3 THEN $4 END \
                         WHERE connection = $1 AND account = $2 AND enabled <> $3",
                    )
                    .bind(connection.as_str())
                    .bind(found.provider_id.as_str())
                    .bind(selected)
                    .bind(now.as_micros())
                    .execute(tx)
                    .await?;
                    Ok(found)
                })
            })
            .await?;
        self.woke();
        Ok(changed)
    }
}
