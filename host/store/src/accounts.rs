//! What can be selected under a connection.

use patchbay_model::{AccountId, Code, ConnectionId, ConnectionState, EventKind, RunId, TenantId, Timestamp};
use sqlx::AnyConnection;

use crate::{
    Store, StoreError, Trigger,
    audit::{NewAudit, append},
    connections, picked,
    row::{Reader, Row, many, one, select},
    runs,
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

    /// Selects an account or not; its syncs are switched on or off with it, but for those of discovered streams, which
    /// somebody switches on one by one. A connection that only lacked a
    /// selected account works from then on, and one that has none any more needs set-up.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn select_account(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        account: &AccountId,
        selected: bool,
        actor: &str,
    ) -> Result<Account, StoreError> {
        let (tenant, connection, account, now) = (tenant.clone(), connection.clone(), account.clone(), self.now());
        let detail = serde_json::json!({ "account": account.as_str(), "selected": selected });
        let about = |action| NewAudit::of(Some(&tenant), actor, action, &connection);
        let line = self.audit_line(about("account.selected").detail(&detail));
        let mut moved = self.audit_line(about("connection.state"));
        let (clock, random, store) = (self.clock.clone(), self.random.clone(), self.clone());
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
                         WHERE connection = $1 AND account = $2 AND enabled <> $3 AND NOT (discovered AND $3)",
                    )
                    .bind(connection.as_str())
                    .bind(found.provider_id.as_str())
                    .bind(selected)
                    .bind(now.as_micros())
                    .execute(&mut *tx)
                    .await?;
                    append(&mut *tx, &line).await?;
                    if let Some(state) = set_up(&mut *tx, &tenant, &connection, now).await? {
                        moved.line.detail = serde_json::json!({ "state": state.as_str() }).to_string();
                        append(&mut *tx, &moved).await?;
                        if state == ConnectionState::Active {
                            let fresh = || RunId::fresh(&*clock, &*random);
                            runs::enqueue_due_of(&mut *tx, &connection, now, Trigger::Connect, &fresh).await?;
                        }
                    }
                    picked::keep(&mut *tx, &connection, now).await?;
                    if selected {
                        picked::show(&mut *tx, &store, Some(&connection), picked::SHOWN, now).await?;
                    }
                    let changed = connections::load(&mut *tx, &connection).await?;
                    connections::tell(tx, store.event_id(), EventKind::ConnectionChanged, &changed, now).await?;
                    Ok(found)
                })
            })
            .await?;
        self.woke();
        Ok(changed)
    }
}

/// What is said about an account that the provider does not name any more.
const LOST: &str = "access lost";

/// Writes down the accounts that a credential reaches, inside a transaction: the others stay, unusable.
pub(crate) async fn put(
    tx: &mut AnyConnection,
    connection: &ConnectionId,
    accounts: &[NewAccount],
    now: Timestamp,
    fresh: &(dyn Fn() -> AccountId + Sync),
) -> Result<(), StoreError> {
    sqlx::query("UPDATE accounts SET usable = FALSE, note = $2 WHERE connection = $1")
        .bind(connection.as_str())
        .bind(LOST)
        .execute(&mut *tx)
        .await?;
    for account in accounts {
        sqlx::query(
            "INSERT INTO accounts (id, connection, provider_id, name, usable, note, facts, selected, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) \
             ON CONFLICT (connection, provider_id) DO UPDATE SET name = excluded.name, usable = excluded.usable, \
             note = excluded.note, facts = excluded.facts, updated_at = excluded.updated_at",
        )
        .bind(fresh().as_str())
        .bind(connection.as_str())
        .bind(account.provider_id.as_str())
        .bind(account.name.as_str())
        .bind(account.usable)
        .bind(account.note.as_deref())
        .bind(account.facts.as_str())
        .bind(account.selected)
        .bind(now.as_micros())
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// Moves a connection between `needs_setup` and `active` by what is selected, inside a transaction; the new
/// state, if it moved. Whatever else is the matter with it stays.
pub(crate) async fn set_up(
    tx: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    now: Timestamp,
) -> Result<Option<ConnectionState>, StoreError> {
    // A reason that was given says that something else than an account is missing.
    let statement = sqlx::query(
        "SELECT state, EXISTS (SELECT 1 FROM accounts a WHERE a.connection = c.id AND a.selected), \
         EXISTS (SELECT 1 FROM syncs s WHERE s.connection = c.id AND s.account <> '' \
         AND NOT s.discovered AND s.gone_at IS NULL) FROM connections c WHERE c.id = $1 AND c.state IN ('active', 'needs_setup') AND c.reason_code IS NULL",
    );
    let Some(row) = statement.bind(connection.as_str()).fetch_optional(&mut *tx).await? else { return Ok(None) };
    let mut r = Reader::of(&row, "connections");
    let (before, selected, per_account): (ConnectionState, bool, bool) =
        (r.next("state")?, r.next("selected")?, r.next("per_account")?);
    let state = match (selected, per_account) {
        (true, _) => ConnectionState::Active,
        (false, true) => ConnectionState::NeedsSetup,
        // Nothing says that an account is needed, and nothing that it is not.
        (false, false) => before,
    };
    if state == before {
        return Ok(None);
    }
    connections::set_state(tx, tenant, connection, state, None::<Code>, None, now).await?;
    Ok(Some(state))
}
