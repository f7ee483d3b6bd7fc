//! How the releases of a connector stand: which share of its connections runs each, and what is being tried.

use std::collections::HashMap;

use patchbay_model::{Fault, ReleaseId};
use patchbay_store::Release as ReleaseRow;

use super::CanaryProgress;
use crate::App;

/// A release, and who runs it.
pub struct ReleaseStanding {
    /// The row.
    pub release: ReleaseRow,
    /// How many connections run it now.
    pub connections: u64,
    /// How far its trial is, where one connection tries it.
    pub canary: Option<CanaryProgress>,
}

impl App {
    /// The releases of a connector, newest first, each with who runs it.
    pub async fn standings(&self, connector: &str) -> Result<Vec<ReleaseStanding>, Fault> {
        let releases = self.store.releases(Some(connector)).await?;
        let shares = self.store.connections_by_release(connector).await?;
        let mut shares: HashMap<ReleaseId, u64> = shares.into_iter().collect();
        let mut standings = Vec::with_capacity(releases.len());
        for release in releases {
            let connections = shares.remove(&release.id).unwrap_or_default();
            // Only one that waits can be tried.
            let canary = match release.state {
                patchbay_model::ReleaseState::Ready => self.canary_progress(&release.id).await?,
                _ => None,
            };
            standings.push(ReleaseStanding { release, connections, canary });
        }
        Ok(standings)
    }
}
