//! The end of a connect: credential, connection, accounts, syncs and audit line in one transaction.
//!
//! A credential is sealed to its connection and row version, so the caller finds out first which
//! connection it will be ([`Store::connection_for`]) and brings both; when another connect of the same
//! business account came in between, nothing is written and the caller begins again with its tokens.

use patchbay_model::{
    AccountId, ClientId, ConnectionId, ConnectionState, EventKind, ReleaseId, RunId, SessionId, TenantId, Timestamp,
};
use sqlx::AnyConnection;

use crate::{
    Connection, NewAccount, NewSync, Store, StoreError, Trigger, accounts,
    audit::{NewAudit, append},
    connections, pendings,
    row::Reader,
    runs, syncs,
};

/// What a connect brought.
#[derive(Debug, Clone)]
pub struct Settle {
    /// The known connection's id, or a fresh one.
    pub id: ConnectionId,
    /// The row version of the known connection's credential; none for a new connection, and for one that is
    /// pending and has none.
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
    /// How it came here; a session is over with it.
    pub through: Through,
    /// Whether the tenant's backend said for whom it is.
    pub verified: bool,
    /// When the credential is to be refreshed without being used; none for on use only.
    pub next_refresh_at: Option<Timestamp>,
    /// Who connected.
    pub actor: String,
}

/// How a login came to be settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Through {
    /// The tenant's backend brought it.
    Backend,
    /// A session without a completion.
    Session(SessionId),
    /// A session that somebody began in the portal, finished in the browser that is signed in there.
    Portal(SessionId),
    /// What waited for a session was completed with this code (its hash): if something else waits by now, it
    /// is not that.
    Completion {
        /// The session.
        session: SessionId,
        /// The code that it waits for.
        code_hash: Option<[u8; 32]>,
    },
}

