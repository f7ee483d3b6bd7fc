//! The provider of `patchbay dev`: the recorded answers of a project, over HTTP on this machine.
//!
//! A host asks otherwise than the fixtures were recorded: for larger pages, from another place, under other keys. So a request gets the
//! answer of the exchange that is most like it: same method, host and path, and as many of its query parameters as can be; of two that
//! are equally like it the first. Answers are read from the disk at each request, so that a fixture may be changed while this runs.
//!
//! It stands for every origin, of which a fixture speaks or not: what the author adds to the manifest while this runs must not be
//! reached either. A request that nothing is recorded for is told, and gets 404.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use patchbay_check::fixture::{Exchange, Folder};
use url::Url;

use crate::exit::Stop;

/// What a request may have.
const HEAD_BYTES: u64 = 64 * 1024;
const BODY_BYTES: u64 = 64 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(20);

/// A provider that plays fixtures.
pub(super) struct Replay {
    address: String,
    missed: Arc<Mutex<Vec<String>>>,
}

impl Replay {
    /// Listens on a free port.
    pub(super) fn start(folder: &Path) -> Result<Self, Stop> {
        let no_port = |error: std::io::Error| Stop::failed(format!("no port for recorded answers: {error}"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(no_port)?;
        let address = format!("http://{}", listener.local_addr().map_err(no_port)?);
        let missed = Arc::new(Mutex::default());
        let replay = Self { address, missed: Arc::clone(&missed) };
        let folder = folder.to_owned();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (folder, missed) = (folder.clone(), Arc::clone(&missed));
                // A caller that goes away ends its own thread and nothing else.
                std::thread::spawn(move || drop(serve(&stream, &folder, &missed)));
            }
        });
        Ok(replay)
    }

    /// Every origin, and where it is served.
    pub(super) fn rewrites(&self) -> Vec<(String, String)> {
        vec![("*".to_owned(), self.address.clone())]
    }

    /// Requests that nothing was recorded for, since this was asked last.
    pub(super) fn missed(&self) -> Vec<String> {
        std::mem::take(&mut *self.missed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn exchanges(folder: &Path) -> Vec<Exchange> {
    Folder::read(folder).fixtures.into_iter().flat_map(|placed| placed.fixture.exchanges).collect()
}

fn serve(stream: &TcpStream, folder: &Path, missed: &Mutex<Vec<String>>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream);
    let Some(asked) = asked(&mut reader)? else { return Ok(()) };
    let recorded = exchanges(folder);
    let answer = match closest(&asked, &recorded) {
        Some(exchange) => answer(exchange),
        None => {
            missed.lock().unwrap_or_else(PoisonError::into_inner).push(asked.title());
            wire(
                404,
                &[("content-type".to_owned(), "application/json".to_owned())],
                b"{\"message\":\"nothing is recorded for this\"}",
            )
        }
    };
    (&mut &*stream).write_all(&answer)
}

/// A request, as far as an answer is chosen by it.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    method: String,
    host: String,
    target: String,
}

impl Asked {
    fn title(&self) -> String {
        format!("{} https://{}{}", self.method, self.host, self.target)
    }

    fn url(&self) -> Option<Url> {
        Url::parse(&format!("https://{}{}", self.host, self.target)).ok()
    }
}

/// Reads one request with its body.
fn asked(reader: &mut impl BufRead) -> std::io::Result<Option<Asked>> {
    let mut head = reader.take(HEAD_BYTES);
    let mut first = String::new();
    head.read_line(&mut first)?;
    let mut words = first.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
    let mut asked = Asked { method: method.to_owned(), host: String::new(), target: target.to_owned() };
    let (mut length, mut chunked) = (0_u64, false);
    loop {
        let mut line = String::new();
        if head.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        let Some((name, value)) = line.trim().split_once(':') else { continue };
        match name.to_ascii_lowercase().as_str() {
            "host" => value.trim().clone_into(&mut asked.host),
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "transfer-encoding" => chunked = value.to_ascii_lowercase().contains("chunked"),
            _ => {}
        }
    }
    if chunked {
        drain_chunks(reader)?;
    } else {
        std::io::copy(&mut reader.take(length.min(BODY_BYTES)), &mut std::io::sink())?;
    }
    Ok(Some(asked))
}

