//! A write that began is not cut off when its run is, and it has an end all the same: the run's own time, or a provider
//! that stands still, whichever comes first. Its journal hears of it, and nothing of it stays open.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use patchbay_egress::{BlobBody, BlobSource, Body, DoorScope, EgressConfig, Gate, Journal, Request, Timeouts, Writes};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinHandle,
    time::{Instant, interval, timeout},
};

use crate::support::{Diary, Names, Tokens, clock, grant, rewritten, write};

/// More than any kernel takes on its own account, and minutes at the slowest pace that a file may have.
const FILE: u64 = 50 * 1024 * 1024;
/// What is short here; all else takes a minute and more.
const SHORT: Duration = Duration::from_millis(150);
const LONG: Duration = Duration::from_secs(600);
/// Within which something short has ended, on a busy machine too.
const SOON: Duration = Duration::from_secs(10);

/// What a provider does once a request began to come.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Provider {
    /// Reads no further, and says nothing.
    StandsStill,
    /// Reads a little all the time, and says nothing.
    Sips,
    /// Reads everything, and says nothing.
    Listens,
    /// Answers a little all the time.
    Drips,
}

async fn behave(kind: Provider, stream: &mut TcpStream) {
    let (mut tick, mut little) = (interval(Duration::from_millis(2)), [0; 4_096]);
    match kind {
        Provider::StandsStill => {}
        Provider::Sips => {
            while matches!(stream.read(&mut little).await, Ok(1..)) {
                tick.tick().await;
            }
        }
        Provider::Listens => while matches!(stream.read(&mut little).await, Ok(1..)) {},
        Provider::Drips => {
            let mut sent = stream.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 1000000\r\n\r\n").await;
            while sent.is_ok() {
                tick.tick().await;
                sent = stream.write_all(b"a").await;
            }
        }
    }
    std::future::pending().await
}

/// A provider for one request.
struct One {
    connect: String,
    /// Has a permit when the request began to come.
    arrived: Arc<Semaphore>,
    /// With a permit it reads what is still there, until the other side is gone.
    look: Arc<Semaphore>,
    serving: JoinHandle<()>,
}

async fn one(kind: Provider) -> One {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let connect = format!("http://{}", listener.local_addr().expect("an address"));
    let (arrived, look) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (came, now) = (Arc::clone(&arrived), Arc::clone(&look));
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a peer");
        assert!(matches!(stream.read(&mut [0; 1_024]).await, Ok(1..)));
        came.add_permits(1);
        tokio::select! {
            () = behave(kind, &mut stream) => {}
            permit = now.acquire() => permit.expect("a permit").forget(),
        }
        let mut rest = vec![0; 65_536];
        while matches!(stream.read(&mut rest).await, Ok(1..)) {}
    });
    One { connect, arrived, look, serving }
}

/// A file of nothing but zeros.
struct Zeros;

#[async_trait]
impl BlobSource for Zeros {
    async fn read(&self, _offset: u64, len: u32) -> Option<Vec<u8>> {
        Some(vec![0; usize::try_from(len).expect("a length")])
    }
}

fn with_a_file() -> Request {
    let file = BlobBody { size: FILE, sha256: [0; 32], made_here: false, source: Arc::new(Zeros) };
    Request { body: Body::Blob(file), ..write("/files") }
}

/// Drops a write in its middle, with the run stopped, and sees it end.
async fn ends(kind: Provider, request: Request, deadline: Duration, timeouts: Timeouts) {
    let provider = one(kind).await;
    let config = EgressConfig { timeouts, ..rewritten(&provider.connect) };
    let gate = Gate::build_with(config, clock(), Arc::new(Names::default())).expect("a gate");
    let diary = Arc::new(Diary::default());
    let writes = Writes::Journal(Arc::clone(&diary) as Arc<dyn Journal>);
    let (stop, stopped) = watch::channel(false);
    let begun = Instant::now();
    let scope = DoorScope { writes, deadline: begun + deadline, stop: stopped };
    let door = gate.door(Arc::new(grant()), Arc::new(Tokens::default()), scope);
    tokio::select! {
        biased;
        sent = door.send(request) => panic!("{kind:?}: nothing was answered: {sent:?}"),
        permit = provider.arrived.acquire() => permit.expect("a permit").forget(),
    }
    stop.send_replace(true);
    drop(door);
    assert_eq!(diary.lines(), ["begin create"], "{kind:?}: it goes on");
    let ended = async {
        while diary.lines().len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    assert!(timeout(SOON, ended).await.is_ok(), "{kind:?}: it goes on for ever");
    assert_eq!(diary.lines(), ["begin create", "lost"], "{kind:?}");
    provider.look.add_permits(1);
    let gone = timeout(SOON, provider.serving).await;
    assert!(gone.is_ok_and(|served| served.is_ok()), "{kind:?}: the connection stays open");
}

#[tokio::test]
async fn a_dropped_write_ends_with_its_runs_time_whatever_the_provider_does() {
    let patient = Timeouts { first_byte: LONG, progress: LONG, total: LONG, ..Timeouts::default() };
    for (kind, request) in [
        (Provider::StandsStill, with_a_file()),
        (Provider::Sips, with_a_file()),
        (Provider::Listens, write("/items")),
        (Provider::Listens, with_a_file()),
        (Provider::Drips, write("/items")),
    ] {
        ends(kind, request, SHORT, patient).await;
    }
}

#[tokio::test]
async fn a_dropped_write_to_a_provider_that_stands_still_ends_long_before_its_runs_time() {
    let first_byte = Timeouts { first_byte: SHORT, ..Timeouts::default() };
    let total = Timeouts { total: SHORT, ..Timeouts::default() };
    for (kind, request, timeouts) in [
        // However long a file of this size may take.
        (Provider::StandsStill, with_a_file(), first_byte),
        (Provider::Listens, with_a_file(), first_byte),
        (Provider::Listens, write("/items"), first_byte),
        (Provider::Drips, write("/items"), total),
    ] {
        ends(kind, request, LONG, timeouts).await;
    }
}
