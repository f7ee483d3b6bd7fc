//! One connection that speaks HTTP, and what its failures mean for a request.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use http::{HeaderName, HeaderValue, Method, Uri, Version, header};
use hyper::{
    body::{Body as _, Incoming},
    client::conn::{TrySendError, http1, http2},
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{
    outflow::{EndedEarly, Outflow},
    payload::Payload,
    target::Target,
    traffic::{Counted, Traffic},
};

/// Bytes of an answer's head.
const HEAD_BYTES: u32 = 64 * 1024;
/// Bytes of a request that wait for room in a connection.
const SEND_BYTES: usize = 64 * 1024;
/// Headers of an answer.
const HEAD_FIELDS: usize = 200;

/// A request as it goes out.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) target: Target,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Payload,
}

/// Why no answer began.
#[derive(Debug)]
pub(crate) enum WireError {
    /// Surely nothing left.
    NotSent(String),
    /// Something may have left.
    Unknown(String),
    /// It may have left, and no answer began in time.
    Slow(String),
    /// A file of the request ended early; what came before it may have left.
    EndedEarly(EndedEarly),
    /// The answer's head passes its bounds.
    TooLarge(u64),
}

pub(crate) struct Wire {
    sender: Sender,
    traffic: Traffic,
    /// It carried a request before.
    pub(crate) reused: bool,
    connection: Arc<Connection>,
}

/// The tasks that move the bytes. They end with the last handle, whatever the other side keeps them busy
/// with: one that floods, or never reads, would otherwise hold the socket for as long as it likes.
#[derive(Default)]
struct Connection(Mutex<JoinSet<()>>);

impl Connection {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }
}

/// Runs what HTTP/2 starts by itself, for as long as there is a connection.
#[derive(Clone)]
struct Tasks(Weak<Connection>);

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Tasks {
    fn execute(&self, task: F) {
        if let Some(connection) = self.0.upgrade() {
            connection.spawn(task);
        }
    }
}

enum Sender {
    Http1(http1::SendRequest<Outflow>),
    Http2(http2::SendRequest<Outflow>),
}

impl Wire {
    pub(crate) async fn http1<S>(stream: Counted<S>, traffic: Traffic) -> Result<Self, String>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(HEAD_BYTES as usize)
            .max_headers(HEAD_FIELDS)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| told(&error))?;
        // Its errors reach the request that waits; without one nobody cares how a connection ends.
        let tasks = Arc::new(Connection::default());
        tasks.spawn(async move { drop(connection.await) });
        Ok(Self { sender: Sender::Http1(sender), traffic, reused: false, connection: tasks })
    }

    pub(crate) async fn http2<S>(stream: Counted<S>, traffic: Traffic) -> Result<Self, String>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let tasks = Arc::new(Connection::default());
        let (sender, connection) = http2::Builder::new(Tasks(Arc::downgrade(&tasks)))
            .max_header_list_size(HEAD_BYTES)
            .initial_stream_window_size(256 * 1024)
            .initial_connection_window_size(1024 * 1024)
            // Of a body, while the other side does not take it.
            .max_send_buf_size(SEND_BYTES)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| told(&error))?;
        tasks.spawn(async move { drop(connection.await) });
        Ok(Self { sender: Sender::Http2(sender), traffic, reused: false, connection: tasks })
    }

    /// Another handle to the same connection, where it can carry several requests at once.
    pub(crate) fn share(&self) -> Option<Self> {
        match &self.sender {
            Sender::Http1(_) => None,
            Sender::Http2(sender) => Some(Self {
                sender: Sender::Http2(sender.clone()),
                traffic: self.traffic.clone(),
                reused: true,
                connection: Arc::clone(&self.connection),
            }),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_closed(),
            Sender::Http2(sender) => sender.is_closed(),
        }
    }

    /// Sends, and waits for the answer's head for as long as bytes go out and `first_byte` after.
    pub(crate) async fn send(
        &mut self,
        outgoing: &Outgoing,
        body: Outflow,
        first_byte: Duration,
    ) -> Result<http::Response<Incoming>, WireError> {
        let going = body.going();
        let ready = match &mut self.sender {
            Sender::Http1(sender) => sender.ready().await,
            Sender::Http2(sender) => sender.ready().await,
        };
        ready.map_err(|error| WireError::NotSent(told(&error)))?;
        let request = self.request(outgoing, body).map_err(|error| WireError::NotSent(error.to_string()))?;
        let before = self.traffic.written();
        let traffic = self.traffic.clone();
        let send = async {
            match &mut self.sender {
                Sender::Http1(sender) => sender.try_send_request(request).await,
                Sender::Http2(sender) => sender.try_send_request(request).await,
            }
        };
        tokio::pin!(send);
        let mut written = before;
        let mut limit = Instant::now() + first_byte;
        let answer = loop {
            tokio::select! {
                biased;
                // Before hyper's own word for it, which over HTTP/2 never comes. What the connection has in
                // hand it may still write.
                () = going.broken() => return Err(WireError::EndedEarly(EndedEarly)),
                answer = &mut send => break answer,
                () = sleep_until(limit) => {
                    if traffic.written() == written {
                        // What the connection has in hand it may still write, so this is not "not sent".
                        return Err(WireError::Slow(format!("no answer within {} s", first_byte.as_secs_f32())));
                    }
                    written = traffic.written();
                    limit = Instant::now() + first_byte;
                }
            }
        };
        answer.map_err(|error| failure(error, traffic.written() == before))
    }

    fn request(&self, outgoing: &Outgoing, body: Outflow) -> Result<http::Request<Outflow>, http::Error> {
        let path = outgoing.target.path_and_query();
        let origin = &outgoing.target.origin;
        let empty = body.is_end_stream();
        let mut request = http::Request::new(body);
        *request.method_mut() = outgoing.method.clone();
        let headers = request.headers_mut();
        let uri: Uri;
        match self.sender {
            Sender::Http1(_) => {
                uri = Uri::try_from(path)?;
                headers.insert(header::HOST, HeaderValue::try_from(origin.authority())?);
            }
            Sender::Http2(_) => uri = Uri::try_from(format!("{origin}{path}"))?,
        }
        for (name, value) in &outgoing.headers {
            headers.append(name, value.clone());
        }
        // A body of nothing is said by its length where a method usually has one: some servers wait.
        let usual = matches!(outgoing.method, Method::POST | Method::PUT | Method::PATCH);
        if empty && usual {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        if matches!(self.sender, Sender::Http2(_)) {
            *request.version_mut() = Version::HTTP_2;
        }
        *request.uri_mut() = uri;
        Ok(request)
    }
}

fn failure<B>(error: TrySendError<B>, untouched: bool) -> WireError {
    let returned = error.message().is_some();
    let error = error.into_error();
    if error.is_parse_too_large() {
        return WireError::TooLarge(u64::from(HEAD_BYTES));
    }
    if returned || untouched { WireError::NotSent(told(&error)) } else { WireError::Unknown(told(&error)) }
}

/// An error of the connection with its causes.
pub(crate) fn told(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests;
