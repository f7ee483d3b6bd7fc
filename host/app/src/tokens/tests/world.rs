//! A provider that rotates, a real store, and processes on it.

use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU32, Ordering},
};
use std::time::Duration;

use async_trait::async_trait;
use patchbay_credentials::{KeyRing, Transport, TransportError, credential::REFRESH_TOKEN};
use patchbay_egress::{EgressConfig, Gate};
use patchbay_engine::{Engine, EngineConfig};
use patchbay_model::{
    ClientId, Clock, ConnectionState, ManualClock, ReleaseId, ReleaseState, SeededRandom, manifest::Manifest,
};
use patchbay_store::{NewRelease, PutClient, Settle, Store, StoreConfig};
use tokio::sync::watch;

use super::super::*;
use crate::{KeySource, Parts, Settings};

const KEY: &[u8] = b"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
pub(super) const LEASE: Duration = Duration::from_secs(30);
pub(super) const COOL_DOWN: Duration = Duration::from_secs(30);
pub(super) const DAY: Duration = Duration::from_secs(86_400);

/// How the provider answers the next request.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Mood {
    Answers,
    /// It rotates, and its answer is never heard.
    Mute,
    /// It rotates, and waits with its answer until a test says so.
    Waits,
    Trouble,
    WrongClient,
}

pub(super) struct Tokens {
    pub(super) accepted: Vec<String>,
    /// Whether an old token goes on working.
    pub(super) grace: bool,
    pub(super) mood: Mood,
    pub(super) calls: u32,
    pub(super) at_once: u32,
    pub(super) answers: Arc<tokio::sync::Notify>,
}

#[derive(Clone)]
pub(in crate::tokens) struct Provider(Arc<Mutex<Tokens>>);

impl Provider {
    fn new(grace: bool) -> Self {
        let accepted = vec!["r0".to_owned()];
        Self(Arc::new(Mutex::new(Tokens {
            accepted,
            grace,
            mood: Mood::Answers,
            calls: 0,
            at_once: 0,
            answers: Arc::default(),
        })))
    }

