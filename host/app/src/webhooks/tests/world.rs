//! A real store, a real gate, and receivers on loopback that answer as they are told.

use std::{
    collections::VecDeque,
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue};
use patchbay_credentials::KeyRing;
use patchbay_egress::{EgressConfig, Gate, Resolve, Rewrite, Timeouts};
use patchbay_engine::{Engine, EngineConfig};
use patchbay_model::{Clock, EventKind, Fault, ManualClock, SeededRandom, SystemClock, TenantId, Timestamp, WebhookId};
use patchbay_store::{Delivery, Store, StoreConfig};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};

use super::super::{IssuedWebhook, NewEndpoint};
use crate::{App, KeySource, Parts, Settings};

const KEY: &[u8] = b"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
/// As in production.
const AT_ONCE: usize = 64;

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Came {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Came {
    pub(super) fn id(&self) -> String {
        self.headers["webhook-id"].to_str().expect("text").to_owned()
    }

    pub(super) fn is_signed_by(&self, secret: &patchbay_model::Secret) -> bool {
        let verifier = standardwebhooks::Webhook::new(secret.expose()).expect("it reads our secrets");
        verifier.verify(&self.body, &self.headers).is_ok()
    }
}

/// A receiver. What it answers: status and further headers; the last answer stays. Nothing at all is silence.
pub(super) struct Receiver {
    came: Mutex<Vec<Came>>,
    answers: Mutex<VecDeque<Option<&'static str>>>,
}

impl Receiver {
    async fn start(answers: &[Option<&'static str>]) -> (Arc<Self>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let answers = Mutex::new(answers.iter().copied().collect());
        let receiver = Arc::new(Self { came: Mutex::default(), answers });
        let serving = Arc::clone(&receiver);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let receiver = Arc::clone(&serving);
                tokio::spawn(async move { receiver.serve(stream).await });
            }
        });
        (receiver, address)
    }

    async fn serve(&self, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        let came = loop {
            if stream.read_buf(&mut bytes).await.is_ok_and(|read| read == 0) {
                return;
            }
            if let Some(came) = parsed(&bytes) {
                break came;
            }
        };
        self.came.lock().expect("requests").push(came);
        let answer = {
            let mut answers = self.answers.lock().expect("answers");
            if answers.len() > 1 { answers.pop_front() } else { answers.front().copied() }
        };
        match answer.flatten() {
            Some(answer) => {
                let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes()).await;
            }
            // Held open until the other side gives up.
            None => while stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {},
        }
    }

    pub(super) fn came(&self) -> Vec<Came> {
        self.came.lock().expect("requests").clone()
    }

    /// From now on.
    pub(super) fn answers(&self, answer: &'static str) {
        *self.answers.lock().expect("answers") = VecDeque::from([Some(answer)]);
    }
}

/// A whole request, once it is there.
fn parsed(bytes: &[u8]) -> Option<Came> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..end].to_vec()).expect("a head of text");
    let headers: HeaderMap = head
        .lines()
        .skip(1)
        .map(|line| {
            let (name, value) = line.split_once(": ").expect("a header");
            (name.parse::<HeaderName>().expect("a name"), HeaderValue::from_str(value).expect("a value"))
        })
        .collect();
    let length: usize = headers["content-length"].to_str().expect("text").parse().expect("a length");
    let body = bytes.get(end + 4..end + 4 + length)?.to_vec();
    Some(Came { headers, body })
}

/// Every name leads into our own network.
struct Inside;

#[async_trait]
impl Resolve for Inside {
    async fn resolve(&self, _host: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(vec![IpAddr::from([10, 1, 2, 3])])
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
    pub(super) app: Arc<App>,
    pub(super) store: Store,
    pub(super) clock: Arc<ManualClock>,
    pub(super) tenant: TenantId,
    pub(super) receivers: Vec<Arc<Receiver>>,
    _folder: tempfile::TempDir,
    _stop: watch::Sender<bool>,
}

impl World {
    /// `https://hook0.example.com` answers the first of these, and so on; any other name leads inside.
    pub(super) async fn open(receivers: &[&[Option<&'static str>]]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // The verifier goes by the system's clock.
        let clock = Arc::new(ManualClock::at(SystemClock.now()));
        let random = Arc::new(SeededRandom::new(1));
        let config = StoreConfig::at(folder.path().join("db"));
        let store = Store::open(config, Arc::clone(&clock) as _, Arc::clone(&random) as _).await.expect("a store");
        let (mut heard, mut rewrite) = (Vec::new(), Vec::new());
        for (place, answers) in receivers.iter().enumerate() {
            let (receiver, connect) = Receiver::start(answers).await;
            heard.push(receiver);
            rewrite.push(Rewrite { origin: format!("https://hook{place}.example.com"), connect, browser: None });
        }
        let (sender, stop) = watch::channel(false);
        let engine = Engine::build(EngineConfig {
            cache_dir: folder.path().join("cache"),
            cache_key: [7; 32],
            compiler: vec!["/bin/false".into()],
            max_instances: 1,
            component_bytes: 1 << 20,
        });
        let egress = EgressConfig { rewrite, timeouts: Timeouts::default(), ..EgressConfig::default() };
        let gate = Gate::build_with(egress, Arc::clone(&clock) as _, Arc::new(Inside)).expect("a gate");
        let parts = Parts {
            settings: Settings::of_a_test(folder.path()),
            store: store.clone(),
            keys: KeyRing::from_text(KEY, "a test").expect("a key"),
            key_source: Arc::new(OneKey),
            gate,
            engine: engine.expect("an engine"),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            random,
            stop,
        };
        let app = App::build(parts).await.expect("an app");
        let tenant = store.create_tenant("tenant", "", "test").await.expect("a tenant").id;
        Self { app, store, clock, tenant, receivers: heard, _folder: folder, _stop: sender }
    }

    pub(super) async fn endpoint(&self, url: &str) -> IssuedWebhook {
        self.endpoint_for(url, &[]).await
    }

    pub(super) async fn endpoint_for(&self, url: &str, kinds: &[EventKind]) -> IssuedWebhook {
        let new = NewEndpoint { url: url.to_owned(), description: String::new(), kinds: kinds.to_vec() };
        self.app.create_webhook(&self.tenant, new, "test").await.expect("an endpoint")
    }

    /// Everything that is due now, to the end of its attempt.
    pub(super) async fn deliver(&self) {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let all = u32::try_from(AT_ONCE).expect("few");
        while self.app.send_due(&places).await.expect("claimed") > 0 {
            drop(places.acquire_many(all).await.expect("all have ended"));
        }
    }

    pub(super) async fn deliveries(&self, webhook: &WebhookId) -> Vec<Delivery> {
        self.app.deliveries(&self.tenant, webhook, None, None, 100).await.expect("a list").items
    }

    pub(super) fn clock_now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}
