//! The files of an item that is tried, and those that its connector makes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use patchbay_egress::{BlobBody, BlobSource};
use patchbay_engine::Blobs;
use patchbay_fixture as fixture;
use patchbay_model::contract::Attachment;
use sha2::{Digest as _, Sha256};

/// Bytes of all files of one run.
const ROOM: usize = 64 * 1024 * 1024;
/// Files that one run may make.
const MADE: usize = 1_000;

/// Files in memory.
#[derive(Default)]
pub(crate) struct Files(Mutex<Vec<File>>);

struct File {
    id: String,
    bytes: Vec<u8>,
    made_here: bool,
}

/// A file as a request carries it.
struct Held(Vec<u8>);

#[async_trait]
impl BlobSource for Held {
    async fn read(&self, offset: u64, len: u32) -> Option<Vec<u8>> {
        Some(slice(&self.0, offset, len))
    }
}

fn slice(bytes: &[u8], offset: u64, len: u32) -> Vec<u8> {
    let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
    let to = from.saturating_add(usize::try_from(len).unwrap_or(usize::MAX)).min(bytes.len());
    bytes.get(from..to).unwrap_or_default().to_vec()
}

impl Files {
    /// The files of an item, and how it names them.
    pub(crate) fn of(attachments: &[fixture::Attachment]) -> (Self, Vec<Attachment>) {
        let mut named = Vec::with_capacity(attachments.len());
        let mut files = Vec::with_capacity(attachments.len());
        for (number, file) in attachments.iter().enumerate() {
            let (id, bytes) = (format!("file-{}", number + 1), file.bytes());
            named.push(Attachment {
                blob: id.clone(),
                name: file.name.clone(),
                media_type: file.media_type.clone(),
                size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
                sha256: data_encoding::HEXLOWER.encode(&Sha256::digest(&bytes)),
            });
            files.push(File { id, bytes, made_here: false });
        }
        (Self(Mutex::new(files)), named)
    }

    fn files(&self) -> MutexGuard<'_, Vec<File>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, id: &str, then: impl FnOnce(&File) -> T) -> Option<T> {
        self.files().iter().find(|file| file.id == id).map(then)
    }
}

#[async_trait]
impl Blobs for Files {
    async fn size(&self, id: &str) -> Option<u64> {
        self.with(id, |file| u64::try_from(file.bytes.len()).unwrap_or(u64::MAX))
    }

    async fn read(&self, id: &str, offset: u64, len: u32) -> Option<Vec<u8>> {
        self.with(id, |file| slice(&file.bytes, offset, len))
    }

    async fn body(&self, id: &str) -> Option<BlobBody> {
        self.with(id, |file| BlobBody {
            size: u64::try_from(file.bytes.len()).unwrap_or(u64::MAX),
            sha256: Sha256::digest(&file.bytes).into(),
            made_here: file.made_here,
            source: Arc::new(Held(file.bytes.clone())),
        })
    }

    async fn create(&self, _media_type: &str) -> String {
        let mut files = self.files();
        if files.len() >= MADE {
            // An id that is none: whatever is done with it says so.
            return String::new();
        }
        let id = format!("run-{}", files.len() + 1);
        files.push(File { id: id.clone(), bytes: Vec::new(), made_here: true });
        id
    }

    async fn append(&self, id: &str, data: Vec<u8>) -> bool {
        let mut files = self.files();
        let taken: usize = files.iter().filter(|file| file.made_here).map(|file| file.bytes.len()).sum();
        let fits = taken.saturating_add(data.len()) <= ROOM;
        match files.iter_mut().find(|file| file.id == id && file.made_here) {
            Some(file) if fits => {
                file.bytes.extend(data);
                true
            }
            _ => false,
        }
    }

    async fn discard(&self, id: &str) {
        self.files().retain(|file| file.id != id || !file.made_here);
    }
}
