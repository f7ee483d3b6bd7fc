use std::{
    convert::Infallible,
    io::Write,
    pin::Pin,
    sync::Mutex,
    task::{Context, Poll},
};

use flate2::{Compression, write::GzEncoder};
use http_body::Frame;
use http_body_util::Full;

use super::*;

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).expect("it fits into memory");
    encoder.finish().expect("it fits into memory")
}

async fn answer(coding: &str, body: Vec<u8>, limit: usize) -> Result<Answer, ReadError> {
    let response = http::Response::builder()
        .header("content-encoding", coding)
        .header("set-cookie", "a=b")
        .header("x-kept", "1")
        .body(Full::new(Bytes::from(body)))
        .expect("a response");
    read(response, To::Memory(limit), Duration::from_secs(1), &AtomicU64::default()).await
}

#[tokio::test]
async fn a_packed_answer_arrives_unpacked_without_the_connections_headers() {
    let answer = answer("GZIP", gzip(b"{\"a\":1}"), 1_000).await.expect("an answer");
    assert_eq!(answer.body, b"{\"a\":1}");
    assert_eq!(answer.headers.len(), 1);
    assert!(answer.headers.contains_key("x-kept"));
}

#[tokio::test]
async fn a_bomb_is_too_large_by_size_and_by_ratio() {
    let zeros = vec![0; 3_000_000];
    assert!(matches!(answer("gzip", gzip(&zeros), 1_000_000).await, Err(ReadError::TooLarge(1_000_000))));
    assert!(matches!(answer("gzip", gzip(&zeros), 8_000_000).await, Err(ReadError::TooLarge(_))));
    assert!(matches!(answer("identity", zeros, 1_000_000).await, Err(ReadError::TooLarge(1_000_000))));
}

#[tokio::test]
async fn what_was_not_asked_for_or_is_torn_is_broken() {
    for coding in ["br", "zstd", "deflate", "gzip, gzip"] {
        assert!(matches!(answer(coding, gzip(b"x"), 1_000).await, Err(ReadError::Broken(_))), "{coding}");
    }
    let whole = gzip(&[7; 5_000]);
    for cut in [1, 9, 12, whole.len() - 9, whole.len() - 1] {
        let torn = whole.get(..cut).expect("a part").to_vec();
        assert!(matches!(answer("gzip", torn, 10_000).await, Err(ReadError::Broken(_))), "{cut}");
    }
    assert!(matches!(answer("gzip", b"no gzip at all".to_vec(), 1_000).await, Err(ReadError::Broken(_))));
    assert!(answer("gzip", Vec::new(), 1_000).await.is_ok_and(|answer| answer.body.is_empty()));
}

/// Pieces without a byte, for as long as anybody asks.
struct Nothing;

impl Body for Nothing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::new()))))
    }
}

#[tokio::test]
async fn pieces_of_nothing_are_no_progress() {
    let came = AtomicU64::default();
    let answer = read(http::Response::new(Nothing), To::Memory(1_000), Duration::from_millis(20), &came).await;
    assert!(matches!(answer, Err(ReadError::Lost(_))));
}

/// Keeps what comes, and how large the largest piece of it was.
#[derive(Default)]
struct Kept {
    media_type: Mutex<Option<String>>,
    bytes: Mutex<Vec<u8>>,
    largest: Mutex<usize>,
    room: Option<usize>,
}

#[async_trait::async_trait]
impl AnswerSink for Kept {
    async fn begin(&self, media_type: Option<&str>) {
        *self.media_type.lock().expect("a lock") = media_type.map(str::to_owned);
        self.bytes.lock().expect("a lock").clear();
    }

    async fn take(&self, bytes: Vec<u8>) -> bool {
        let mut largest = self.largest.lock().expect("a lock");
        *largest = bytes.len().max(*largest);
        let mut kept = self.bytes.lock().expect("a lock");
        kept.extend(bytes);
        self.room.is_none_or(|room| kept.len() <= room)
    }
}

const TOKEN: &str = "gho_0123456789abcdefABCDEF";

async fn kept(coding: &str, body: Vec<u8>, kept: &Arc<Kept>) -> Result<Answer, ReadError> {
    let response = http::Response::builder()
        .header("content-encoding", coding)
        .header("content-type", format!("a/{TOKEN}"))
        .body(Full::new(Bytes::from(body)))
        .expect("a response");
    let masker = Masker::of([TOKEN], &crate::slots::Echoes::default()).expect("a masker");
    let to = To::Sink(Arc::clone(kept) as Arc<dyn AnswerSink>, Arc::new(masker));
    read(response, to, Duration::from_secs(1), &AtomicU64::default()).await
}

#[tokio::test]
async fn a_large_answer_goes_to_its_sink_in_pieces_unpacked_and_without_a_secret() {
    let mut body: Vec<u8> =
        (0..3_000_000_u32).map(|n| u8::try_from(n.wrapping_mul(n) >> 7 & 127).expect("a byte")).collect();
    let mut wanted = body.clone();
    // From the last to the first, so that places stay what they were.
    for at in [2_900_000, 524_280, 262_143, 262_130, 0] {
        body.splice(at..at, TOKEN.bytes());
        wanted.splice(at..at, *b"[secret]");
    }
    for (coding, sent) in [("gzip", gzip(&body)), ("identity", body)] {
        let sink = Arc::new(Kept::default());
        let answer = kept(coding, sent, &sink).await.expect("an answer");
        assert!(answer.in_sink && answer.body == wanted[..HEAD_BYTES], "{coding}");
        assert!(*sink.bytes.lock().expect("a lock") == wanted, "{coding}");
        assert_eq!(sink.media_type.lock().expect("a lock").as_deref(), Some("a/[secret]"));
        // One frame of the test's own body is all of it; what is unpacked is not.
        assert!(coding == "identity" || *sink.largest.lock().expect("a lock") < 2 * 1024 * 1024);
    }
}

#[tokio::test]
async fn a_bomb_for_a_sink_is_too_large_by_size_and_by_ratio() {
    let sink = Arc::new(Kept::default());
    let zeros = vec![0; SINK_BYTES + 1];
    assert!(matches!(kept("gzip", gzip(&zeros), &sink).await, Err(ReadError::TooLarge(_))));
    assert!(*sink.largest.lock().expect("a lock") < 2 * 1024 * 1024);
    let limit = SINK_BYTES as u64;
    assert!(matches!(kept("identity", zeros, &sink).await, Err(ReadError::TooLarge(bytes)) if bytes == limit));
    let full = Arc::new(Kept { room: Some(400_000), ..Kept::default() });
    assert!(matches!(kept("identity", vec![1; 500_000], &full).await, Err(ReadError::TooLarge(_))));
}
