//! Files: uploaded once, named by pushes by their ids, and read piece by piece.
//!
//! An [`Upload`] holds some pieces and never a whole file. Whatever ends it before its end (the client goes away, the file is
//! too large, the tenant has no room left, the host stops) takes away what it had stored; what a dead host left is found
//! by the upkeep. What a run gets of files is in [`run`].

mod names;
mod run;

use std::sync::Arc;

use patchbay_model::{BlobId, Code, Fault, TenantId};
use patchbay_store::{Blob, NewBlob, PIECE_BYTES, Page, StoreError};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use crate::App;

pub(crate) use run::RunBlobs;

/// Pieces of one transaction: what an upload holds in memory at most.
const AT_ONCE: usize = 2;

/// A file on its way in. Dropped before [`Upload::finish`], nothing of it stays.
pub struct Upload {
    app: Arc<App>,
    blob: Blob,
    /// What it was said to have.
    length: Option<u64>,
    /// What came.
    size: u64,
    hash: Sha256,
    piece: Vec<u8>,
    whole: Vec<Vec<u8>>,
    /// Pieces that are stored.
    stored: u32,
    ended: bool,
}

impl App {
    /// Begins the upload of a file. `length` is what the client says that it has.
    pub async fn begin_upload(
        self: &Arc<Self>,
        tenant: &TenantId,
        name: String,
        media_type: &str,
        length: Option<u64>,
    ) -> Result<Upload, Fault> {
        names::check(&name)?;
        let media_type = names::media_type(media_type)?;
        if length == Some(0) {
            return Err(empty());
        }
        let length_now = length.unwrap_or(0);
        self.fits(length_now)?;
        let new = NewBlob { tenant: tenant.clone(), name, media_type, length: length_now };
        let blob = self.store.begin_blob(new, self.settings.tenant_blob_bytes).await?;
        Ok(Upload {
            app: Arc::clone(self),
            blob,
            length,
            size: 0,
            hash: Sha256::new(),
            piece: Vec::new(),
            whole: Vec::new(),
            stored: 0,
            ended: false,
        })
    }

    /// One file of a tenant.
    pub async fn blob(&self, tenant: &TenantId, id: &BlobId) -> Result<Blob, Fault> {
        match self.store.blob(tenant, id).await? {
            blob if blob.sha256.is_some() => Ok(blob),
            // Nobody was told its id yet.
            _ => Err(Fault::new(Code::NotFound)),
        }
    }

    /// The files of a tenant, newest first.
    pub async fn blobs(&self, tenant: &TenantId, after: Option<&str>, limit: u32) -> Result<Page<Blob>, Fault> {
        Ok(self.store.blobs(tenant, after, limit).await?)
    }

    /// The next piece of a file that [`App::blob`] found, counted from 0; none at its end.
    pub async fn blob_piece(&self, blob: &Blob, no: u32) -> Result<Option<Vec<u8>>, Fault> {
        let size = usize::try_from(blob.size).unwrap_or(usize::MAX);
        let from = usize::try_from(no).unwrap_or(usize::MAX).saturating_mul(PIECE_BYTES);
        if from >= size {
            return Ok(None);
        }
        match self.store.blob_piece(&blob.id, no).await? {
            Some(piece) if piece.len() == PIECE_BYTES.min(size - from) => Ok(Some(piece)),
            Some(_) => Err(Fault::new(Code::Internal).operator(format!("piece {no} of {} is not whole", blob.id))),
            // Deleted while it was read.
            None => Err(Fault::new(Code::NotFound)),
        }
    }

    /// Deletes a file.
    pub async fn delete_blob(&self, tenant: &TenantId, id: &BlobId, actor: &str) -> Result<(), Fault> {
        match self.store.delete_blob(tenant, id, actor).await {
            Err(StoreError::Conflict(why)) => {
                let text = "An item that has not ended names this file: it is kept until then.";
                Err(Fault::because(Code::Conflict, text).operator(why))
            }
            done => Ok(done?),
        }
    }

    fn fits(&self, size: u64) -> Result<(), Fault> {
        let most = self.settings.blob_bytes;
        if size <= most {
            return Ok(());
        }
        Err(Fault::because(Code::BodyTooLarge, format!("A file may have {} MiB (`limits.blob_mib`).", most >> 20)))
    }
}

impl Upload {
    /// Takes the next bytes, any number of them.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), Fault> {
        self.size = self.size.saturating_add(bytes.len() as u64);
        self.app.fits(self.size)?;
        self.hash.update(bytes);
        while !bytes.is_empty() {
            if self.piece.capacity() == 0 {
                self.piece.reserve_exact(PIECE_BYTES);
            }
            let (now, later) = bytes.split_at(bytes.len().min(PIECE_BYTES - self.piece.len()));
            self.piece.extend_from_slice(now);
            bytes = later;
            if self.piece.len() == PIECE_BYTES {
                self.whole.push(std::mem::take(&mut self.piece));
            }
            if self.whole.len() == AT_ONCE {
                self.store().await?;
            }
        }
        Ok(())
    }

    /// Ends the upload: it is a file from now on.
    pub async fn finish(mut self) -> Result<Blob, Fault> {
        if self.size == 0 {
            return Err(empty());
        }
        if self.length.is_some_and(|length| length != self.size) {
            return Err(Fault::because(Code::BodyInvalid, "The file did not come to its end."));
        }
        if !self.piece.is_empty() {
            self.whole.push(std::mem::take(&mut self.piece));
        }
        self.store().await?;
        let until = self.app.store.clock().now().plus(self.app.settings.retention.unused_blobs);
        let hash = self.hash.clone().finalize().into();
        let blob = self.app.store.end_blob(&self.blob.id, hash, until).await.map_err(late)?;
        self.ended = true;
        Ok(blob)
    }

    async fn store(&mut self) -> Result<(), Fault> {
        let pieces = std::mem::take(&mut self.whole);
        let more = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
        if more == 0 {
            return Ok(());
        }
        let (app, blob) = (&self.app, &self.blob);
        let quota = app.settings.tenant_blob_bytes;
        app.store.append_blob(&blob.tenant, &blob.id, self.stored, pieces, quota).await.map_err(late)?;
        self.stored = self.stored.saturating_add(more);
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        // A host that is gone leaves it to the upkeep of the next one.
        let Ok(runtime) = Handle::try_current() else { return };
        let (app, id) = (Arc::clone(&self.app), self.blob.id.clone());
        let dropped = async move {
            if let Err(error) = app.store.drop_blob(&id).await {
                tracing::warn!(blob.id = %id, "what a broken upload left goes later: {:?}", Fault::from(error));
            }
        };
        self.app.tasks.spawn_on(dropped, &runtime);
    }
}

fn empty() -> Fault {
    Fault::because(Code::BodyInvalid, "The body is empty: send the bytes of the file as the body.")
}

/// An upload that is not there any more stood still for so long that it was forgotten.
fn late(error: StoreError) -> Fault {
    match error {
        StoreError::NotFound => {
            Fault::because(Code::BlobUnusable, "The upload stood still for too long and was given up. Upload it again.")
        }
        other => other.into(),
    }
}

#[cfg(test)]
mod tests;
