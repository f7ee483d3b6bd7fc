use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use patchbay_credentials::seal::KeyNumber;
use patchbay_model::{
    ClientId, ConnectionId, ConnectionState, ManualClock, Random as _, SeededRandom, TenantId, WebhookId,
};
use patchbay_store::{NewWebhook, PutClient, Settle, Store, StoreConfig};
use tokio::sync::watch;

use super::{rotating::RETIRED_FOR, *};
use crate::{
    vault::{Place, Vault},
    webhooks::secret_place,
};

/// A source whose text a test changes, the first line being the current key.
#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl Lines {
    fn ring(&self) -> KeyRing {
        let lines = self.0.lock().expect("lines").join("\n");
        KeyRing::from_text(format!("patchbay-key 1\n{lines}\n").as_bytes(), "a test").expect("keys")
    }

    fn add(&self, random: &SeededRandom) {
        let mut key = [0; 32];
        random.fill(&mut key);
        self.0.lock().expect("lines").insert(0, data_encoding::HEXLOWER.encode(&key));
    }
}

#[async_trait]
impl KeySource for Lines {
    async fn read(&self) -> Result<KeyRing, Fault> {
        Ok(self.ring())
    }
}

struct World {
    _folder: tempfile::TempDir,
    store: Store,
    clock: Arc<ManualClock>,
    random: Arc<SeededRandom>,
    source: Arc<Lines>,
    client: ClientId,
    connections: Vec<(TenantId, ConnectionId)>,
    webhooks: Vec<(TenantId, WebhookId)>,
    _stop: watch::Sender<bool>,
    stopped: watch::Receiver<bool>,
}

impl World {
    /// Two tenants with three connections and a webhook each, and a registration of the deployment.
    async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_795_190_400_000)));
        let random = Arc::new(SeededRandom::new(7));
        let config = StoreConfig::at(folder.path().join("db"));
        let store = Store::open(config, Arc::clone(&clock) as _, Arc::clone(&random) as _).await.expect("a store");
        let source = Arc::new(Lines::default());
        source.add(&random);
        let client = ClientId::fresh(&*clock, &*random);
        let (sender, stopped) = watch::channel(false);
        let mut world = Self {
            _folder: folder,
            store,
            clock,
            random,
            source,
            client,
            connections: Vec::new(),
            webhooks: Vec::new(),
            _stop: sender,
            stopped,
        };
        let vault = world.start().await;
        for name in ["one", "two"] {
            let tenant = world.store.create_tenant(name, "", "test").await.expect("a tenant").id;
            for at in 0..3 {
                let id = world.connect(&vault, &tenant, &format!("{name} {at}")).await;
                world.connections.push((tenant.clone(), id));
            }
            let webhook = world.tell(&vault, &tenant).await;
            world.webhooks.push((tenant, webhook));
        }
        let secret = Some(vault.seal(world.client_place(), b"of the client").await.expect("sealed"));
        let put = PutClient {
            id: world.client.clone(),
            connector: "test.books".to_owned(),
            tenant: None,
            client_id: "id".to_owned(),
            secret,
            row_version: 1,
            actor: "test".to_owned(),
        };
        world.store.put_oauth_client(put).await.expect("a registration");
        world
    }

    async fn connect(&self, vault: &Vault, tenant: &TenantId, business: &str) -> ConnectionId {
        let id = ConnectionId::fresh(&*self.clock, &*self.random);
        let credential =
            vault.seal(App::credential_place(tenant, &id, 1), id.as_str().as_bytes()).await.expect("sealed");
        let settle = Settle {
            id: id.clone(),
            expected_version: None,
            tenant: tenant.clone(),
            connector: "test.books".to_owned(),
            release: None,
            client: None,
            auth: "key".to_owned(),
            business_id: business.to_owned(),
            business_name: business.to_owned(),
            login: None,
            facts: "{}".to_owned(),
            settings: "{}".to_owned(),
            name: business.to_owned(),
            state: ConnectionState::Active,
            credential,
            row_version: 1,
            accounts: Vec::new(),
            syncs: Vec::new(),
            through: patchbay_store::Through::Backend,
            verified: true,
            next_refresh_at: None,
            actor: "test".to_owned(),
        };
        self.store.settle(settle).await.expect("settled");
        id
    }

    /// An endpoint with two secrets, as after one was replaced.
    async fn tell(&self, vault: &Vault, tenant: &TenantId) -> WebhookId {
        let id = WebhookId::fresh(&*self.clock, &*self.random);
        let seal = async |version| vault.seal(secret_place(tenant, &id, version), id.as_str().as_bytes()).await;
        let webhook = NewWebhook {
            id: id.clone(),
            tenant: tenant.clone(),
            url: "https://hooks.example.com/".to_owned(),
            description: String::new(),
            kinds: Vec::new(),
            sealed: seal(1).await.expect("sealed"),
            row_version: 1,
            actor: "test".to_owned(),
        };
        self.store.create_webhook(webhook).await.expect("an endpoint");
        let (sealed, never) = (seal(2).await.expect("sealed"), Timestamp::from_micros(i64::MAX));
        self.store.add_webhook_secret(tenant, &id, sealed, 2, never, "test").await.expect("another secret");
        id
    }

    fn client_place(&self) -> Place<'_> {
        Place { tenant: None, subject: self.client.as_str(), field: "client_secret", row_version: 1 }
    }

    /// What a start of the host makes.
    async fn start(&self) -> Vault {
        let source = Arc::clone(&self.source) as Arc<dyn KeySource>;
        let vault = Vault::open(self.source.ring(), source, self.store.clone(), Arc::clone(&self.random) as _).await;
        vault.expect("a vault")
    }

    fn rotating<'a>(&'a self, vault: &'a Vault, rotation: &'a Rotation) -> Rotating<'a> {
        Rotating { vault, store: &self.store, clock: &*self.clock, rotation, stop: self.stopped.clone() }
    }

    /// Every credential and secret, as this vault opens it.
    async fn all_open(&self, vault: &Vault) {
        for (tenant, id) in &self.connections {
            let row = self.store.credential(id).await.expect("a row");
            let plain = vault.open_sealed(App::credential_place(tenant, id, 1), &row.sealed).await;
            assert_eq!(plain.expect("opened").as_slice(), id.as_str().as_bytes());
        }
        for (tenant, id) in &self.webhooks {
            let secrets = self.store.webhook_secrets(id).await.expect("rows");
            assert_eq!(secrets.len(), 2);
            for row in secrets {
                let plain = vault.open_sealed(secret_place(tenant, id, row.row_version), &row.sealed).await;
                assert_eq!(plain.expect("it still signs").as_slice(), id.as_str().as_bytes());
            }
        }
        let row = self.store.oauth_client(&self.client).await.expect("a row");
        let plain = vault.open_sealed(self.client_place(), &row.secret.expect("a secret")).await;
        assert_eq!(plain.expect("opened").as_slice(), b"of the client");
    }

    /// Whether nothing is left of keys before the newest one.
    async fn all_new(&self) {
        let current = self.source.ring().current_number();
        for row in self.store.data_keys().await.expect("rows") {
            assert!(row.current, "a data key out of use is left");
            assert_eq!(KeyNumber::of(&row.wrapped), Some(current));
            let owner = row.owner.as_ref();
            assert!(self.store.sealed_not_with(owner, &row.number, 100).await.expect("rows").is_empty());
        }
    }
}

