//! Reads an answer with a bound on everything: what came over the wire, what it unpacks to, how much
//! larger the one is than the other, and how long nothing may come.

mod unpack;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode, header};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};
use unpack::Unpacking;

use crate::{
    AnswerSink,
    redact::{Masker, Windows},
};

/// Bytes of an answer that goes to a sink.
pub(crate) const SINK_BYTES: usize = 50 * 1024 * 1024;
/// Of those, bytes that are kept here as well: for the journal, and for the rules that say that a
/// credential expired. What is larger is no such word.
pub(crate) const HEAD_BYTES: usize = 64 * 1024;
/// Bytes that are unpacked at a time. They come to a thousand times as many at most.
const SLICE: usize = 1024;

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

/// An answer, unpacked.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// All of it; its beginning, masked already, where a sink took it.
    pub(crate) body: Vec<u8>,
    /// Whether a sink took the body.
    pub(crate) in_sink: bool,
    /// Whether `body` is all of it.
    pub(crate) whole: bool,
}

/// Where the body goes.
pub(crate) enum To {
    /// Here, at most so many bytes.
    Memory(usize),
    /// There, masked on the way.
    Sink(Arc<dyn AnswerSink>, Arc<Masker>),
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
    to: To,
    progress: Duration,
    came: &AtomicU64,
) -> Result<Answer, ReadError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::error::Error + 'static,
{
    let (mut head, mut body) = response.into_parts();
    let limit = match to {
        To::Memory(limit) => limit,
        To::Sink(..) => SINK_BYTES,
    };
    let too_large = ReadError::TooLarge(as_u64(limit));
    if body.size_hint().lower() > as_u64(limit) {
        return Err(too_large);
    }
    let mut unpacking = Unpacking::of(&head.headers, limit)?;
    let mut place = Place::begin(to, &head.headers).await;
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
        wire = wire.saturating_add(data.len());
        came.fetch_add(as_u64(data.len()), Ordering::SeqCst);
        if wire > limit {
            return Err(too_large);
        }
        for slice in data.chunks(unpacking.slice()) {
            place.put(unpacking.take(slice, wire)?).await?;
        }
        // What a sink takes of it is not the provider's time.
        ends = Instant::now() + progress;
    }
    place.put(unpacking.end(wire)?).await?;
    for name in DROPPED {
        head.headers.remove(name);
    }
    head.headers.remove("keep-alive");
    head.headers.remove("set-cookie2");
    let (status, headers) = (head.status, head.headers);
    Ok(match place.end().await? {
        Place::Memory(body) => Answer { status, headers, body, in_sink: false, whole: true },
        Place::Sink { head, size, .. } => {
            Answer { status, headers, whole: head.len() == size, body: head, in_sink: true }
        }
    })
}

fn as_u64(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// Where the body is put, and what is kept of it here.
enum Place {
    Memory(Vec<u8>),
    Sink { sink: Arc<dyn AnswerSink>, windows: Windows, head: Vec<u8>, size: usize },
}

impl Place {
    async fn begin(to: To, headers: &HeaderMap) -> Self {
        match to {
            To::Memory(_) => Self::Memory(Vec::new()),
            To::Sink(sink, masker) => {
                let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
                sink.begin(media_type.map(|text| masker.mask_text(text)).as_deref()).await;
                Self::Sink { sink, windows: Windows::over(masker), head: Vec::new(), size: 0 }
            }
        }
    }

    async fn put(&mut self, bytes: &[u8]) -> Result<(), ReadError> {
        match self {
            Self::Memory(body) => {
                body.extend_from_slice(bytes);
                Ok(())
            }
            Self::Sink { sink, windows, head, size } => give(sink.as_ref(), windows.take(bytes), head, size).await,
        }
    }

    /// With what was still held back.
    async fn end(mut self) -> Result<Self, ReadError> {
        if let Self::Sink { sink, windows, head, size } = &mut self {
            give(sink.as_ref(), windows.end(), head, size).await?;
        }
        Ok(self)
    }
}

async fn give(sink: &dyn AnswerSink, bytes: Vec<u8>, head: &mut Vec<u8>, size: &mut usize) -> Result<(), ReadError> {
    if bytes.is_empty() {
        return Ok(());
    }
    *size = size.saturating_add(bytes.len());
    let room = HEAD_BYTES.saturating_sub(head.len());
    head.extend_from_slice(bytes.get(..room).unwrap_or(&bytes));
    if sink.take(bytes).await { Ok(()) } else { Err(ReadError::TooLarge(as_u64(SINK_BYTES))) }
}

#[cfg(test)]
mod tests;
