use std::net::SocketAddr;

use axum::{
    body::{Body, Bytes},
    routing::{get, post},
};
use hyper::{StatusCode, client::conn::http2};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{Notify, oneshot},
    task::JoinHandle,
    time::timeout,
};

use super::*;

/// Longer than any test waits when the promise holds.
const FOR_EVER: Duration = Duration::from_secs(3_600);
/// What a client that stands still is given in the test about it.
const SHORT: Duration = Duration::from_millis(100);
/// When a test gives up.
const ENOUGH: Duration = Duration::from_secs(20);
/// More than the buffers of both ends of a socket hold.
const LARGE: usize = 64 * 1024 * 1024;

const LEISURE: Patience = Patience { head: FOR_EVER, body: FOR_EVER, answer: FOR_EVER, ping: FOR_EVER, pong: FOR_EVER };

/// A door that is open, and the handle that closes it.
struct Open {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    served: JoinHandle<Instant>,
}

impl Open {
    async fn with(connections: usize, patience: Patience, grace: Duration) -> Self {
        Self::serving(Router::new(), connections, patience, grace).await
    }

    async fn serving(routes: Router, connections: usize, patience: Patience, grace: Duration) -> Self {
        let routes = routes
            .route("/here", get(|| async { "here" }))
            .route("/large", get(|| async { vec![b'x'; LARGE] }))
            .route("/length", post(|body: Bytes| async move { body.len().to_string() }));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("an address");
        let address = listener.local_addr().expect("the address");
        let (stop, stopped) = watch::channel(false);
        let served = tokio::spawn(Door { routes, connections, patience }.open(listener, stopped, grace));
        Self { address, stop, served }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }

    /// A client that has sent this and says nothing more.
    async fn saying(&self, bytes: &[u8]) -> TcpStream {
        let mut client = self.connect().await;
        client.write_all(bytes).await.expect("sent");
        client
    }

    async fn close(self) -> Instant {
        self.stop.send(true).expect("somebody listens");
        timeout(ENOUGH, self.served).await.expect("it ends in time").expect("it ends well")
    }
}

