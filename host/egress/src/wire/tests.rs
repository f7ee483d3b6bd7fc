//! How far ahead of the other side a body is read, over connections whose every byte is counted.

use std::convert::Infallible;

use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split},
    sync::{Mutex as AsyncMutex, Semaphore},
};

use super::*;
use crate::{
    outflow::tests::{Held, bytes, of},
    payload::Piece,
};

/// What a file of this size is sent from.
const SIZE: usize = 8 * 1024 * 1024;
/// How far ahead the gate may read.
const AHEAD: u64 = 512 * 1024;

fn upload(source: &Arc<Held>) -> (Outgoing, Outflow) {
    let piece = Piece::File(of(Arc::clone(source), SIZE));
    let pieces: Arc<[Piece]> = Arc::from([piece]);
    let outflow = Outflow::of(&pieces, Arc::default());
    let target = Target::parse("https://api.example.com/files").expect("an address");
    let body = Payload::Pieces(pieces);
    (Outgoing { method: Method::PUT, target, headers: Vec::new(), body }, outflow)
}

fn source() -> Arc<Held> {
    Arc::new(Held { bytes: bytes(SIZE), ..Held::default() })
}

fn counted(stream: DuplexStream) -> (Counted<DuplexStream>, Traffic) {
    let traffic = Traffic::default();
    (Counted::on(stream, traffic.clone()), traffic)
}

/// Lets everything happen that can happen before the other side takes more.
async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

fn assert_close(source: &Held, taken: usize) {
    let read = source.read.lock().expect("a lock").0;
    assert!(read <= taken as u64 + AHEAD, "{read} bytes were read, {taken} were taken");
}

#[tokio::test]
async fn over_http_1_a_file_is_read_no_faster_than_it_is_taken() {
    let (ours, mut theirs) = duplex(16 * 1024);
    let (stream, traffic) = counted(ours);
    let mut wire = Wire::http1(stream, traffic).await.expect("a connection");
    let source = source();
    let (outgoing, body) = upload(&source);
    let sent = tokio::spawn(async move { wire.send(&outgoing, body, Duration::from_secs(60)).await.map(|_| ()) });
    settle().await;
    assert_close(&source, 0);
    let mut all = Vec::new();
    let mut piece = vec![0; 100_000];
    loop {
        let head = all.windows(4).position(|end| end == b"\r\n\r\n").map_or(usize::MAX, |at| at + 4);
        if all.len().saturating_sub(head) >= SIZE {
            let text = String::from_utf8_lossy(&all[..head]).to_lowercase();
            assert!(text.contains(&format!("content-length: {SIZE}\r\n")) && !text.contains("chunked"), "{text}");
            assert!(all[head..] == source.bytes, "byte by byte");
            break;
        }
        let read = theirs.read(&mut piece).await.expect("a piece");
        all.extend_from_slice(&piece[..read]);
        settle().await;
        assert_close(&source, all.len());
    }
    theirs.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.expect("an answer");
    sent.await.expect("a task").expect("an answer");
}

#[tokio::test]
async fn over_http_2_a_file_is_read_no_faster_than_it_is_taken() {
    let (ours, theirs) = duplex(16 * 1024);
    let source = source();
    let given = Arc::new(AsyncMutex::new(Vec::new()));
    let (watched, kept) = (Arc::clone(&source), Arc::clone(&given));
    tokio::spawn(async move {
        let service = service_fn(move |mut request: http::Request<Incoming>| {
            let (source, kept) = (Arc::clone(&watched), Arc::clone(&kept));
            async move {
                assert_eq!(request.headers()["content-length"], SIZE.to_string());
                let mut kept = kept.lock().await;
                settle().await;
                assert_close(&source, 0);
                while let Some(frame) = request.body_mut().frame().await {
                    kept.extend_from_slice(&frame.expect("a frame").into_data().expect("data"));
                    settle().await;
                    assert_close(&source, kept.len());
                }
                Ok::<_, Infallible>(http::Response::new(Full::new(bytes::Bytes::from_static(b"ok"))))
            }
        });
        let mut server = hyper::server::conn::http2::Builder::new(hyper_util::rt::TokioExecutor::new());
        server.initial_stream_window_size(64 * 1024).initial_connection_window_size(64 * 1024);
        server.serve_connection(TokioIo::new(theirs), service).await
    });
    let (stream, traffic) = counted(ours);
    let mut wire = Wire::http2(stream, traffic).await.expect("a connection");
    let (outgoing, body) = upload(&source);
    let answer = wire.send(&outgoing, body, Duration::from_secs(60)).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert!(*given.lock().await == source.bytes, "byte by byte");
}

