//! The end of a connect: credential, connection, accounts, syncs and audit line in one transaction.
//!
//! A credential is sealed to its connection and row version, so the caller finds out first which
//! connection it will be ([`Store::connection_for`]) and brings both; when another connect of the same
//! business account came in between, nothing is written and the caller begins again with its tokens.

use patchbay_model::{AccountId, ClientId, ConnectionId, ConnectionState, ReleaseId, RunId, TenantId};
use sqlx::SqliteConnection;

use crate::{
    Connection, NewAccount, NewSync, Store, StoreError, Trigger,
    audit::{AuditLine, NewAudit, append},
    connections, runs, syncs,
};

/// What a connect brought.
#[derive(Debug, Clone)]
pub struct Settle {
    /// The known connection's id, or a fresh one.
    pub id: ConnectionId,
    /// The row version of the known connection's credential; none for a new connection.
    pub expected_version: Option<i64>,
    /// Whose.
    pub tenant: TenantId,
    /// The connector.
    pub connector: String,
    /// The release to pin a new connection to.
    pub release: Option<ReleaseId>,
    /// The OAuth registration it was made with.
    pub client: Option<ClientId>,
    /// The manifest's auth method.
    pub auth: String,
    /// The provider's id of the business account.
    pub business_id: String,
    /// What people call it.
    pub business_name: String,
    /// E-mail or login behind the credential.
    pub login: Option<String>,
    /// Facts, a JSON object of texts.
    pub facts: String,
    /// Settings of a new connection, a JSON object; a known one keeps its own.
    pub settings: String,
    /// The name of a new connection; a known one keeps its own.
    pub name: String,
    /// How it stands from now on.
    pub state: ConnectionState,
    /// The credential, sealed to `id` and `row_version`.
    pub credential: Vec<u8>,
    /// 1 for a new connection, else `expected_version` + 1.
    pub row_version: i64,
    /// The accounts it reaches. One that is known and not named here stays, unusable.
    pub accounts: Vec<NewAccount>,
    /// The syncs it should have.
    pub syncs: Vec<NewSync>,
    /// Who connected.
    pub actor: String,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The connection.
    pub connection: Connection,
    /// Whether it was known already.
    pub renewed: bool,
    /// The runs that are due now.
    pub runs: Vec<RunId>,
}

impl Store {
    /// Makes or renews the connection of a business account.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another connect of the same business account came first.
    pub async fn settle(&self, settle: Settle) -> Result<Settled, StoreError> {
        let renewed = settle.expected_version.is_some();
        let action = if renewed { "connection.renewed" } else { "connection.created" };
        let line = self.audit_line(NewAudit::of(Some(&settle.tenant), &settle.actor, action, &settle.id));
        let (clock, random) = (self.clock.clone(), self.random.clone());
        let settled = self
            .write(move |tx| {
                Box::pin(async move {
                    let now = clock.now();
                    put_connection(&mut *tx, &settle, &line).await?;
                    put_credential(&mut *tx, &settle, &line).await?;
                    let fresh = || AccountId::fresh(&*clock, &*random);
                    put_accounts(&mut *tx, &settle, &line, &fresh).await?;
                    let named: Vec<_> = settle
                        .syncs
                        .iter()
                        .map(|sync| (patchbay_model::SyncId::fresh(&*clock, &*random), sync.clone()))
                        .collect();
                    syncs::put(&mut *tx, &settle.tenant, &settle.id, &named, now).await?;
                    append(&mut *tx, &line).await?;
                    let connection = connections::load(&mut *tx, &settle.id).await?;
                    let runs = if connection.enabled && connection.state == ConnectionState::Active {
                        let fresh = || RunId::fresh(&*clock, &*random);
                        runs::enqueue_due_of(tx, &settle.id, now, Trigger::Connect, &fresh).await?
                    } else {
                        Vec::new()
                    };
                    Ok(Settled { connection, renewed, runs })
                })
            })
            .await?;
        self.woke();
        Ok(settled)
    }
}

const RACED: StoreError = StoreError::Conflict("the connection changed meanwhile");

async fn put_connection(tx: &mut SqliteConnection, settle: &Settle, line: &AuditLine) -> Result<(), StoreError> {
    let statement = if settle.expected_version.is_some() {
        sqlx::query(
            "UPDATE connections SET client = $5, auth = $6, business_name = $8, login = $9, facts = $10, state = $13, \
             reason_code = NULL, reason = NULL, authorized_at = $14, updated_at = $14 \
             WHERE id = $1 AND tenant = $2 AND connector = $3 AND business_id = $7 AND state <> 'deleted'",
        )
    } else {
        sqlx::query(
            "INSERT INTO connections (id, tenant, connector, release, client, auth, business_id, business_name, \
             login, facts, settings, name, state, enabled, created_at, authorized_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1, $14, $14, $14) \
             ON CONFLICT DO NOTHING",
        )
    };
    let done = statement
        .bind(settle.id.as_str())
        .bind(settle.tenant.as_str())
        .bind(settle.connector.as_str())
        .bind(settle.release.as_ref().map(ReleaseId::as_str))
        .bind(settle.client.as_ref().map(ClientId::as_str))
        .bind(settle.auth.as_str())
        .bind(settle.business_id.as_str())
        .bind(settle.business_name.as_str())
        .bind(settle.login.as_deref())
        .bind(settle.facts.as_str())
        .bind(settle.settings.as_str())
        .bind(settle.name.as_str())
        .bind(settle.state.as_str())
        .bind(line.at.as_micros())
        .execute(tx)
        .await?;
    if done.rows_affected() == 0 { Err(RACED) } else { Ok(()) }
}

