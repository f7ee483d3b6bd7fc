//! Installing a connector: from bytes that nobody trusts to a release that new runs use.
//!
//! `fetched → verified → compiled → probed → ready → active`, each state written before the next step
//! begins. The switch to a new release is one row; runs in flight hold the old component and finish on it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use patchbay_engine::Component;
use patchbay_model::{
    Code, Fault, ReleaseId, ReleaseState,
    manifest::{Asks, Manifest},
    package::{self, Limits},
};
use patchbay_store::{Connection, NewRelease, Release as ReleaseRow};

use crate::{
    App,
    corrections::{Corrections, approval_of, because, unfit, written},
    push::Schemas,
};

/// Releases that were used since the host started, by id.
#[derive(Default)]
pub(crate) struct Releases {
    facts: Mutex<HashMap<ReleaseId, Arc<Release>>>,
    /// Machine code that is kept mapped. The engine forgets what nobody holds.
    loaded: Mutex<HashMap<ReleaseId, (String, Arc<Component>)>>,
    /// What operators corrected, by connector.
    corrections: Mutex<Corrections>,
}

impl Releases {
    pub(crate) fn corrections(&self) -> MutexGuard<'_, Corrections> {
        self.corrections.lock().unwrap_or_else(PoisonError::into_inner)
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

/// What a release asks for together with the operator's correction.
struct Judged {
    asks: Asks,
    /// Why it does not take the correction, where it does not.
    unfit: Option<String>,
    /// The revision of the correction.
    revision: i64,
}

impl Judged {
    /// What stands between the release and being used, in plain words.
    fn beyond(&self, granted: &Asks) -> Vec<String> {
        let lines =
            self.unfit.iter().map(|why| format!("does not take the operator's correction of its config: {why}"));
        lines.chain(self.asks.beyond(granted)).collect()
    }
}

/// Who approved what, when a release was installed or approved.
#[derive(Debug, Clone)]
pub struct Approval {
    /// Who (as in the audit log).
    pub actor: String,
    /// Whether dropping or posting the file approves what its manifest asks: true for operators.
    pub approves: bool,
}

/// What came of an installation.
pub struct Installed {
    /// The release.
    pub release: ReleaseRow,
    /// Whether these bytes were installed before.
    pub known: bool,
    /// What it asks beyond what was approved, in plain words; empty once it is active.
    pub beyond: Vec<String>,
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
}

/// A version stands for one digest for ever.
fn version_taken(error: patchbay_store::StoreError) -> Fault {
    match error {
        patchbay_store::StoreError::Conflict(_) => Fault::new(Code::ReleaseExists),
        other => other.into(),
    }
}

impl App {
    /// Installs a packaged component. Each guard returns early; nothing of a refused component stays
    /// but, for one that could be read, its row with the reason.
    pub async fn install(self: &Arc<Self>, bytes: Vec<u8>, approval: Approval) -> Result<Installed, Fault> {
        let app = Arc::clone(self);
        self.own(async move { app.install_now(bytes, &approval).await }).await
    }

