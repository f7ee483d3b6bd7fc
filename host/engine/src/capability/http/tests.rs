//! Blobs for the tests of both ways.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use patchbay_egress::{BlobBody, BlobSource};

use crate::Blobs;

/// Blobs that are as they are told; the id of a fresh one is its media type.
#[derive(Default)]
pub(crate) struct Held {
    blobs: Mutex<Vec<(String, u64, Vec<u8>)>>,
    read: Arc<AtomicU64>,
}

/// Counts what is read of it.
struct Source(Vec<u8>, Arc<AtomicU64>);

#[async_trait]
impl BlobSource for Source {
    async fn read(&self, offset: u64, len: u32) -> Option<Vec<u8>> {
        let read: Vec<u8> = self.0.iter().skip(usize::try_from(offset).ok()?).take(len as usize).copied().collect();
        self.1.fetch_add(read.len() as u64, Ordering::SeqCst);
        Some(read)
    }
}

impl Held {
    /// A blob that claims `size` bytes and has these.
    pub(crate) fn with(id: &str, size: u64, bytes: &[u8]) -> Self {
        Self { blobs: Mutex::new(vec![(id.to_owned(), size, bytes.to_vec())]), ..Self::default() }
    }

    pub(crate) fn read_so_far(&self) -> u64 {
        self.read.load(Ordering::SeqCst)
    }

    pub(crate) fn count(&self) -> usize {
        self.blobs.lock().expect("a lock").len()
    }

    fn of<T>(&self, id: &str, then: impl FnOnce(&mut (String, u64, Vec<u8>)) -> T) -> Option<T> {
        self.blobs.lock().expect("a lock").iter_mut().find(|held| held.0 == id).map(then)
    }
}

#[async_trait]
impl Blobs for Held {
    async fn size(&self, id: &str) -> Option<u64> {
        self.of(id, |held| held.1)
    }

    async fn read(&self, id: &str, offset: u64, len: u32) -> Option<Vec<u8>> {
        let from = usize::try_from(offset).ok()?;
        self.of(id, |held| held.2.iter().skip(from).take(len as usize).copied().collect())
    }

    async fn body(&self, id: &str) -> Option<BlobBody> {
        let read = Arc::clone(&self.read);
        self.of(id, |held| BlobBody {
            size: held.1,
            sha256: [0; 32],
            made_here: true,
            source: Arc::new(Source(held.2.clone(), read)),
        })
    }

    async fn create(&self, media_type: &str) -> String {
        self.blobs.lock().expect("a lock").push((media_type.to_owned(), 0, Vec::new()));
        media_type.to_owned()
    }

    async fn append(&self, id: &str, data: Vec<u8>) -> bool {
        self.of(id, |held| {
            held.1 += data.len() as u64;
            held.2.extend(data);
        })
        .is_some()
    }

    async fn discard(&self, id: &str) {
        self.blobs.lock().expect("a lock").retain(|held| held.0 != id);
    }
}
