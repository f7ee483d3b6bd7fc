//! What a run is charged for is what happened, however it ended.

use std::{io::Write, sync::Arc, time::Duration};

use flate2::{Compression, write::GzEncoder};
use patchbay_egress::{Body, CredentialSource, Request, Usage, Writes};
use patchbay_model::contract::Effect;

use crate::support::{Fake, Reply, Tokens, answer, door, gate, gate_at, grant, ok, read, scope};

/// Requests, retries, bytes in, bytes out.
fn counted(usage: Usage) -> (u64, u64, u64, u64) {
    (usage.requests, usage.retries, usage.bytes_in, usage.bytes_out)
}

async fn used(request: Request, reply: impl Fn(usize) -> Reply + Send + Sync + 'static) -> (u64, u64, u64, u64) {
    let fake = Fake::plain(move |number, _| std::future::ready(reply(number))).await;
    let door = door(&gate(&fake), grant());
    let _ = door.send(request).await;
    counted(door.usage())
}

fn posting(bytes: usize) -> Request {
    Request {
        method: "POST".to_owned(),
        effect: Effect::Repeatable,
        body: Body::Bytes(vec![b'x'; bytes]),
        ..read("/a")
    }
}

#[tokio::test]
async fn each_attempt_is_counted_with_its_bytes() {
    let last = |bytes: &[u8]| Reply::Last(bytes.to_vec());
    assert_eq!(used(read("/a"), |_| Reply::Bytes(ok("12345"))).await, (1, 0, 5, 0));
    assert_eq!(used(posting(7), |_| Reply::Bytes(ok("12345"))).await, (1, 0, 5, 7));
    // Two resets before the answer.
    let recovers = move |number| if number <= 2 { last(b"") } else { Reply::Bytes(ok("12345")) };
    assert_eq!(used(posting(7), recovers).await, (1, 2, 5, 21));
    // Torn in the middle, three times.
    let torn = move |_| last(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1234");
    assert_eq!(used(posting(7), torn).await, (1, 2, 12, 21));
    // Asked to wait, and refused.
    let waits = |number| {
        Reply::Bytes(if number <= 2 { answer("429 Slow", "retry-after: 0\r\n", b"wait") } else { ok("12345") })
    };
    assert_eq!(used(read("/a"), waits).await, (1, 2, 13, 0));
    let expired = |number| Reply::Bytes(if number == 1 { answer("401 Who", "", b"who") } else { ok("12345") });
    assert_eq!(used(read("/a"), expired).await, (1, 1, 8, 0));
}

#[tokio::test]
async fn what_is_packed_counts_as_it_came_and_what_is_too_much_counts_too() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&[b'a'; 10_000]).expect("it fits into memory");
    let packed = encoder.finish().expect("it fits into memory");
    let length = u64::try_from(packed.len()).expect("a length");
    let reply = move |_| Reply::Bytes(answer("200 OK", "content-encoding: gzip\r\n", &packed));
    assert_eq!(used(read("/a"), reply).await, (1, 0, length, 0));
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let piece = format!("10000\r\n{}\r\n", "a".repeat(65_536)).into_bytes();
    let (requests, retries, bytes_in, _) = used(read("/a"), move |_| Reply::Endless(head.clone(), piece.clone())).await;
    assert!((requests, retries) == (1, 0) && bytes_in > 8 * 1024 * 1024, "{bytes_in}");
    // A packing that was not asked for is not read, and a length that refuses itself neither.
    assert_eq!(used(read("/a"), |_| Reply::Bytes(answer("200 OK", "content-encoding: br\r\n", b"x"))).await.2, 0);
    let huge = |_| Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n".to_vec());
    assert_eq!(used(read("/a"), huge).await, (1, 0, 0, 0));
}

#[tokio::test]
async fn what_never_left_costs_no_bytes_and_what_was_never_tried_is_no_retry() {
    let nobody = door(&gate_at("http://127.0.0.1:1"), grant());
    assert!(nobody.send(posting(7)).await.is_err());
    assert_eq!(counted(nobody.usage()), (1, 2, 0, 0));
    assert!(nobody.usage().waited >= Duration::from_millis(1_250), "both pauses: {:?}", nobody.usage().waited);

    let denied = door(&gate_at("http://127.0.0.1:1"), grant());
    assert!(denied.send(read("/../a")).await.is_err());
    assert_eq!(counted(denied.usage()), (1, 0, 0, 0));

    // A credential that cannot be renewed: the second attempt never was.
    let fake = Fake::always("HTTP/1.1 401 Who\r\ncontent-length: 3\r\n\r\nwho").await;
    let source = Arc::new(Tokens { dead: true, ..Tokens::default() }) as Arc<dyn CredentialSource>;
    let dead = gate(&fake).door(Arc::new(grant()), source, scope(Writes::Forbidden));
    assert!(dead.send(read("/a")).await.is_err());
    assert_eq!(counted(dead.usage()), (1, 0, 3, 0));
}
