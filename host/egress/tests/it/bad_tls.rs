//! S14: a peer that cannot prove its name gets nothing, not even a request's head.

use std::{sync::Arc, time::Duration};

use patchbay_egress::{EgressConfig, Gate, Request, SendError, Timeouts};
use patchbay_model::contract::CredentialChoice;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::support::{Certificate, Fake, Names, ORIGIN, Reply, clock, door, grant, host, ok, read, rewritten};

fn config(fake: &Fake, trusted: &Certificate) -> EgressConfig {
    EgressConfig { extra_ca: vec![trusted.authority.clone()], ..rewritten(&format!("https://{}", fake.address)) }
}

fn gate(config: EgressConfig) -> Arc<Gate> {
    Gate::build_with(config, clock(), Arc::new(Names::default())).expect("a gate")
}

async fn serving(certificate: &Certificate) -> Fake {
    Fake::tls(certificate, |_, _| std::future::ready(Reply::Bytes(ok("hello")))).await
}

async fn refused(config: EgressConfig, fake: &Fake, why: &str) {
    let sent = door(&gate(config), grant()).send(read("/a")).await;
    assert!(matches!(&sent, Err(SendError::NotSent(text)) if text.contains("TLS")), "{why}: {sent:?}");
    assert_eq!(fake.accepted(), 1, "{why}: it was tried, and not again");
    assert!(fake.seen().is_empty(), "{why}: and nothing was said");
}

#[tokio::test]
async fn a_peer_with_a_good_certificate_is_spoken_to() {
    let good = Certificate::for_name("api.example.com");
    let fake = serving(&good).await;
    let answer = door(&gate(config(&fake, &good)), grant()).send(read("/a")).await.expect("an answer");
    assert_eq!(answer.body, b"hello");
}

#[tokio::test]
async fn an_unknown_authority_is_refused() {
    let (unknown, trusted) = (Certificate::for_name("api.example.com"), Certificate::for_name("api.example.com"));
    let fake = serving(&unknown).await;
    refused(config(&fake, &trusted), &fake, "unknown authority").await;
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let expired = Certificate::with("api.example.com", |params| {
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    let fake = serving(&expired).await;
    refused(config(&fake, &expired), &fake, "expired").await;
}

#[tokio::test]
async fn a_certificate_that_is_not_valid_yet_is_refused() {
    let early = Certificate::with("api.example.com", |params| params.not_before = rcgen::date_time_ymd(2090, 1, 1));
    let fake = serving(&early).await;
    refused(config(&fake, &early), &fake, "not valid yet").await;
}

#[tokio::test]
async fn another_name_is_refused_even_behind_a_rewrite() {
    for name in ["other.example.com", "127.0.0.1", "localhost", "*.com"] {
        let wrong = Certificate::for_name(name);
        let fake = serving(&wrong).await;
        refused(config(&fake, &wrong), &fake, name).await;
    }
}

/// A peer that answers the hello with fixed bytes.
async fn fixed(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = [0; 2_048];
            let _ = stream.read(&mut hello).await;
            let _ = stream.write_all(answer).await;
        }
    });
    format!("https://{address}")
}

#[tokio::test]
async fn tls_1_1_and_what_is_no_tls_are_refused() {
    let alert: &[u8] = &[21, 3, 2, 0, 2, 2, 70];
    // A server hello of TLS 1.1: version 3.2, 32 bytes of random, no session, AES128-SHA, no compression.
    const HELLO: [u8; 47] = {
        let mut bytes = [7; 47];
        let head = [22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
        let mut at = 0;
        while at < head.len() {
            bytes[at] = head[at];
            at += 1;
        }
        bytes[43] = 0;
        bytes[44] = 0;
        bytes[45] = 0x2f;
        bytes[46] = 0;
        bytes
    };
    for answer in [alert, &HELLO, b"HTTP/1.1 400 Bad Request\r\n\r\n", b""] {
        let connect = fixed(answer).await;
        let sent = door(&gate(rewritten(&connect)), grant()).send(read("/a")).await;
        assert!(matches!(sent, Err(SendError::NotSent(_))), "{answer:?}: {sent:?}");
    }
}

#[tokio::test]
async fn a_peer_that_never_finishes_its_handshake_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let connect = format!("https://{}", listener.local_addr().expect("an address"));
    let timeouts = Timeouts { connect: Duration::from_millis(30), ..Timeouts::default() };
    let silent = gate(EgressConfig { timeouts, ..rewritten(&connect) });
    let sent = door(&silent, grant()).send(read("/a")).await;
    assert!(matches!(sent, Err(SendError::NotSent(_))), "{sent:?}");
}

#[tokio::test]
async fn without_a_rewrite_nothing_is_ever_plain() {
    let fake = Fake::always("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let names = Names::default();
    names.say("api.example.com", &[&["127.0.0.1"]]);
    let timeouts = Timeouts { connect: Duration::from_millis(50), ..Timeouts::default() };
    let config = EgressConfig { allow_private: vec![fake.address.to_string()], timeouts, ..EgressConfig::default() };
    let gate = Gate::build_with(config, clock(), Arc::new(names)).expect("a gate");
    let origin = format!("{ORIGIN}:{}", fake.address.port());
    let mut grant = grant();
    grant.hosts.push(host(&origin, &[]));
    let request = |url: String| Request { url, credential: CredentialChoice::Nothing, ..read("") };
    let plain = format!("http://api.example.com:{}/", fake.address.port());
    assert!(matches!(door(&gate, grant.clone()).send(request(plain)).await, Err(SendError::Denied(_))));
    let sent = door(&gate, grant).send(request(format!("{origin}/"))).await;
    assert!(matches!(sent, Err(SendError::NotSent(_))), "{sent:?}");
    assert!(fake.seen().is_empty());
}