fn drain_chunks(reader: &mut impl BufRead) -> std::io::Result<()> {
    let mut left = BODY_BYTES;
    loop {
        let mut line = String::new();
        reader.take(HEAD_BYTES).read_line(&mut line)?;
        let size = u64::from_str_radix(line.trim().split(';').next().unwrap_or_default(), 16).unwrap_or(0);
        if size == 0 || size > left {
            return Ok(());
        }
        left -= size;
        // The line break behind it too.
        std::io::copy(&mut reader.take(size + 2), &mut std::io::sink())?;
    }
}

/// The exchange that is most like a request.
fn closest<'a>(asked: &Asked, recorded: &'a [Exchange]) -> Option<&'a Exchange> {
    let url = asked.url()?;
    let wanted: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let mut best: Option<(i64, &Exchange)> = None;
    for exchange in recorded.iter().filter(|exchange| exchange.request.method == asked.method) {
        let Ok(known) = Url::parse(&exchange.request.url) else { continue };
        if (known.host_str(), known.path()) != (url.host_str(), url.path()) {
            continue;
        }
        let has: Vec<(String, String)> = known.query_pairs().into_owned().collect();
        let score: i64 = wanted.iter().map(|pair| likeness(pair, &has)).sum::<i64>()
            - has
                .iter()
                .filter(|(name, _)| !wanted.iter().any(|(other, _)| other == name))
                .count()
                .try_into()
                .unwrap_or(0_i64);
        if best.is_none_or(|(most, _)| score > most) {
            best = Some((score, exchange));
        }
    }
    best.map(|(_, exchange)| exchange)
}

/// 2 for the same parameter, 1 for another value of it, less where there is none.
fn likeness((name, value): &(String, String), has: &[(String, String)]) -> i64 {
    match has.iter().find(|(other, _)| other == name) {
        Some((_, other)) if other == value => 2,
        Some(_) => 1,
        None => -1,
    }
}

fn answer(exchange: &Exchange) -> Vec<u8> {
    match exchange.answer.give() {
        Ok(given) => wire(given.status, &given.headers, &given.body),
        // What was recorded as no answer is none.
        Err(_) => Vec::new(),
    }
}

fn wire(status: u16, headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status} recorded\r\n");
    for (name, value) in headers {
        let ours = ["content-length", "transfer-encoding", "connection", "content-encoding"].contains(&name.as_str());
        if !ours && !value.contains(['\r', '\n']) {
            bytes.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    bytes.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len()));
    [bytes.as_bytes(), body].concat()
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    fn recorded() -> Vec<Exchange> {
        let exchange = |url: &str, id: u64| {
            from_value(json!({ "request": { "method": "GET", "url": url }, "answer": { "body": { "id": id } } }))
                .expect("one")
        };
        vec![
            exchange("https://a.example/notes?limit=2", 1),
            exchange("https://a.example/notes?limit=2&cursor=n2", 2),
            exchange("https://a.example/notes?limit=2&since=yesterday", 3),
            exchange("https://b.example/notes?limit=100", 4),
        ]
    }

    #[test]
    fn the_answer_is_that_of_the_request_which_is_most_like_it() {
        let recorded = recorded();
        let found = |target: &str| {
            let asked = Asked { method: "GET".to_owned(), host: "a.example".to_owned(), target: target.to_owned() };
            closest(&asked, &recorded).and_then(|found| found.answer.body.clone())
        };
        assert_eq!(found("/notes?limit=100"), Some(json!({ "id": 1 })));
        assert_eq!(found("/notes?limit=100&cursor=n2"), Some(json!({ "id": 2 })));
        assert_eq!(found("/notes?limit=100&since=today"), Some(json!({ "id": 3 })));
        assert_eq!(found("/other"), None);
    }

    #[test]
    fn recorded_answers_are_served_and_what_is_missing_is_told() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/example/fixtures");
        let replay = Replay::start(&folder).expect("a port");
        assert_eq!(replay.rewrites(), [("*".to_owned(), replay.address.clone())]);
        let ask = |target: &str| {
            let mut stream = TcpStream::connect(replay.address.trim_start_matches("http://")).expect("a connection");
            stream
                .write_all(format!("GET {target} HTTP/1.1\r\nhost: api.notebook.example\r\n\r\n").as_bytes())
                .expect("sent");
            let mut said = String::new();
            stream.read_to_string(&mut said).expect("an answer");
            said
        };
        assert!(ask("/v1/me").contains("Kantoor Voorbeeld"));
        assert!(ask("/v1/nothing").starts_with("HTTP/1.1 404 "));
        assert_eq!(replay.missed(), ["GET https://api.notebook.example/v1/nothing"]);
    }
}
