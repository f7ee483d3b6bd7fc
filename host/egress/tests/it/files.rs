//! Files in requests: they leave while they are read, with the length that was said and byte by byte,
//! and however large they are, little of them is in memory.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use patchbay_egress::{BlobBody, BlobSource, Body, Content, EgressConfig, Gate, Incident, Part, Request, SendError};
use patchbay_model::contract::{CredentialChoice, Effect};
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};

use crate::support::{
    Certificate, Diary, Fake, Names, Reply, TOKEN, answer, clock, door, gate, gate_at, grant, ok, peak, read,
    rewritten, write, writing_door,
};

const MIB: u64 = 1024 * 1024;

/// A file that is made while it is read.
#[derive(Default)]
pub(crate) struct Made {
    /// What it has; a file that says it has more ends early.
    size: u64,
    text_at: Option<(u64, &'static str)>,
    reads: AtomicUsize,
    read: AtomicU64,
}

/// Repeats at a length that no power of two divides.
const PATTERN: usize = 65_521;

impl Made {
    pub(crate) fn of(size: u64) -> Self {
        Self { size, ..Self::default() }
    }

    pub(crate) fn with(size: u64, at: u64, text: &'static str) -> Self {
        Self { text_at: Some((at, text)), ..Self::of(size) }
    }

    pub(crate) fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    /// Bytes that were read of it, all together.
    fn read_so_far(&self) -> u64 {
        self.read.load(Ordering::SeqCst)
    }

    fn bytes(&self, offset: u64, len: u64) -> Vec<u8> {
        static BLOCK: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        let block = BLOCK.get_or_init(|| (0..PATTERN).map(|n| u8::try_from(n * n % 251).expect("a byte")).collect());
        let end = (offset + len).min(self.size);
        let (mut at, mut bytes) = (offset, Vec::new());
        while at < end {
            let rest = &block[usize::try_from(at).expect("a place") % PATTERN..];
            let piece = &rest[..rest.len().min(usize::try_from(end - at).expect("a length"))];
            bytes.extend_from_slice(piece);
            at += piece.len() as u64;
        }
        if let Some((place, secret)) = self.text_at {
            for (at, byte) in (place..).zip(secret.bytes()).filter(|(at, _)| (offset..end).contains(at)) {
                bytes[usize::try_from(at - offset).expect("a place")] = byte;
            }
        }
        bytes
    }
}

#[async_trait]
impl BlobSource for Made {
    async fn read(&self, offset: u64, len: u32) -> Option<Vec<u8>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let bytes = self.bytes(offset, u64::from(len));
        self.read.fetch_add(bytes.len() as u64, Ordering::SeqCst);
        Some(bytes)
    }
}

fn digest(source: &Made) -> [u8; 32] {
    let mut hash = Sha256::new();
    (0..source.size).step_by(MIB as usize).for_each(|at| hash.update(source.bytes(at, MIB)));
    hash.finalize().into()
}

/// A tenant's file of these bytes.
pub(crate) fn file(source: &Arc<Made>) -> BlobBody {
    let (size, sha256) = (source.size, digest(source));
    BlobBody { size, sha256, made_here: false, source: Arc::clone(source) as Arc<dyn BlobSource> }
}

fn posting(body: Body) -> Request {
    Request { method: "POST".to_owned(), effect: Effect::Repeatable, body, ..read("/files") }
}

/// What a server took of one request: the length that was said, how many bytes came, their hash.
type Taken = (Option<String>, u64, [u8; 32]);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Plain,
    Tls,
    Http2,
}