/// Polls so often, and is dropped then: a kill, as far as this process is concerned.
struct Killed<F> {
    inner: Pin<Box<F>>,
    polls: u32,
}

impl<F: Future<Output = ()>> Future for Killed<F> {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        if self.polls == 0 {
            return Poll::Ready(false);
        }
        self.polls -= 1;
        self.inner.as_mut().poll(cx).map(|()| true)
    }
}

#[tokio::test]
async fn a_rotation_seals_everything_anew_and_drops_the_old_keys_after_a_while() {
    let world = World::open().await;
    let (vault, rotation) = (world.start().await, Rotation::default());
    world.all_open(&vault).await;
    world.source.add(&world.random);
    let rotating = world.rotating(&vault, &rotation);
    rotating.accept(world.source.ring()).await.expect("the old key is still there");
    rotating.run(Renew::All, "test").await;
    let progress = rotation.progress().clone();
    assert_eq!(progress.state, RotationState::Finished);
    // Six credentials, four secrets of webhooks, the client's secret and the key of the audit chain.
    assert_eq!((progress.values_total, progress.values_resealed, progress.values_unreadable), (12, 12, 0));
    assert_eq!((progress.data_keys_total, progress.data_keys_rewrapped, progress.retiring), (6, 6, 3));
    world.all_open(&vault).await;
    world.clock.advance(RETIRED_FOR + Duration::from_secs(1));
    rotating.retire().await.expect("dropped");
    world.all_new().await;
    // The old key is of no use to anybody any more.
    world.source.0.lock().expect("lines").truncate(1);
    world.all_open(&world.start().await).await;
}

