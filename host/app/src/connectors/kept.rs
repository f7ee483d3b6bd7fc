//! Dropping old releases: how many are kept is configured, and one that a connection is pinned to is kept however old it is.
//! The bytes of what was refused go too, and what a crash left of a file that was being written.

use std::{path::PathBuf, time::Duration};

use patchbay_engine::Engine;
use patchbay_model::{Fault, ReleaseState};

use super::bytes::PART;
use crate::App;

/// How old a file is that nobody is writing any more.
const LEFT: Duration = Duration::from_secs(3_600);

impl App {
    /// One step of the upkeep.
    pub(crate) async fn drop_old_releases(&self) -> Result<(), Fault> {
        let kept = self.settings.connectors.retained;
        for old in self.store.old_releases(kept).await? {
            if self.store.drop_release(&old.id, kept).await? {
                self.releases.forget(&old.id);
                tracing::info!(release = %old.id, "{} {} is kept no longer", old.connector, old.version);
            }
        }
        // Also what another node dropped.
        for (connector, digest) in self.store.dropped().await? {
            self.remove_file(&connector, &digest).await?;
        }
        for (connector, digest) in self.store.refused().await? {
            // A new one is of somebody who tries it again.
            if is_left(&self.file_of(&digest)).await {
                self.store.forget_refused(&digest).await?;
                self.remove_file(&connector, &digest).await?;
            }
        }
        self.remove_parts().await;
        Ok(())
    }

    /// Removes a component that nobody keeps, where it is here, with its code.
    async fn remove_file(&self, connector: &str, digest: &str) -> Result<(), Fault> {
        let path = self.file_of(digest);
        let Ok(bytes) = tokio::fs::read(&path).await else { return Ok(()) };
        let shared = self.is_kept_code(connector, &bytes).await?;
        if let Err(error) = tokio::fs::remove_file(&path).await {
            tracing::warn!("{} could not be removed: {error}", path.display());
        }
        if !shared {
            self.engine.forget(&bytes);
        }
        Ok(())
    }

    /// Whether a release of a connector that is kept here has this code: what they share stays in the cache. One file at a
    /// time, since there may be many and each of many megabytes.
    async fn is_kept_code(&self, connector: &str, bytes: &[u8]) -> Result<bool, Fault> {
        for release in self.store.releases(Some(connector)).await? {
            let used = matches!(release.state, ReleaseState::Active | ReleaseState::Retained | ReleaseState::Ready);
            if used
                && let Ok(other) = tokio::fs::read(self.file_of(&release.digest)).await
                && Engine::is_same_code(bytes, &other)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes what crashes left of files that were being written.
    async fn remove_parts(&self) {
        let Ok(mut files) = tokio::fs::read_dir(&self.settings.components_dir).await else { return };
        while let Ok(Some(file)) = files.next_entry().await {
            let path = file.path();
            if path.extension().is_some_and(|extension| extension == PART)
                && is_left(&path).await
                && let Err(error) = tokio::fs::remove_file(&path).await
            {
                tracing::warn!("{} could not be removed: {error}", path.display());
            }
        }
    }

    fn file_of(&self, digest: &str) -> PathBuf {
        self.settings.components_dir.join(format!("{digest}.wasm"))
    }
}

/// Whether a file was written long ago, by the clock that the file system goes by.
async fn is_left(path: &std::path::Path) -> bool {
    let written = tokio::fs::metadata(path).await.and_then(|found| found.modified());
    written.is_ok_and(|at| at.elapsed().is_ok_and(|since| since >= LEFT))
}
