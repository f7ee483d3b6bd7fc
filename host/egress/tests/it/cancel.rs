//! A run that is stopped ends whatever a read is waiting for, at once; a write that began goes on.

use std::{
    future::{Future, pending},
    io,
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use patchbay_egress::{
    CredentialError, CredentialSource, DoorScope, EgressConfig, Gate, Journal, Resolve, SendError, Usage, Values,
    Writes,
};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    time::Instant,
};

use crate::support::{
    Diary, Fake, Names, Reply, Tokens, answer, clock, door, gate, gate_at, grant, ok, read, rewritten, write,
};

/// How long a stop may take.
const AT_ONCE: Duration = Duration::from_millis(200);

/// Stops a read once `waits` says that it waits, and expects the end at once.
async fn stopped(gate: &Arc<Gate>, source: Arc<dyn CredentialSource>, waits: impl Future<Output = ()>) -> Usage {
    let (stop, stopped) = watch::channel(false);
    let deadline = Instant::now() + Duration::from_secs(60);
    let scope = DoorScope { writes: Writes::Forbidden, deadline, stop: stopped };
    let door = gate.door(Arc::new(grant()), source, scope);
    let cancel = async {
        waits.await;
        stop.send_replace(true);
        Instant::now()
    };
    let (sent, at) = tokio::join!(door.send(read("/a")), cancel);
    assert_eq!(sent, Err(SendError::Stopped));
    assert!(at.elapsed() < AT_ONCE, "{:?}", at.elapsed());
    assert!(gate.breakers().iter().all(|state| state.opened == 0), "a stop is nobody's failure");
    door.usage()
}

fn tokens() -> Arc<dyn CredentialSource> {
    Arc::new(Tokens::default())
}

async fn until(come: impl Fn() -> bool) {
    while !come() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_wait_in_line_or_for_a_pause_ends_at_once() {
    let fake = Fake::always("HTTP/1.1 204 No Content\r\n\r\n").await;
    let gate = gate(&fake);
    gate.pause("ten_1", "con_1", Duration::from_secs(20));
    let begun = Instant::now();
    let usage = stopped(&gate, tokens(), tokio::task::yield_now()).await;
    assert!(fake.seen().is_empty() && usage.waited <= begun.elapsed());

    let fake = Fake::always("HTTP/1.1 429 Slow Down\r\nretry-after: 20\r\ncontent-length: 0\r\n\r\n").await;
    let gate = crate::support::gate(&fake);
    let usage = stopped(&gate, tokens(), until(|| gate.paused("ten_1", "con_1").is_some())).await;
    assert_eq!((usage.requests, usage.retries, fake.seen().len()), (1, 0, 1));
}

#[tokio::test]
async fn a_wait_before_another_attempt_ends_at_once() {
    let fake = Fake::plain(|_, _| std::future::ready(Reply::Last(Vec::new()))).await;
    let gate = gate(&fake);
    // The first failure is known, and the second attempt is a quarter of a second away.
    let failed = until(|| gate.breakers().first().is_some_and(|state| state.failures == 1));
    let usage = stopped(&gate, tokens(), failed).await;
    assert_eq!((usage.retries, fake.seen().len()), (0, 1));
}

struct Lost(Semaphore);

#[async_trait]
impl CredentialSource for Lost {
    async fn current(&self) -> Result<Arc<Values>, CredentialError> {
        self.0.add_permits(1);
        pending().await
    }

    async fn renew(&self, _refused: &Values) -> Result<Arc<Values>, CredentialError> {
        pending().await
    }
}

#[async_trait]
impl Resolve for Lost {
    async fn resolve(&self, _host: &str) -> io::Result<Vec<IpAddr>> {
        self.0.add_permits(1);
        pending().await
    }
}

#[tokio::test]
async fn a_wait_for_a_credential_or_a_name_ends_at_once() {
    let lost = Arc::new(Lost(Semaphore::new(0)));
    let asked = async || lost.0.acquire().await.expect("a permit").forget();
    let nowhere = gate_at("http://127.0.0.1:9");
    stopped(&nowhere, Arc::clone(&lost) as Arc<dyn CredentialSource>, asked()).await;
    let resolver = Arc::clone(&lost) as Arc<dyn Resolve>;
    let gate = Gate::build_with(EgressConfig::default(), clock(), resolver).expect("a gate");
    stopped(&gate, tokens(), asked()).await;
}

#[tokio::test]
async fn a_handshake_that_is_not_answered_ends_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let config = rewritten(&format!("https://{}", listener.local_addr().expect("an address")));
    let gate = Gate::build_with(config, clock(), Arc::new(Names::default())).expect("a gate");
    let mut peer = None;
    let hello = async {
        let (stream, _) = listener.accept().await.expect("a peer");
        stream.readable().await.expect("a hello");
        peer = Some(stream);
    };
    let usage = stopped(&gate, tokens(), hello).await;
    assert_eq!((usage.bytes_out, usage.bytes_in), (0, 0));
}

#[tokio::test]
async fn a_wait_for_the_head_or_the_body_ends_at_once() {
    for part in [&b""[..], b"HTTP/1.1 200 OK\r\nx-ha", b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf"] {
        let arrived = Arc::new(Semaphore::new(0));
        let came = Arc::clone(&arrived);
        let fake = Fake::plain(move |_, _| {
            came.add_permits(1);
            std::future::ready(Reply::Bytes(part.to_vec()))
        })
        .await;
        let waits = async { arrived.acquire().await.expect("a permit").forget() };
        let usage = stopped(&gate(&fake), tokens(), waits).await;
        assert!(usage.bytes_in == 0 || usage.bytes_in == 4, "{usage:?}");
        assert_eq!((usage.requests, usage.retries), (1, 0));
    }
}

#[tokio::test]
async fn a_write_that_began_is_not_cut_off_and_its_answer_is_the_guests() {
    let (arrived, go) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (came, wait) = (Arc::clone(&arrived), Arc::clone(&go));
    let fake = Fake::plain(move |_, _| {
        came.add_permits(1);
        let wait = Arc::clone(&wait);
        async move {
            wait.acquire().await.expect("a permit").forget();
            Reply::Bytes(answer("201 Created", "", b"done"))
        }
    })
    .await;
    let (stop, stopped) = watch::channel(false);
    let diary = Arc::new(Diary::default());
    let journal = Arc::clone(&diary) as Arc<dyn Journal>;
    let deadline = Instant::now() + Duration::from_secs(60);
    let scope = DoorScope { writes: Writes::Journal(journal), deadline, stop: stopped };
    let door = gate(&fake).door(Arc::new(grant()), tokens(), scope);
    let cancel = async {
        arrived.acquire().await.expect("a permit").forget();
        stop.send_replace(true);
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        go.add_permits(1);
    };
    let (sent, ()) = tokio::join!(door.send(write("/items")), cancel);
    assert_eq!(sent.expect("its answer").body, b"done");
    assert_eq!(diary.lines(), ["begin create", "answered 201 false"]);
    // The next one does not begin.
    assert_eq!(door.send(write("/items")).await, Err(SendError::Stopped));
    assert_eq!(diary.lines().len(), 2);
}

#[tokio::test]
async fn the_next_run_is_not_touched_by_a_stop() {
    let fake =
        Fake::plain(|number, _| async move { if number == 1 { pending().await } else { Reply::Bytes(ok("second")) } })
            .await;
    let gate = gate(&fake);
    stopped(&gate, tokens(), until(|| fake.seen().len() == 1)).await;
    assert_eq!(door(&gate, grant()).send(read("/a")).await.expect("an answer").body, b"second");
}