/// A server that hashes what it is sent and keeps none of it.
async fn hashing(kind: Kind) -> (Arc<Gate>, Arc<Mutex<Vec<Taken>>>) {
    let certificate = Certificate::for_name("api.example.com");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let taken = Arc::new(Mutex::new(Vec::new()));
    let (all, acceptor) =
        (Arc::clone(&taken), certificate.acceptor(if kind == Kind::Http2 { &[b"h2"] } else { &[b"http/1.1"] }));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (all, acceptor) = (Arc::clone(&all), acceptor.clone());
            tokio::spawn(async move {
                match kind {
                    Kind::Plain => serve(stream, kind, all).await,
                    Kind::Tls | Kind::Http2 => match acceptor.accept(stream).await {
                        Ok(stream) => serve(stream, kind, all).await,
                        Err(error) => panic!("{error}"),
                    },
                }
            });
        }
    });
    let scheme = if kind == Kind::Plain { "http" } else { "https" };
    let config = EgressConfig { extra_ca: vec![certificate.authority], ..rewritten(&format!("{scheme}://{address}")) };
    (Gate::build_with(config, clock(), Arc::new(Names::default())).expect("a gate"), taken)
}

async fn serve<S>(stream: S, kind: Kind, all: Arc<Mutex<Vec<Taken>>>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = service_fn(move |mut request: http::Request<Incoming>| {
        let all = Arc::clone(&all);
        async move {
            let said = request.headers().get("content-length").map(|said| said.to_str().expect("text").to_owned());
            let (mut hash, mut came) = (Sha256::new(), 0);
            while let Some(Ok(frame)) = request.body_mut().frame().await {
                let data = frame.into_data().unwrap_or_default();
                came += data.len() as u64;
                hash.update(&data);
            }
            all.lock().expect("a lock").push((said, came, hash.finalize().into()));
            Ok::<_, Infallible>(http::Response::new(Full::new(Bytes::from_static(b"{}"))))
        }
    });
    let io = TokioIo::new(stream);
    if kind == Kind::Http2 {
        drop(hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(io, service).await);
    } else {
        drop(hyper::server::conn::http1::Builder::new().serve_connection(io, service).await);
    }
}

async fn a_large_file_over(kind: Kind) {
    let (gate, taken) = hashing(kind).await;
    let one = door(&gate, grant());
    // What a connection costs is paid for once.
    one.send(posting(Body::Blob(file(&Arc::new(Made::of(1_000_000)))))).await.expect("an answer");
    let source = Arc::new(Made::of(20 * MIB + 7));
    let large = file(&source);
    let before = peak();
    let plain = one.send(posting(Body::Blob(large.clone()))).await.expect("an answer");
    assert_eq!(plain.status, 200);
    let parts = vec![
        Part { name: "a".to_owned(), filename: None, content_type: None, content: Content::Bytes(b"1".to_vec()) },
        Part { name: "f".to_owned(), filename: None, content_type: None, content: Content::Blob(large.clone()) },
    ];
    one.send(posting(Body::Multipart(parts))).await.expect("an answer");
    let blobs = vec![("/f".to_owned(), large.clone())];
    one.send(posting(Body::JsonBlobs { document: b"{\"f\":null}".to_vec(), blobs })).await.expect("an answer");
    let grown = peak() - before;
    assert!(grown < 8, "{grown} MiB more for {} MiB", 3 * 20);
    let taken = taken.lock().expect("a lock").clone();
    let said = |(said, came, _): &Taken| said.as_deref() == Some(&came.to_string());
    assert!(taken.len() == 4 && taken.iter().all(said), "the length is said, and true: {taken:?}");
    assert_eq!(taken[1].2, large.sha256);
    assert!(taken[2].1 > large.size && taken[2].1 < large.size + 1_000);
    let mut coded = Sha256::new_with_prefix("{\"f\":\"");
    (0..source.size).step_by(3 << 18).for_each(|at| coded.update(STANDARD.encode(source.bytes(at, 3 << 18))));
    coded.update("\"}");
    assert_eq!(taken[3].2, <[u8; 32]>::from(coded.finalize()));
    assert!(one.usage().bytes_out >= 20 * MIB * 3 && one.usage().retries == 0);
}

#[tokio::test]
async fn twenty_mib_leave_over_http_1_with_little_memory() {
    a_large_file_over(Kind::Plain).await;
}

#[tokio::test]
async fn twenty_mib_leave_over_tls_with_little_memory() {
    a_large_file_over(Kind::Tls).await;
}

