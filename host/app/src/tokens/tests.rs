//! Refreshes against a provider that rotates, with a real store. A process that was killed stands still at a
//! failpoint for ever, and a second one starts on the same database.

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
    ClientId, Clock, ConnectionState, ManualClock, ReleaseState, SeededRandom, failpoint, manifest::Manifest,
};
use patchbay_store::{NewRelease, PutClient, Settle, Store, StoreConfig};
use tokio::sync::watch;

use super::*;
use crate::{KeySource, Parts, Settings};

const KEY: &[u8] = b"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const LEASE: Duration = Duration::from_secs(30);
const COOL_DOWN: Duration = Duration::from_secs(30);
const DAY: Duration = Duration::from_secs(86_400);

/// How the provider answers the next request.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Answers,
    /// It rotates, and its answer is never heard.
    Mute,
    Trouble,
    WrongClient,
}

struct Tokens {
    accepted: Vec<String>,
    /// Whether an old token goes on working.
    grace: bool,
    mood: Mood,
    calls: u32,
    at_once: u32,
}

#[derive(Clone)]
pub(super) struct Provider(Arc<Mutex<Tokens>>);

impl Provider {
    fn new(grace: bool) -> Self {
        let accepted = vec!["r0".to_owned()];
        Self(Arc::new(Mutex::new(Tokens { accepted, grace, mood: Mood::Answers, calls: 0, at_once: 0 })))
    }

    fn tokens(&self) -> MutexGuard<'_, Tokens> {
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
            Mood::Answers | Mood::Mute => {}
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
        self.tokens().at_once -= 1;
        if self.tokens().mood == Mood::Mute {
            std::future::pending::<()>().await;
        }
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

struct World {
    folder: tempfile::TempDir,
    store: Store,
    clock: Arc<ManualClock>,
    random: Arc<SeededRandom>,
    provider: Provider,
    tenant: TenantId,
    connection: ConnectionId,
    stop: watch::Receiver<bool>,
    _stop: watch::Sender<bool>,
    starts: AtomicU32,
}

impl World {
    async fn open(grace: bool) -> (Self, Arc<App>) {
        Self::with(grace, "Bearer {access_token}").await
    }

    /// A connection whose access token has ended.
    async fn with(grace: bool, slot: &str) -> (Self, Arc<App>) {
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
            stop,
            _stop: sender,
            starts: AtomicU32::default(),
        };
        let app = world.start().await;
        world.tenant = world.store.create_tenant("tenant", "", "test").await.expect("a tenant").id;
        world.connect(&app, slot).await;
        world.clock.advance(Duration::from_secs(3_600));
        (world, app)
    }

