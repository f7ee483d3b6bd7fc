//! Installing a connector: from bytes that nobody trusts to a release that new runs use.
//!
//! `fetched → verified → compiled → probed → ready → active`, each state written before the next step
//! begins. The switch to a new release is one row; runs in flight hold the old component and finish on it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use patchbay_engine::Component;
use patchbay_model::{
    Code, Fault, ReleaseId, ReleaseState,
    manifest::{Asks, Manifest},
    package::{self, Limits},
};
use patchbay_store::{Connection, NewApproval, NewRelease, Release as ReleaseRow};

use crate::{App, push::Schemas};

/// Releases that were used since the host started, by id.
#[derive(Default)]
pub(crate) struct Releases {
    facts: Mutex<HashMap<ReleaseId, Arc<Release>>>,
    /// Machine code that is kept mapped. The engine forgets what nobody holds.
    loaded: Mutex<HashMap<ReleaseId, (String, Arc<Component>)>>,
}

/// A release as work needs it.
pub(crate) struct Release {
    pub(crate) id: ReleaseId,
    pub(crate) digest: String,
    pub(crate) manifest: Manifest,
    pub(crate) schemas: Schemas,
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
        let asks = inspected.manifest.asks();

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
            let beyond = granted.map(|granted| asks.beyond(&granted));
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
            asks: serde_json::to_string(&asks).map_err(|error| Fault::new(Code::Internal).operator(error))?,
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
            Ok(()) => self.activate_if_allowed(row, &asks, approval).await,
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

    /// An approval by this caller, or one that covers everything asked, makes it active; else it waits.
    async fn activate_if_allowed(&self, row: ReleaseRow, asks: &Asks, approval: &Approval) -> Result<Installed, Fault> {
        let granted = self.granted(&row.connector).await?;
        // A first release is approved by whoever installs it; a later one only for what was approved
        // before, because an upgrade is where a trusted publisher turns into an attacker.
        let beyond = match &granted {
            None if approval.approves => Vec::new(),
            None => asks.beyond(&Asks::default()),
            Some(granted) => asks.beyond(granted),
        };
        if beyond.is_empty() {
            let release = self.activate(&row, granted.is_none().then_some(asks), &approval.actor).await?;
            return Ok(Installed { release, known: false, beyond });
        }
        self.set_state(&row.id, ReleaseState::Ready, Some("asks for more than was approved")).await?;
        Ok(Installed { release: self.store.release(&row.id).await?, known: false, beyond })
    }

    async fn granted(&self, connector: &str) -> Result<Option<Asks>, Fault> {
        let Some(row) = self.store.latest_approval(connector).await? else { return Ok(None) };
        serde_json::from_str(&row.asks).map(Some).map_err(|error| Fault::new(Code::StorageFailed).operator(error))
    }

    async fn activate(&self, row: &ReleaseRow, approve: Option<&Asks>, actor: &str) -> Result<ReleaseRow, Fault> {
        let approval = match approve {
            None => None,
            Some(asks) => Some(NewApproval {
                release: row.id.clone(),
                connector: row.connector.clone(),
                digest: row.digest.clone(),
                asks: serde_json::to_string(asks).map_err(|error| Fault::new(Code::Internal).operator(error))?,
                approved_by: actor.to_owned(),
            }),
        };
        // The approval first: a crash in between leaves a release that waits, never one that nobody approved.
        if let Some(approval) = approval {
            self.store.insert_approval(approval).await?;
        }
        let active = self.store.activate_release(&row.id, actor).await?;
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
                    if row.state == ReleaseState::Quarantined {
                        // Somebody has looked at why it brought the host down.
                        app.set_state(&release, ReleaseState::Retained, None).await?;
                    }
                    let asks: Asks = serde_json::from_str(&row.asks)
                        .map_err(|error| Fault::new(Code::StorageFailed).operator(error))?;
                    app.activate(&row, Some(&asks), &actor).await
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

    /// The manifest of a release; parsed once.
    pub(crate) async fn release_facts(&self, id: &ReleaseId) -> Result<Arc<Release>, Fault> {
        if let Some(known) = self.releases.facts.lock().unwrap_or_else(PoisonError::into_inner).get(id) {
            return Ok(Arc::clone(known));
        }
        let row = self.store.release(id).await?;
        let manifest: Manifest =
            serde_json::from_str(&row.manifest).map_err(|error| Fault::new(Code::ReleaseUnusable).operator(error))?;
        let release =
            Arc::new(Release { id: row.id.clone(), digest: row.digest, manifest, schemas: Schemas::default() });
        self.releases.facts.lock().unwrap_or_else(PoisonError::into_inner).insert(row.id, Arc::clone(&release));
        Ok(release)
    }

    /// The release that new work of a connector uses.
    pub(crate) async fn active_release(&self, connector: &str) -> Result<Arc<Release>, Fault> {
        let id = self.store.active_release_id(connector).await?.ok_or_else(|| {
            Fault::because(Code::ConnectorUnknown, format!("No release of {connector} is active here."))
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
        let facts = self.release_facts(id).await?;
        let asks = facts.manifest.asks();
        let beyond = match self.granted(&release.connector).await? {
            Some(granted) => asks.beyond(&granted),
            None => asks.beyond(&Asks::default()),
        };
        let sentences = asks.sentences(&facts.manifest);
        Ok(ReleaseDetail { release, manifest: facts.manifest.clone(), sentences, beyond })
    }
}
