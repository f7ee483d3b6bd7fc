//! A body as it leaves: files are read in pieces while the other side takes them.
//!
//! The length is known before the first byte, so the body is framed by it; a file that turns out
//! shorter ends the request in the middle, because a shorter body would be another request. At most one
//! piece of a file is held here, and a little more in the buffers of the connection below.

use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::Notify;

use crate::{BlobBody, payload::Piece};

/// Bytes that are read of a file at a time.
const PIECE: u32 = 256 * 1024;
/// Bytes of a file that are handed over at a time.
const FRAME: usize = 48 * 1024;

/// A file that ended before its size, or that could not be read.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("a file of the request ended early")]
pub(crate) struct EndedEarly;

/// How far a body got; known to those who do not hold it.
#[derive(Debug, Default)]
pub(crate) struct Going {
    bytes: AtomicU64,
    broke: AtomicBool,
    told: Notify,
}

impl Going {
    /// Bytes that were handed to a connection.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::SeqCst)
    }

    /// For another try of the same attempt.
    pub(crate) fn again(&self) {
        self.bytes.store(0, Ordering::SeqCst);
    }

    /// Waits until a file ends early, which may be never.
    pub(crate) async fn broken(&self) {
        while !self.broke.load(Ordering::SeqCst) {
            self.told.notified().await;
        }
    }

    fn end_early(&self) -> EndedEarly {
        self.broke.store(true, Ordering::SeqCst);
        self.told.notify_one();
        EndedEarly
    }
}

type Reading = Pin<Box<dyn Future<Output = Option<Vec<u8>>> + Send>>;

/// The stream of one body.
pub(crate) struct Outflow {
    pieces: VecDeque<Piece>,
    /// Bytes that are still to leave.
    left: u64,
    /// Of the file that stands first: where the next read begins, the read that is under way, and what
    /// was read and did not leave yet.
    at: u64,
    reading: Option<Reading>,
    held: Bytes,
    going: Arc<Going>,
}

impl Outflow {
    pub(crate) fn of(pieces: &[Piece], going: Arc<Going>) -> Self {
        let left = pieces.iter().fold(0, |sum: u64, piece| sum.saturating_add(piece.len()));
        let pieces = pieces.iter().filter(|piece| piece.len() > 0).cloned().collect();
        Self { pieces, left, at: 0, reading: None, held: Bytes::new(), going }
    }

    /// How far it gets.
    pub(crate) fn going(&self) -> Arc<Going> {
        Arc::clone(&self.going)
    }

    /// Reads the beginning of a file that stands first, so that nothing leaves for one that is gone.
    pub(crate) async fn prime(&mut self) -> Result<(), EndedEarly> {
        match self.pieces.iter().find_map(Piece::file).cloned() {
            Some(file) if self.pieces.front().is_some_and(|piece| piece.file().is_some()) => {
                poll_fn(|cx| self.poll_read(cx, &file, 1)).await
            }
            // One that stands behind something else is only asked whether it is there.
            Some(file) => file.source.read(0, 1).await.filter(|bytes| bytes.len() == 1).map(|_| ()).ok_or(EndedEarly),
            None => Ok(()),
        }
    }

    /// Has at least `least` bytes of the file in hand, or all that there are.
    fn poll_read(&mut self, cx: &mut Context<'_>, file: &BlobBody, least: usize) -> Poll<Result<(), EndedEarly>> {
        // A source may give fewer bytes than it is asked for.
        while self.held.len() < least && self.at < file.size {
            let want = u32::try_from(file.size - self.at).unwrap_or(PIECE).min(PIECE);
            let reading = self.reading.get_or_insert_with(|| {
                let (source, at) = (Arc::clone(&file.source), self.at);
                Box::pin(async move { source.read(at, want).await })
            });
            let read = ready!(reading.as_mut().poll(cx));
            self.reading = None;
            let Some(read) = read.filter(|read| !read.is_empty() && read.len() <= want as usize) else {
                return Poll::Ready(Err(EndedEarly));
            };
            self.at += read.len() as u64;
            self.held = if self.held.is_empty() { read.into() } else { [&self.held[..], &read].concat().into() };
        }
        Poll::Ready(Ok(()))
    }

    /// The next bytes; empty at the end.
    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, EndedEarly>> {
        let (file, base64) = match self.pieces.front() {
            None => return Poll::Ready(Ok(Bytes::new())),
            Some(Piece::Bytes(bytes)) => {
                let bytes = bytes.clone();
                self.pieces.pop_front();
                return Poll::Ready(Ok(bytes));
            }
            Some(Piece::File(file)) => (file.clone(), false),
            Some(Piece::Base64(file)) => (file.clone(), true),
        };
        // Three bytes are four characters; fewer are padded, which only the last may be.
        ready!(self.poll_read(cx, &file, if base64 { 3 } else { 1 }))?;
        let ends = self.at == file.size && self.held.len() <= FRAME;
        let len = self.held.len().min(FRAME);
        let frame = self.held.split_to(if base64 && !ends { len - len % 3 } else { len });
        if ends {
            self.pieces.pop_front();
            self.at = 0;
        }
        Poll::Ready(Ok(if base64 { STANDARD.encode(&frame).into() } else { frame }))
    }
}

impl Body for Outflow {
    type Data = Bytes;
    type Error = EndedEarly;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, EndedEarly>>> {
        let bytes = match ready!(self.poll_bytes(cx)) {
            Ok(bytes) if bytes.is_empty() => return Poll::Ready(None),
            Ok(bytes) => bytes,
            Err(_) => return Poll::Ready(Some(Err(self.going.end_early()))),
        };
        let len = bytes.len() as u64;
        self.left = self.left.saturating_sub(len);
        self.going.bytes.fetch_add(len, Ordering::SeqCst);
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
pub(crate) mod tests;
