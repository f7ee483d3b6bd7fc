//! A fake provider on a real socket, and everything a door needs.

use std::{
    collections::BTreeMap,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use patchbay_egress::{
    Begin, Body, CredentialError, CredentialSource, Door, DoorScope, EgressConfig, Gate, Grant, Journal, JournalError,
    NoCredential, Request, Resolve, Rewrite, StoredAnswer, Values, Writes,
};
use patchbay_model::{
    ManualClock, Secret, Timestamp,
    contract::{CredentialChoice, Effect},
    manifest::{Host, Slot, SlotPlace},
};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    sync::watch,
    time::Instant,
};
use tokio_rustls::TlsAcceptor;

pub(crate) const ORIGIN: &str = "https://api.example.com";
pub(crate) const TOKEN: &str = "gho_0123456789abcdefABCDEF+/=";

/// What a fake does with one request.
pub(crate) enum Reply {
    /// Answers and waits for the next.
    Bytes(Vec<u8>),
    /// Answers and hangs up.
    Last(Vec<u8>),
    /// Begins an answer and repeats a piece of it for as long as it is taken.
    Endless(Vec<u8>, Vec<u8>),
}

type Handler = Arc<dyn Fn(usize, String) -> Pin<Box<dyn Future<Output = Reply> + Send>> + Send + Sync>;

/// A provider that writes down what it was sent.
pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    accepted: Arc<AtomicUsize>,
}

impl Fake {
    /// Speaks plain HTTP/1; the handler gets the number of the request and all of its bytes.
    pub(crate) async fn plain<F>(handler: impl Fn(usize, String) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        Self::start(None, handler).await
    }

    /// Answers every request the same.
    pub(crate) async fn always(answer: &str) -> Self {
        let answer = answer.as_bytes().to_vec();
        Self::plain(move |_, _| std::future::ready(Reply::Bytes(answer.clone()))).await
    }

    /// Speaks HTTP/1 behind TLS.
    pub(crate) async fn tls<F>(
        certificate: &Certificate,
        handler: impl Fn(usize, String) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        Self::start(Some(certificate.acceptor(&[])), handler).await
    }

    async fn start<F>(tls: Option<TlsAcceptor>, handler: impl Fn(usize, String) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (seen, accepted) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let handler: Handler = Arc::new(move |number, request| Box::pin(handler(number, request)));
        let (journal, count) = (Arc::clone(&seen), Arc::clone(&accepted));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (handler, journal, tls) = (Arc::clone(&handler), Arc::clone(&journal), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, handler, journal).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, handler, journal).await,
                            Err(_) => Ok(()),
                        },
                    }
                });
            }
        });
        Self { address, seen, accepted }
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("a lock").clone()
    }

    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    handler: Handler,
    seen: Arc<Mutex<Vec<String>>>,
) -> io::Result<()> {
    while let Some(request) = request(&mut stream).await? {
        let number = {
            let mut seen = seen.lock().expect("a lock");
            seen.push(request.clone());
            seen.len()
        };
        match handler(number, request).await {
            Reply::Bytes(bytes) => stream.write_all(&bytes).await?,
            Reply::Last(bytes) => {
                stream.write_all(&bytes).await?;
                return stream.shutdown().await;
            }
            Reply::Endless(head, piece) => {
                stream.write_all(&head).await?;
                loop {
                    stream.write_all(&piece).await?;
                }
            }
        }
    }
    Ok(())
}

/// One request, head and body by `content-length`.
async fn request<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if body.len() >= length.unwrap_or(0) {
                return Ok(Some(text));
            }
        }
        let mut more = [0; 4_096];
        match stream.read(&mut more).await? {
            0 => return Ok(None),
            read => bytes.extend_from_slice(&more[..read]),
        }
    }
}

/// An answer with a body.
pub(crate) fn ok(body: &str) -> Vec<u8> {
    answer("200 OK", "", body.as_bytes())
}

pub(crate) fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A server's certificate, and the authority that signed it.
pub(crate) struct Certificate {
    chain: Vec<rcgen::Certificate>,
    key: rcgen::KeyPair,
    pub(crate) authority: Vec<u8>,
}

impl Certificate {
    /// For this name, signed by a fresh authority.
    pub(crate) fn for_name(name: &str) -> Self {
        Self::with(name, |_| {})
    }