#[tokio::test]
async fn a_kill_anywhere_in_a_rotation_leaves_what_the_next_start_finishes() {
    let world = World::open().await;
    let mut ended = false;
    for polls in 1..400 {
        let (vault, rotation) = (world.start().await, Rotation::default());
        world.source.add(&world.random);
        let rotating = world.rotating(&vault, &rotation);
        rotating.accept(world.source.ring()).await.expect("the old key is still there");
        ended = Killed { inner: Box::pin(rotating.run(Renew::All, "test")), polls }.await;
        drop(vault);

        let (vault, rotation) = (world.start().await, Rotation::default());
        world.all_open(&vault).await;
        let rotating = world.rotating(&vault, &rotation);
        let begun = rotating.unfinished().await.expect("known");
        if begun {
            rotating.run(Renew::Behind, "host").await;
            assert_eq!(rotation.progress().state, RotationState::Finished, "killed after {polls} polls");
        }
        world.clock.advance(RETIRED_FOR + Duration::from_secs(1));
        rotating.retire().await.expect("dropped");
        world.all_open(&vault).await;
        if begun {
            world.all_new().await;
            world.source.0.lock().expect("lines").truncate(1);
        } else {
            // Nothing had happened: the added key is taken back.
            world.source.0.lock().expect("lines").remove(0);
        }
        world.all_open(&world.start().await).await;
        if ended {
            break;
        }
    }
    assert!(ended, "every place of a rotation was seen");
}

#[tokio::test]
async fn what_cannot_be_opened_is_counted_and_stops_nothing_else() {
    let world = World::open().await;
    let (vault, rotation) = (world.start().await, Rotation::default());
    let (_, spoiled) = &world.connections[0];
    let (tenant, _) = &world.connections[0];
    let number = vault.current_number(Some(tenant)).await.expect("a key");
    let rows = world.store.sealed_not_with(Some(tenant), &[0; 8], 100).await.expect("rows");
    let row = rows.into_iter().find(|row| row.subject == spoiled.as_str()).expect("the row");
    let mut bytes = row.sealed.clone();
    *bytes.last_mut().expect("bytes") ^= 1;
    assert!(world.store.reseal(&row, bytes).await.expect("written"));

    world.source.add(&world.random);
    let rotating = world.rotating(&vault, &rotation);
    rotating.accept(world.source.ring()).await.expect("the old key is still there");
    rotating.run(Renew::All, "test").await;
    let progress = rotation.progress().clone();
    assert_eq!((progress.state, progress.error), (RotationState::Finished, None));
    assert_eq!((progress.values_resealed, progress.values_unreadable), (11, 1));
    world.clock.advance(RETIRED_FOR + Duration::from_secs(1));
    rotating.retire().await.expect("dropped");
    assert_eq!(rotation.progress().retiring, 1, "its data key is kept");
    assert_eq!(rotation.progress().values_unreadable, 1, "it is counted once");
    let kept = world.store.data_key(Some(tenant), number.as_bytes()).await.expect("read");
    assert!(kept.is_some_and(|key| !key.current));
}

#[tokio::test]
async fn a_source_without_the_key_in_use_is_refused() {
    let world = World::open().await;
    let (vault, rotation) = (world.start().await, Rotation::default());
    let rotating = world.rotating(&vault, &rotation);
    let other = Lines::default();
    other.add(&world.random);
    assert_eq!(rotating.accept(other.ring()).await.expect_err("refused").code, Code::KeyMismatch);
    world.all_open(&world.start().await).await;
}

#[tokio::test]
async fn asking_again_with_the_same_key_gives_new_data_keys() {
    let world = World::open().await;
    let (vault, rotation) = (world.start().await, Rotation::default());
    let before = vault.current_number(None).await.expect("a key");
    world.rotating(&vault, &rotation).run(Renew::All, "test").await;
    assert_ne!(vault.current_number(None).await.expect("a key"), before);
    world.all_open(&vault).await;
}

#[tokio::test]
async fn one_rotation_at_a_time() {
    let rotation = Rotation::default();
    let now = Timestamp::from_millis(0);
    rotation.begin(now).expect("begun");
    assert_eq!(rotation.begin(now).expect_err("refused").code, Code::Conflict);
    rotation.end(now, &Err(Fault::new(Code::StorageFailed)));
    let progress = rotation.progress().clone();
    assert_eq!((progress.state, progress.error), (RotationState::Failed, Some(Code::StorageFailed)));
    rotation.begin(now).expect("begun again");
}

/// Another process has rotated: this one meets a data key that its ring cannot open, and looks at the source.
#[tokio::test]
async fn a_process_that_did_not_rotate_follows_one_that_did() {
    let world = World::open().await;
    let (this, other, rotation) = (world.start().await, world.start().await, Rotation::default());
    world.source.add(&world.random);
    let rotating = world.rotating(&other, &rotation);
    rotating.accept(world.source.ring()).await.expect("the old key is still there");
    rotating.run(Renew::All, "test").await;
    world.all_open(&this).await;
}