/// Everything that comes until the connection is closed.
async fn rest(client: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // Closed and reset are the same to somebody who is sent away.
    let _ = timeout(ENOUGH, client.read_to_end(&mut bytes)).await.expect("the connection is closed");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One answer of `GET /here`, on a connection that is kept.
async fn here(client: &mut TcpStream) -> String {
    client.write_all(b"GET /here HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("sent");
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\nhere") {
        let read = timeout(ENOUGH, client.read_buf(&mut bytes)).await.expect("an answer in time").expect("an answer");
        assert_ne!(read, 0, "closed after {:?}", String::from_utf8_lossy(&bytes));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn a_client_that_sends_half_a_head_is_closed() {
    let door = Open::with(8, Patience { head: SHORT, ..LEISURE }, FOR_EVER).await;
    for half in ["G", "GET /here HTTP/1.1\r\nhost: a\r\n", "POST /length HT"] {
        assert_eq!(rest(&mut door.saying(half.as_bytes()).await).await, "", "{half:?}");
    }
}

#[tokio::test]
async fn a_client_that_does_not_say_which_protocol_it_speaks_is_closed() {
    let door = Open::with(8, Patience { head: SHORT, ..LEISURE }, FOR_EVER).await;
    for half in ["", "P", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r"] {
        assert_eq!(rest(&mut door.saying(half.as_bytes()).await).await, "", "{half:?}");
    }
}

#[tokio::test]
async fn a_head_in_pieces_is_answered() {
    let door = Open::with(8, LEISURE, FOR_EVER).await;
    let mut client = door.connect().await;
    for piece in ["P", "OST /length HTTP/1.1\r\nhost: a\r\nconnection: close\r\n", "content-length: 3\r\n\r\na", "bc"] {
        client.write_all(piece.as_bytes()).await.expect("sent");
        tokio::task::yield_now().await;
    }
    let answer = rest(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n3"), "{answer}");
}

#[tokio::test]
async fn a_body_that_stops_coming_is_refused_and_its_connection_closed() {
    let door = Open::with(8, Patience { body: SHORT, ..LEISURE }, FOR_EVER).await;
    let head = b"POST /length HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n123";
    let answer = rest(&mut door.saying(head).await).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_loses_its_place() {
    let door = Open::with(1, Patience { answer: SHORT, ..LEISURE }, FOR_EVER).await;
    let _silent = door.saying(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(here(&mut door.connect().await).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_second_request_on_a_kept_connection_is_answered() {
    let door = Open::with(8, LEISURE, FOR_EVER).await;
    let mut client = door.connect().await;
    for _ in 0..2 {
        assert!(here(&mut client).await.starts_with("HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn with_one_place_the_second_client_is_served_when_the_first_has_left() {
    let door = Open::with(1, LEISURE, FOR_EVER).await;
    let mut first = door.connect().await;
    here(&mut first).await;
    let mut second = door.saying(b"GET /here HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    // The first is answered again though the second came before: the second waits for a place.
    here(&mut first).await;
    let nothing = second.try_read(&mut [0]).expect_err("nothing was answered yet");
    assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    drop(first);
    assert!(rest(&mut second).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn http2_is_spoken_with_clients_that_know_it() {
    let door = Open::with(8, LEISURE, FOR_EVER).await;
    let io = TokioIo::new(door.connect().await);
    let (mut ask, connection) = http2::handshake(TokioExecutor::new(), io).await.expect("a handshake");
    tokio::spawn(connection);
    for _ in 0..2 {
        let request = Request::get(format!("http://{}/here", door.address)).body(Body::empty()).expect("a request");
        let answer = timeout(ENOUGH, ask.send_request(request)).await.expect("an answer in time").expect("an answer");
        assert_eq!((answer.status(), answer.version()), (StatusCode::OK, hyper::Version::HTTP_2));
    }
}

#[tokio::test]
async fn an_http2_client_that_answers_no_ping_is_closed() {
    let door = Open::with(8, Patience { ping: SHORT, pong: SHORT, ..LEISURE }, FOR_EVER).await;
    // The preface and empty settings.
    let mut client = door.saying(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    rest(&mut client).await;
}

#[tokio::test]
async fn stopping_ends_within_its_bound_though_requests_are_half_sent() {
    let door = Open::with(8, LEISURE, SHORT).await;
    let mut clients = Vec::new();
    for half in ["", "P", "GET /here HT", "POST /length HTTP/1.1\r\ncontent-length: 9\r\n\r\n1"] {
        clients.push(door.saying(half.as_bytes()).await);
    }
    // Answered only after the others were accepted.
    clients.push(door.connect().await);
    here(clients.last_mut().expect("a client")).await;
    let before = Instant::now();
    let deadline = door.close().await;
    assert!(
        deadline >= before + SHORT && deadline <= Instant::now(),
        "it waited for the half-sent ones, and no longer"
    );
    for client in &mut clients {
        rest(client).await;
    }
}

#[tokio::test]
async fn stopping_answers_what_is_in_flight_and_does_not_wait_for_kept_connections() {
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let slow = {
        let (begun, go) = (Arc::clone(&begun), Arc::clone(&go));
        get(async move || {
            begun.notify_one();
            go.notified().await;
            "slow"
        })
    };
    let door = Open::serving(Router::new().route("/slow", slow), 8, LEISURE, FOR_EVER).await;
    let mut kept = door.connect().await;
    here(&mut kept).await;
    let mut client = door.saying(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await;
    begun.notified().await;
    let (closed, ends) = oneshot::channel();
    tokio::spawn(async move { closed.send(door.close().await) });
    // Closing has begun when the unused connection is gone.
    assert_eq!(rest(&mut kept).await, "");
    go.notify_one();
    let answer = rest(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("slow"), "{answer}");
    assert!(ends.await.expect("it ended") > Instant::now(), "it ends when all are answered");
}

#[tokio::test]
async fn a_client_that_went_is_told_from_a_system_that_refuses() {
    assert!(left_again(&Error::from(ErrorKind::ConnectionAborted)));
    // EMFILE
    assert!(!left_again(&Error::from_raw_os_error(24)));
}