impl Through {
    fn session(&self) -> Option<&SessionId> {
        match self {
            Self::Backend => None,
            Self::Session(session) | Self::Portal(session) | Self::Completion { session, .. } => Some(session),
        }
    }
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
    /// [`StoreError::Conflict`] when another connect of the same business account came first, or the pending
    /// authorisation is gone or too old: nothing is written.
    pub async fn settle(&self, settle: Settle) -> Result<Settled, StoreError> {
        let renewed = settle.expected_version.is_some();
        let action = if renewed { "connection.renewed" } else { "connection.created" };
        let about = |action| NewAudit::of(Some(&settle.tenant), &settle.actor, action, &settle.id);
        let detail = serde_json::json!({
            "state": settle.state.as_str(), "verified": settle.verified, "session": settle.through.session(),
        });
        let line = self.audit_line(about(action).detail(&detail));
        let restored = self.audit_line(about("connection.restored"));
        let (clock, random, event) = (self.clock.clone(), self.random.clone(), self.event_id());
        let store = self.clone();
        let settled = self
            .write(move |tx| {
                Box::pin(async move {
                    let now = clock.now();
                    end_session(&mut *tx, &store, &settle, now).await?;
                    let put = put_connection(&mut *tx, &settle, now).await?;
                    put_credential(&mut *tx, &settle, now).await?;
                    let fresh = || AccountId::fresh(&*clock, &*random);
                    accounts::put(&mut *tx, &settle.id, &settle.accounts, now, &fresh).await?;
                    let named: Vec<_> = settle
                        .syncs
                        .iter()
                        .map(|sync| (patchbay_model::SyncId::fresh(&*clock, &*random), sync.clone()))
                        .collect();
                    syncs::put(&mut *tx, &settle.tenant, &settle.id, &named, now).await?;
                    let streams: Vec<&str> = settle.syncs.iter().map(|sync| sync.stream.as_str()).collect();
                    syncs::leave_others(&mut *tx, &settle.id, &streams, now).await?;
                    append(&mut *tx, &line).await?;
                    if put.broken {
                        append(&mut *tx, &restored).await?;
                    }
                    let connection = connections::load(&mut *tx, &settle.id).await?;
                    let kind = match put.made {
                        true => EventKind::ConnectionCreated,
                        false if put.broken && connection.state == ConnectionState::Active => {
                            EventKind::ConnectionRestored
                        }
                        false => EventKind::ConnectionChanged,
                    };
                    connections::tell(&mut *tx, event, kind, &connection, now).await?;
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

/// Ends the session that this came through, and takes what waited for it.
async fn end_session(tx: &mut AnyConnection, store: &Store, settle: &Settle, now: Timestamp) -> Result<(), StoreError> {
    let Some(session) = settle.through.session() else { return Ok(()) };
    if let Through::Completion { code_hash, .. } = &settle.through {
        let statement = "DELETE FROM pending_authorisations WHERE session = $1 AND tenant = $2 AND expires_at > $3 \
            AND code_hash IS NOT DISTINCT FROM $4 RETURNING connection";
        let statement = sqlx::query(statement).bind(session.as_str()).bind(settle.tenant.as_str());
        let statement = statement.bind(now.as_micros()).bind(code_hash.map(|hash| hash.to_vec()));
        let waited = statement.fetch_optional(&mut *tx).await?;
        let waited = waited.ok_or(StoreError::Conflict("the authorisation does not wait any more"))?;
        let waited: ConnectionId = Reader::of(&waited, "pending_authorisations").next("connection")?;
        // Settled as another connection than the one that was shown as pending: that one is nobody's now.
        if waited != settle.id {
            pendings::drop_connection(&mut *tx, store, &waited, now).await?;
        }
    }
    let ended = sqlx::query(
        "UPDATE connect_sessions SET made = $2, code = NULL, ended_at = $3 \
         WHERE id = $1 AND tenant = $4 AND ended_at IS NULL",
    )
    .bind(session.as_str())
    .bind(settle.id.as_str())
    .bind(now.as_micros())
    .bind(settle.tenant.as_str())
    .execute(tx)
    .await?;
    // One session makes one connection, however many forms are sent at once.
    if ended.rows_affected() == 0 { Err(StoreError::Conflict("the session is over")) } else { Ok(()) }
}

/// What the connection was before it was written.
struct Put {
    /// There was none.
    made: bool,
    /// It needed a person.
    broken: bool,
}

/// Writes the connection.
async fn put_connection(tx: &mut AnyConnection, settle: &Settle, now: Timestamp) -> Result<Put, StoreError> {
    let broken = connections::needs_somebody(&mut *tx, &settle.id).await?;
    if settle.expected_version.is_some() {
        let renew = "UPDATE connections SET client = $5, auth = $6, business_name = $8, login = $9, facts = $10, \
            state = $13, reason_code = NULL, reason = NULL, verified = $15, authorized_at = $14, identified_at = $14, \
            updated_at = $14 \
            WHERE id = $1 AND tenant = $2 AND connector = $3 AND business_id = $7 AND state <> 'deleted'";
        return if put_with(tx, renew, settle, now).await? { Ok(Put { made: false, broken }) } else { Err(RACED) };
    }
    // One that was shown while it waited has nothing of its own yet.
    let take_over = "UPDATE connections SET release = $4, client = $5, auth = $6, business_name = $8, login = $9, \
        facts = $10, settings = $11, name = $12, state = $13, reason_code = NULL, reason = NULL, verified = $15, \
        authorized_at = $14, identified_at = $14, updated_at = $14 \
        WHERE id = $1 AND tenant = $2 AND connector = $3 AND business_id = $7 AND state = 'pending'";
    let make = "INSERT INTO connections (id, tenant, connector, release, client, auth, business_id, business_name, \
        login, facts, settings, name, state, enabled, verified, created_at, authorized_at, identified_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, TRUE, $15, $14, $14, $14, $14) \
        ON CONFLICT DO NOTHING";
    if put_with(&mut *tx, take_over, settle, now).await? {
        return Ok(Put { made: false, broken: false });
    }
    if put_with(tx, make, settle, now).await? { Ok(Put { made: true, broken: false }) } else { Err(RACED) }
}

async fn put_with(
    tx: &mut AnyConnection,
    statement: &'static str,
    settle: &Settle,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(statement)
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
        .bind(now.as_micros())
        .bind(settle.verified)
        .execute(tx)
        .await?;
    Ok(done.rows_affected() > 0)
}

async fn put_credential(tx: &mut AnyConnection, settle: &Settle, now: Timestamp) -> Result<(), StoreError> {
    // The refresh epoch goes up, so that a refresh of the old credential that is under way cannot
    // write over the new one.
    let done = sqlx::query(
        "INSERT INTO credentials (connection, sealed, row_version, next_refresh_at, updated_at) \
         VALUES ($1, $2, $3, $6, $4) \
         ON CONFLICT (connection) DO UPDATE SET sealed = excluded.sealed, row_version = excluded.row_version, \
         generation = credentials.generation + 1, refresh_epoch = credentials.refresh_epoch + 1, \
         refresh_lease_until = NULL, refresh_intent_at = NULL, next_refresh_at = excluded.next_refresh_at, \
         failing_days = 0, failed_day = NULL, updated_at = excluded.updated_at \
         WHERE credentials.row_version = $5",
    )
    .bind(settle.id.as_str())
    .bind(settle.credential.as_slice())
    .bind(settle.row_version)
    .bind(now.as_micros())
    .bind(settle.expected_version)
    .bind(settle.next_refresh_at.map(Timestamp::as_micros))
    .execute(&mut *tx)
    .await?;
    if done.rows_affected() == 0 {
        return Err(RACED);
    }
    sqlx::query("DELETE FROM lost_tokens WHERE connection = $1").bind(settle.id.as_str()).execute(tx).await?;
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
        world.store.select_account(&world.tenant, &id, &account.id, false, "x").await.expect("not read");
        let known = world.store.connection_for(&world.tenant, "acme.books", "b1").await.expect("read");
        let (there, version) = known.expect("known");
        assert_eq!((&there.id, version), (&id, Some(1)));

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
        assert_eq!(
            world
                .number("SELECT count(*) FROM audit WHERE action IN ('connection.created', 'connection.renewed')")
                .await,
            2
        );
    }

    #[tokio::test]
    async fn a_login_that_reads_less_leaves_the_other_streams_as_they_are_until_they_come_back() {
        let world = World::open().await;
        let first = world.connect("b1").await;
        let renew = |streams: Vec<NewSync>, version: i64| Settle {
            id: first.connection.id.clone(),
            expected_version: Some(version),
            row_version: version + 1,
            syncs: streams,
            ..world.consent("b1")
        };
        let all = world.consent("b1").syncs;
        world.store.settle(renew(Vec::new(), 1)).await.expect("renewed");
        let gone = "SELECT count(*) FROM syncs WHERE gone_at IS NOT NULL AND enabled";
        assert_eq!(world.number(gone).await, 1, "noted, and its switch kept");
        assert_eq!(world.store.schedule_due(10).await, Ok(0), "nothing is asked for that cannot be read");
        world.store.settle(renew(all, 2)).await.expect("renewed");
        assert_eq!(world.number(gone).await, 0);
        assert_eq!(world.number("SELECT count(*) FROM syncs WHERE next_due_at IS NOT NULL").await, 1, "read again");
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