    /// A process of its own on this database.
    async fn start(&self) -> Arc<App> {
        let seconds = Duration::from_secs;
        let settings = Settings {
            public_url: "https://patchbay.example.com".parse().expect("a URL"),
            components_dir: self.folder.path().to_owned(),
            workers: 1,
            lease: seconds(30),
            poll: seconds(1),
            call_timeout: seconds(30),
            run_time: seconds(60),
            memory_bytes: 1 << 20,
            component_bytes: 1 << 20,
            login_time: seconds(600),
            session_time: seconds(1_800),
            completion_time: seconds(600),
            refresh_lease: LEASE,
            refresh_exchange: Duration::from_millis(100),
            cool_down: COOL_DOWN,
            longest_cool_down: seconds(3_600),
            failing_days: 4,
            idle_refresh: DAY,
            settle_at_most: seconds(1),
            settle_again: seconds(1),
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

    async fn connect(&mut self, app: &App, slot: &str) {
        let manifest = serde_json::json!({
            "id": "test.books", "version": "1.0.0", "contract": "0.1.0", "name": "Books", "category": "accounting",
            "summary": "Books.", "auth": [{
                "id": "oauth", "kind": "oauth2", "label": "Log in", "rotation": true,
                "authorize": { "url": "https://login.example.com/authorize" },
                "token": { "url": "https://login.example.com/token", "client-auth": "none" },
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
            state: ReleaseState::Verified,
        };
        let release = self.store.insert_release(new, "test").await.expect("a release").id;
        let client = ClientId::fresh(&*self.clock, &*self.random);
        let secret = serde_json::json!({ "secret": "of the client", "regions": {} }).to_string();
        let place = Place { tenant: None, subject: client.as_str(), field: "client_secret", row_version: 1 };
        let put = PutClient {
            id: client.clone(),
            connector: manifest.id.clone(),
            tenant: None,
            client_id: "id".to_owned(),
            secret: Some(app.vault.seal(place, secret.as_bytes()).await.expect("sealed")),
            row_version: 1,
            actor: "test".to_owned(),
        };
        self.store.put_oauth_client(put).await.expect("a registration");
        let secrets = [("access_token", "a0"), (REFRESH_TOKEN, "r0")];
        let secrets = secrets.map(|(name, text)| (name.to_owned(), Secret::new(text)));
        let now = self.clock.now();
        let ends = Some(now.plus(Duration::from_secs(3_600)));
        let credential = Credential { expires_at: ends, ..Credential::entered("oauth", secrets.into(), now) };
        let place = App::credential_place(&self.tenant, &self.connection, 1);
        let settle = Settle {
            id: self.connection.clone(),
            expected_version: None,
            tenant: self.tenant.clone(),
            connector: manifest.id,
            release: Some(release),
            client: Some(client),
            auth: "oauth".to_owned(),
            business_id: "b".to_owned(),
            business_name: "Business".to_owned(),
            login: None,
            facts: Facts::default().to_json(),
            settings: "{}".to_owned(),
            name: "Business".to_owned(),
            state: ConnectionState::Active,
            credential: app.vault.seal(place, &credential.to_bytes()).await.expect("sealed"),
            row_version: 1,
            accounts: Vec::new(),
            syncs: Vec::new(),
            pending: None,
            verified: true,
            next_refresh_at: None,
            actor: "test".to_owned(),
        };
        self.store.settle(settle).await.expect("settled");
    }

    async fn used(&self, app: &Arc<App>) -> Result<Arc<Values>, CredentialError> {
        app.current_values(&self.tenant, &self.connection, Need::Use).await
    }

    async fn state(&self) -> (ConnectionState, Option<Code>) {
        let row = self.store.connection(&self.tenant, &self.connection).await.expect("a connection");
        (row.state, row.reason_code)
    }

    async fn stored_token(&self, app: &App) -> String {
        let present = app.present(&self.tenant, &self.connection).await.expect("a credential");
        present.credential.secrets[REFRESH_TOKEN].expose().to_owned()
    }

    async fn accepts_the_stored_token(&self, app: &App) -> bool {
        let stored = self.stored_token(app).await;
        self.provider.tokens().accepted.contains(&stored)
    }
}

const ACTIVE: (ConnectionState, Option<Code>) = (ConnectionState::Active, None);

#[tokio::test]
async fn eight_tasks_refresh_once_and_all_get_the_new_token() {
    let (world, app) = World::open(false).await;
    let asked = (0..8).map(|_| {
        let (app, tenant, connection) = (Arc::clone(&app), world.tenant.clone(), world.connection.clone());
        tokio::spawn(async move { app.current_values(&tenant, &connection, Need::Use).await })
    });
    for task in asked.collect::<Vec<_>>() {
        let values = task.await.expect("no panic").expect("a credential");
        assert_eq!((values.secrets["access_token"].expose(), values.generation), ("a1", 2));
    }
    assert_eq!(world.provider.tokens().calls, 1);
    assert!(world.accepts_the_stored_token(&app).await);
}

#[tokio::test]
async fn eight_tasks_that_were_refused_refresh_once() {
    let (world, app) = World::open(false).await;
    for _ in 0..8 {
        let values = app.current_values(&world.tenant, &world.connection, Need::Refused(1)).await.expect("values");
        assert!(values.after_refusal);
        assert_eq!(values.generation, 2);
    }
    assert_eq!(world.provider.tokens().calls, 1);
}

/// The failpoints are the process's, so all six are one test.
#[tokio::test]
async fn a_kill_at_each_of_the_six_places_of_a_refresh_is_survived_or_said() {
    static AT: Mutex<&str> = Mutex::new("");
    static REACHED: tokio::sync::Notify = tokio::sync::Notify::const_new();
    failpoint::install(Box::new(|name| {
        let stops = *AT.lock().expect("a name") == name;
        if stops {
            REACHED.notify_one();
        }
        stops
    }));
    for (name, lost) in [
        ("before_intent", false),
        ("after_intent", false),
        ("request_sent", true),
        ("answer_received", true),
        ("before_commit", true),
        ("after_commit", false),
    ] {
        for grace in [false, true] {
            let (world, killed) = World::open(grace).await;
            let name = format!("refresh.{name}");
            *AT.lock().expect("a name") = String::leak(name.clone());
            let (app, tenant, connection) = (Arc::clone(&killed), world.tenant.clone(), world.connection.clone());
            tokio::spawn(async move { app.current_values(&tenant, &connection, Need::Use).await });
            REACHED.notified().await;
            if name == "refresh.request_sent" {
                while world.provider.tokens().accepted == ["r0"] {
                    tokio::task::yield_now().await;
                }
            }
            *AT.lock().expect("a name") = "";
            let app = world.start().await;
            world.clock.advance(LEASE);
            let used = world.used(&app).await;
            if lost && !grace {
                assert!(matches!(used, Err(CredentialError::Dead(_))), "{name}: {used:?}");
                assert_eq!(world.state().await, (ConnectionState::Broken, Some(Code::CredentialRefused)), "{name}");
            } else {
                assert!(used.is_ok(), "{name}, grace {grace}: {used:?}");
                assert_eq!(world.state().await, ACTIVE, "{name}, grace {grace}");
                assert!(world.accepts_the_stored_token(&app).await, "{name}, grace {grace}");
                let row = world.store.credential(&world.connection).await.expect("a row");
                assert_eq!((row.refresh_intent_at, row.refresh_lease_until), (None, None), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn an_answer_that_comes_too_late_allows_one_more_try_after_a_pause() {
    for grace in [true, false] {
        let (world, app) = World::open(grace).await;
        world.provider.tokens().mood = Mood::Mute;
        assert!(matches!(world.used(&app).await, Err(CredentialError::Busy(_))));
        world.provider.tokens().mood = Mood::Answers;
        assert!(matches!(world.used(&app).await, Err(CredentialError::Busy(_))), "it is left alone for a while");
        let refused = app.current_values(&world.tenant, &world.connection, Need::Refused(1)).await;
        assert!(matches!(refused, Err(CredentialError::Busy(_))), "a refusal does not shorten the pause");
        assert_eq!(world.provider.tokens().calls, 1);
        let row = world.store.credential(&world.connection).await.expect("a row");
        assert!(row.refresh_intent_at.is_some() && row.refresh_lease_until.is_none());
        world.clock.advance(COOL_DOWN);
        let used = world.used(&app).await;
        assert_eq!(world.provider.tokens().calls, 2);
        if grace {
            assert!(used.is_ok() && world.accepts_the_stored_token(&app).await);
        } else {
            assert!(matches!(used, Err(CredentialError::Dead(text)) if text.contains("Books")));
            assert_eq!(world.state().await, (ConnectionState::Broken, Some(Code::CredentialRefused)));
        }
    }
}

#[tokio::test]
async fn a_refresh_that_was_overtaken_keeps_its_token_and_the_next_one_begins_with_it() {
    let (world, app) = World::open(false).await;
    let present = app.present(&world.tenant, &world.connection).await.expect("a credential");
    // Another process takes over while this one has the fresh pair in hand, and dies.
    let mut fresh = present.credential.clone();
    fresh.secrets.insert(REFRESH_TOKEN.to_owned(), Secret::new("r9"));
    world.provider.tokens().accepted = vec!["r9".to_owned()];
    let place = App::credential_place(&world.tenant, &world.connection, 2);
    let sealed = app.vault.seal(place, &fresh.to_bytes()).await.expect("sealed");
    world.store.keep_lost_token(&world.connection, sealed, 2).await.expect("kept");
    assert!(world.used(&app).await.is_ok());
    assert_eq!(world.provider.tokens().calls, 1, "the old token was not spent again");
    assert!(world.accepts_the_stored_token(&app).await);
    assert!(world.store.lost_tokens(&world.connection).await.expect("read").is_empty());
}

#[tokio::test]
async fn four_days_of_failures_need_the_owner_and_three_do_not() {
    let (world, app) = World::open(true).await;
    world.provider.tokens().mood = Mood::Trouble;
    for day in 1..=4 {
        assert_eq!(world.state().await, ACTIVE, "before day {day}");
        for _ in 0..3 {
            assert!(matches!(world.used(&app).await, Err(CredentialError::Busy(_))), "day {day}");
            world.clock.advance(Duration::from_secs(3_600));
        }
        world.clock.advance(DAY - Duration::from_secs(3 * 3_600));
    }
    assert_eq!(world.state().await, (ConnectionState::Broken, Some(Code::RefreshExhausted)));
}

#[tokio::test]
async fn a_client_that_the_operator_mistyped_costs_nobody_a_login() {
    let (world, app) = World::open(true).await;
    world.provider.tokens().mood = Mood::WrongClient;
    for _ in 0..8 {
        assert!(matches!(world.used(&app).await, Err(CredentialError::Busy(_))));
        world.clock.advance(DAY);
    }
    assert_eq!(world.state().await, ACTIVE);
    world.provider.tokens().mood = Mood::Answers;
    assert!(world.used(&app).await.is_ok());
}

#[tokio::test]
async fn a_client_secret_goes_to_the_gate_only_where_a_slot_names_it() {
    let (world, app) = World::open(true).await;
    assert!(!world.used(&app).await.expect("values").secrets.contains_key(CLIENT_SECRET));
    let (world, app) = World::with(true, "{access_token}.{client_secret}").await;
    let values = world.used(&app).await.expect("values");
    assert_eq!(values.secrets[CLIENT_SECRET].expose(), "of the client");
}
