//! C6: an answer is bounded in every direction before anybody holds it.

use std::{io::Write, time::Duration};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use patchbay_egress::{EgressConfig, ExchangeError, Gate, Request, SendError, Timeouts};

use crate::support::{Fake, Names, Reply, answer, clock, door, gate, grant, ok, peak, read, rewritten};

fn gzip(data: &[u8], times: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..times {
        encoder.write_all(data).expect("it fits into memory");
    }
    encoder.finish().expect("it fits into memory")
}

async fn sent(fake: &Fake) -> Result<(u16, usize), SendError> {
    let answer = door(&gate(fake), grant()).send(read("/a")).await?;
    Ok((answer.status, answer.body.len()))
}

async fn replying(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Fake {
    Fake::plain(move |_, _| std::future::ready(reply())).await
}

#[tokio::test]
async fn a_gzip_bomb_is_too_large_and_costs_no_memory() {
    let bomb = gzip(&[0; 65_536], 4_096);
    let fake = replying(move || Reply::Bytes(answer("200 OK", "content-encoding: gzip\r\n", &bomb))).await;
    let before = peak();
    assert!(matches!(sent(&fake).await, Err(SendError::TooLarge(_))));
    assert!(peak() - before < 32, "grew by {} MiB", peak() - before);
}

#[tokio::test]
async fn an_endless_chunked_answer_is_too_large_and_costs_no_memory() {
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let piece = format!("10000\r\n{}\r\n", "a".repeat(65_536)).into_bytes();
    let fake = replying(move || Reply::Endless(head.clone(), piece.clone())).await;
    let before = peak();
    assert_eq!(sent(&fake).await, Err(SendError::TooLarge(8 * 1024 * 1024)));
    assert!(peak() - before < 32, "grew by {} MiB", peak() - before);
}

#[tokio::test]
async fn a_length_that_lies_is_believed_only_where_it_refuses() {
    let huge = b"HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n".to_vec();
    let fake = replying(move || Reply::Bytes(huge.clone())).await;
    assert_eq!(sent(&fake).await, Err(SendError::TooLarge(8 * 1024 * 1024)));
    let torn = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nonly this".to_vec();
    let fake = replying(move || Reply::Last(torn.clone())).await;
    assert!(matches!(sent(&fake).await, Err(SendError::Unknown(_))));
    for head in ["content-length: 5\r\ncontent-length: 6\r\n", "content-length: -1\r\n", "content-length: 5x\r\n"] {
        let bytes = format!("HTTP/1.1 200 OK\r\n{head}\r\nhello!").into_bytes();
        let fake = replying(move || Reply::Last(bytes.clone())).await;
        assert!(matches!(sent(&fake).await, Err(SendError::Unknown(_))), "{head}");
    }
}

#[tokio::test]
async fn a_second_answer_behind_the_first_is_never_anybodys() {
    let double = [ok("mine"), ok("smuggled")].concat();
    let fake = replying(move || Reply::Bytes(double.clone())).await;
    let gate = gate(&fake);
    let door = door(&gate, grant());
    for _ in 0..3 {
        assert_eq!(door.send(read("/a")).await.expect("an answer").body, b"mine");
    }
}

#[tokio::test]
async fn a_hundred_thousand_headers_are_too_large() {
    let many: String = (0..100_000).map(|n| format!("x-{n}: a\r\n")).collect();
    let head = format!("HTTP/1.1 200 OK\r\n{many}\r\n").into_bytes();
    let fake = replying(move || Reply::Bytes(head.clone())).await;
    assert!(matches!(sent(&fake).await, Err(SendError::TooLarge(_))));
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "a".repeat(1024 * 1024)).into_bytes();
    let fake = replying(move || Reply::Bytes(long.clone())).await;
    assert!(matches!(sent(&fake).await, Err(SendError::TooLarge(_))));
}

#[tokio::test]
async fn a_coding_that_was_not_asked_for_is_refused() {
    for coding in ["br", "zstd", "deflate", "gzip, gzip"] {
        let head = format!("content-encoding: {coding}\r\n");
        let fake = replying(move || Reply::Bytes(answer("200 OK", &head, &gzip(b"x", 1)))).await;
        assert!(matches!(sent(&fake).await, Err(SendError::Other(_))), "{coding}");
    }
    let packed = gzip(b"hello", 1);
    let fake = replying(move || Reply::Bytes(answer("200 OK", "content-encoding: gzip\r\n", &packed))).await;
    assert_eq!(sent(&fake).await, Ok((200, 5)));
}

