//! Dropping old releases: how many are kept is configured, and one that a connection is pinned to is kept however old it is.
//! The bytes of what was refused go too, and what a crash left of a file that was being written. What another node decided
//! is followed here: its dropped releases have no file, and what no work needs any more is not mapped.

use std::time::Duration;

use patchbay_engine::Engine;
use patchbay_model::{Fault, ReleaseId, ReleaseState};

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
                tracing::info!(release = %old.id, "{} {} is kept no longer", old.connector, old.version);
            }
        }
        self.let_go_of_code().await?;
        // Also what another node dropped.
        for (release, connector, digest) in self.store.dropped().await? {
            self.releases.forget(&release);
            self.remove_unkept(ReleaseState::Dropped, &connector, &digest).await?;
        }
        for (connector, digest) in self.store.refused().await? {
            // A new one is of somebody who tries it again.
            if is_left(&self.file_of(&digest)).await {
                self.store.forget_refused(&digest).await?;
                self.remove_unkept(ReleaseState::Refused, &connector, &digest).await?;
            }
        }
        self.remove_parts().await;
        Ok(())
    }

    /// Lets go of machine code that no new work needs: only the node that made another release active knew that at once.
    async fn let_go_of_code(&self) -> Result<(), Fault> {
        let mapped = self.releases.mapped.releases();
        let needed = self.store.needed_releases(&mapped).await?;
        let unneeded: Vec<ReleaseId> = mapped.into_iter().filter(|id| !needed.contains(id)).collect();
        self.releases.mapped.let_go(&unneeded);
        Ok(())
    }

    /// Removes the file of a release in a state in which nobody keeps it, unless its bytes came again meanwhile.
    async fn remove_unkept(&self, state: ReleaseState, connector: &str, digest: &str) -> Result<(), Fault> {
        if tokio::fs::metadata(self.file_of(digest)).await.is_err() {
            return Ok(());
        }
        let _alone = self.releases.unkept_files.lock().await;
        let there = self.store.release_by_digest(connector, digest).await?;
        match there.is_some_and(|there| there.state == state) {
            true => self.remove_file(connector, digest).await,
            false => Ok(()),
        }
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
}

/// Whether a file was written long ago, by the clock that the file system goes by.
async fn is_left(path: &std::path::Path) -> bool {
    let written = tokio::fs::metadata(path).await.and_then(|found| found.modified());
    written.is_ok_and(|at| at.elapsed().is_ok_and(|since| since >= LEFT))
}
