//! Releases as work needs them: the manifest as it is corrected now, and the component out of the compile cache.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use patchbay_engine::Component;
use patchbay_model::{
    Code, Fault, ReleaseId,
    manifest::{Manifest, asks::CardLine},
};
use patchbay_store::{Connection, PublisherKey, Release as ReleaseRow};

use super::{CanaryProgress, mapped::Mapped};
use crate::{
    App,
    corrections::{Corrections, unfit, written},
    push::Schemas,
};

/// Releases that were used since the host started, by id.
#[derive(Default)]
pub(crate) struct Releases {
    facts: Mutex<HashMap<ReleaseId, Arc<Release>>>,
    pub(super) mapped: Mapped,
    /// What operators corrected, by connector.
    corrections: Mutex<Corrections>,
    /// Digests of what was refused since the host started.
    refused: Mutex<HashSet<String>>,
    /// Held by whoever writes the file of a release that nobody keeps (it was dropped, or refused) to take it up again, and by
    /// whoever removes such files.
    pub(super) unkept_files: tokio::sync::Mutex<()>,
}

impl Releases {
    pub(crate) fn corrections(&self) -> MutexGuard<'_, Corrections> {
        self.corrections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn forget(&self, release: &ReleaseId) {
        self.mapped.forget(release);
        self.facts.lock().unwrap_or_else(PoisonError::into_inner).remove(release);
    }

    /// Notes that these bytes were refused by this process, which would refuse them again.
    pub(super) fn refuse(&self, digest: &str) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).insert(digest.to_owned());
    }

    pub(super) fn has_refused(&self, digest: &str) -> bool {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).contains(digest)
    }
}

/// A release as work needs it.
pub(crate) struct Release {
    pub(crate) id: ReleaseId,
    pub(crate) digest: String,
    /// As the operator corrected it, with addresses in their places.
    pub(crate) manifest: Manifest,
    /// The revision of that correction.
    corrected: i64,
    pub(crate) schemas: Schemas,
}

/// A release with what it may do.
pub struct ReleaseDetail {
    /// The row.
    pub release: ReleaseRow,
    /// Its manifest.
    pub manifest: Manifest,
    /// What it asks for, in plain words.
    pub sentences: Vec<String>,
    /// What it asks beyond what is approved for the connector.
    pub beyond: Vec<String>,
    /// All of it beside what is approved, line by line.
    pub card: Vec<CardLine>,
    /// The key that signed it, as it stands today; none for an unsigned one.
    pub key: Option<PublisherKey>,
    /// How far its trial is, where one connection tries it.
    pub canary: Option<CanaryProgress>,
}

impl App {
    /// A release ready for work: its manifest, and the component out of the compile cache.
    pub(crate) async fn release(&self, id: &ReleaseId) -> Result<(Arc<Release>, Arc<Component>), Fault> {
        let release = self.release_facts(id).await?;
        let used = self.clock.now();
        if let Some(component) = self.releases.mapped.get(id, used) {
            return Ok((release, component));
        }
        let bytes = self.bytes_of(&release.digest).await?;
        let component = self.engine.load(&release.digest, &bytes).await.map_err(|error| error.fault())?;
        self.releases.mapped.put(id, &release.manifest.id, &component, used);
        Ok((release, component))
    }

    /// A release has become the active one.
    pub(super) fn now_active(&self, row: &ReleaseRow) {
        self.releases.mapped.keep(&row.connector, &row.id);
        tracing::info!(release = %row.id, connector = row.connector, version = row.version, "release {} is active", row.id);
    }

    /// The manifest of a release as it is corrected now; read once for each correction.
    pub(crate) async fn release_facts(&self, id: &ReleaseId) -> Result<Arc<Release>, Fault> {
        let known = self.releases.facts.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        if let Some(known) = known
            && known.corrected == self.correction(&known.manifest.id).await?.revision
        {
            return Ok(known);
        }
        let row = self.store.release(id).await?;
        let correction = self.correction(&row.connector).await?;
        let manifest = written(&row)?.corrected(&correction.said).map_err(|fields| unfit(&row.version, &fields))?;
        let (digest, corrected, schemas) = (row.digest, correction.revision, Schemas::default());
        let release = Arc::new(Release { id: row.id.clone(), digest, manifest, corrected, schemas });
        self.releases.facts.lock().unwrap_or_else(PoisonError::into_inner).insert(row.id, Arc::clone(&release));
        Ok(release)
    }

    /// The manifest of a release, perhaps as it was corrected a moment ago: for what no correction touches, such as names.
    pub(crate) async fn release_read(&self, id: &ReleaseId) -> Result<Arc<Release>, Fault> {
        let known = self.releases.facts.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        match known {
            Some(known) => Ok(known),
            None => self.release_facts(id).await,
        }
    }

    /// The release that new work of a connector uses.
    pub(crate) async fn active_release(&self, connector: &str) -> Result<Arc<Release>, Fault> {
        let id = self.store.active_release_id(connector).await?.ok_or_else(|| {
            let why = match self.announced.one(connector) {
                Some(manifest) => format!("{} is announced, and cannot be used yet.", manifest.name),
                None => format!("No release of {connector} is active here."),
            };
            Fault::because(Code::ConnectorUnknown, why)
        })?;
        self.release_facts(&id).await
    }

    /// The release that work on a connection uses: its pin, else the active one.
    pub(crate) async fn release_of(&self, row: &Connection) -> Result<Arc<Release>, Fault> {
        match &row.release {
            Some(pinned) => self.release_facts(pinned).await,
            None => self.active_release(&row.connector).await,
        }
    }

    /// Releases, newest first; of one connector when named.
    pub async fn releases(&self, connector: Option<&str>) -> Result<Vec<ReleaseRow>, Fault> {
        Ok(self.store.releases(connector).await?)
    }

    /// One release with what it may do.
    pub async fn release_detail(&self, id: &ReleaseId) -> Result<ReleaseDetail, Fault> {
        // Before the release itself: a trial that is over by now left its reason there.
        let canary = self.canary_progress(id).await?;
        let release = self.store.release(id).await?;
        let written = written(&release)?;
        let judged = self.judge(&written).await?.with(self.publisher_growth(&release).await?);
        let granted = self.granted(&release.connector).await?.unwrap_or_default().asks;
        let (beyond, card) = (judged.beyond(&granted), judged.asks.card(&granted));
        let key = self.key_of(&release).await?;
        let manifest = match judged.unfit {
            None => self.release_facts(id).await?.manifest.clone(),
            Some(_) => written.filled(),
        };
        let sentences = judged.asks.sentences(&manifest);
        Ok(ReleaseDetail { release, manifest, sentences, beyond, card, key, canary })
    }
}