    pub(crate) fn with(name: &str, change: impl FnOnce(&mut rcgen::CertificateParams)) -> Self {
        let authority_key = rcgen::KeyPair::generate().expect("a key");
        let mut authority = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let root = authority.self_signed(&authority_key).expect("an authority");
        let issuer = rcgen::Issuer::new(authority, authority_key);
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        change(&mut params);
        let leaf = params.signed_by(&key, &issuer).expect("a certificate");
        Self { chain: vec![leaf], key, authority: root.pem().into_bytes() }
    }

    pub(crate) fn acceptor(&self, alpn: &[&[u8]]) -> TlsAcceptor {
        let chain = self.chain.iter().map(|certificate| certificate.der().clone()).collect();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a certificate");
        config.alpn_protocols = alpn.iter().map(|&name| name.to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// Names with answers; each answer but the last is given once.
#[derive(Default)]
pub(crate) struct Names {
    answers: Mutex<BTreeMap<String, Vec<Vec<IpAddr>>>>,
    pub(crate) asked: AtomicUsize,
}

impl Names {
    pub(crate) fn say(&self, name: &str, answers: &[&[&str]]) {
        let parse = |answer: &&[&str]| answer.iter().map(|ip| ip.parse().expect("an address")).collect();
        self.answers.lock().expect("a lock").insert(name.to_owned(), answers.iter().map(parse).collect());
    }
}

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().expect("a lock");
        let answers = answers.get_mut(host).ok_or_else(|| io::Error::other("no such name"))?;
        Ok(if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() })
    }
}

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_millis(1_795_190_400_000)))
}

/// A gate that opens connections to [`ORIGIN`] at the fake.
pub(crate) fn gate(fake: &Fake) -> Arc<Gate> {
    gate_at(&format!("http://{}", fake.address))
}

pub(crate) fn gate_at(connect: &str) -> Arc<Gate> {
    Gate::build_with(rewritten(connect), clock(), Arc::new(Names::default())).expect("a gate")
}

pub(crate) fn rewritten(connect: &str) -> EgressConfig {
    let rewrite = Rewrite { origin: ORIGIN.to_owned(), connect: connect.to_owned(), browser: None };
    EgressConfig { rewrite: vec![rewrite], ..EgressConfig::default() }
}

pub(crate) fn slot(id: &str, place: SlotPlace, name: Option<&str>, value: &str) -> Slot {
    Slot {
        id: id.to_owned(),
        standard: id == "bearer",
        place,
        name: name.map(str::to_owned),
        value: value.to_owned(),
        signature: None,
        with: Vec::new(),
    }
}

pub(crate) fn host(origin: &str, slots: &[&str]) -> Host {
    Host {
        origin: origin.to_owned(),
        ports: Vec::new(),
        paths: vec!["/".to_owned()],
        methods: ["GET", "POST", "PUT", "DELETE"].map(str::to_owned).to_vec(),
        slots: slots.iter().map(|&slot| slot.to_owned()).collect(),
        reason: "tests".to_owned(),
    }
}

/// Reaches [`ORIGIN`] with every kind of slot.
pub(crate) fn grant() -> Grant {
    Grant {
        tenant: "ten_1".to_owned(),
        connector: "tests.fake".to_owned(),
        connection: Some("con_1".to_owned()),
        hosts: vec![host(ORIGIN, &["bearer", "key", "basic", "json"])],
        slots: vec![
            slot("bearer", SlotPlace::Header, Some("authorization"), "Bearer {access_token}"),
            slot("key", SlotPlace::Query, Some("api_key"), "{access_token}"),
            slot("basic", SlotPlace::Basic, None, "{login}:{access_token}"),
            slot("json", SlotPlace::Json, Some("/params/2"), "{access_token}"),
        ],
        placeholders: BTreeMap::from([("login".to_owned(), "me".to_owned())]),
        ..Grant::default()
    }
}

pub(crate) fn get(url: &str) -> Request {
    Request {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: Body::Empty,
        credential: CredentialChoice::Nothing,
        effect: Effect::Read,
        step: None,
        timeout: None,
    }
}

/// A read of [`ORIGIN`] with the standard credential.
pub(crate) fn read(path: &str) -> Request {
    Request { credential: CredentialChoice::Standard, ..get(&format!("{ORIGIN}{path}")) }
}

/// A write to [`ORIGIN`] with the standard credential, under the step `create`.
pub(crate) fn write(path: &str) -> Request {
    Request {
        method: "POST".to_owned(),
        body: Body::Json(b"{\"title\":\"x\"}".to_vec()),
        effect: Effect::Write,
        step: Some("create".to_owned()),
        ..read(path)
    }
}

