//! A registry of OCI artifacts on the loopback: push and pull as the distribution specification has them, tokens as
//! large registries ask for them, and an [`Answers`] for each lie that a registry can tell.
//!
//! It is also the web server of an index ([`Registry::serve`]), with `ETag`s. A host reaches it by
//! [`Registry::rewrite`] under a name of its own, `https`; whoever pushes, plainly under [`Registry::host`].

mod blobs;
mod http;
mod lies;
mod tokens;

use std::{
    collections::BTreeMap,
    io,
    net::TcpListener,
    sync::{Arc, Mutex, MutexGuard},
};

use serde_json::Value;

pub use lies::Answers;

use crate::{Rewrite, lock, seed::sha256};

/// What is asked for by who pulls and pushes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Upper case.
    pub method: String,
    /// The name that was asked for, without a port.
    pub host: String,
    /// Path and query.
    pub target: String,
    /// Whether it carried a header `Authorization`, and of which scheme.
    pub authorized: Option<String>,
}

/// A manifest or a file, as it is served.
#[derive(Debug, Clone)]
struct Stored {
    media_type: String,
    bytes: Vec<u8>,
}

/// Everything that it holds.
#[derive(Default)]
struct Shelf {
    /// By repository and digest.
    manifests: BTreeMap<(String, String), Stored>,
    /// By repository and tag.
    tags: BTreeMap<(String, String), String>,
    /// By digest.
    blobs: BTreeMap<String, Vec<u8>>,
    /// By id: what came so far.
    uploads: BTreeMap<u64, Vec<u8>>,
    uploads_begun: u64,
    /// By path: what is no registry's.
    files: BTreeMap<String, Stored>,
    answers: Answers,
    /// Name and password; none lets everybody in.
    login: Option<(String, String)>,
    asked: Vec<Asked>,
}

/// The server; its threads end with the process.
pub struct Registry {
    shelf: Arc<Mutex<Shelf>>,
    port: u16,
}

impl Registry {
    /// Listens on a free port, empty, and lets everybody in.
    ///
    /// # Errors
    ///
    /// There is no port.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let shelf = Arc::new(Mutex::new(Shelf::default()));
        let shared = Arc::clone(&shelf);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shelf = Arc::clone(&shared);
                // A caller that goes away is no failure of the registry.
                std::thread::spawn(move || drop(http::converse(&stream, &shelf)));
            }
        });
        Ok(Self { shelf, port })
    }

    /// From now on only who has a token may read, and the token is for this name and password.
    pub fn ask_for(&self, user: &str, password: &str) {
        self.shelf().login = Some((user.to_owned(), password.to_owned()));
    }

    /// Where it listens, for who pushes without TLS: `localhost:PORT`.
    #[must_use]
    pub fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// The entry of `egress.rewrite` under which a host finds it as `name`.
    #[must_use]
    pub fn rewrite(&self, name: &str) -> Rewrite {
        let connect = format!("http://127.0.0.1:{}", self.port);
        Rewrite { origin: format!("https://{name}"), connect, browser: None }
    }

    /// From now on it answers so.
    pub fn answer(&self, answers: Answers) {
        self.shelf().answers = answers;
    }

    /// What was asked so far, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.shelf().asked.clone()
    }

    /// Forgets what was asked.
    pub fn forget(&self) {
        self.shelf().asked.clear();
    }

    /// The manifest that a tag stands for, with its digest.
    #[must_use]
    pub fn manifest(&self, repository: &str, tag: &str) -> Option<(String, Value)> {
        let shelf = self.shelf();
        let digest = shelf.tags.get(&(repository.to_owned(), tag.to_owned()))?.clone();
        let stored = shelf.manifests.get(&(repository.to_owned(), digest.clone()))?;
        Some((digest, serde_json::from_slice(&stored.bytes).ok()?))
    }

    /// Puts a manifest there under a tag, whatever it says; its digest.
    pub fn put_manifest(&self, repository: &str, tag: &str, manifest: &Value) -> String {
        let bytes = manifest.to_string().into_bytes();
        let media_type = manifest["mediaType"].as_str().unwrap_or("application/vnd.oci.image.manifest.v1+json");
        self.shelf().keep_manifest(repository, tag, media_type, bytes)
    }

    /// Puts a blob there; its digest.
    pub fn put_blob(&self, bytes: &[u8]) -> String {
        let digest = digest(bytes);
        self.shelf().blobs.insert(digest.clone(), bytes.to_vec());
        digest
    }

    /// Lets a tag stand for what another stands for: a tag that moved.
    pub fn move_tag(&self, repository: &str, tag: &str, to: &str) {
        let mut shelf = self.shelf();
        if let Some(digest) = shelf.tags.get(&(repository.to_owned(), to.to_owned())).cloned() {
            shelf.tags.insert((repository.to_owned(), tag.to_owned()), digest);
        }
    }

    /// Serves a file under a path, as a web server does.
    pub fn serve(&self, path: &str, media_type: &str, bytes: &[u8]) {
        let stored = Stored { media_type: media_type.to_owned(), bytes: bytes.to_vec() };
        self.shelf().files.insert(path.to_owned(), stored);
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        lock(&self.shelf)
    }
}

impl Shelf {
    /// Keeps a manifest under its digest, and under the tag where that is one.
    fn keep_manifest(&mut self, repository: &str, reference: &str, media_type: &str, bytes: Vec<u8>) -> String {
        let digest = digest(&bytes);
        let stored = Stored { media_type: media_type.to_owned(), bytes };
        self.manifests.insert((repository.to_owned(), digest.clone()), stored);
        if !reference.starts_with("sha256:") {
            self.tags.insert((repository.to_owned(), reference.to_owned()), digest.clone());
        }
        digest
    }
}

/// As registries write it.
fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", sha256(bytes))
}
