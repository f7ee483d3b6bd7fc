//! The bytes of components: a file of each on this node, and a copy in the database where several nodes share one.

use patchbay_model::{Code, Fault, package};

use crate::App;

/// How a file is called that is being written.
pub(super) const PART: &str = "part";

impl App {
    /// Writes the component's file, whole or not at all, under its digest. Several runs may find at one moment that it
    /// is missing (on a node that others gave it to): each writes a file of its own, and all have the same bytes.
    pub(super) async fn keep(&self, digest: &str, bytes: &[u8]) -> Result<(), Fault> {
        let storage = |error: std::io::Error| Fault::new(Code::StorageFailed).operator(error);
        tokio::fs::create_dir_all(&self.settings.components_dir).await.map_err(storage)?;
        let path = self.settings.components_dir.join(format!("{digest}.wasm"));
        let mut mine = [0; 8];
        self.random.fill(&mut mine);
        let part = self.settings.components_dir.join(format!("{digest}.{:016x}.{PART}", u64::from_le_bytes(mine)));
        let written = async {
            tokio::fs::write(&part, bytes).await?;
            tokio::fs::File::open(&part).await?.sync_all().await?;
            tokio::fs::rename(&part, &path).await
        };
        let written = written.await;
        if written.is_err() {
            // What is left of it is of no use; it may not be there at all.
            drop(tokio::fs::remove_file(&part).await);
        }
        written.map_err(storage)
    }

    /// A component's bytes: from the file, or, when another node was given them, from the database.
    pub(super) async fn bytes_of(&self, digest: &str) -> Result<Vec<u8>, Fault> {
        let path = self.settings.components_dir.join(format!("{digest}.wasm"));
        let missing = match tokio::fs::read(&path).await {
            Ok(bytes) => return Ok(bytes),
            Err(error) => Fault::new(Code::ReleaseUnusable).operator(error),
        };
        let bytes = self.store.component(digest).await?.ok_or(missing)?;
        if package::digest(&bytes) != digest {
            return Err(Fault::new(Code::ReleaseUnusable).operator("the bytes in the database are not the component's"));
        }
        self.keep(digest, &bytes).await?;
        Ok(bytes)
    }
}
