//! C4: a connection that is reset at each of its moments. A read is tried again and then says so; a
//! write is sent once, and the journal knows whether anything can have left.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use patchbay_egress::{Gate, SendError};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::support::{Diary, Names, clock, door, gate_at, grant, read, rewritten, write, writing_door};

/// Says what it says to a whole request, then resets.
async fn resetting(answer: &'static [u8]) -> (String, Arc<AtomicUsize>) {
    listening(move |mut stream| async move {
        let mut request = Vec::new();
        // A write's head and body, in however many pieces.
        while !request.ends_with(b"\r\n\r\n") && !request.ends_with(b"\"x\"}") {
            let mut piece = [0; 4_096];
            match stream.read(&mut piece).await {
                Ok(0) | Err(_) => return,
                Ok(read) => request.extend_from_slice(&piece[..read]),
            }
        }
        let _ = stream.write_all(answer).await;
        let _ = stream.set_zero_linger();
    })
    .await
}

async fn listening<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> (String, Arc<AtomicUsize>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&accepted);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(serve(stream));
        }
    });
    (address, accepted)
}

fn gate(connect: &str) -> Arc<Gate> {
    Gate::build_with(rewritten(connect), clock(), Arc::new(Names::default())).expect("a gate")
}

#[tokio::test]
async fn c4_a_reset_before_anything_left_is_not_sent() {
    // Nobody there; a hello that is answered by a reset at once, or after it was read.
    let unused = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let closed = unused.local_addr().expect("an address").to_string();
    drop(unused);
    let (at_once, _) = listening(|stream| async move {
        let _ = stream.set_zero_linger();
    })
    .await;
    let (after, _) = listening(|mut stream| async move {
        let _ = stream.read(&mut [0; 512]).await;
        let _ = stream.set_zero_linger();
    })
    .await;
    let mut all = JoinSet::new();
    for address in [closed, at_once, after] {
        all.spawn(async move {
            let gate = gate(&format!("https://{address}"));
            let one = door(&gate, grant());
            let sent = one.send(read("/a")).await;
            assert!(matches!(sent, Err(SendError::NotSent(_))), "{address}: {sent:?}");
            assert_eq!((one.usage().requests, one.usage().retries, one.usage().bytes_out), (1, 2, 0), "{address}");
            let diary = Arc::new(Diary::default());
            let sent = writing_door(&gate, &diary).send(write("/a")).await;
            assert!(matches!(sent, Err(SendError::NotSent(_))), "{address}: {sent:?}");
            assert_eq!(diary.lines(), ["begin create", "not sent"]);
        });
    }
    assert_eq!(all.join_all().await.len(), 3);
}

#[tokio::test]
async fn c4_a_reset_within_the_answer_is_tried_again_for_a_read_and_unknown_for_a_write() {
    let mut all = JoinSet::new();
    for answer in [
        &b""[..],
        b"HTTP/1.1 200 O",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\nx-half: ",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nuntil the end, which is none",
    ] {
        all.spawn(async move {
            let text = String::from_utf8_lossy(answer);
            let (address, accepted) = resetting(answer).await;
            let gate = gate_at(&format!("http://{address}"));
            let one = door(&gate, grant());
            let sent = one.send(read("/a")).await;
            assert!(matches!(sent, Err(SendError::Unknown(_))), "{text}: {sent:?}");
            assert_eq!((accepted.load(Ordering::SeqCst), one.usage().retries), (3, 2), "{text}");
            let diary = Arc::new(Diary::default());
            let sent = writing_door(&gate, &diary).send(write("/a")).await;
            assert!(matches!(sent, Err(SendError::Unknown(_))), "{text}: {sent:?}");
            assert_eq!(diary.lines(), ["begin create", "lost"], "{text}");
            assert_eq!(accepted.load(Ordering::SeqCst), 4, "{text}");
        });
    }
    assert_eq!(all.join_all().await.len(), 7);
}

#[tokio::test]
async fn c4_a_reset_after_the_whole_answer_costs_nothing() {
    let (address, accepted) = resetting(b"HTTP/1.1 201 Created\r\ncontent-length: 4\r\n\r\ndone").await;
    let gate = gate_at(&format!("http://{address}"));
    for round in 1..4 {
        let one = door(&gate, grant());
        assert_eq!(one.send(read("/a")).await.expect("an answer").body, b"done");
        assert_eq!((one.usage().retries, accepted.load(Ordering::SeqCst)), (0, round * 2 - 1));
        let diary = Arc::new(Diary::default());
        assert_eq!(writing_door(&gate, &diary).send(write("/a")).await.expect("an answer").status, 201);
        assert_eq!(diary.lines(), ["begin create", "answered 201 false"]);
    }
}
