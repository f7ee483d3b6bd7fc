//! Requests and answers on a socket: HTTP/1.1, one after the other, and bodies that never end.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    sync::Mutex,
    time::Duration,
};

use super::{Asked, Shelf};
use crate::lock;

/// Bytes of a request's head.
const HEAD: u64 = 64 * 1024;
/// Bytes of a request's body.
const LARGEST: u64 = 256 * 1024 * 1024;
/// How long a silent caller is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two bytes of a slow answer.
const SLOW: Duration = Duration::from_secs(1);

/// One request.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) target: String,
    headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

impl Request {
    pub(super) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// As which name it was asked.
    pub(super) fn host(&self) -> &str {
        self.header("host").unwrap_or_default()
    }

    /// Whether who asks speaks no TLS and knows it.
    pub(super) fn plain(&self) -> bool {
        self.host().starts_with("localhost:")
    }
}

/// What follows an answer's head.
pub(super) enum Body {
    /// All of it.
    Bytes(Vec<u8>),
    /// More and more.
    Endless,
    /// One byte a second.
    Slow(Vec<u8>),
    /// Nothing at all, not even a head.
    Never,
}

/// One answer.
pub(super) struct Answer {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    body: Body,
}

impl Answer {
    pub(super) fn bytes(media_type: &str, bytes: Vec<u8>) -> Self {
        let headers = vec![("content-type".to_owned(), media_type.to_owned())];
        Self { status: 200, headers, body: Body::Bytes(bytes) }
    }

    pub(super) fn of(body: Body) -> Self {
        Self { body, ..Self::bytes("application/octet-stream", Vec::new()) }
    }

    pub(super) fn json(status: u16, text: &str) -> Self {
        Self { status, ..Self::bytes("application/json", text.as_bytes().to_vec()) }
    }

    pub(super) fn refusal(status: u16, code: &str) -> Self {
        Self::json(status, &format!(r#"{{"errors":[{{"code":"{code}","message":"the registry says {code}"}}]}}"#))
    }

    pub(super) fn endless(media_type: &str) -> Self {
        Self { body: Body::Endless, ..Self::bytes(media_type, Vec::new()) }
    }

    pub(super) fn accepted(location: &str) -> Self {
        Self::json(202, "").header("location", location)
    }

    pub(super) fn created(location: &str) -> Self {
        Self::json(201, "").header("location", location)
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// Answers what comes on a connection until it ends.
pub(super) fn converse(stream: &TcpStream, shelf: &Mutex<Shelf>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader)? {
        let answer = {
            let mut shelf = lock(shelf);
            shelf.asked.push(Asked {
                method: request.method.clone(),
                host: request.host().split(':').next().unwrap_or_default().to_owned(),
                target: request.target.clone(),
                authorized: request.header("authorization").and_then(|text| text.split(' ').next()).map(str::to_owned),
            });
            shelf.answer(&request)
        };
        write(stream, &answer, request.method == "HEAD")?;
    }
    Ok(())
}

fn read(reader: &mut BufReader<&TcpStream>) -> io::Result<Option<Request>> {
    let mut head = reader.by_ref().take(HEAD);
    let mut line = String::new();
    if head.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        head.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.insert(name.to_ascii_lowercase(), value.trim().to_owned()),
            None => break,
        };
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0_u64);
    let mut body = Vec::new();
    reader.take(length.min(LARGEST)).read_to_end(&mut body)?;
    Ok(Some(Request { method, target, headers, body }))
}

fn write(mut stream: &TcpStream, answer: &Answer, bare: bool) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {} -\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    match &answer.body {
        Body::Never => std::thread::park_timeout(PATIENCE),
        Body::Bytes(bytes) => {
            head.push_str(&format!("content-length: {}\r\n\r\n", bytes.len()));
            stream.write_all(head.as_bytes())?;
            if !bare {
                stream.write_all(bytes)?;
            }
        }
        Body::Slow(bytes) => {
            head.push_str(&format!("content-length: {}\r\n\r\n", bytes.len()));
            stream.write_all(head.as_bytes())?;
            for byte in bytes {
                stream.write_all(&[*byte])?;
                std::thread::park_timeout(SLOW);
            }
        }
        Body::Endless => {
            head.push_str("transfer-encoding: chunked\r\n\r\n");
            stream.write_all(head.as_bytes())?;
            let chunk = [b' '; 0x4000];
            loop {
                stream.write_all(b"4000\r\n")?;
                stream.write_all(&chunk)?;
                stream.write_all(b"\r\n")?;
            }
        }
    }
    stream.flush()
}
