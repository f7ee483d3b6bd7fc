//! HTTP/2 by ALPN, one connection for all requests of a connection.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Version, body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use patchbay_egress::{EgressConfig, Gate, Grant};
use tokio::net::TcpListener;

use crate::support::{Certificate, Names, TOKEN, clock, door, grant, read, rewritten};

struct Http2 {
    connect: String,
    accepted: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
}

async fn serving(certificate: &Certificate) -> Http2 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let connect = format!("https://{}", listener.local_addr().expect("an address"));
    let (accepted, heads) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
    let (acceptor, count, journal) = (certificate.acceptor(&[b"h2"]), Arc::clone(&accepted), Arc::clone(&heads));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let (acceptor, journal) = (acceptor.clone(), Arc::clone(&journal));
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = service_fn(move |request: http::Request<Incoming>| {
                    assert_eq!(request.version(), Version::HTTP_2);
                    let has_body = !hyper::body::Body::is_end_stream(request.body());
                    let line =
                        format!("{} {} body={has_body} {:?}", request.method(), request.uri(), request.headers());
                    journal.lock().expect("a lock").push(line);
                    std::future::ready(Ok::<_, Infallible>(http::Response::new(Full::new(Bytes::from_static(b"two")))))
                });
                let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    Http2 { connect, accepted, heads }
}

#[tokio::test]
async fn http_2_is_spoken_where_it_is_offered_and_its_connection_kept() {
    let certificate = Certificate::for_name("api.example.com");
    let server = serving(&certificate).await;
    let config = EgressConfig { extra_ca: vec![certificate.authority.clone()], ..rewritten(&server.connect) };
    let gate = Gate::build_with(config, clock(), Arc::new(Names::default())).expect("a gate");
    let one = door(&gate, grant());
    for path in ["/a?x=1", "/b", "/c"] {
        let answer = one.send(read(path)).await.expect("an answer");
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"two"[..]));
    }
    let again = door(&gate, grant());
    let (left, right) = tokio::join!(again.send(read("/d")), again.send(read("/e")));
    assert!(left.is_ok() && right.is_ok());
    assert_eq!(server.accepted.load(Ordering::SeqCst), 1);
    let first = server.heads.lock().expect("a lock").first().cloned().expect("a request");
    assert!(first.starts_with("GET https://api.example.com/a?x=1 body=false"), "{first}");
    assert!(first.contains(&format!("Bearer {TOKEN}")) || first.contains("Sensitive"), "{first}");
    assert!(!first.contains("\"host\""), "{first}");
}

#[tokio::test]
async fn a_connection_is_never_shared_between_connections_or_tenants() {
    let certificate = Certificate::for_name("api.example.com");
    let server = serving(&certificate).await;
    let config = EgressConfig { extra_ca: vec![certificate.authority.clone()], ..rewritten(&server.connect) };
    let gate = Gate::build_with(config, clock(), Arc::new(Names::default())).expect("a gate");
    let others = [
        grant(),
        Grant { tenant: "ten_2".to_owned(), ..grant() },
        Grant { connection: Some("con_2".to_owned()), ..grant() },
        Grant { connector: "tests.other".to_owned(), ..grant() },
    ];
    for grant in others.iter().chain(&others) {
        door(&gate, grant.clone()).send(read("/a")).await.expect("an answer");
    }
    assert_eq!(server.accepted.load(Ordering::SeqCst), 4);
}
