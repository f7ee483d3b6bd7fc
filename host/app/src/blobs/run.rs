//! What a run can reach of files: those of its push, which it can only read, and those that it makes itself, which are
//! gone when it ends.
//!
//! A file of a push is read from the database, one piece at a time; a file of the run's own is in a file of the system
//! that has no name, so that nothing of it is left behind, however the host ends. One run holds one piece, whatever the
//! number of its files. Nothing else has an id here: a guest that guesses the id of another file finds none.

use std::{
    collections::HashMap,
    fs::{DirBuilder, File},
    io,
    os::unix::fs::{DirBuilderExt as _, FileExt as _},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use patchbay_egress::{BlobBody, BlobSource};
use patchbay_engine::Blobs;
use patchbay_model::BlobId;
use patchbay_store::{PIECE_BYTES, Store};
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;

use crate::{App, push::Attached};

/// Files that one run makes: each holds a descriptor.
const OWN: usize = 32;
/// Bytes of one read of a file of the run's own.
const READ: u64 = PIECE_BYTES as u64;

/// The files of one run.
pub(crate) struct RunBlobs {
    attached: HashMap<String, BlobBody>,
    own: tokio::sync::Mutex<Own>,
    scratch: PathBuf,
    /// Bytes of all files that the run makes.
    room: u64,
}

/// The files that a run made.
#[derive(Default)]
struct Own {
    made: u64,
    files: HashMap<String, OwnFile>,
}

#[derive(Default)]
struct OwnFile {
    /// Made with the first bytes.
    file: Option<Arc<File>>,
    size: u64,
    hash: Sha256,
}

impl RunBlobs {
    /// For a push with these files.
    pub(crate) fn of(app: &Arc<App>, attached: &[Attached]) -> Arc<dyn Blobs> {
        let piece = Arc::default();
        let of = |file: &Attached| {
            let (store, id, piece) = (app.store.clone(), file.blob.clone(), Arc::clone(&piece));
            let sha256 = data_encoding::HEXLOWER.decode(file.sha256.as_bytes()).ok()?.try_into().ok()?;
            let source = Arc::new(Stored { store, id, size: file.size, piece });
            Some((file.blob.to_string(), BlobBody { size: file.size, sha256, made_here: false, source }))
        };
        Arc::new(Self {
            attached: attached.iter().filter_map(of).collect(),
            own: tokio::sync::Mutex::default(),
            scratch: app.settings.scratch_dir.clone(),
            room: app.settings.blob_bytes,
        })
    }

    /// For what is no push: only files of its own.
    pub(crate) fn none(app: &Arc<App>) -> Arc<dyn Blobs> {
        Self::of(app, &[])
    }
}

#[async_trait]
impl Blobs for RunBlobs {
    async fn size(&self, id: &str) -> Option<u64> {
        match self.attached.get(id) {
            Some(file) => Some(file.size),
            None => self.own.lock().await.files.get(id).map(|file| file.size),
        }
    }

    async fn read(&self, id: &str, offset: u64, len: u32) -> Option<Vec<u8>> {
        let file = self.body(id).await?;
        if offset >= file.size || len == 0 {
            return Some(Vec::new());
        }
        file.source.read(offset, len).await
    }

    async fn body(&self, id: &str) -> Option<BlobBody> {
        if let Some(file) = self.attached.get(id) {
            return Some(file.clone());
        }
        let own = self.own.lock().await;
        let OwnFile { file, size, hash } = own.files.get(id)?;
        let (size, sha256) = (*size, hash.clone().finalize().into());
        Some(BlobBody { size, sha256, made_here: true, source: Arc::new(Made { file: file.clone(), size }) })
    }

    async fn create(&self, _media_type: &str) -> String {
        let mut own = self.own.lock().await;
        if own.files.len() >= OWN {
            // An id that is none: whatever is done with it says so.
            return String::new();
        }
        own.made += 1;
        let id = format!("run-{}", own.made);
        own.files.insert(id.clone(), OwnFile::default());
        id
    }

    async fn append(&self, id: &str, data: Vec<u8>) -> bool {
        // Held to the end: what is appended at the same time goes one behind the other.
        let mut own = self.own.lock().await;
        let taken: u64 = own.files.values().map(|file| file.size).sum();
        let more = data.len() as u64;
        let Some(own) = own.files.get_mut(id).filter(|_| taken.saturating_add(more) <= self.room) else { return false };
        let (file, at, folder) = (own.file.clone(), own.size, self.scratch.clone());
        let written = spawn_blocking(move || {
            let file = file.map_or_else(|| nameless(&folder), Ok)?;
            file.write_all_at(&data, at)?;
            Ok::<_, io::Error>((file, data))
        });
        match written.await.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok((file, data)) => {
                own.file = Some(file);
                own.hash.update(&data);
                own.size += more;
                true
            }
            Err(error) => {
                tracing::error!(%error, "a file of a run cannot be written in {}", self.scratch.display());
                false
            }
        }
    }

    async fn discard(&self, id: &str) {
        self.own.lock().await.files.remove(id);
    }
}

