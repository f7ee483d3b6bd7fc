//! Reads an answer with a bound on everything: what came over the wire, what it unpacks to, how much
//! larger the one is than the other, and how long nothing may come.

use std::{
    io::{self, Write},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use http::{HeaderMap, HeaderName, StatusCode, header};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

/// How many times larger than its packed form a body may be.
const RATIO: usize = 200;
/// Up to this size the ratio says nothing: a short text of one letter packs better than any bomb.
const RATIO_FROM: usize = 256 * 1024;

/// What is kept from the guest: it belongs to the connection, to a browser, or was undone here.
const DROPPED: [HeaderName; 11] = [
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::SET_COOKIE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::ALT_SVC,
];

/// An answer, whole and unpacked.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Why an answer that began is none.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// It passes this many bytes.
    TooLarge(u64),
    /// It cannot be unpacked.
    Broken(String),
    /// The connection ended or stood still.
    Lost(String),
}

/// Reads all of it; `came` counts the bytes of the body as they come, also of one that ends badly.
pub(crate) async fn read<B>(
    response: http::Response<B>,
    limit: usize,
    progress: Duration,
    came: &AtomicU64,
) -> Result<Answer, ReadError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::error::Error + 'static,
{
    let (mut head, mut body) = response.into_parts();
    let too_large = ReadError::TooLarge(as_u64(limit));
    if body.size_hint().lower() > as_u64(limit) {
        return Err(too_large);
    }
    let mut unpacked = Unpacked::of(&head.headers, limit)?;
    let mut wire = 0_usize;
    let stands_still = || ReadError::Lost(format!("nothing came for {} s", progress.as_secs_f32()));
    let mut ends = Instant::now() + progress;
    loop {
        let frame = match timeout_at(ends, body.frame()).await {
            Err(_) => return Err(stands_still()),
            Ok(None) => break,
            Ok(Some(Err(error))) => return Err(ReadError::Lost(crate::wire::told(&error))),
            Ok(Some(Ok(frame))) => frame,
        };
        let data = frame.into_data().unwrap_or_default();
        if data.is_empty() {
            // Pieces of nothing are no progress, however many of them come.
            if Instant::now() >= ends {
                return Err(stands_still());
            }
            continue;
        }
        ends = Instant::now() + progress;
        wire = wire.saturating_add(data.len());
        came.fetch_add(as_u64(data.len()), Ordering::SeqCst);
        if wire > limit {
            return Err(too_large);
        }
        unpacked.take(&data, wire)?;
    }
    for name in DROPPED {
        head.headers.remove(name);
    }
    head.headers.remove("keep-alive");
    head.headers.remove("set-cookie2");
    Ok(Answer { status: head.status, headers: head.headers, body: unpacked.end(wire)? })
}

fn as_u64(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// A body on its way out of its packing.
enum Unpacked {
    Plain(Vec<u8>),
    Gzip(Box<MultiGzDecoder<Bounded>>),
}

impl Unpacked {
    fn of(headers: &HeaderMap, limit: usize) -> Result<Self, ReadError> {
        let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
        let coding = codings.next().map(|value| value.as_bytes().trim_ascii().to_ascii_lowercase());
        match (coding.as_deref(), codings.next()) {
            (None | Some(b"" | b"identity"), None) => Ok(Self::Plain(Vec::new())),
            (Some(b"gzip" | b"x-gzip"), None) => {
                let to = Bounded { out: Vec::new(), limit, allowed: RATIO_FROM, full: false };
                Ok(Self::Gzip(Box::new(MultiGzDecoder::new(to))))
            }
            _ => Err(ReadError::Broken("the answer is packed in a way that was not asked for".to_owned())),
        }
    }

    fn take(&mut self, data: &[u8], wire: usize) -> Result<(), ReadError> {
        match self {
            Self::Plain(out) => out.extend_from_slice(data),
            Self::Gzip(decoder) => {
                decoder.get_mut().allowed = wire.saturating_mul(RATIO).max(RATIO_FROM);
                let written = decoder.write_all(data);
                decoder.get_ref().judge(written)?;
            }
        }
        Ok(())
    }

    fn end(self, wire: usize) -> Result<Vec<u8>, ReadError> {
        match self {
            Self::Plain(out) => Ok(out),
            // An answer without a body names its packing all the same (HEAD, 204, 304).
            Self::Gzip(_) if wire == 0 => Ok(Vec::new()),
            Self::Gzip(mut decoder) => {
                let ended = decoder.try_finish();
                decoder.get_ref().judge(ended)?;
                Ok(std::mem::take(&mut decoder.get_mut().out))
            }
        }
    }
}

/// Takes what is unpacked until it is too much.
struct Bounded {
    out: Vec<u8>,
    limit: usize,
    /// By the ratio, for what came so far.
    allowed: usize,
    full: bool,
}

impl Bounded {
    fn judge(&self, done: io::Result<()>) -> Result<(), ReadError> {
        if self.full {
            return Err(ReadError::TooLarge(as_u64(self.limit)));
        }
        done.map_err(|error| ReadError::Broken(format!("the answer cannot be unpacked: {error}")))
    }
}

impl Write for Bounded {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.out.len().saturating_add(data.len()) > self.limit.min(self.allowed) {
            self.full = true;
            return Err(io::Error::other("too large"));
        }
        self.out.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        pin::Pin,
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
        read(response, limit, Duration::from_secs(1), &AtomicU64::default()).await
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
        let answer = read(http::Response::new(Nothing), 1_000, Duration::from_millis(20), &came).await;
        assert!(matches!(answer, Err(ReadError::Lost(_))));
    }
}
