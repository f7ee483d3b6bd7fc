//! Connections: one authorised business account of a tenant at a provider.

mod list;

use patchbay_model::{
    ClientId, Code, ConnectionId, ConnectionState, EventId, EventKind, ReleaseId, TenantId, Timestamp,
};
use sqlx::{AnyConnection, AssertSqlSafe};

pub use self::list::{ConnectionFilter, ConnectionSort};
use crate::{
    Store, StoreError,
    audit::{NewAudit, append},
    dialect::Dialect,
    events::{NewEvent, emit},
    push_queue::parted,
    row::{Reader, Row, json, maybe, one, select},
};

/// A connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// Whose.
    pub tenant: TenantId,
    /// The connector, `publisher.name`.
    pub connector: String,
    /// The release it is pinned to; none for the active one.
    pub release: Option<ReleaseId>,
    /// The OAuth registration it was made with.
    pub client: Option<ClientId>,
    /// The manifest's auth method.
    pub auth: String,
    /// The provider's id of the business account.
    pub business_id: String,
    /// What people call the business account.
    pub business_name: String,
    /// E-mail or login behind the credential.
    pub login: Option<String>,
    /// Facts, a JSON object of texts; never a secret.
    pub facts: String,
    /// Settings, a JSON object.
    pub settings: String,
    /// Functions that are switched off.
    pub off: Vec<String>,
    /// What the tenant calls it.
    pub name: String,
    /// How it stands.
    pub state: ConnectionState,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Why it is broken or needs set-up.
    pub reason_code: Option<Code>,
    /// The same for the person.
    pub reason: Option<String>,
    /// Whether the tenant's backend said for whom it is.
    pub verified: bool,
    /// Since when it exists.
    pub created_at: Timestamp,
    /// When it was authorised last.
    pub authorized_at: Timestamp,
    /// When the provider was last asked whose it is and what it reaches.
    pub identified_at: Timestamp,
    /// Accounts that it reaches and that can be read.
    pub usable_accounts: u32,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// What to change; none leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct ConnectionUpdate {
    /// What the tenant calls it.
    pub name: Option<String>,
    /// Whether it is switched on.
    pub enabled: Option<bool>,
    /// Settings, a JSON object.
    pub settings: Option<String>,
    /// Functions that are switched off: all of them.
    pub off: Option<Vec<String>>,
}

impl Row for Connection {
    const TABLE: &'static str = "connections";
    const FROM: &'static str = "connections c";
    const COLUMNS: &'static str = "c.id, c.tenant, c.connector, c.release, c.client, c.auth, c.business_id, \
        c.business_name, c.login, c.facts, c.settings, c.off, c.name, c.state, c.enabled, c.reason_code, c.reason, \
        c.verified, c.created_at, c.authorized_at, c.identified_at, c.updated_at, \
        (SELECT count(*) FROM accounts u WHERE u.connection = c.id AND u.usable)";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        let id: ConnectionId = r.next("id")?;
        Ok(Self {
            id: id.clone(),
            tenant: r.next("tenant")?,
            connector: r.next("connector")?,
            release: r.next("release")?,
            client: r.next("client")?,
            auth: r.next("auth")?,
            business_id: r.next("business_id")?,
            business_name: r.next("business_name")?,
            login: r.next("login")?,
            facts: r.next("facts")?,
            settings: r.next("settings")?,
            off: words_of(&r.next::<String>("off")?, &id)?,
            name: r.next("name")?,
            state: r.next("state")?,
            enabled: r.next("enabled")?,
            reason_code: r.next("reason_code")?,
            reason: r.next("reason")?,
            verified: r.next("verified")?,
            created_at: r.next("created_at")?,
            authorized_at: r.next("authorized_at")?,
            identified_at: r.next("identified_at")?,
            updated_at: r.next("updated_at")?,
            usable_accounts: r.next("usable_accounts")?,
        })
    }
}

/// A JSON list of words.
fn words_of(list: &str, id: &ConnectionId) -> Result<Vec<String>, StoreError> {
    let odd = |_| StoreError::Inconsistent { table: "connections", column: "off", row: id.to_string() };
    serde_json::from_str(list).map_err(odd)
}

