//! A database of its own, with a clock that stands still, for the tests of this room: a file of SQLite, or, where
//! `PATCHBAY_STORE_TESTS` says `postgres`, a database of the server at `PATCHBAY_TEST_POSTGRES`. The same tests run
//! on both.

mod crowd;
mod server;

use std::{sync::Arc, time::Duration};

use patchbay_model::{
    ClientId, ConnectionId, ConnectionState, ManualClock, PushState, ReleaseId, ReleaseState, Schedule, Secret,
    SeededRandom, SessionId, TenantId, Timestamp,
};

use sqlx::AssertSqlSafe;

use crate::{
    ClaimLimits, ClaimedRun, Connection, NewAccount, NewLostToken, NewPending, NewPush, NewRelease, NewSession,
    NewSync, OauthClient, PageCommit, PageRecord, PushLimits, PutClient, Settle, Settled, Step, Store, StoreConfig,
    Usage, dialect::Dialect,
};

/// How long a lease is in these tests.
pub(crate) const LEASE: Duration = Duration::from_secs(30);

/// A claim that takes whatever is due.
pub(crate) fn limits() -> ClaimLimits {
    let many = 10_000;
    ClaimLimits {
        lease: LEASE,
        limit: 100,
        per_tenant: many,
        per_connector: many,
        per_connection: many,
        node: "node".to_owned(),
    }
}

/// A claim of so many pushes, whosever they are.
pub(crate) fn places(limit: u32) -> PushLimits {
    PushLimits { lease: LEASE, limit, per_tenant: 0, per_connection: 0 }
}

/// Whether this run of the suite is on PostgreSQL.
pub(crate) fn on_server() -> bool {
    server::asked_for()
}

/// A statement of a test, with bytes spelled as the database of this run spells them.
fn spelled(statement: &str) -> String {
    if on_server() {
        statement.replace("x'", "'\\x").replace("zeroblob(32)", "decode(repeat('00', 32), 'hex')")
    } else {
        statement.to_owned()
    }
}

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) tenant: TenantId,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) config: StoreConfig,
}

impl World {
    pub(crate) async fn open() -> Self {
        Self::on(server::fresh_database().await).await
    }

