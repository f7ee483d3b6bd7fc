//! A provider in this process: plain HTTP, one answer a connection.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// What it has, and who asked with which key.
#[derive(Default)]
pub(crate) struct Provider {
    notes: Mutex<Vec<Value>>,
    pub(crate) keys: Mutex<Vec<String>>,
}

impl Provider {
    /// Starts one with so many notes; its address.
    pub(crate) async fn start(notes: u32) -> (Arc<Self>, String) {
        let provider = Arc::new(Self::default());
        let note = |id: u32| json!({ "id": id, "title": format!("Gesprek met Els Claes {id}"), "mail": "els.claes@kantoor.be", "state": "open" });
        *provider.notes.lock().expect("a lock") = (1..=notes).map(note).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let serving = Arc::clone(&provider);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = Arc::clone(&serving);
                tokio::spawn(async move { serving.serve(stream).await });
            }
        });
        (provider, address)
    }

    async fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let mut text = Vec::new();
        let mut piece = [0; 4096];
        let (head, mut body) = loop {
            let read = stream.read(&mut piece).await.ok().filter(|read| *read > 0)?;
            text.extend_from_slice(piece.get(..read)?);
            if let Some(at) = text.windows(4).position(|window| window == b"\r\n\r\n") {
                break (String::from_utf8_lossy(text.get(..at)?).into_owned(), text.get(at + 4..)?.to_vec());
            }
        };
        let header = |name: &str| {
            head.lines().find_map(|line| line.split_once(':').filter(|(known, _)| known.eq_ignore_ascii_case(name)))
        };
        let length = header("content-length").and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(0);
        while body.len() < length {
            let read = stream.read(&mut piece).await.ok().filter(|read| *read > 0)?;
            body.extend_from_slice(piece.get(..read)?);
        }
        let key = header("x-api-key").map(|(_, value)| value.trim().to_owned()).unwrap_or_default();
        self.keys.lock().expect("a lock").push(key);
        let mut line = head.lines().next()?.split(' ');
        let (method, target) = (line.next()?, line.next()?);
        let answer = self.answer(method, target, &body).to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-trace: a-1\r\nserver: test\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n",
            answer.len()
        );
        stream.write_all(head.as_bytes()).await.ok()?;
        stream.write_all(answer.as_bytes()).await.ok()
    }

    fn answer(&self, method: &str, target: &str, body: &[u8]) -> Value {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let query: BTreeMap<&str, &str> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok()).unwrap_or(1);
        let mut notes = self.notes.lock().expect("a lock");
        match (method, path) {
            ("GET", "/me") => json!({ "id": 7, "name": "Kantoor Vermeulen" }),
            ("GET", "/folders") => json!([{ "id": 3, "name": "Map van Els" }]),
            ("GET", "/notes") => {
                let (page, size) = (number("page"), number("size"));
                let some: Vec<Value> = notes.iter().skip((page - 1) * size).take(size).cloned().collect();
                json!({ "notes": some, "last": page * size >= notes.len() })
            }
            ("GET", "/notes/search") => {
                let key = query.get("key").copied().unwrap_or_default();
                json!(notes.iter().filter(|note| note["key"] == key).collect::<Vec<_>>())
            }
            ("POST", "/notes") => {
                let mut note: Value = serde_json::from_slice(body).unwrap_or_default();
                note["id"] = json!(notes.len() + 1);
                notes.push(note.clone());
                note
            }
            _ => json!({ "error": target }),
        }
    }
}