#[tokio::test]
async fn twenty_mib_leave_over_http_2_with_little_memory() {
    a_large_file_over(Kind::Http2).await;
}

#[tokio::test]
async fn a_write_whose_file_ends_early_is_unknown_and_a_file_that_is_gone_is_not_sent() {
    for kind in [Kind::Plain, Kind::Tls, Kind::Http2] {
        let (gate, taken) = hashing(kind).await;
        let half = Arc::new(Made::of(3 * MIB));
        let short = BlobBody { size: 6 * MIB, ..file(&half) };
        let diary = Arc::new(Diary::default());
        let sent = writing_door(&gate, &diary).send(Request { body: Body::Blob(short.clone()), ..write("/f") }).await;
        assert!(matches!(&sent, Err(SendError::Unknown(text)) if text.contains("ended early")), "{kind:?}: {sent:?}");
        assert_eq!(diary.lines(), ["begin create", "lost"]);
        let one = door(&gate, grant());
        assert!(matches!(one.send(posting(Body::Blob(short))).await, Err(SendError::Unknown(_))));
        assert_eq!(one.usage().retries, 0, "it would end early again");

        let gone = BlobBody { size: 10, ..file(&Arc::new(Made::of(0))) };
        let diary = Arc::new(Diary::default());
        let sent = writing_door(&gate, &diary).send(Request { body: Body::Blob(gone), ..write("/f") }).await;
        assert!(matches!(&sent, Err(SendError::NotSent(text)) if text.contains("ended early")), "{kind:?}: {sent:?}");
        assert_eq!(diary.lines(), ["begin create", "not sent"]);
        // None of it was a whole request, and none of it the provider's fault.
        let whole = |(said, came, _): &Taken| said.as_deref() == Some(&came.to_string());
        assert!(!taken.lock().expect("a lock").iter().any(whole), "{kind:?}");
        assert!(gate.breakers().is_empty(), "{kind:?}");
    }
}

#[tokio::test]
async fn another_attempt_reads_the_file_again_from_its_beginning() {
    let fake = Fake::plain(|number, _| {
        std::future::ready(Reply::Bytes(match number {
            1 => answer("429 Slow", "retry-after: 0\r\n", b""),
            2 => answer("401 Who", "", b""),
            _ => ok("{}"),
        }))
    })
    .await;
    let source = Arc::new(Made::with(4, 0, "text"));
    let one = door(&gate(&fake), grant());
    let sent = one.send(posting(Body::Blob(file(&source)))).await.expect("an answer");
    assert_eq!((sent.status, source.reads(), one.usage().bytes_out), (200, 3, 12));
    assert!(fake.seen().iter().all(|request| request.ends_with("\r\n\r\ntext")), "{:?}", fake.seen());
    assert!(fake.seen().iter().all(|request| request.contains("content-length: 4\r\n")));
    assert_eq!(fake.accepted(), 3, "one with a file has a connection of its own");
}

#[tokio::test]
async fn a_secret_in_a_guests_file_is_found_across_the_pieces_that_it_is_read_in() {
    let fake = Fake::plain(|_, _| std::future::ready(Reply::Bytes(ok("{}")))).await;
    let gate = gate(&fake);
    let border = 262_144;
    let len = TOKEN.len() as u64;
    for at in [0, border - len, border - len / 2, border - 1, border, 2 * border - 3, 600_000 - len] {
        let source = Arc::new(Made::with(600_000, at, TOKEN));
        let made_here = BlobBody { made_here: true, ..file(&source) };
        let part = Part {
            name: "f".to_owned(),
            filename: None,
            content_type: None,
            content: Content::Blob(made_here.clone()),
        };
        let document =
            Body::JsonBlobs { document: b"[null]".to_vec(), blobs: vec![("/0".to_owned(), made_here.clone())] };
        for body in [Body::Blob(made_here), Body::Multipart(vec![part]), document] {
            let one = door(&gate, grant());
            assert_eq!(one.send(posting(body)).await, Err(SendError::SecretSeen), "{at}");
            assert_eq!(one.incident(), Some(Incident::SecretSeen));
        }
    }
    assert_eq!(fake.accepted(), 0);
    // What a tenant uploaded is its own, whatever stands in it, and it is read once.
    let source = Arc::new(Made::with(100, 4, TOKEN));
    let sent = door(&gate, grant()).send(posting(Body::Blob(file(&source)))).await;
    assert_eq!((sent.map(|answer| answer.status), source.reads()), (Ok(200), 1));
}