    pub(super) fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.0.lock().expect("tokens")
    }

    fn rotate(&self, token: &str) -> Result<http::Response<Vec<u8>>, TransportError> {
        let mut tokens = self.tokens();
        let answer = |status: u16, body: String| {
            http::Response::builder()
                .status(status)
                .header("content-type", "application/json")
                .body(body.into_bytes())
                .map_err(|error| TransportError::Unknown(error.to_string()))
        };
        match tokens.mood {
            Mood::Trouble => return answer(500, "<html>".to_owned()),
            Mood::WrongClient => return answer(401, r#"{"error":"invalid_client"}"#.to_owned()),
            Mood::Answers | Mood::Mute | Mood::Waits => {}
        }
        if !tokens.accepted.iter().any(|known| known == token) {
            // It was used before: the whole family ends.
            tokens.accepted.clear();
            return answer(400, r#"{"error":"invalid_grant"}"#.to_owned());
        }
        if !tokens.grace {
            tokens.accepted.clear();
        }
        let fresh = format!("r{}", tokens.calls);
        tokens.accepted.push(fresh.clone());
        let access = tokens.calls;
        answer(
            200,
            format!(
                r#"{{"access_token":"a{access}","token_type":"bearer","expires_in":3600,"refresh_token":"{fresh}"}}"#
            ),
        )
    }
}

#[async_trait]
impl Transport for Provider {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, TransportError> {
        let query = url::form_urlencoded::parse(request.body()).into_owned();
        let token = query.into_iter().find(|(name, _)| name == REFRESH_TOKEN).map(|(_, token)| token);
        {
            let mut tokens = self.tokens();
            tokens.calls += 1;
            tokens.at_once += 1;
            assert_eq!(tokens.at_once, 1, "two exchanges at once");
        }
        tokio::task::yield_now().await;
        let answer = self.rotate(&token.expect("a refresh token"));
        let mood = self.tokens().mood;
        let answers = Arc::clone(&self.tokens().answers);
        match mood {
            Mood::Mute => {
                self.tokens().at_once -= 1;
                std::future::pending::<()>().await;
            }
            Mood::Waits => answers.notified().await,
            Mood::Answers | Mood::Trouble | Mood::WrongClient => {}
        }
        self.tokens().at_once -= 1;
        answer
    }
}

struct OneKey;

#[async_trait]
impl KeySource for OneKey {
    async fn read(&self) -> Result<KeyRing, Fault> {
        Ok(KeyRing::from_text(KEY, "a test")?)
    }
}

pub(super) struct World {
    pub(super) folder: tempfile::TempDir,
    pub(super) store: Store,
    pub(super) clock: Arc<ManualClock>,
    pub(super) random: Arc<SeededRandom>,
    pub(super) provider: Provider,
    pub(super) tenant: TenantId,
    pub(super) connection: ConnectionId,
    pub(super) release: Option<(ReleaseId, ClientId)>,
    pub(super) stop: watch::Receiver<bool>,
    _stop: watch::Sender<bool>,
    pub(super) starts: AtomicU32,
    /// Longest exchange.
    pub(super) exchange: Duration,
}

impl World {
    pub(super) async fn open(grace: bool) -> (Self, Arc<App>) {
        Self::with(grace, "Bearer {access_token}").await
    }

    /// A connection whose access token has ended.
    pub(super) async fn with(grace: bool, slot: &str) -> (Self, Arc<App>) {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_795_219_200_000)));
        let random = Arc::new(SeededRandom::new(1));
        let config = StoreConfig::at(folder.path().join("db"));
        let store = Store::open(config, Arc::clone(&clock) as _, Arc::clone(&random) as _).await.expect("a store");
        let (sender, stop) = watch::channel(false);
        let mut world = Self {
            folder,
            store,
            tenant: TenantId::fresh(&*clock, &*random),
            connection: ConnectionId::fresh(&*clock, &*random),
            clock,
            random,
            provider: Provider::new(grace),
            release: None,
            stop,
            _stop: sender,
            starts: AtomicU32::default(),
            exchange: Duration::from_secs(20),
        };
        let app = world.start().await;
        world.tenant = world.store.create_tenant("tenant", "", "test").await.expect("a tenant").id;
        world.connect(&app, slot).await;
        assert!(world.settle(&app, 1, "r0").await);
        world.clock.advance(Duration::from_secs(3_600));
        (world, app)
    }

    /// A process of its own on this database.
    pub(super) async fn start(&self) -> Arc<App> {
        let settings = Settings {
            refresh_lease: LEASE,
            refresh_exchange: self.exchange,
            cool_down: COOL_DOWN,
            idle_refresh: DAY,
            ..Settings::of_a_test(self.folder.path())
        };
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let engine = Engine::build(EngineConfig {
            cache_dir: self.folder.path().join(format!("cache{}", self.starts.fetch_add(1, Ordering::SeqCst))),
            cache_key: [7; 32],
            compiler: vec!["/bin/false".into()],
            max_instances: 1,
            component_bytes: 1 << 20,
        });
        let app = App::build(Parts {
            settings,
            store: self.store.clone(),
            keys: KeyRing::from_text(KEY, "a test").expect("a key"),
            key_source: Arc::new(OneKey),
            gate: Gate::build(EgressConfig::default(), Arc::clone(&clock)).expect("a gate"),
            engine: engine.expect("an engine"),
            clock,
            random: Arc::clone(&self.random) as _,
            stop: self.stop.clone(),
        });
        let app = app.await.expect("an app");
        app.refreshes.ask_instead(self.provider.clone());
        app
    }

    pub(super) async fn connect(&mut self, app: &App, slot: &str) {
        let manifest = serde_json::json!({
            "id": "test.books", "version": "1.0.0", "contract": "0.1.0", "name": "Books", "category": "accounting",
            "summary": "Books.", "auth": [{
                "id": "oauth", "kind": "oauth2", "label": "Log in", "rotation": true, "idle-days": 30,
                "authorize": { "url": "https://login.example.com/authorize" },
                "token": { "url": "https://login.example.com/token", "client-auth": "none" },
                "revoke": { "url": "https://login.example.com/revoke", "client-auth": "none" },
                "slot": [{ "id": "bearer", "standard": true, "place": "header", "name": "authorization", "value": slot }],
            }],
        });
        let manifest: Manifest = serde_json::from_value(manifest).expect("a manifest");
        let new = NewRelease {
            connector: manifest.id.clone(),
            version: manifest.version.clone(),
            digest: "d".repeat(64),
            size: 1,
            contract: manifest.contract.clone(),
            manifest: serde_json::to_string(&manifest).expect("JSON"),
            asks: "{}".to_owned(),
            signed_by: None,
            source: "upload".to_owned(),
            state: ReleaseState::Verified,
        };
        let release = self.store.insert_release(new, "test").await.expect("a release").id;
        let client = ClientId::fresh(&*self.clock, &*self.random);
        let secret = serde_json::json!({ "secret": "of the client", "regions": {} }).to_string();
        let place = Place { tenant: None, subject: client.as_str(), field: "client_secret", row_version: 1 };
        let put = PutClient {
            id: client.clone(),
            connector: manifest.id,
            tenant: None,
            client_id: "id".to_owned(),
            secret: Some(app.vault.seal(place, secret.as_bytes()).await.expect("sealed")),
            row_version: 1,
            actor: "test".to_owned(),
        };
        self.store.put_oauth_client(put).await.expect("a registration");
        self.release = Some((release, client));
    }

    /// The secret of the registration cannot be opened any more.
    pub(super) async fn spoil_the_registration(&self) {
        let Some((_, client)) = self.release.clone() else { return };
        let put = PutClient {
            id: client,
            connector: "test.books".to_owned(),
            tenant: None,
            client_id: "id".to_owned(),
            secret: Some(vec![1; 80]),
            row_version: 2,
            actor: "test".to_owned(),
        };
        self.store.put_oauth_client(put).await.expect("a registration");
    }

    /// A consent: the first one, or a new one.
    pub(super) async fn settle(&self, app: &App, version: i64, token: &str) -> bool {
        self.settle_by(app, version, token, "oauth").await
    }

    /// The same, by this way of logging in.
    pub(super) async fn settle_by(&self, app: &App, version: i64, token: &str, auth: &str) -> bool {
        let Some((release, client)) = self.release.clone() else { return false };
        let secrets = [("access_token", "of the consent"), (REFRESH_TOKEN, token)];
        let secrets = secrets.map(|(name, text)| (name.to_owned(), Secret::new(text)));
        let now = self.clock.now();
        let ends = Some(now.plus(Duration::from_secs(3_600)));
        let credential = Credential { expires_at: ends, ..Credential::entered("oauth", secrets.into(), now) };
        let place = App::credential_place(&self.tenant, &self.connection, version);
        let settle = Settle {
            id: self.connection.clone(),
            expected_version: Some(version - 1).filter(|version| *version > 0),
            tenant: self.tenant.clone(),
            connector: "test.books".to_owned(),
            release: Some(release),
            client: Some(client),
            auth: auth.to_owned(),
            business_id: "b".to_owned(),
            business_name: "Business".to_owned(),
            login: None,
            facts: Facts::default().to_json(),
            settings: "{}".to_owned(),
            name: "Business".to_owned(),
            state: ConnectionState::Active,
            credential: app.vault.seal(place, &credential.to_bytes()).await.expect("sealed"),
            row_version: version,
            accounts: Vec::new(),
            syncs: Vec::new(),
            through: patchbay_store::Through::Backend,
            verified: true,
            next_refresh_at: None,
            actor: "test".to_owned(),
        };
        self.store.settle(settle).await.is_ok()
    }

    /// A use in a task of its own, up to the moment at which the provider has the request.
    pub(super) async fn begun(&self, app: &Arc<App>) -> tokio::task::JoinHandle<Result<Arc<Values>, CredentialError>> {
        let (app, tenant, connection) = (Arc::clone(app), self.tenant.clone(), self.connection.clone());
        let task = tokio::spawn(async move { app.current_values(&tenant, &connection, Need::Use, None).await });
        while self.provider.tokens().calls == 0 {
            tokio::task::yield_now().await;
        }
        task
    }

    pub(super) fn answer(&self) {
        self.provider.tokens().mood = Mood::Answers;
        self.provider.tokens().answers.notify_one();
    }

    pub(super) async fn used(&self, app: &Arc<App>) -> Result<Arc<Values>, CredentialError> {
        app.current_values(&self.tenant, &self.connection, Need::Use, None).await
    }

    pub(super) async fn state(&self) -> (ConnectionState, Option<Code>) {
        let row = self.store.connection(&self.tenant, &self.connection).await.expect("a connection");
        (row.state, row.reason_code)
    }

    pub(super) async fn stored_token(&self, app: &App) -> String {
        let present = app.present(&self.tenant, &self.connection).await.expect("a credential");
        present.credential.secrets[REFRESH_TOKEN].expose().to_owned()
    }

    /// The refresh tokens that wait to be revoked, opened where they say they are sealed to.
    pub(super) async fn given_back(&self, app: &App) -> Vec<String> {
        let mut tokens = Vec::new();
        while let Some(found) = self.store.claim_revocation(LEASE).await.expect("claimed") {
            let (subject, field) = (found.subject.as_str(), found.field.as_str());
            let place = Place { tenant: Some(&self.tenant), subject, field, row_version: found.row_version };
            let credential = app.open_credential(place, &found.sealed).await.expect("opened");
            tokens.push(credential.secrets[REFRESH_TOKEN].expose().to_owned());
        }
        tokens
    }

    pub(super) async fn delete(&self, app: &Arc<App>) {
        let (tenant, connection) = (self.tenant.clone(), self.connection.clone());
        app.delete_connection(tenant, connection, false, "test".to_owned()).await.expect("deleted");
    }

    pub(super) async fn accepts_the_stored_token(&self, app: &App) -> bool {
        let stored = self.stored_token(app).await;
        self.provider.tokens().accepted.contains(&stored)
    }
}