    async fn install_now(self: &Arc<Self>, bytes: Vec<u8>, approval: &Approval) -> Result<Installed, Fault> {
        let limits = Limits { component_bytes: self.settings.component_bytes };
        let inspected = package::inspect(&bytes, limits)?;
        let judged = self.judge(&inspected.manifest).await?;

        let known = self.store.release_by_digest(&inspected.manifest.id, &inspected.digest).await?;
        // Known bytes change nothing: a restart finds all files of the folder again, and must not bring
        // back a release that another has replaced. `approve` is the way back.
        if let Some(known) = &known
            && matches!(
                known.state,
                ReleaseState::Active | ReleaseState::Ready | ReleaseState::Retained | ReleaseState::Quarantined
            )
        {
            let granted = self.granted(&known.connector).await?;
            let beyond = granted.map(|granted| judged.beyond(&granted));
            // A crash between `ready` and `active` leaves a release that nothing keeps waiting: it has no
            // reason. One that waits for approval has one, and goes on waiting whatever was approved since.
            let left = known.state == ReleaseState::Ready
                && known.reason.is_none()
                && beyond.as_ref().is_none_or(Vec::is_empty);
            if !left {
                return Ok(Installed { release: known.clone(), known: true, beyond: beyond.unwrap_or_default() });
            }
        }
        let new = NewRelease {
            connector: inspected.manifest.id.clone(),
            version: inspected.manifest.version.clone(),
            digest: inspected.digest.clone(),
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            contract: inspected.contract.clone(),
            manifest: serde_json::to_string(&inspected.manifest)
                .map_err(|error| Fault::new(Code::Internal).operator(error))?,
            asks: serde_json::to_string(&judged.asks).map_err(|error| Fault::new(Code::Internal).operator(error))?,
            state: ReleaseState::Verified,
        };
        // The row comes first, because it refuses another digest under a known version.
        let row = match known {
            Some(begun) => begun,
            None => self.store.insert_release(new, &approval.actor).await.map_err(version_taken)?,
        };
        self.keep(&row.digest, &bytes).await?;
        if self.store.is_shared() {
            self.store.keep_component(&row.digest, bytes.clone()).await?;
        }
        match self.compile_and_probe(&row, &bytes).await {
            Ok(()) => self.activate_if_allowed(row, &judged, approval).await,
            Err(fault) => {
                let reason = fault.operator.clone().unwrap_or_else(|| fault.person.clone());
                self.set_state(&row.id, ReleaseState::Refused, Some(&reason)).await?;
                Err(fault)
            }
        }
    }

    async fn compile_and_probe(&self, row: &ReleaseRow, bytes: &[u8]) -> Result<(), Fault> {
        let component = self.engine.load(&row.digest, bytes).await.map_err(|error| error.fault())?;
        self.set_state(&row.id, ReleaseState::Compiled, None).await?;
        self.engine.probe(&component).await.map_err(|error| error.fault())?;
        self.set_state(&row.id, ReleaseState::Probed, None).await?;
        self.set_state(&row.id, ReleaseState::Ready, None).await
    }

    async fn set_state(&self, release: &ReleaseId, state: ReleaseState, reason: Option<&str>) -> Result<(), Fault> {
        Ok(self.store.set_release_state(release, state, reason).await?)
    }

    async fn judge(&self, written: &Manifest) -> Result<Judged, Fault> {
        let correction = self.correction(&written.id).await?;
        let revision = correction.revision;
        Ok(match written.corrected(&correction.said) {
            Ok(manifest) => Judged { asks: manifest.asks(), unfit: None, revision },
            Err(fields) => Judged { asks: written.asks(), unfit: Some(because(&fields)), revision },
        })
    }

    /// An approval by this caller, or one that covers everything asked, makes it active; else it waits.
    async fn activate_if_allowed(
        &self,
        row: ReleaseRow,
        judged: &Judged,
        approval: &Approval,
    ) -> Result<Installed, Fault> {
        let granted = self.granted(&row.connector).await?;
        // A first release is approved by whoever installs it; a later one only for what was approved
        // before, because an upgrade is where a trusted publisher turns into an attacker.
        let beyond = match &granted {
            None if approval.approves && judged.unfit.is_none() => Vec::new(),
            None => judged.beyond(&Asks::default()),
            Some(granted) => judged.beyond(granted),
        };
        if beyond.is_empty() {
            let release = self.activate(&row, judged, granted.is_none(), &approval.actor).await?;
            return Ok(Installed { release, known: false, beyond });
        }
        let reason = match &judged.unfit {
            None => "asks for more than was approved".to_owned(),
            Some(why) => format!("does not take the operator's correction of its config: {why}"),
        };
        self.set_state(&row.id, ReleaseState::Ready, Some(&reason)).await?;
        Ok(Installed { release: self.store.release(&row.id).await?, known: false, beyond })
    }

    pub(crate) async fn granted(&self, connector: &str) -> Result<Option<Asks>, Fault> {
        let Some(row) = self.store.latest_approval(connector).await? else { return Ok(None) };
        serde_json::from_str(&row.asks).map(Some).map_err(|error| Fault::new(Code::StorageFailed).operator(error))
    }