/// Passes bytes on until there were many, and then only when it is told to.
async fn relay(mut from: ReadHalf<DuplexStream>, mut to: WriteHalf<DuplexStream>, go: Arc<Semaphore>) {
    let (mut passed, mut piece) = (0, vec![0; 8 * 1024]);
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        passed += read;
        if passed > 200_000 {
            drop(go.acquire().await);
        }
        if to.write_all(&piece[..read]).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn over_http_2_a_large_window_is_no_reason_to_read_ahead_of_the_connection() {
    let ((ours, near), (far, theirs)) = (duplex(16 * 1024), duplex(16 * 1024));
    let go = Arc::new(Semaphore::new(0));
    let ((near_in, near_out), (far_in, far_out)) = (split(near), split(far));
    tokio::spawn(relay(near_in, far_out, Arc::clone(&go)));
    tokio::spawn(relay(far_in, near_out, Arc::new(Semaphore::new(1))));
    tokio::spawn(async move {
        let service = service_fn(|mut request: http::Request<Incoming>| async move {
            while let Some(Ok(_)) = request.body_mut().frame().await {}
            Ok::<_, Infallible>(http::Response::new(Full::new(bytes::Bytes::new())))
        });
        let mut server = hyper::server::conn::http2::Builder::new(hyper_util::rt::TokioExecutor::new());
        server.initial_stream_window_size(64 * 1024 * 1024).initial_connection_window_size(64 * 1024 * 1024);
        server.serve_connection(TokioIo::new(theirs), service).await
    });
    let (stream, traffic) = counted(ours);
    let mut wire = Wire::http2(stream, traffic.clone()).await.expect("a connection");
    let source = source();
    let (outgoing, body) = upload(&source);
    let sent = tokio::spawn(async move { wire.send(&outgoing, body, Duration::from_secs(60)).await.map(|_| ()) });
    while traffic.written() < 200_000 {
        tokio::task::yield_now().await;
    }
    // The other side would take all of it, and the connection nothing.
    settle().await;
    assert_close(&source, usize::try_from(traffic.written()).expect("a count"));
    go.add_permits(1);
    sent.await.expect("a task").expect("an answer");
}

#[tokio::test]
async fn a_file_that_ends_early_ends_the_request_and_never_its_length() {
    for http2 in [false, true] {
        let (ours, theirs) = duplex(16 * 1024);
        let came = Arc::new(AsyncMutex::new((0, false)));
        let end = Arc::clone(&came);
        let server = tokio::spawn(async move {
            let service = service_fn(move |mut request: http::Request<Incoming>| {
                let end = Arc::clone(&end);
                async move {
                    while let Some(Ok(frame)) = request.body_mut().frame().await {
                        end.lock().await.0 += frame.into_data().map_or(0, |data| data.len());
                    }
                    end.lock().await.1 = hyper::body::Body::is_end_stream(request.body());
                    Ok::<_, Infallible>(http::Response::new(Full::new(bytes::Bytes::new())))
                }
            });
            let io = TokioIo::new(theirs);
            if http2 {
                let server = hyper::server::conn::http2::Builder::new(hyper_util::rt::TokioExecutor::new());
                drop(server.serve_connection(io, service).await);
            } else {
                drop(hyper::server::conn::http1::Builder::new().serve_connection(io, service).await);
            }
        });
        let half = Arc::new(Held { bytes: bytes(SIZE / 2), ..Held::default() });
        let (outgoing, body) = upload(&half);
        let (stream, traffic) = counted(ours);
        let mut wire = match http2 {
            true => Wire::http2(stream, traffic).await,
            false => Wire::http1(stream, traffic).await,
        }
        .expect("a connection");
        let sent = wire.send(&outgoing, body, Duration::from_secs(60)).await;
        assert!(matches!(sent, Err(WireError::EndedEarly(_))), "{http2}: {sent:?}");
        drop(wire);
        server.await.expect("a server");
        let (bytes, _) = *came.lock().await;
        assert!(bytes <= SIZE / 2, "{http2}: {bytes}");
    }
}
