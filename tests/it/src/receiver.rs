//! A tenant's own server, which webhooks are sent to: it remembers what came, and answers as a test wants it.
//!
//! Hosts reach it under [`HOOKS`] by the entry of [`Receiver::toml`], as they reach the fakes: without it, a server on
//! loopback is what no webhook is ever sent to.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use patchbay_test_support::{Result, Trouble, wait_until};
use serde_json::Value;

use crate::tenant::at;

/// The origin under which hosts know it.
pub const HOOKS: &str = "https://hooks.example.com";
/// Bytes of a request's head or body that are read.
const LARGEST: u64 = 1024 * 1024;
/// How long a silent caller is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest wait for a webhook.
const LIMIT: Duration = Duration::from_secs(60);

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// With this status.
    Status(u16),
    /// With 503, and that so many seconds shall pass.
    Later(u64),
    /// Not before it is told another answer.
    Silence,
    /// It closes the connection without a word.
    Nothing,
}

/// One request, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its path: which endpoint it was for.
    pub path: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body, byte for byte: signatures are over it.
    pub body: Vec<u8>,
}

impl Told {
    /// The id of the event; empty when there is none.
    #[must_use]
    pub fn id(&self) -> String {
        self.headers.get("webhook-id").cloned().unwrap_or_default()
    }

    /// What it says.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// What happened, e.g. `records.changed`.
    #[must_use]
    pub fn kind(&self) -> String {
        at(&self.json(), "type").as_str().unwrap_or_default().to_owned()
    }
}

#[derive(Default)]
struct Desk {
    told: Vec<Told>,
    answers: BTreeMap<String, Answers>,
}

/// Everything that its threads share.
#[derive(Default)]
struct Shared {
    desk: Mutex<Desk>,
    changed: Condvar,
}

/// The server; its threads end with the process.
pub struct Receiver {
    shared: Arc<Shared>,
    connect: String,
}

impl Receiver {
    /// Listens on a free port, and answers 204 to everything.
    ///
    /// # Errors
    ///
    /// There is no port.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let connect = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared::default());
        let given = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(std::result::Result::ok) {
                let shared = Arc::clone(&given);
                // A caller that goes away is no failure of the server.
                std::thread::spawn(move || drop(answer(&stream, &shared)));
            }
        });
        Ok(Self { shared, connect })
    }

    /// What leads a host here, for the end of its configuration.
    #[must_use]
    pub fn toml(&self) -> String {
        format!("[[egress.rewrite]]\norigin = \"{HOOKS}\"\nconnect = \"{}\"\n", self.connect)
    }

    /// Where it listens, as no host may send to.
    #[must_use]
    pub fn loopback(&self) -> &str {
        &self.connect
    }

    /// From now on a path answers so; who waits for an answer gets it, too.
    pub fn answer(&self, path: &str, answers: Answers) {
        lock(&self.shared).answers.insert(path.to_owned(), answers);
        self.shared.changed.notify_all();
    }

    /// What came to a path so far, in order.
    #[must_use]
    pub fn told(&self, path: &str) -> Vec<Told> {
        lock(&self.shared).told.iter().filter(|told| told.path == path).cloned().collect()
    }

    /// How much came to any path.
    #[must_use]
    pub fn count(&self) -> usize {
        lock(&self.shared).told.len()
    }

    /// Waits until so much came to a path; all of it.
    ///
    /// # Errors
    ///
    /// It does not come.
    pub fn wait(&self, path: &str, count: usize) -> Result<Vec<Told>> {
        let waited = wait_until(&format!("{count} webhooks at {path}"), LIMIT, || {
            let told = self.told(path);
            Ok((told.len() >= count).then_some(told))
        });
        waited.map_err(|error| Trouble::new(format!("{error}; there are {:?}", kinds(&self.told(path)))))
    }

    /// Waits until an event of this kind came to a path; the first.
    ///
    /// # Errors
    ///
    /// It does not come.
    pub fn wait_for(&self, path: &str, kind: &str) -> Result<Told> {
        let waited = wait_until(&format!("{kind} at {path}"), LIMIT, || {
            Ok(self.told(path).into_iter().find(|told| told.kind() == kind))
        });
        waited.map_err(|error| Trouble::new(format!("{error}; there are {:?}", kinds(&self.told(path)))))
    }
}

fn kinds(told: &[Told]) -> Vec<String> {
    told.iter().map(Told::kind).collect()
}

fn lock(shared: &Shared) -> MutexGuard<'_, Desk> {
    shared.desk.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(stream: &TcpStream, shared: &Shared) -> Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let told = read(&mut BufReader::new(stream))?;
    let path = told.path.clone();
    let mut desk = lock(shared);
    desk.told.push(told);
    let given = loop {
        let answers = desk.answers.get(&path).copied().unwrap_or(Answers::Status(204));
        if answers != Answers::Silence {
            break answers;
        }
        desk = shared.changed.wait(desk).unwrap_or_else(PoisonError::into_inner);
    };
    drop(desk);
    let (status, more) = match given {
        Answers::Status(status) => (status, String::new()),
        Answers::Later(seconds) => (503, format!("retry-after: {seconds}\r\n")),
        Answers::Silence | Answers::Nothing => return Ok(()),
    };
    let length = if status == 204 { "" } else { "content-length: 0\r\n" };
    let mut writer = stream;
    writer.write_all(format!("HTTP/1.1 {status} Told\r\n{length}{more}connection: close\r\n\r\n").as_bytes())?;
    Ok(())
}

fn read(reader: &mut BufReader<&TcpStream>) -> Result<Told> {
    let mut head = reader.by_ref().take(LARGEST);
    let mut line = String::new();
    head.read_line(&mut line)?;
    let path = line.split_whitespace().nth(1).unwrap_or_default().to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        head.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.insert(name.to_ascii_lowercase(), value.trim().to_owned()),
            None => break,
        };
    }
    let length: usize = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    if u64::try_from(length)? > LARGEST {
        return Err(Trouble::new("a webhook that large"));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Told { path, headers, body })
}
