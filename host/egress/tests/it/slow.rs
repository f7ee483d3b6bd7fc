//! C5: providers that take their time. Each ends within the gate's limits, and 200 of them at once keep
//! nobody else waiting.

use std::{sync::Arc, time::Duration};

use patchbay_egress::{EgressConfig, Gate, Grant, SendError, Timeouts};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, interval},
};

use crate::support::{Diary, Fake, Names, Reply, clock, door, gate, grant, ok, read, rewritten, write, writing_door};

/// Answers `head`, and then `piece` every few milliseconds for as long as it is taken.
async fn dripping(head: &'static [u8], piece: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4_096]).await;
                let mut drip = interval(Duration::from_millis(4));
                let mut sent = stream.write_all(head).await;
                while sent.is_ok() {
                    drip.tick().await;
                    sent = stream.write_all(piece).await;
                }
            });
        }
    });
    format!("http://{address}")
}

fn gate_with(connect: &str, timeouts: Timeouts) -> Arc<Gate> {
    let config = EgressConfig { timeouts, ..rewritten(connect) };
    Gate::build_with(config, clock(), Arc::new(Names::default())).expect("a gate")
}

#[tokio::test]
async fn c5_an_answer_that_comes_byte_by_byte_ends_with_the_attempts_time() {
    let total = Timeouts { total: Duration::from_millis(60), ..Timeouts::default() };
    let first_byte = Timeouts { first_byte: Duration::from_millis(60), ..Timeouts::default() };
    for (head, piece, timeouts) in [
        (&b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n"[..], &b"a"[..], total),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\na\r\n", total),
        (b"HTTP/1.1 200 OK\r\nx-long: ", b"a", first_byte),
        (b"HTTP/1.1 200 OK\r\n", b"x: a\r\n", first_byte),
        (b"", b"", first_byte),
    ] {
        let gate = gate_with(&dripping(head, piece).await, timeouts);
        let begun = Instant::now();
        let one = door(&gate, grant());
        let sent = one.send(read("/a")).await;
        assert!(matches!(sent, Err(SendError::Unknown(_))), "{sent:?}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        assert_eq!(one.usage().retries, 0, "who is slow is not asked again at once");
        assert_eq!(gate.breakers().first().map(|state| state.failures), Some(1));
        let diary = Arc::new(Diary::default());
        assert!(matches!(writing_door(&gate, &diary).send(write("/a")).await, Err(SendError::Unknown(_))));
        assert_eq!(diary.lines(), ["begin create", "lost"]);
    }
}

#[tokio::test]
async fn c5_an_answer_that_stands_still_after_half_ends_with_the_progress_limit() {
    let stalled = Fake::plain(|_, _| {
        let half = b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf".to_vec();
        std::future::ready(Reply::Bytes(half))
    })
    .await;
    let timeouts = Timeouts { progress: Duration::from_millis(40), ..Timeouts::default() };
    let gate = gate_with(&format!("http://{}", stalled.address), timeouts);
    let one = door(&gate, grant());
    let sent = one.send(read("/a")).await;
    assert!(matches!(&sent, Err(SendError::Unknown(text)) if text.contains("nothing came")), "{sent:?}");
    assert_eq!(one.usage().bytes_in, 4 * (one.usage().retries + 1), "what came is counted");
}

#[tokio::test]
async fn c5_two_hundred_slow_providers_keep_nobody_else_waiting() {
    let arrived = Arc::new(Semaphore::new(0));
    let came = Arc::clone(&arrived);
    let fake = Fake::plain(move |_, request| {
        let came = Arc::clone(&came);
        async move {
            if request.starts_with("GET /slow") {
                came.add_permits(1);
                return std::future::pending().await;
            }
            Reply::Bytes(ok("fast"))
        }
    })
    .await;
    let gate = gate(&fake);
    let mut slow = JoinSet::new();
    for number in 0..200 {
        let door = door(&gate, Grant { connection: Some(format!("con_slow_{number}")), ..grant() });
        slow.spawn(async move { door.send(read("/slow")).await });
    }
    arrived.acquire_many(200).await.expect("all of them").forget();
    for _ in 0..20 {
        assert_eq!(door(&gate, grant()).send(read("/fast")).await.expect("an answer").body, b"fast");
    }
    assert!(slow.try_join_next().is_none(), "and not one of them had to end for it");
}