impl Store {
    /// One connection of a tenant; a deleted one is not found.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn connection(&self, tenant: &TenantId, id: &ConnectionId) -> Result<Connection, StoreError> {
        let statement = sqlx::query(select::<Connection>("WHERE c.id = $1 AND c.tenant = $2 AND c.state <> 'deleted'"));
        one(self.read(), statement.bind(id.as_str()).bind(tenant.as_str())).await
    }

    /// The connection of a business account that is known already, and its credential's row version:
    /// what the next credential must be sealed to, plus one. None while it is pending and has no credential.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn connection_for(
        &self,
        tenant: &TenantId,
        connector: &str,
        business_id: &str,
    ) -> Result<Option<(Connection, Option<i64>)>, StoreError> {
        let rest = "WHERE c.tenant = $1 AND c.connector = $2 AND c.business_id = $3 AND c.state <> 'deleted'";
        let statement = sqlx::query(select::<Connection>(rest));
        let found: Option<Connection> =
            maybe(self.read(), statement.bind(tenant.as_str()).bind(connector).bind(business_id)).await?;
        let Some(connection) = found else { return Ok(None) };
        let version = sqlx::query_scalar("SELECT row_version FROM credentials WHERE connection = $1");
        let version: Option<i64> = version.bind(connection.id.as_str()).fetch_optional(self.read()).await?;
        Ok(Some((connection, version)))
    }

    /// Changes what a tenant may change.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn update_connection(
        &self,
        tenant: &TenantId,
        id: &ConnectionId,
        update: ConnectionUpdate,
        actor: &str,
    ) -> Result<Connection, StoreError> {
        let (tenant, id, now) = (tenant.clone(), id.clone(), self.now());
        let line = self.audit_line(NewAudit::of(Some(&tenant), actor, "connection.updated", &id));
        let off = update.off.as_ref().map(json).transpose()?;
        let (store, switched_off, of) = (self.clone(), update.enabled == Some(false), id.clone());
        let changed = self
            .write(move |tx| {
                Box::pin(async move {
                    let done = sqlx::query(
                        "UPDATE connections SET name = coalesce($3, name), enabled = coalesce($4, enabled), \
                         settings = coalesce($5, settings), off = coalesce($7, off), \
                         updated_at = $6 WHERE id = $1 AND tenant = $2 AND state <> 'deleted'",
                    )
                    .bind(id.as_str())
                    .bind(tenant.as_str())
                    .bind(update.name)
                    .bind(update.enabled)
                    .bind(update.settings)
                    .bind(now.as_micros())
                    .bind(off)
                    .execute(&mut *tx)
                    .await?;
                    if done.rows_affected() == 0 {
                        return Err(StoreError::NotFound);
                    }
                    if switched_off {
                        parted::put_aside(&mut *tx, &store, &id, now).await?;
                    }
                    append(&mut *tx, &line).await?;
                    let changed = load(&mut *tx, &id).await?;
                    tell(tx, store.event_id(), EventKind::ConnectionChanged, &changed, now).await?;
                    Ok(changed)
                })
            })
            .await?;
        if switched_off {
            self.put_aside_the_rest(&of).await?;
        }
        self.woke();
        Ok(changed)
    }

    /// Changes which functions (and the syncs that went off with one) are switched off, as the list is at that moment: of
    /// two changes at once none is lost. What is off afterwards.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn change_off(
        &self,
        tenant: &TenantId,
        id: &ConnectionId,
        add: &[String],
        remove: &[String],
        actor: &str,
    ) -> Result<Vec<String>, StoreError> {
        let (tenant, id, now) = (tenant.clone(), id.clone(), self.now());
        let (add, remove, event) = (add.to_vec(), remove.to_vec(), self.event_id());
        let detail = serde_json::json!({ "off": add, "on": remove });
        let line = self.audit_line(NewAudit::of(Some(&tenant), actor, "connection.updated", &id).detail(&detail));
        let off = self
            .write(move |tx| {
                Box::pin(async move {
                    let locked = Dialect::of(tx).pick("", "FOR UPDATE");
                    let statement = sqlx::query_scalar(AssertSqlSafe(format!(
                        "SELECT off FROM connections WHERE id = $1 AND tenant = $2 AND state <> 'deleted' {locked}"
                    )));
                    let there: Option<String> =
                        statement.bind(id.as_str()).bind(tenant.as_str()).fetch_optional(&mut *tx).await?;
                    let before = words_of(&there.ok_or(StoreError::NotFound)?, &id)?;
                    let mut off: Vec<String> = before.iter().filter(|word| !remove.contains(word)).cloned().collect();
                    for word in add {
                        if !off.contains(&word) {
                            off.push(word);
                        }
                    }
                    if off != before {
                        let statement = "UPDATE connections SET off = $2, updated_at = $3 WHERE id = $1";
                        let statement = sqlx::query(statement).bind(id.as_str()).bind(json(&off)?);
                        statement.bind(now.as_micros()).execute(&mut *tx).await?;
                        append(&mut *tx, &line).await?;
                        let changed = load(&mut *tx, &id).await?;
                        tell(tx, event, EventKind::ConnectionChanged, &changed, now).await?;
                    }
                    Ok(off)
                })
            })
            .await?;
        self.woke();
        Ok(off)
    }

    /// Moves a connection to another state; `deleted` only by [`Store::delete_connection`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn set_connection_state(
        &self,
        tenant: &TenantId,
        id: &ConnectionId,
        state: ConnectionState,
        reason: Option<(Code, String)>,
        actor: &str,
    ) -> Result<Connection, StoreError> {
        if state == ConnectionState::Deleted {
            return Err(StoreError::Conflict("a connection is deleted by being deleted"));
        }
        let (tenant, id, now) = (tenant.clone(), id.clone(), self.now());
        let detail = serde_json::json!({ "state": state.as_str() });
        let line = self.audit_line(NewAudit::of(Some(&tenant), actor, "connection.state", &id).detail(&detail));
        let event = self.event_id();
        let (store, of) = (self.clone(), id.clone());
        let moved = self
            .write(move |tx| {
                Box::pin(async move {
                    let (code, text) = reason.map_or((None, None), |(code, text)| (Some(code), Some(text)));
                    let needed_somebody = needs_somebody(&mut *tx, &id).await?;
                    if set_state(&mut *tx, &tenant, &id, state, code, text, now).await? == 0 {
                        return Err(StoreError::NotFound);
                    }
                    if state != ConnectionState::Active {
                        parted::put_aside(&mut *tx, &store, &id, now).await?;
                    }
                    append(&mut *tx, &line).await?;
                    let moved = load(&mut *tx, &id).await?;
                    let restored = needed_somebody && state == ConnectionState::Active;
                    let kind = if restored { EventKind::ConnectionRestored } else { EventKind::ConnectionChanged };
                    tell(tx, event, kind, &moved, now).await?;
                    Ok(moved)
                })
            })
            .await?;
        if state != ConnectionState::Active {
            self.put_aside_the_rest(&of).await?;
        }
        self.woke();
        Ok(moved)
    }
}