/// A file without a name, in a folder that only this user can look into.
fn nameless(folder: &PathBuf) -> io::Result<Arc<File>> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    tempfile::tempfile_in(folder).map(Arc::new)
}

/// The piece that a run read last, with the file that it is of.
type LastPiece = Arc<Mutex<Option<(BlobId, u32, Bytes)>>>;

/// A file in the database.
struct Stored {
    store: Store,
    id: BlobId,
    size: u64,
    piece: LastPiece,
}

impl Stored {
    async fn piece(&self, no: u32) -> Option<Bytes> {
        if let Some((id, held, bytes)) = &*self.piece.lock().unwrap_or_else(PoisonError::into_inner)
            && (id, *held) == (&self.id, no)
        {
            return Some(bytes.clone());
        }
        let bytes = match self.store.blob_piece(&self.id, no).await {
            Ok(piece) => Bytes::from(piece?),
            Err(error) => {
                tracing::error!(blob.id = %self.id, "piece {no} of {} cannot be read: {error}", self.id);
                return None;
            }
        };
        *self.piece.lock().unwrap_or_else(PoisonError::into_inner) = Some((self.id.clone(), no, bytes.clone()));
        Some(bytes)
    }
}

#[async_trait]
impl BlobSource for Stored {
    async fn read(&self, offset: u64, len: u32) -> Option<Vec<u8>> {
        let rest = self.size.checked_sub(offset).filter(|rest| *rest > 0)?;
        let piece = self.piece(u32::try_from(offset / READ).ok()?).await?;
        // To the end of the piece at most; whoever wants more asks again.
        let from = usize::try_from(offset % READ).ok()?;
        let most = usize::try_from(rest.min(u64::from(len))).unwrap_or(usize::MAX);
        let found = piece.get(from..).filter(|found| !found.is_empty())?;
        found.get(..most.min(found.len())).map(<[u8]>::to_vec)
    }
}

/// A file that a run made, as long as it was when it was asked for.
struct Made {
    file: Option<Arc<File>>,
    size: u64,
}

#[async_trait]
impl BlobSource for Made {
    async fn read(&self, offset: u64, len: u32) -> Option<Vec<u8>> {
        let rest = self.size.checked_sub(offset).filter(|rest| *rest > 0)?;
        let (file, len) = (Arc::clone(self.file.as_ref()?), rest.min(READ).min(u64::from(len)));
        let mut bytes = vec![0; usize::try_from(len).ok()?];
        let read = spawn_blocking(move || file.read_exact_at(&mut bytes, offset).map(|()| bytes));
        match read.await.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                tracing::error!(%error, "a file of a run cannot be read");
                None
            }
        }
    }
}
