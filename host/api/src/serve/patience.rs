//! How long a client may stand still, and the places where the protocol's own library does not look.
//!
//! The library bounds the head of an HTTP/1 request and pings HTTP/2 clients. It waits for ever for the
//! bytes that tell the two apart, for the body of a request, and for a client that does not read its
//! answer; [`Socket`] and [`Paced`] bound these.

use std::{
    io::{Error, ErrorKind, IoSlice, Result},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{BoxError, body::Bytes};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Sleep,
};

/// What every HTTP/2 connection begins with (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How long a client may stand still.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Until the head of a request is whole; also how long a kept HTTP/1 connection may be unused.
    pub(super) head: Duration,
    /// Between two pieces of a request's body.
    pub(super) body: Duration,
    /// Until it takes more of an answer.
    pub(super) answer: Duration,
    /// Without a word from an HTTP/2 client, until it is pinged.
    pub(super) ping: Duration,
    /// Until it answers that.
    pub(super) pong: Duration,
}

impl Patience {
    /// What holds outside tests.
    pub(super) const STANDARD: Self = Self {
        head: Duration::from_secs(10),
        body: Duration::from_secs(15),
        answer: Duration::from_secs(15),
        ping: Duration::from_secs(20),
        pong: Duration::from_secs(10),
    };
}

/// A connection that fails when the client does not say which protocol it speaks, or takes nothing.
pub(super) struct Socket {
    stream: TcpStream,
    /// What is left of the preface, as long as it may still become one, and until when.
    opening: Option<(&'static [u8], Wait)>,
    patience: Patience,
    stuck: Option<Wait>,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, patience: Patience) -> Self {
        Self { stream, opening: Some((PREFACE, wait(patience.head))), patience, stuck: None }
    }

    /// Passes the result of a write on, unless nothing could be written for too long.
    fn taken<T>(&mut self, written: Poll<Result<T>>, context: &mut Context<'_>) -> Poll<Result<T>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let stuck = self.stuck.get_or_insert_with(|| wait(self.patience.answer));
        ready!(stuck.as_mut().poll(context));
        Poll::Ready(Err(late("the client does not read its answer")))
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        let Some((awaited, until)) = &mut self.opening else { return read };
        if read.is_pending() {
            ready!(until.as_mut().poll(context));
            return Poll::Ready(Err(late("the client does not say what it wants")));
        }
        match awaited.strip_prefix(into.filled().get(before..).unwrap_or_default()) {
            Some(rest) if !rest.is_empty() => *awaited = rest,
            // Known to be the one or the other: from here on the library looks.
            _ => self.opening = None,
        }
        read
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.taken(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.taken(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A request's body that fails when its next piece does not come. Only waiting for the client counts: a
/// handler that reads nothing for a while loses nothing.
pub(super) struct Paced {
    body: Incoming,
    patience: Duration,
    until: Option<Wait>,
}

impl Paced {
    pub(super) fn new(body: Incoming, patience: Duration) -> Self {
        Self { body, patience, until: None }
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.until = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let patience = self.patience;
        let until = self.until.get_or_insert_with(|| wait(patience));
        ready!(until.as_mut().poll(context));
        Poll::Ready(Some(Err(late("the rest of the body does not come").into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

type Wait = Pin<Box<Sleep>>;

#[expect(clippy::disallowed_methods, reason = "a bound on a socket is a timer")]
fn wait(patience: Duration) -> Wait {
    Box::pin(tokio::time::sleep(patience))
}

fn late(why: &'static str) -> Error {
    Error::new(ErrorKind::TimedOut, why)
}