impl Store {
    /// Whether there is something to read under a connection of this tenant: it is there, or its records were
    /// kept when it was deleted.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is not.
    pub async fn readable(&self, tenant: &TenantId, id: &ConnectionId) -> Result<(), StoreError> {
        let statement = sqlx::query_scalar::<_, i64>(
            "SELECT 1 FROM connections WHERE id = $1 AND tenant = $2 AND (state <> 'deleted' OR keeps_records)",
        );
        let found = statement.bind(id.as_str()).bind(tenant.as_str()).fetch_optional(self.read()).await?;
        found.map(|_| ()).ok_or(StoreError::NotFound)
    }
}

/// Whether a connection was said to need a person, inside a transaction.
pub(crate) async fn needs_somebody(tx: &mut AnyConnection, id: &ConnectionId) -> Result<bool, StoreError> {
    let statement = sqlx::query_scalar::<_, i64>(
        "SELECT 1 FROM connections WHERE id = $1 AND (state = 'broken' OR (state = 'needs_setup' AND reason_code IS NOT NULL))",
    );
    Ok(statement.bind(id.as_str()).fetch_optional(tx).await?.is_some())
}

/// Tells what became of a connection, inside the transaction in which it did.
pub(crate) async fn tell(
    tx: &mut AnyConnection,
    event: EventId,
    kind: EventKind,
    connection: &Connection,
    now: Timestamp,
) -> Result<(), StoreError> {
    let data = serde_json::json!({
        "connection": connection.id, "connector": connection.connector, "state": connection.state.as_str(),
        "enabled": connection.enabled,
    });
    let (tenant, subject) = (connection.tenant.clone(), connection.id.to_string());
    emit(tx, &NewEvent { id: event, tenant, kind, subject, data }, now).await
}

/// The connection, inside a transaction.
pub(crate) async fn load(tx: &mut AnyConnection, id: &ConnectionId) -> Result<Connection, StoreError> {
    one(tx, sqlx::query(select::<Connection>("WHERE c.id = $1")).bind(id.as_str())).await
}

/// Moves the state, inside a transaction; how many rows.
pub(crate) async fn set_state(
    tx: &mut AnyConnection,
    tenant: &TenantId,
    id: &ConnectionId,
    state: ConnectionState,
    code: Option<Code>,
    reason: Option<String>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "UPDATE connections SET state = $3, reason_code = $4, reason = $5, updated_at = $6 \
         WHERE id = $1 AND tenant = $2 AND state <> 'deleted'",
    )
    .bind(id.as_str())
    .bind(tenant.as_str())
    .bind(state.as_str())
    .bind(code.map(Code::id))
    .bind(reason)
    .bind(now.as_micros())
    .execute(tx)
    .await?;
    Ok(done.rows_affected())
}

#[cfg(test)]
mod tests;
