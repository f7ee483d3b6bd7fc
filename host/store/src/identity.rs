//! What the provider says about a connection that is there: asked again from time to time.

use patchbay_model::{AccountId, ConnectionId, ConnectionState, EventKind, RunId, TenantId, Timestamp};
use sqlx::AnyConnection;

use crate::{
    Connection, NewAccount, NewSync, Store, StoreError, Trigger, accounts,
    accounts::Account,
    audit::{NewAudit, append},
    connections,
    row::{Reader, Row as _, json, many, select},
    runs, syncs,
};

/// What `identify` answered.
#[derive(Debug, Clone)]
pub struct IdentityUpdate {
    /// [`Connection::authorized_at`] of the connection that was asked with.
    pub authorized_at: Timestamp,
    /// What people call the business account.
    pub business_name: String,
    /// E-mail or login behind the credential.
    pub login: Option<String>,
    /// Facts of the identity, a JSON object of texts. Those of the login stay as they are.
    pub identity: String,
    /// The accounts it reaches. One that is known and not named here stays, unusable.
    pub accounts: Vec<NewAccount>,
    /// The syncs it should have; those that are there stay as they are.
    pub syncs: Vec<NewSync>,
}

impl Store {
    /// Writes down what the provider says now. Who looks at the audit log sees it only where something that
    /// can be seen changed.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] when it was authorised anew meanwhile: what was said was
    /// said to the login before that, so nothing is written.
    pub async fn update_identity(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        update: IdentityUpdate,
        actor: &str,
    ) -> Result<Connection, StoreError> {
        let (tenant, id) = (tenant.clone(), connection.clone());
        let mut line = self.audit_line(NewAudit::of(Some(&tenant), actor, "connection.identified", &id));
        let syncs = self.name_syncs(update.syncs);
        let (clock, random, event) = (self.clock.clone(), self.random.clone(), self.event_id());
        let changed = self
            .write(move |tx| {
                Box::pin(async move {
                    let now = clock.now();
                    let before = connections::load(&mut *tx, &id).await?;
                    if before.tenant != tenant || before.state == ConnectionState::Deleted {
                        return Err(StoreError::NotFound);
                    }
                    if before.authorized_at != update.authorized_at {
                        return Err(StoreError::Conflict("the connection was authorised anew meanwhile"));
                    }
                    let reached = all_accounts(&mut *tx, &id).await?;
                    sqlx::query(
                        "UPDATE connections SET business_name = $2, login = $3, \
                         facts = $4, identified_at = $5 WHERE id = $1",
                    )
                    .bind(id.as_str())
                    .bind(update.business_name.as_str())
                    .bind(update.login.as_deref())
                    .bind(with_identity(&before.facts, &update.identity)?)
                    .bind(now.as_micros())
                    .execute(&mut *tx)
                    .await?;
                    let fresh = || AccountId::fresh(&*clock, &*random);
                    accounts::put(&mut *tx, &id, &update.accounts, now, &fresh).await?;
                    syncs::add(&mut *tx, &tenant, &id, &syncs, now).await?;
                    let state = accounts::set_up(&mut *tx, &tenant, &id, now).await?;
                    if state == Some(ConnectionState::Active) {
                        let fresh = || RunId::fresh(&*clock, &*random);
                        runs::enqueue_due_of(&mut *tx, &id, now, Trigger::Connect, &fresh).await?;
                    }
                    let after = connections::load(&mut *tx, &id).await?;
                    let same = (&before.business_name, &before.login, &before.facts)
                        == (&after.business_name, &after.login, &after.facts);
                    if same && state.is_none() && reached == all_accounts(&mut *tx, &id).await? {
                        return Ok(after);
                    }
                    sqlx::query("UPDATE connections SET updated_at = $2 WHERE id = $1")
                        .bind(id.as_str())
                        .bind(now.as_micros())
                        .execute(&mut *tx)
                        .await?;
                    line.line.detail = serde_json::json!({ "state": after.state.as_str() }).to_string();
                    append(&mut *tx, &line).await?;
                    let changed = connections::load(&mut *tx, &id).await?;
                    connections::tell(tx, event, EventKind::ConnectionChanged, &changed, now).await?;
                    Ok(changed)
                })
            })
            .await?;
        self.woke();
        Ok(changed)
    }

    /// Working connections whose provider was last asked before this, the longest ago first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn identifies_due(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<(TenantId, ConnectionId)>, StoreError> {
        let rows = sqlx::query(
            "SELECT tenant, id FROM connections WHERE state = 'active' AND enabled AND identified_at < $1 \
             ORDER BY identified_at LIMIT $2",
        );
        let rows = rows.bind(before.as_micros()).bind(i64::from(limit)).fetch_all(self.read()).await?;
        rows.iter()
            .map(|row| {
                let mut r = Reader::of(row, Connection::TABLE);
                Ok((r.next("tenant")?, r.next("id")?))
            })
            .collect()
    }
}

async fn all_accounts(tx: &mut AnyConnection, id: &ConnectionId) -> Result<Vec<Account>, StoreError> {
    let statement = sqlx::query(select::<Account>("WHERE a.connection = $1 ORDER BY a.id"));
    many(tx, statement.bind(id.as_str())).await
}

/// The facts with another identity among them; with the same one the same text, however it orders its names.
fn with_identity(facts: &str, identity: &str) -> Result<String, StoreError> {
    let unreadable = |error: serde_json::Error| StoreError::Unavailable(error.to_string());
    let mut all: serde_json::Map<String, serde_json::Value> = serde_json::from_str(facts).map_err(unreadable)?;
    let identity: serde_json::Value = serde_json::from_str(identity).map_err(unreadable)?;
    if all.insert("identity".to_owned(), identity.clone()) == Some(identity) {
        return Ok(facts.to_owned());
    }
    json(&all)
}

#[cfg(test)]
mod tests;