/// A credential whose newest value is a number at the end of [`TOKEN`].
#[derive(Default)]
pub(crate) struct Tokens {
    pub(crate) renewed: AtomicUsize,
    pub(crate) after_refusal: bool,
    pub(crate) young: bool,
    pub(crate) dead: bool,
}

impl Tokens {
    fn values(&self, after_refusal: bool) -> Arc<Values> {
        let number = self.renewed.load(Ordering::SeqCst);
        let token = if number == 0 { TOKEN.to_owned() } else { format!("{TOKEN}{number}") };
        let now = Timestamp::from_millis(1_795_190_400_000);
        Arc::new(Values {
            secrets: BTreeMap::from([("access_token".to_owned(), Secret::new(token))]),
            obtained_at: if self.young || number > 0 { now } else { now.minus(Duration::from_secs(600)) },
            generation: number as u64,
            renewable: true,
            after_refusal,
        })
    }
}

#[async_trait]
impl CredentialSource for Tokens {
    async fn current(&self) -> Result<Arc<Values>, CredentialError> {
        Ok(self.values(self.after_refusal))
    }

    async fn renew(&self, _refused: &Values) -> Result<Arc<Values>, CredentialError> {
        if self.dead {
            return Err(CredentialError::Dead("consent withdrawn".to_owned()));
        }
        self.renewed.fetch_add(1, Ordering::SeqCst);
        Ok(self.values(true))
    }
}

/// A journal that keeps one list of everything that happens, with the fake's requests in it.
#[derive(Default)]
pub(crate) struct Diary {
    pub(crate) lines: Mutex<Vec<String>>,
    pub(crate) hashes: Mutex<Vec<[u8; 32]>>,
    pub(crate) says: Mutex<Vec<Begin>>,
    pub(crate) answers: Mutex<Vec<StoredAnswer>>,
    pub(crate) broken: bool,
    /// What a write has to carry.
    pub(crate) key: Option<String>,
}

impl Diary {
    pub(crate) fn note(&self, line: &str) {
        self.lines.lock().expect("a lock").push(line.to_owned());
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().expect("a lock").clone()
    }
}

#[async_trait]
impl Journal for Diary {
    async fn begin(&self, step: &str, request_hash: [u8; 32]) -> Result<Begin, JournalError> {
        if self.broken {
            return Err(JournalError("disk full".to_owned()));
        }
        // Gives the runtime every chance to send before this is committed.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        self.note(&format!("begin {step}"));
        self.hashes.lock().expect("a lock").push(request_hash);
        Ok(self.says.lock().expect("a lock").pop().unwrap_or(Begin::Send))
    }

    async fn answered(&self, _step: &str, answer: &StoredAnswer, opens_again: bool) -> Result<(), JournalError> {
        self.note(&format!("answered {} {opens_again}", answer.status));
        self.answers.lock().expect("a lock").push(answer.clone());
        Ok(())
    }

    async fn not_sent(&self, _step: &str) -> Result<(), JournalError> {
        self.note("not sent");
        Ok(())
    }

    async fn lost(&self, _step: &str) -> Result<(), JournalError> {
        self.note("lost");
        Ok(())
    }

    fn key(&self, step: &str) -> Option<String> {
        self.key.as_ref().map(|key| format!("{key}-{step}"))
    }
}

pub(crate) fn scope(writes: Writes) -> DoorScope {
    // A dropped sender means that nobody will stop it.
    let (_, stop) = watch::channel(false);
    DoorScope { writes, deadline: Instant::now() + Duration::from_secs(30), stop }
}

pub(crate) fn door(gate: &Arc<Gate>, grant: Grant) -> Door {
    gate.door(Arc::new(grant), Arc::new(Tokens::default()), scope(Writes::Forbidden))
}

pub(crate) fn bare_door(gate: &Arc<Gate>, grant: Grant) -> Door {
    gate.door(Arc::new(grant), Arc::new(NoCredential), scope(Writes::Forbidden))
}

pub(crate) fn writing_door(gate: &Arc<Gate>, journal: &Arc<Diary>) -> Door {
    let journal = Arc::clone(journal) as Arc<dyn Journal>;
    gate.door(Arc::new(grant()), Arc::new(Tokens::default()), scope(Writes::Journal(journal)))
}

/// MiB by which this process grew at its largest; each test is a process of its own under nextest.
pub(crate) fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap_or(0) / 1024
}
