//! The controls of a ledger in another process, with the same types.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{Change, Visit};
use crate::Rule;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(60);
/// Bytes of an answer: a journal of some millions of records.
const LARGEST: usize = 1024 * 1024 * 1024;

/// A ledger that runs elsewhere on this machine.
#[derive(Debug, Clone)]
pub struct LedgerRemote {
    address: String,
}

impl LedgerRemote {
    /// The one at this origin: `plain` of what its binary prints.
    #[must_use]
    pub fn at(plain: &str) -> Self {
        Self { address: plain.trim_start_matches("http://").trim_end_matches('/').to_owned() }
    }

    /// Makes changes.
    ///
    /// # Errors
    ///
    /// It does not answer, or a list is not there.
    pub fn apply(&self, changes: &[Change]) -> io::Result<()> {
        self.post("changes", &changes)
    }

    /// Adds a rule behind the others.
    ///
    /// # Errors
    ///
    /// It does not answer.
    pub fn add(&self, rule: &Rule) -> io::Result<()> {
        self.post("behaviour", rule)
    }

    /// Removes all rules and lets go of all that is held.
    ///
    /// # Errors
    ///
    /// It does not answer.
    pub fn clear(&self) -> io::Result<()> {
        self.call("DELETE", "behaviour", "").map(drop)
    }

    /// Lets go of what is held under this name, now and from now on.
    ///
    /// # Errors
    ///
    /// It does not answer.
    pub fn release(&self, name: &str) -> io::Result<()> {
        self.post("behaviour/release", &json!({ "name": name }))
    }

    /// How many requests are held under this name.
    ///
    /// # Errors
    ///
    /// It does not answer.
    pub fn holding(&self, name: &str) -> io::Result<u64> {
        self.get(&format!("behaviour/holding?name={name}"), "holding")
    }

    /// Goes back to how it was at the start; the file of the journal keeps its lines.
    ///
    /// # Errors
    ///
    /// It does not answer.
    pub fn reset(&self) -> io::Result<()> {
        self.post("reset", &json!({}))
    }

    /// The visits after this number.
    ///
    /// # Errors
    ///
    /// It does not answer.
    pub fn visits(&self, after: u64) -> io::Result<Vec<Visit>> {
        self.get(&format!("journal?after={after}"), "visits")
    }

    /// Visits whose path and query begin like this.
    ///
    /// # Errors
    ///
    /// It does not answer.
    pub fn count(&self, target: &str) -> io::Result<u64> {
        self.get(&format!("count?target={target}"), "count")
    }

    /// The revision of each record of a list as it is now, by id.
    ///
    /// # Errors
    ///
    /// It does not answer.
    pub fn truth(&self, list: &str) -> io::Result<BTreeMap<u64, u32>> {
        self.get(&format!("truth?list={list}"), "records")
    }

    fn post(&self, path: &str, body: &impl Serialize) -> io::Result<()> {
        self.call("POST", path, &serde_json::to_string(body)?).map(drop)
    }

    fn get<T: DeserializeOwned>(&self, path: &str, member: &str) -> io::Result<T> {
        let mut answer = self.call("GET", path, "")?;
        let value = answer.get_mut(member).map(Value::take).unwrap_or_default();
        Ok(serde_json::from_value(value)?)
    }

    fn call(&self, method: &str, path: &str, body: &str) -> io::Result<Value> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(LIMIT))?;
        let request = format!(
            "{method} /_fake/{path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        stream.write_all(request.as_bytes())?;
        let mut reader = BufReader::new(stream);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            match line.trim() {
                "" => break,
                line => lines.push(line.to_ascii_lowercase()),
            }
        }
        let length = lines.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        let mut body = vec![0; Some(length).filter(|length| *length <= LARGEST).ok_or(io::ErrorKind::InvalidData)?];
        reader.read_exact(&mut body)?;
        if lines.first().is_some_and(|line| line.contains(" 200 ")) {
            return Ok(serde_json::from_slice(&body)?);
        }
        Err(io::Error::other(format!("{method} /_fake/{path}: {lines:?} {}", String::from_utf8_lossy(&body))))
    }
}
