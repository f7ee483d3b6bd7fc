//! C12: a provider that floods its HTTP/2 connection, and C6 behind HTTP/2. The request ends within its
//! limits, the connection is closed whatever the other side still sends, and the gate serves others.

use std::{sync::Arc, time::Duration};

use patchbay_egress::{EgressConfig, Gate, Request, Rewrite, SendError, Timeouts};
use patchbay_model::contract::CredentialChoice;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Semaphore,
    time::{Instant, timeout},
};

use crate::support::{Certificate, Fake, Names, Reply, clock, door, grant, host, ok, peak, read, rewritten};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;
/// `:status: 200` and `:status: 100` in HPACK.
const OK: &[u8] = &[0x88];
const INTERIM: &[u8] = &[0x08, 3, b'1', b'0', b'0'];
/// `x: aaaa…`, never indexed, so that it is small for nobody.
const FIELD: &[u8] = b"\x10\x01x\x08aaaaaaaa";

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a length").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Answers the first request with `first`, and then floods with `piece` for as long as it is taken.
struct Flood {
    connect: String,
    closed: Arc<Semaphore>,
}

async fn flooding(certificate: &Certificate, first: Vec<u8>, piece: Vec<u8>, reads: bool) -> Flood {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let connect = format!("https://{}", listener.local_addr().expect("an address"));
    let (acceptor, closed) = (certificate.acceptor(&[b"h2"]), Arc::new(Semaphore::new(0)));
    let ended = Arc::clone(&closed);
    let piece = piece.repeat(16 * 1024 / piece.len().max(1) + 1);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, ended, first, piece) = (acceptor.clone(), Arc::clone(&ended), first.clone(), piece.clone());
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut sent = stream.write_all(&frame(SETTINGS, 0, 0, &[])).await;
                // The preface, the settings and the request itself, which is no more than a few hundred bytes.
                let mut seen = Vec::new();
                while sent.is_ok() && !seen.windows(5).any(|bytes| bytes[3..] == [HEADERS, 5]) {
                    let mut bytes = [0; 4_096];
                    match stream.read(&mut bytes).await {
                        Ok(read @ 1..) => seen.extend_from_slice(&bytes[..read]),
                        _ => break,
                    }
                }
                let (mut from, mut to) = tokio::io::split(stream);
                let reading = tokio::spawn(async move {
                    while reads && from.read(&mut [0; 4_096]).await.is_ok_and(|read| read > 0) {}
                    from
                });
                sent = to.write_all(&first).await;
                while sent.is_ok() {
                    sent = to.write_all(&piece).await;
                }
                ended.add_permits(1);
                reading.abort();
            });
        }
    });
    Flood { connect, closed }
}

/// Both with a peer that reads what we say to its flood, and with one that does not.
async fn survives(what: &str, first: Vec<u8>, piece: Vec<u8>) -> [SendError; 2] {
    let before = peak();
    let (reads, deaf) = tokio::join!(outlives(what, &first, &piece, true), outlives(what, &first, &piece, false));
    assert!(peak() - before < 32, "{what}: grew by {} MiB", peak() - before);
    [reads, deaf]
}