    async fn activate(
        &self,
        row: &ReleaseRow,
        judged: &Judged,
        approves: bool,
        actor: &str,
    ) -> Result<ReleaseRow, Fault> {
        // The approval first: a crash in between leaves a release that waits, never one that nobody approved.
        if approves {
            self.store.insert_approval(approval_of(row, &judged.asks, actor)?).await?;
        }
        let active = self.store.activate_corrected(&row.id, judged.revision, actor).await?;
        // Runs in flight hold the component of the release before; it goes with the last of them.
        let mut loaded = self.releases.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.retain(|id, (connector, _)| *connector != row.connector || *id == row.id);
        drop(loaded);
        tracing::info!(release = %row.id, connector = row.connector, version = row.version, "release {} is active", row.id);
        Ok(active)
    }

    /// Approves exactly what a waiting release asks, and makes it active. Also the way back to a
    /// retained one, and to one that was set aside.
    pub async fn approve(self: &Arc<Self>, release: &ReleaseId, actor: &str) -> Result<ReleaseRow, Fault> {
        let (app, release, actor) = (Arc::clone(self), release.clone(), actor.to_owned());
        self.own(async move {
            let row = app.store.release(&release).await?;
            match row.state {
                ReleaseState::Active => Ok(row),
                ReleaseState::Ready | ReleaseState::Retained | ReleaseState::Quarantined => {
                    let judged = app.judge(&written(&row)?).await?;
                    if let Some(why) = judged.unfit {
                        let text = format!("Version {} does not take the operator's correction: {why}", row.version);
                        return Err(Fault::because(Code::CorrectionUnfit, text));
                    }
                    if row.state == ReleaseState::Quarantined {
                        // Somebody has looked at why it brought the host down.
                        app.set_state(&release, ReleaseState::Retained, None).await?;
                    }
                    app.activate(&row, &judged, true, &actor).await
                }
                other => Err(Fault::because(
                    Code::Conflict,
                    format!("A release that is {} cannot be approved.", other.as_str()),
                )),
            }
        })
        .await
    }

    /// Writes the component's file, whole or not at all, under its digest. Several runs may find at one moment that it
    /// is missing (on a node that others gave it to): each writes a file of its own, and all have the same bytes.
    async fn keep(&self, digest: &str, bytes: &[u8]) -> Result<(), Fault> {
        let storage = |error: std::io::Error| Fault::new(Code::StorageFailed).operator(error);
        tokio::fs::create_dir_all(&self.settings.components_dir).await.map_err(storage)?;
        let path = self.settings.components_dir.join(format!("{digest}.wasm"));
        let mut mine = [0; 8];
        self.random.fill(&mut mine);
        let part = self.settings.components_dir.join(format!("{digest}.{:016x}.part", u64::from_le_bytes(mine)));
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

    /// A release ready for work: its manifest, and the component out of the compile cache.
    pub(crate) async fn release(&self, id: &ReleaseId) -> Result<(Arc<Release>, Arc<Component>), Fault> {
        let release = self.release_facts(id).await?;
        let held = self.releases.loaded.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        if let Some((_, component)) = held {
            return Ok((release, component));
        }
        let bytes = self.bytes_of(&release.digest).await?;
        let component = self.engine.load(&release.digest, &bytes).await.map_err(|error| error.fault())?;
        let kept = (release.manifest.id.clone(), Arc::clone(&component));
        self.releases.loaded.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), kept);
        Ok((release, component))
    }

    /// A component's bytes: from the file, or, when another node was given them, from the database.
    async fn bytes_of(&self, digest: &str) -> Result<Vec<u8>, Fault> {
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
        let release = self.store.release(id).await?;
        let written = written(&release)?;
        let judged = self.judge(&written).await?;
        let beyond = judged.beyond(&self.granted(&release.connector).await?.unwrap_or_default());
        let manifest = match judged.unfit {
            None => self.release_facts(id).await?.manifest.clone(),
            Some(_) => written.filled(),
        };
        let sentences = judged.asks.sentences(&manifest);
        Ok(ReleaseDetail { release, manifest, sentences, beyond })
    }
}
