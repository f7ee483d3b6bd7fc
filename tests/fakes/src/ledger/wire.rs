//! HTTP/1.1 by hand: a few lines that keep a connection, read a request and write bytes as they are, so that a reply
//! can be wrong in every way, and costs next to nothing when it is right.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::{Buf, Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    runtime::Runtime,
};

use super::{
    reply::{Manner, Reply},
    serve::Desk,
};
use crate::exchange::{Incoming, Port};

/// Connections that may wait to be taken: ten thousand may come at once.
const BACKLOG: u32 = 4_096;
/// Bytes of a request's head.
const HEAD_BYTES: usize = 64 * 1024;
/// Bytes of a request's body.
const BODY_BYTES: usize = 16 * 1024 * 1024;
/// How long a stalled answer stays.
const STALLED: Duration = Duration::from_secs(600);
/// Bytes of what never ends.
const ENDLESS: usize = 16 * 1024 * 1024 * 1024;

/// What becomes of the connection.
enum Then {
    Keep,
    Close,
    Reset,
}

/// Listens on this port of 127.0.0.1 (0: a free one), without entering the runtime for longer than that.
pub(super) fn listen(runtime: &Runtime, port: u16, desk: Arc<Desk>) -> io::Result<SocketAddr> {
    let listener = {
        let _context = runtime.enter();
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], port)))?;
        socket.listen(BACKLOG)?
    };
    let address = listener.local_addr()?;
    runtime.spawn(accept(listener, desk));
    Ok(address)
}

async fn accept(listener: TcpListener, desk: Arc<Desk>) {
    loop {
        // A failed accept (the caller is gone already, or descriptors ran out) concerns that one only.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        drop(stream.set_nodelay(true));
        let desk = Arc::clone(&desk);
        tokio::spawn(async move {
            // How a connection ended is the caller's concern.
            drop(connection(stream, &desk).await);
        });
    }
}

async fn connection(mut stream: TcpStream, desk: &Desk) -> io::Result<()> {
    let mut read = BytesMut::new();
    loop {
        let Some(request) = request(&mut stream, &mut read).await? else { return Ok(()) };
        let reply = tokio::select! {
            biased;
            reply = desk.serve(&request) => reply,
            // Whoever leaves while the answer is held was not answered.
            () = gone(&stream) => return Ok(()),
        };
        let Some(reply) = reply else { return Ok(()) };
        let last = request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        match send(&mut stream, reply).await? {
            Then::Keep if !last => {}
            Then::Keep => return stream.shutdown().await,
            Then::Close => return stream.shutdown().await,
            Then::Reset => return stream.set_zero_linger(),
        }
    }
}

/// Until the caller has closed its side.
async fn gone(stream: &TcpStream) {
    match stream.peek(&mut [0]).await {
        Ok(0) | Err(_) => {}
        // It has sent its next request already, and is there.
        Ok(_) => std::future::pending().await,
    }
}

/// The next request; none when the caller has closed, or sends what is none.
async fn request(stream: &mut TcpStream, read: &mut BytesMut) -> io::Result<Option<Incoming>> {
    let length = loop {
        if let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end + 4;
        }
        if read.len() > HEAD_BYTES || stream.read_buf(read).await? == 0 {
            return Ok(None);
        }
    };
    let head = read.split_to(length);
    let Some(mut request) = std::str::from_utf8(&head).ok().and_then(parsed) else { return Ok(None) };
    let body = match (request.header("content-length"), request.header("transfer-encoding")) {
        (None, None) => Some(Vec::new()),
        (Some(length), None) => match length.parse() {
            Ok(length) if length <= BODY_BYTES => take(stream, read, length).await?,
            _ => None,
        },
        (None, Some("chunked")) => chunks(stream, read).await?,
        _ => None,
    };
    let Some(body) = body else { return Ok(None) };
    request.body = body;
    Ok(Some(request))
}

/// So many bytes; none when the caller closed before.
async fn take(stream: &mut TcpStream, read: &mut BytesMut, length: usize) -> io::Result<Option<Vec<u8>>> {
    while read.len() < length {
        if stream.read_buf(read).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(read.split_to(length).to_vec()))
}

/// A body in chunks; none when it is wrong or too large.
async fn chunks(stream: &mut TcpStream, read: &mut BytesMut) -> io::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    loop {
        let end = loop {
            match read.windows(2).position(|bytes| bytes == b"\r\n") {
                Some(end) => break end,
                None if read.len() > HEAD_BYTES || stream.read_buf(read).await? == 0 => return Ok(None),
                None => {}
            }
        };
        let line = read.split_to(end + 2);
        let size = std::str::from_utf8(&line).ok().and_then(|line| usize::from_str_radix(line.trim(), 16).ok());
        let Some(size) = size.filter(|size| size.saturating_add(body.len()) <= BODY_BYTES) else { return Ok(None) };
        let Some(chunk) = take(stream, read, size + 2).await? else { return Ok(None) };
        body.extend_from_slice(chunk.strip_suffix(b"\r\n").unwrap_or_default());
        if size == 0 {
            return Ok(Some(body));
        }
    }
}

fn parsed(head: &str) -> Option<Incoming> {
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?, first.next()?);
    let (path, raw_query) = target.split_once('?').unwrap_or((target, ""));
    let headers = lines.take_while(|line| !line.is_empty()).map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    Some(Incoming {
        port: Port { api: true, plain: true },
        method: method.to_owned(),
        path: path.to_owned(),
        query: url::form_urlencoded::parse(raw_query.as_bytes()).into_owned().collect(),
        raw_query: raw_query.to_owned(),
        headers: headers.collect::<Option<_>>()?,
        body: Vec::new(),
        upload: None,
    })
}

async fn send(stream: &mut TcpStream, reply: Reply) -> io::Result<Then> {
    let Reply { head, body, manner } = reply;
    let start = |bytes: usize| body.slice(..bytes.min(body.len()));
    let mut write = async |bytes: Bytes| stream.write_all_buf(&mut Bytes::from(head.clone()).chain(bytes)).await;
    match manner {
        Manner::Whole => {
            write(body).await?;
            Ok(Then::Keep)
        }
        Manner::Close(bytes) => {
            write(start(bytes)).await?;
            Ok(Then::Close)
        }
        Manner::Reset(bytes) => {
            write(start(bytes)).await?;
            // What is still on its way would be lost with the reset: the caller shall have seen it.
            pause(Duration::from_millis(20)).await;
            Ok(Then::Reset)
        }
        Manner::Stall(bytes) => {
            write(start(bytes)).await?;
            tokio::select! {
                () = gone(stream) => {}
                () = pause(STALLED) => {}
            }
            Ok(Then::Close)
        }
        Manner::Trickle(slow, between) => {
            write(Bytes::new()).await?;
            for byte in start(slow) {
                pause(between).await;
                stream.write_all(&[byte]).await?;
            }
            stream.write_all(body.get(slow..).unwrap_or_default()).await?;
            Ok(Then::Keep)
        }
        Manner::Chunks | Manner::Headers => {
            write(Bytes::new()).await?;
            let mut left = ENDLESS;
            while left > 0 {
                stream.write_all(&body).await?;
                left = left.saturating_sub(body.len());
            }
            Ok(Then::Close)
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a provider that is slow on purpose")]
async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}