    /// On a fresh database of a server, or else on a file.
    pub(crate) async fn on(server: Option<Secret>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_795_190_400_000)));
        let config = match server {
            Some(url) => StoreConfig { server_clock: false, readers: 4, writers: 4, ..StoreConfig::server(url) },
            None => StoreConfig::at(folder.path().join("patchbay.db")),
        };
        let store =
            Store::open(config.clone(), clock.clone(), Arc::new(SeededRandom::new(7))).await.expect("a database");
        let tenant = store.create_tenant("Acme", "retail", "test").await.expect("a tenant").id;
        Self { store, clock, tenant, folder, config }
    }

    /// Another node on the same database, by the same clock; none on SQLite, which has one.
    pub(crate) async fn node(&self) -> Option<Store> {
        let random = Arc::new(SeededRandom::new(8));
        match self.store.is_shared() {
            true => Some(Store::open(self.config.clone(), self.clock.clone(), random).await.expect("another node")),
            false => None,
        }
    }

    pub(crate) fn fresh(&self) -> ConnectionId {
        ConnectionId::fresh(&*self.store.clock, &*self.store.random)
    }

    /// A connection of a business account, with one stream and one selected account.
    pub(crate) fn consent(&self, business: &str) -> Settle {
        Settle {
            id: self.fresh(),
            expected_version: None,
            tenant: self.tenant.clone(),
            connector: "acme.books".to_owned(),
            release: None,
            client: None,
            auth: "oauth".to_owned(),
            business_id: business.to_owned(),
            business_name: format!("{business} Ltd"),
            login: Some("jane@example.com".to_owned()),
            facts: r#"{"login":{},"identity":{}}"#.to_owned(),
            settings: "{}".to_owned(),
            name: format!("Books of {business}"),
            state: ConnectionState::Active,
            credential: vec![1; 40],
            row_version: 1,
            accounts: vec![NewAccount {
                provider_id: "a1".to_owned(),
                name: "Main".to_owned(),
                usable: true,
                note: None,
                facts: "{}".to_owned(),
                selected: true,
            }],
            syncs: vec![NewSync {
                account: "a1".to_owned(),
                stream: "invoices".to_owned(),
                schedule: Schedule::Every(Duration::from_secs(900)),
                enabled: true,
                picked: false,
            }],
            through: crate::Through::Backend,
            verified: true,
            next_refresh_at: None,
            actor: "test".to_owned(),
        }
    }

    /// Keeps a fresh token of a connection whose write lost.
    pub(crate) async fn lose(&self, of: &Connection, sealed: Vec<u8>, row_version: i64) {
        let lost = NewLostToken { of: of.clone(), sealed, row_version, revocable: None, ends_grant: false };
        self.store.keep_lost_token(lost).await.expect("kept");
    }

    pub(crate) async fn connect(&self, business: &str) -> Settled {
        self.store.settle(self.consent(business)).await.expect("a connection")
    }

    /// A connection whose first run is ours.
    pub(crate) async fn running(&self, business: &str) -> (Settled, ClaimedRun) {
        let settled = self.connect(business).await;
        let claimed = self.claim().await;
        let ours = claimed.into_iter().find(|run| run.connection == settled.connection.id).expect("its run");
        (settled, ours)
    }

    pub(crate) async fn claim(&self) -> Vec<ClaimedRun> {
        self.store.claim_runs(&limits()).await.expect("a claim")
    }

    pub(crate) async fn release(&self, version: &str) -> ReleaseId {
        let new = NewRelease {
            connector: "acme.books".to_owned(),
            version: version.to_owned(),
            digest: format!("digest of {version}"),
            size: 300_000,
            contract: "0.1.0".to_owned(),
            manifest: "{}".to_owned(),
            asks: "{}".to_owned(),
            signed_by: None,
            source: "upload".to_owned(),
            state: ReleaseState::Ready,
        };
        self.store.insert_release(new, "test").await.expect("a release").id
    }

    /// A session that allows everything; `n` makes its token.
    pub(crate) fn new_session(&self, n: u8) -> NewSession {
        NewSession {
            tenant: self.tenant.clone(),
            token_hash: [n; 32],
            end_user: "u1".to_owned(),
            connectors: vec!["acme.books".to_owned()],
            auth: None,
            name: None,
            connection: None,
            return_to: None,
            language: Some("de".to_owned()),
            verification: true,
            portal: None,
            expires_at: self.store.now().plus(Duration::from_secs(1800)),
            actor: "backend".to_owned(),
        }
    }

    pub(crate) async fn session(&self, n: u8) -> SessionId {
        self.store.create_session(self.new_session(n)).await.expect("a session").id
    }

    /// What a login in this session brought for a business account without a connection.
    pub(crate) fn login(&self, session: &SessionId, release: &ReleaseId, business: &str) -> NewPending {
        NewPending {
            session: session.clone(),
            tenant: self.tenant.clone(),
            connection: self.fresh(),
            new_connection: true,
            connector: "acme.books".to_owned(),
            release: release.clone(),
            client: None,
            auth: "oauth".to_owned(),
            facts: "{}".to_owned(),
            identity: "{}".to_owned(),
            business_id: business.to_owned(),
            business_name: format!("{business} Ltd"),
            login: None,
            name: None,
            reconnect: None,
            sealed: vec![5; 40],
            row_version: 1,
            revocable: true,
            expires_at: self.store.now().plus(Duration::from_secs(600)),
            actor: "browser".to_owned(),
        }
    }

    /// A registration of an OAuth client, of the deployment.
    pub(crate) async fn client(&self, client_id: &str) -> OauthClient {
        let put = PutClient {
            id: ClientId::fresh(&*self.store.clock, &*self.store.random),
            connector: "acme.books".to_owned(),
            tenant: None,
            client_id: client_id.to_owned(),
            secret: Some(vec![6; 40]),
            row_version: 1,
            actor: "operator".to_owned(),
        };
        self.store.put_oauth_client(put).await.expect("a registration")
    }

    /// Lines of the audit log with this action.
    pub(crate) async fn told(&self, action: &str) -> usize {
        let lines = self.store.audit(None, None, 1_000, None).await.expect("lines");
        lines.items.iter().filter(|line| line.action == action).count()
    }

    pub(crate) fn push(&self, key: &str, connection: Option<&ConnectionId>) -> NewPush {
        NewPush {
            tenant: self.tenant.clone(),
            connection: connection.cloned(),
            connector: "acme.books".to_owned(),
            action: "create-invoice".to_owned(),
            key: key.to_owned(),
            target: "{}".to_owned(),
            payload: "{}".to_owned(),
            attachments: "[]".to_owned(),
            blobs: Vec::new(),
            content_hash: [1; 32],
            state: if connection.is_some() { PushState::Planned } else { PushState::Waiting },
            reason: None,
            source: None,
            lane: None,
            on_demand: false,
            expires_at: None,
            update: false,
            claim: None,
            room: (0, 0),
        }
    }

    /// One number from the database.
    pub(crate) async fn number(&self, statement: &'static str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(spelled(statement))).fetch_one(self.store.read()).await.expect("a number")
    }

    /// Makes every later write of `table` fail as if the disk had refused it.
    pub(crate) async fn break_writes_of_cursors(&self) {
        self.refuse("UPDATE OF cursor", "syncs").await;
    }

    pub(crate) async fn mend(&self) {
        match self.store.dialect() {
            Dialect::Sqlite => self.ddl("DROP TRIGGER broken").await,
            Dialect::Postgres => self.ddl("DROP FUNCTION broken CASCADE").await,
        }
    }

    /// Makes what is said (`INSERT`, `UPDATE OF cursor`) of a table fail until [`World::mend`].
    pub(crate) async fn refuse(&self, what: &str, table: &str) {
        match self.store.dialect() {
            Dialect::Sqlite => {
                let begin = "BEGIN SELECT RAISE(ABORT, 'broken'); END";
                self.ddl(format!("CREATE TEMP TRIGGER broken BEFORE {what} ON {table} {begin}")).await;
            }
            Dialect::Postgres => {
                let raise = "$$ BEGIN RAISE EXCEPTION 'broken'; END $$";
                self.ddl(format!("CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS {raise}")).await;
                let each = "FOR EACH ROW EXECUTE FUNCTION broken()";
                self.ddl(format!("CREATE TRIGGER broken BEFORE {what} ON {table} {each}")).await;
            }
        }
    }

    pub(crate) async fn ddl(&self, statement: impl Into<String>) {
        let statement = AssertSqlSafe(spelled(&statement.into()));
        let done = self.store.write(move |tx| {
            Box::pin(async move {
                sqlx::query(statement).execute(tx).await?;
                Ok(())
            })
        });
        done.await.expect("a trigger");
    }
}

/// A page of records `key → {"n": value}`.
pub(crate) fn page(run: &ClaimedRun, step: Step, records: &[(&str, u32)]) -> PageCommit {
    PageCommit {
        run: run.run.clone(),
        epoch: run.epoch,
        records: records
            .iter()
            .map(|(key, n)| PageRecord { key: (*key).to_owned(), content: format!("{{\"n\":{n}}}") })
            .collect(),
        deleted: Vec::new(),
        cursor: b"next".to_vec(),
        step,
        release: None,
        usage: Usage::default(),
        refused: Vec::new(),
        shape: None,
        drifts: Vec::new(),
        log: Vec::new(),
    }
}