#[tokio::test]
async fn a_slot_and_a_file_are_filled_into_one_document() {
    let fake = Fake::plain(|_, _| std::future::ready(Reply::Bytes(ok("{}")))).await;
    let gate = gate(&fake);
    let source = Arc::new(Made::with(3, 0, "PDF"));
    let asking = |pointer: &str| Request {
        credential: CredentialChoice::Slot("json".to_owned()),
        body: Body::JsonBlobs {
            document: b"{\"n\":1.10,\"params\":[null,0,null]}".to_vec(),
            blobs: vec![(pointer.to_owned(), file(&source))],
        },
        ..posting(Body::Empty)
    };
    door(&gate, grant()).send(asking("/params/0")).await.expect("an answer");
    let wanted = format!("{{\"n\":1.10,\"params\":[\"UERG\",0,\"{TOKEN}\"]}}");
    let seen = fake.seen();
    assert!(
        seen[0].ends_with(&wanted) && seen[0].contains(&format!("content-length: {}\r\n", wanted.len())),
        "{seen:?}"
    );
    // The place of the slot, a place that has a value, and one that is not there.
    for pointer in ["/params/2", "/params/1", "/params/9"] {
        let sent = door(&gate, grant()).send(asking(pointer)).await;
        assert!(matches!(sent, Err(SendError::Denied(_))), "{pointer}: {sent:?}");
    }
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn an_answer_before_the_file_was_taken_is_the_answer_and_the_rest_is_never_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&accepted);
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4_096]).await;
            let _ = stream.write_all(&answer("413 Too Large", "", b"no")).await;
            // It stays open and reads nothing more.
            open.push(stream);
        }
    });
    let gate = gate_at(&format!("http://{address}"));
    let source = Arc::new(Made::of(50 * MIB));
    let one = door(&gate, grant());
    for _ in 0..2 {
        let sent = one.send(posting(Body::Blob(file(&source)))).await.expect("an answer");
        assert_eq!((sent.status, sent.body.as_slice()), (413, &b"no"[..]));
    }
    assert_eq!(accepted.load(Ordering::SeqCst), 2, "a connection that has a body under way carries nothing else");
    // What the kernel takes on its own account is some MiB.
    assert!(source.read_so_far() < 2 * 12 * MIB, "{}", source.read_so_far());
}

#[tokio::test]
async fn the_hash_of_a_write_covers_its_files_without_reading_them() {
    let fake = Fake::plain(|_, _| std::future::ready(Reply::Bytes(ok("{}")))).await;
    let gate = gate(&fake);
    let diary = Arc::new(Diary::default());
    let bodies = |source: &Arc<Made>| {
        let part =
            Part { name: "f".to_owned(), filename: None, content_type: None, content: Content::Blob(file(source)) };
        let blobs = vec![("/f".to_owned(), file(source))];
        [
            Body::Blob(file(source)),
            Body::Multipart(vec![part]),
            Body::JsonBlobs { document: b"{\"f\":null}".to_vec(), blobs },
        ]
    };
    let (one, same, other) = (Made::of(1_000), Made::of(1_000), Made::with(1_000, 7, "x"));
    for source in [one, same, other] {
        for body in bodies(&Arc::new(source)) {
            writing_door(&gate, &diary).send(Request { body, ..write("/f") }).await.expect("an answer");
        }
    }
    let hashes = diary.hashes.lock().expect("a lock").clone();
    assert_eq!(hashes[..3], hashes[3..6]);
    assert_eq!(std::collections::BTreeSet::from_iter(&hashes[3..]).len(), 6);
}