async fn put_credential(tx: &mut SqliteConnection, settle: &Settle, line: &AuditLine) -> Result<(), StoreError> {
    // The refresh epoch goes up, so that a refresh of the old credential that is under way cannot
    // write over the new one.
    let done = sqlx::query(
        "INSERT INTO credentials (connection, sealed, row_version, updated_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (connection) DO UPDATE SET sealed = excluded.sealed, row_version = excluded.row_version, \
         generation = credentials.generation + 1, refresh_epoch = credentials.refresh_epoch + 1, \
         refresh_lease_until = NULL, refresh_intent_at = NULL, updated_at = excluded.updated_at \
         WHERE credentials.row_version = $5",
    )
    .bind(settle.id.as_str())
    .bind(settle.credential.as_slice())
    .bind(settle.row_version)
    .bind(line.at.as_micros())
    .bind(settle.expected_version)
    .execute(&mut *tx)
    .await?;
    if done.rows_affected() == 0 {
        return Err(RACED);
    }
    sqlx::query("DELETE FROM lost_tokens WHERE connection = $1").bind(settle.id.as_str()).execute(tx).await?;
    Ok(())
}

async fn put_accounts(
    tx: &mut SqliteConnection,
    settle: &Settle,
    line: &AuditLine,
    fresh: &(dyn Fn() -> AccountId + Sync),
) -> Result<(), StoreError> {
    sqlx::query("UPDATE accounts SET usable = 0 WHERE connection = $1")
        .bind(settle.id.as_str())
        .execute(&mut *tx)
        .await?;
    for account in &settle.accounts {
        sqlx::query(
            "INSERT INTO accounts (id, connection, provider_id, name, usable, note, facts, selected, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) \
             ON CONFLICT (connection, provider_id) DO UPDATE SET name = excluded.name, usable = excluded.usable, \
             note = excluded.note, facts = excluded.facts, updated_at = excluded.updated_at",
        )
        .bind(fresh().as_str())
        .bind(settle.id.as_str())
        .bind(account.provider_id.as_str())
        .bind(account.name.as_str())
        .bind(account.usable)
        .bind(account.note.as_deref())
        .bind(account.facts.as_str())
        .bind(account.selected)
        .bind(line.at.as_micros())
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    #[tokio::test]
    async fn a_new_consent_for_a_known_business_account_renews_its_connection() {
        let world = World::open().await;
        let first = world.connect("b1").await;
        let id = first.connection.id.clone();
        let account = world.store.accounts(&world.tenant, &id).await.expect("accounts").remove(0);
        world.store.select_account(&world.tenant, &id, &account.id, false).await.expect("not read");
        let known = world.store.connection_for(&world.tenant, "acme.books", "b1").await.expect("read");
        let (there, version) = known.expect("known");
        assert_eq!((&there.id, version), (&id, 1));

        let mut again = world.consent("b1");
        (again.id, again.expected_version, again.row_version) = (id.clone(), Some(1), 2);
        again.credential = vec![2; 40];
        let renewed = world.store.settle(again.clone()).await.expect("renewed");
        assert!(renewed.renewed);
        assert_eq!(renewed.connection.id, id);
        let credential = world.store.credential(&id).await.expect("a credential");
        assert_eq!((credential.sealed, credential.row_version, credential.generation), (vec![2; 40], 2, 2));
        let kept = world.store.accounts(&world.tenant, &id).await.expect("accounts");
        assert_eq!((kept.len(), kept.first().map(|account| account.selected)), (1, Some(false)));
        assert_eq!(world.number("SELECT count(*) FROM syncs").await, 1);

        let late = world.store.settle(again).await;
        assert_eq!(late, Err(RACED), "sealed to a version that is gone");
        let racing = world.store.settle(world.consent("b1")).await;
        assert_eq!(racing, Err(RACED), "somebody else made the connection first");
        assert_eq!(world.number("SELECT count(*) FROM audit WHERE action LIKE 'connection.%'").await, 2);
    }

    #[tokio::test]
    async fn a_connection_that_waits_for_its_backend_starts_when_it_is_active() {
        let world = World::open().await;
        let mut consent = world.consent("b1");
        consent.state = ConnectionState::Pending;
        let settled = world.store.settle(consent).await.expect("settled");
        assert!(settled.runs.is_empty());
        assert_eq!(world.store.schedule_due(10).await, Ok(0));
        let (id, active) = (&settled.connection.id, ConnectionState::Active);
        world.store.set_connection_state(&world.tenant, id, active, None, "test").await.expect("active");
        assert_eq!(world.store.schedule_due(10).await, Ok(1));
        assert_eq!(world.store.schedule_due(10).await, Ok(0), "not twice");
        assert_eq!(world.claim().await.len(), 1);
    }
}
