//! The bytes of components: a file of each on this node, and a copy in the database where several nodes share one.
//!
//! A file may be lost (a database that was restored without its folder) or damaged. It is written again by whoever has the
//! right bytes: the database, where there is one of several nodes, or an operator who installs the release once more.

use std::path::PathBuf;

use patchbay_model::{Code, Fault, package};
use tokio::task::spawn_blocking;

use crate::App;

/// How a file is called that is being written.
pub(super) const PART: &str = "part";

impl App {
    /// Writes the component's file, whole or not at all, under its digest. Several runs may find at one moment that it
    /// is missing (on a node that others gave it to): each writes a file of its own, and all have the same bytes.
    async fn keep(&self, digest: &str, bytes: &[u8]) -> Result<(), Fault> {
        let storage = |error: std::io::Error| Fault::new(Code::StorageFailed).operator(error);
        tokio::fs::create_dir_all(&self.settings.components_dir).await.map_err(storage)?;
        let path = self.file_of(digest);
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

    /// The component's file here, and its copy where several nodes share a database.
    pub(super) async fn keep_everywhere(&self, digest: &str, bytes: &[u8]) -> Result<(), Fault> {
        self.keep(digest, bytes).await?;
        if self.store.is_shared() {
            self.store.keep_component(digest, bytes.to_vec()).await?;
        }
        Ok(())
    }

    /// The same, where the file that should be here is lost or damaged. The bytes are those of the digest.
    pub(super) async fn mend(&self, digest: &str, bytes: &[u8]) -> Result<(), Fault> {
        let kept = tokio::fs::read(self.file_of(digest)).await;
        if kept.is_ok_and(|kept| kept == bytes) {
            return Ok(());
        }
        tracing::info!("the component {digest} has no whole file here; it is written");
        self.keep_everywhere(digest, bytes).await
    }

    /// A component's bytes: from the file, or, when another node was given them, or the file is damaged, from the database.
    pub(super) async fn bytes_of(&self, digest: &str) -> Result<Vec<u8>, Fault> {
        let why = match whole(self.file_of(digest), digest.to_owned()).await {
            Ok(bytes) => return Ok(bytes),
            Err(why) => why,
        };
        let bytes = self.store.component(digest).await?;
        let bytes = bytes.ok_or_else(|| Fault::new(Code::ReleaseUnusable).operator(&why))?;
        if package::digest(&bytes) != digest {
            return Err(Fault::new(Code::ReleaseUnusable).operator("the bytes in the database are not the component's"));
        }
        tracing::info!("the component {digest} is taken from the database: {why}");
        self.keep(digest, &bytes).await?;
        Ok(bytes)
    }

    pub(super) fn file_of(&self, digest: &str) -> PathBuf {
        self.settings.components_dir.join(format!("{digest}.wasm"))
    }
}

/// What stands in a file that has to have this digest, or why that cannot be used. It may be of many megabytes, so it is
/// looked at off the runtime's workers.
async fn whole(path: PathBuf, digest: String) -> Result<Vec<u8>, String> {
    let looked = spawn_blocking(move || {
        let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let bytes = std::fs::read(&path).map_err(|error| told(&error))?;
        match package::digest(&bytes) == digest {
            true => Ok(bytes),
            false => Err(told(&"the file is damaged, its bytes are not the component's")),
        }
    });
    looked.await.unwrap_or_else(|error| Err(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_taken_only_with_the_bytes_that_its_name_stands_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.wasm");
        let digest = package::digest(b"a component");
        let lost = whole(path.clone(), digest.clone()).await.expect_err("it is not there");
        assert!(lost.contains("x.wasm"), "{lost}");
        std::fs::write(&path, b"a component").expect("written");
        assert_eq!(whole(path.clone(), digest.clone()).await.as_deref(), Ok(b"a component".as_slice()));
        for damaged in [b"a componenT".as_slice(), b"a compon", b""] {
            std::fs::write(&path, damaged).expect("written");
            let why = whole(path.clone(), digest.clone()).await.expect_err("it is damaged");
            assert!(why.contains("damaged"), "{why}");
        }
    }
}