#[tokio::test]
async fn c6_what_is_packed_twice_is_unpacked_once_and_a_bomb_within_stays_packed() {
    let bomb = gzip(&gzip(&[0; 65_536], 4_096), 1);
    let length = bomb.len();
    let fake = replying(move || Reply::Bytes(answer("200 OK", "content-encoding: gzip\r\n", &bomb))).await;
    let before = peak();
    let (status, size) = sent(&fake).await.expect("the packed bomb");
    assert!(status == 200 && size >= length / 2 && size < 1024 * 1024, "{size}");
    assert!(peak() - before < 32, "grew by {} MiB", peak() - before);
    // Many small members are one body, and bounded as one.
    let many = gzip(&[0; 65_536], 16).repeat(4_096);
    let fake = replying(move || Reply::Bytes(answer("200 OK", "content-encoding: gzip\r\n", &many))).await;
    assert!(matches!(sent(&fake).await, Err(SendError::TooLarge(_))));
    assert!(peak() - before < 64, "grew by {} MiB", peak() - before);
}

#[tokio::test]
async fn what_is_no_http_is_no_answer() {
    for bytes in [&b"SSH-2.0-x\r\n"[..], b"HTTP/1.1 999999 x\r\n\r\n", b"\0\0\0\0\0\0", b"HTTP/9.9 200 OK\r\n\r\n"] {
        let fake = replying(move || Reply::Last(bytes.to_vec())).await;
        assert!(matches!(sent(&fake).await, Err(SendError::Unknown(_))), "{bytes:?}");
    }
}

#[tokio::test]
async fn a_provider_that_stands_still_is_given_up() {
    let timeouts =
        Timeouts { first_byte: Duration::from_millis(40), progress: Duration::from_millis(40), ..Timeouts::default() };
    let silent = Fake::plain(|_, _| std::future::pending::<Reply>()).await;
    let config = EgressConfig { timeouts, ..rewritten(&format!("http://{}", silent.address)) };
    let gate = Gate::build_with(config, clock(), std::sync::Arc::new(Names::default())).expect("a gate");
    assert!(matches!(door(&gate, grant()).send(read("/a")).await, Err(SendError::Unknown(_))));
    assert_eq!(silent.seen().len(), 1, "a slow provider is not asked again at once");
    let request = Request { timeout: Some(Duration::from_millis(5)), ..read("/a") };
    assert!(matches!(door(&gate, grant()).send(request).await, Err(SendError::Unknown(_) | SendError::NotSent(_))));
}

#[tokio::test]
async fn the_hosts_own_requests_are_bounded_too() {
    let big = "a".repeat(64 * 1024 + 1);
    let fake = replying(move || Reply::Bytes(ok(&big))).await;
    let request = || http::Request::get("https://api.example.com/t").body(Bytes::new()).expect("a request");
    assert_eq!(gate(&fake).exchange(request()).await.err(), Some(ExchangeError::TooLarge(64 * 1024)));
    let silent = Fake::plain(|_, _| std::future::pending::<Reply>()).await;
    let timeouts = Timeouts { exchange: Duration::from_millis(40), ..Timeouts::default() };
    let config = EgressConfig { timeouts, ..rewritten(&format!("http://{}", silent.address)) };
    let slow = Gate::build_with(config, clock(), std::sync::Arc::new(Names::default())).expect("a gate");
    assert!(matches!(slow.exchange(request()).await, Err(ExchangeError::Unknown(_))));
}

#[tokio::test]
async fn the_hosts_own_request_arrives_whole() {
    let fake = Fake::always("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nset-cookie: a=b\r\n\r\n{}").await;
    let request = http::Request::post("https://api.example.com/token")
        .header("authorization", "Basic eA==")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("host", "evil.example")
        .header("content-length", "999")
        .body(Bytes::from_static(b"code=1"))
        .expect("a request");
    let answer = gate(&fake).exchange(request).await.expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.body().as_ref()), (200, &b"{}"[..]));
    assert!(!answer.headers().contains_key("set-cookie"));
    let expected = "POST /token HTTP/1.1\r\nhost: api.example.com\r\nuser-agent: patchbay\r\naccept-encoding: gzip\r\n\
                    authorization: Basic eA==\r\ncontent-type: application/x-www-form-urlencoded\r\n\
                    content-length: 6\r\n\r\ncode=1";
    assert_eq!(fake.seen(), [expected]);
}