async fn outlives(what: &str, first: &[u8], piece: &[u8], reads: bool) -> SendError {
    let certificate = Certificate::for_name("api.example.com");
    let good = Fake::plain(|_, _| std::future::ready(Reply::Bytes(ok("good")))).await;
    let timeouts = Timeouts {
        first_byte: Duration::from_millis(200),
        progress: Duration::from_millis(200),
        total: Duration::from_millis(600),
        ..Timeouts::default()
    };
    let flood = flooding(&certificate, first.to_vec(), piece.to_vec(), reads).await;
    let mut config =
        EgressConfig { extra_ca: vec![certificate.authority.clone()], timeouts, ..rewritten(&flood.connect) };
    let origin = "https://good.example.com".to_owned();
    config.rewrite.push(Rewrite { origin, connect: format!("http://{}", good.address), browser: None });
    let gate = Gate::build_with(config, clock(), Arc::new(Names::default())).expect("a gate");
    let mut both = grant();
    both.hosts.push(host("https://good.example.com", &[]));
    let begun = Instant::now();
    let one = door(&gate, both.clone());
    let error = one.send(read("/a")).await.expect_err(what);
    assert!(begun.elapsed() < Duration::from_secs(10), "{what}: {:?}", begun.elapsed());
    let tries = u32::try_from(one.usage().retries + 1).expect("a few");
    let closed = timeout(Duration::from_secs(5), flood.closed.acquire_many(tries)).await;
    assert!(closed.is_ok(), "{what}: a connection was left open (the other side reads: {reads})");
    let url = "https://good.example.com/a".to_owned();
    let other = Request { url, credential: CredentialChoice::Nothing, ..read("") };
    assert_eq!(door(&gate, both).send(other).await.expect("an answer").body, b"good", "{what}");
    error
}

#[tokio::test]
async fn c12_a_flood_of_resets_closes_the_connection() {
    survives("resets of the request", frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]), frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]))
        .await;
    let begun = frame(HEADERS, END_HEADERS, 1, OK);
    survives("resets of a begun answer", begun, frame(RST_STREAM, 0, 1, &[0, 0, 0, 2])).await;
    survives("resets of what never was", Vec::new(), frame(RST_STREAM, 0, 7, &[0, 0, 0, 8])).await;
}

#[tokio::test]
async fn c12_a_flood_of_settings_or_pings_closes_the_connection() {
    survives("settings", Vec::new(), frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 255, 255])).await;
    survives("empty settings", Vec::new(), frame(SETTINGS, 0, 0, &[])).await;
    survives("pings", Vec::new(), frame(PING, 0, 0, &[7; 8])).await;
    survives("windows", Vec::new(), frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])).await;
}

#[tokio::test]
async fn c12_a_flood_of_continuations_closes_the_connection() {
    let fields = FIELD.repeat(100);
    let begun = frame(HEADERS, 0, 1, &[OK, &fields].concat());
    survives("continuations", begun.clone(), frame(CONTINUATION, 0, 1, &fields)).await;
    survives("empty continuations", begun, frame(CONTINUATION, 0, 1, &[])).await;
    survives("interim answers", Vec::new(), frame(HEADERS, END_HEADERS, 1, INTERIM)).await;
}

#[tokio::test]
async fn c12_a_flood_of_promises_empty_data_or_farewells_closes_the_connection() {
    let promise = frame(PUSH_PROMISE, END_HEADERS, 1, &[&[0, 0, 0, 2][..], &[0x82, 0x87, 0x84]].concat());
    survives("promises", Vec::new(), promise).await;
    survives("farewells", Vec::new(), frame(GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0])).await;
    survives("empty data", frame(HEADERS, END_HEADERS, 1, OK), frame(DATA, 0, 1, &[])).await;
}

#[tokio::test]
async fn c6_an_endless_body_and_a_hundred_thousand_headers_are_too_large_behind_http_2_as_well() {
    let begun = frame(HEADERS, END_HEADERS, 1, OK);
    for error in survives("an endless body", begun, frame(DATA, 0, 1, &[b'a'; 16_384])).await {
        // With a window to wait for, a peer that reads nothing of what we say stands still.
        assert!(matches!(error, SendError::TooLarge(_) | SendError::Unknown(_)), "{error:?}");
    }
    let fields = FIELD.repeat(1_000);
    let mut head = frame(HEADERS, 0, 1, &[OK, &fields].concat());
    (0..99).for_each(|_| head.extend(frame(CONTINUATION, 0, 1, &fields)));
    head.extend(frame(CONTINUATION, END_HEADERS, 1, &[]));
    survives("a hundred thousand headers", head, frame(PING, 0, 0, &[0; 8])).await;
}
