//! A provider of a few lines: it answers with what it received, at once or after a while, and remembers it.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use patchbay_test_support::{Result, fakes::Rewrite};
use serde_json::json;

/// The origin under which the manifest of the guests knows it.
pub const ECHO_ORIGIN: &str = "https://echo.example";
/// How long an answer under `/slow` takes.
const SLOW: Duration = Duration::from_millis(200);
/// Bytes of a request's head or body that are read.
const LARGEST: u64 = 1024 * 1024;
/// How long a silent caller is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The server; its threads end with the process.
pub struct EchoServer {
    seen: Arc<Mutex<Seen>>,
    origin: String,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Received {
    /// Upper case.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
}

#[derive(Default)]
struct Seen {
    requests: Vec<Received>,
    open: usize,
    most_open: usize,
}

impl EchoServer {
    /// Listens on a free port.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let origin = format!("http://{}", listener.local_addr()?);
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(std::result::Result::ok) {
                let seen = Arc::clone(&shared);
                // A caller that goes away is no failure of the server.
                std::thread::spawn(move || drop(answer(&stream, &seen)));
            }
        });
        Ok(Self { seen, origin })
    }

    /// The entry of `egress.rewrite` that leads here.
    #[must_use]
    pub fn rewrite(&self) -> Rewrite {
        Rewrite { origin: ECHO_ORIGIN.to_owned(), connect: self.origin.clone(), browser: None }
    }

    /// What came so far, in order.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        lock(&self.seen).requests.clone()
    }

    /// How many requests are being answered now.
    #[must_use]
    pub fn open(&self) -> usize {
        lock(&self.seen).open
    }

    /// How many requests were being answered at the same time, at most.
    #[must_use]
    pub fn most_open(&self) -> usize {
        lock(&self.seen).most_open
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(stream: &TcpStream, seen: &Mutex<Seen>) -> Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream);
    let (request, body) = read(&mut reader)?;
    {
        let mut seen = lock(seen);
        seen.open += 1;
        seen.most_open = seen.most_open.max(seen.open);
        seen.requests.push(request.clone());
    }
    if request.target.starts_with("/slow") {
        std::thread::sleep(SLOW);
    }
    let authorization = request.headers.get("authorization").cloned().unwrap_or_default();
    let said = json!({
        "method": request.method, "target": request.target, "headers": request.headers, "body": body,
        "doubled": format!("{authorization}{authorization}"),
    })
    .to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\
         x-echo-authorization: {authorization}\r\n\r\n",
        said.len()
    );
    lock(seen).open -= 1;
    let mut writer = stream;
    writer.write_all(head.as_bytes())?;
    writer.write_all(said.as_bytes())?;
    Ok(())
}

fn read(reader: &mut BufReader<&TcpStream>) -> Result<(Received, String)> {
    let mut head = reader.by_ref().take(LARGEST);
    let mut line = String::new();
    head.read_line(&mut line)?;
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
    Ok((Received { method, target, headers }, String::from_utf8_lossy(&body).into_owned()))
}
